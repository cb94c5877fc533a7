use statedict::StateDict;

#[derive(StateDict)]
struct Net;

impl StateDict for Net {
    fn visit<'a>(&'a self, _: &mut dyn statedict::Visitor<statedict::ByRef<'a>>) {}
    fn visit_mut<'a>(&'a mut self, _: &mut dyn statedict::Visitor<statedict::ByMut<'a>>) {}
}

fn main() {}
