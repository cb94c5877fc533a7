//! `statedict ls`.

use crate::failure::{Failure, Outcome};
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments, _: &mut Screen) -> Result<Outcome, Failure> {
    Ok(Outcome::Fine)
}
