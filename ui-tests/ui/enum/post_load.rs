use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(post_load = Self::done)]
enum Net {
    One { fc: Fc },
}

#[derive(StateDict)]
struct Fc;

fn main() {}
