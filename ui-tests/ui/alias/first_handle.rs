use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[alias]
    fc: std::rc::Rc<Fc>,
    f3: std::rc::Rc<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
