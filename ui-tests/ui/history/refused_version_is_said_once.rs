use statedict::{MigrateError, Migration, StateDict};
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(0)]
#[migrate(to = 2, with = Self::step)]
struct Net {
    #[param]
    #[since(2)]
    weight: T,
}

impl Net {
    fn step(_: &mut Migration<'_>) -> Result<(), MigrateError> {
        Ok(())
    }
}

fn main() {}
