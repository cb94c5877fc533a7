use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
struct Linear {
    #[rename("n")]
    steps: i64,
    #[since(2)]
    name: String,
}

fn main() {}
