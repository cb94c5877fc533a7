use statedict::StateDict;

#[derive(StateDict)]
#[skip]
#[version(2)]
struct Config {
    #[param]
    width: f32,
}

#[derive(StateDict)]
#[state_dict(skip)]
enum Activation {
    #[rename("elu")]
    Elu(f64),
}

fn main() {}
