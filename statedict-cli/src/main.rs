//! The program `statedict`: what is in a checkpoint, for people and for other programs.

mod cli;
mod commands;
mod edits;
mod envelope;
mod failure;
mod glob;
mod histogram;
mod inputs;
mod leaf;
mod numbers;
mod opened;
mod outputs;
mod path;
mod plot;
mod printable;
mod progress;
mod report;
mod scaffold;
mod sizes;
mod terminal;
mod ties;
mod walk;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Program::parse().run()
}
