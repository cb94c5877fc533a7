//! `statedict inspect`.

mod contents;
mod json;
mod summary;

use std::io::Write;

use crate::failure::{Failure, Outcome, for_each};
use crate::inputs::Files;
use crate::opened::{Opened, Opening};
use crate::terminal::Screen;
use crate::{plot, report};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0; 1 a file was refused; 2 wrong usage.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Print one JSON object for each file (schema 1) for other programs
    #[arg(long)]
    json: bool,
    /// With --json: the SHA-256 of each tensor's elements
    #[arg(long, requires = "json")]
    hash: bool,
    #[command(flatten)]
    plot: plot::Plotting,
    #[command(flatten)]
    report: report::Reporting,
    #[command(flatten)]
    opening: Opening,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let inputs = arguments.files.inputs()?;
    let is_one = inputs.len() == 1;
    if arguments.report.is_asked_for() && !is_one {
        return Err("a report is of one file".into());
    }
    let mut is_first = true;
    for_each(&inputs, |input| {
        let opened = Opened::open(input, &arguments.opening)?;
        if arguments.report.is_asked_for() {
            arguments.report.run(&opened)?;
        } else if arguments.plot.is_asked_for() {
            arguments.plot.run(&opened, arguments.json, screen)?;
        } else if arguments.json {
            // With several files each object says which is meant.
            json::write(&opened, (arguments.hash, !is_one), screen)?;
        } else {
            if !std::mem::take(&mut is_first) {
                writeln!(screen)?;
            }
            summary::write(&opened, screen)?;
        }
        Ok(Outcome::Fine)
    })
}
