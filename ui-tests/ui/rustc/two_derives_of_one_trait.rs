use statedict::StateDict;

#[derive(StateDict)]
struct Net;

impl StateDict for Net {
    fn visit_fields<'a>(&'a self, _: &mut dyn statedict::visit::Visitor<statedict::visit::ByRef<'a>>) {}
    fn visit_fields_mut<'a>(&'a mut self, _: &mut dyn statedict::visit::Visitor<statedict::visit::ByMut<'a>>) {}
}

fn main() {}
