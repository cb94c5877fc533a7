//! `statedict man`.

use std::io::Write;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::failure::{Failure, Outcome};
use crate::outputs::Overwriting;
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example: statedict man --dir ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// Write a file for each page into DIR; otherwise all pages are printed
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    overwriting: Overwriting,
}

/// Prints or writes the pages of `program`.
pub(crate) fn run(
    arguments: &Arguments,
    mut program: clap::Command,
    screen: &mut Screen,
) -> Result<Outcome, Failure> {
    program.build();
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help");
    let pages: Vec<Man> = [&program].into_iter().chain(commands).cloned().map(Man::new).collect();
    for page in pages {
        let mut text = Vec::new();
        page.render(&mut text)?;
        match &arguments.dir {
            None => screen.write_all(&text)?,
            Some(dir) => {
                let path = dir.join(page.get_filename());
                arguments.overwriting.write(&path, |out| Ok(out.write_all(&text)?))?;
            }
        }
    }
    Ok(Outcome::Fine)
}
