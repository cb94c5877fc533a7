use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    fc: std::rc::Rc<Fc>,
    #[alias(fd)]
    f3: std::rc::Rc<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
