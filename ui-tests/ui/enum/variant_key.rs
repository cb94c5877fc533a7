use statedict::StateDict;

#[derive(StateDict)]
enum Net {
    #[rename("one.two")]
    One(Fc),
    #[rename("")]
    Two(Fc),
}

#[derive(StateDict)]
struct Fc;

fn main() {}
