//! The command line: a tree of commands, and how each ends.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    check, completions, convert, diff, fetch, get, inspect, ls, man, migrate, scaffold, scan, tree,
    verify,
};
use crate::failure::{Failure, Outcome, complain, is_broken_pipe};
use crate::terminal::{ColorWhen, Screen};

/// Looks into PyTorch checkpoints, and changes them. Nothing in a file is executed.
#[derive(Debug, Parser)]
#[command(
    name = "statedict",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Exit status: 0 all is well; 1 a file was refused, is not as it should be, or differs; \
                  2 wrong usage (diff and check: or files that could not be compared)."
)]
pub(crate) struct Program {
    /// When to print in colour; NO_COLOR and CLICOLOR_FORCE count where this is not given
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorWhen,
    #[command(subcommand)]
    command: Command,
}

/// Declares the commands: the variants, and what each runs. Those behind `of` print the whole tree of commands.
macro_rules! commands {
    ($($(#[$meta:meta])* $name:ident => $module:ident $(of $tree:path)?;)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$meta])* $name($module::Arguments),)*
        }

        impl Command {
            fn run(&self, screen: &mut Screen) -> Result<Outcome, Failure> {
                match self {
                    $(Command::$name(arguments) => $module::run(arguments, $($tree(),)? screen),)*
                }
            }
        }
    };
}

commands! {
    /// Shows what files hold, in short
    Inspect => inspect;
    /// Shows the modules of a model as a tree
    Tree => tree;
    /// Lists the tensors of a file, a line each
    Ls => ls;
    /// Compares two files: structure, values, ties, versions, and everything else they hold
    Diff => diff;
    /// Checks that files are whole: structure, checksums, ranges
    Verify => verify;
    /// Lists every class and function that the pickles of a file name, without running anything
    Scan => scan;
    /// Checks the keys of a file against a schema or another file
    Check => check;
    /// Prints or extracts one tensor or value
    Get => get;
    /// Writes a checkpoint in another format
    Convert => convert;
    /// Renames, cuts and joins the tensors of a checkpoint by a file of rules
    Migrate => migrate;
    /// Prints Rust structs that load a file
    Scaffold => scaffold;
    /// Downloads a checkpoint, if it is not there yet, and prints where it is
    Fetch => fetch;
    /// Prints the completions of a shell
    Completions => completions of Program::command;
    /// Prints the manual pages, or writes them to a directory
    Man => man of Program::command;
}

impl Program {
    /// Runs the command, says what went wrong, and returns the exit status.
    pub(crate) fn run(&self) -> ExitCode {
        let mut screen = Screen::new(self.color);
        let result = self.command.run(&mut screen).and_then(|outcome| {
            screen.flush()?;
            Ok(outcome)
        });
        match result {
            Ok(Outcome::Fine) => ExitCode::SUCCESS,
            Ok(Outcome::Found) => ExitCode::from(1),
            // Who reads no further has seen enough.
            Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
            Err(error) => {
                // What was printed so far comes first.
                let _ = screen.flush();
                complain(&*error);
                ExitCode::from(self.command.trouble())
            }
        }
    }
}

impl Command {
    /// The exit status of a failure: for what compares, 1 says that there is a difference.
    fn trouble(&self) -> u8 {
        match self {
            Command::Diff(_) | Command::Check(_) => 2,
            _ => 1,
        }
    }
}
