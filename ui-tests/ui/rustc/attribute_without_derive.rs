use statedict_ui_tests::T;

struct Linear {
    #[param]
    weight: T,
}

fn main() {}
