//! `statedict completions`.

use std::io::Write;

use clap_complete::Shell;

use crate::failure::{Failure, Outcome};
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example, in ~/.bashrc:\n\n    source <(statedict completions bash)")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the completions of `program`.
pub(crate) fn run(
    arguments: &Arguments,
    mut program: clap::Command,
    screen: &mut Screen,
) -> Result<Outcome, Failure> {
    // Into memory first: what writes it knows no error but a panic.
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "statedict", &mut text);
    screen.write_all(&text)?;
    Ok(Outcome::Fine)
}
