use statedict::{MigrateError, Migration, StateDict};
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 3, with = Self::step)]
struct Net {
    #[param]
    weight: T,
}

impl Net {
    fn step(_: &mut Migration<'_>) -> Result<(), MigrateError> {
        Ok(())
    }
}

fn main() {}
