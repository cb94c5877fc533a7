//! The program `statedict`: what is in a checkpoint, for people and for other programs.

mod convert;
mod inspect;
mod json;
mod leaf;
mod migrate;
mod rules;
mod table;
mod walk;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, value_parser};

/// Why a command failed, in one line.
type Failure = Box<dyn std::error::Error>;

fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let file = Arg::new("FILE")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help("A file that torch.save wrote");
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).help(help)
    };
    let convert = Command::new("convert")
        .about("Writes a checkpoint in another format")
        .after_help(
            "Exit status: 0; 1 it could not be converted, and OUT is as it was; 2 wrong usage.",
        )
        .arg(path("IN", "A file that torch.save wrote, or a safetensors file"))
        .arg(path("OUT", "The new file"))
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("FORMAT")
                .value_parser(convert::Format::NAMES)
                .help("The format; otherwise safetensors where OUT is called so, else zip"),
        )
        .arg(flag("force", "Replace OUT if it exists"));
    let migrate = Command::new("migrate")
        .about("Renames, cuts and joins the tensors of a checkpoint by a file of rules")
        .after_help(
            "Exit status: 0; 1 it could not be migrated, and OUT is as it was; 2 wrong usage.\n\n\
             RULES is a TOML file. Its steps run in order, on all keys of the state dict:\n\n\
             [[step]]\nrename = { from = \"first\", to = \"stem\" }\n\
             [[step]]\nrename_regex = { from = '^layers\\.(\\d+)\\.ln', to = 'blocks.$1.norm' }\n\
             [[step]]\nsplit = { key = \"in_proj\", dim = 0, into = [{ name = \"q\", size = 4 }, { name = \"k\", size = 4 }] }\n\n\
             [versions]\n\"\" = 2\n\n\
             Steps: rename, rename_regex, remove, remove_regex, split, cat, transpose, narrow, reshape, widen, fill.",
        )
        .arg(path("IN", "A file that torch.save wrote"))
        .arg(path("OUT", "The new file").required(false).required_unless_present("dry-run"))
        .arg(path("map", "The file of rules").long("map").value_name("RULES"))
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("KEY")
                .action(ArgAction::Append)
                .help("Where the state dict is in the file, such as model_state_dict; the rest stays"),
        )
        .arg(flag("dry-run", "Say what would be done, and write nothing"))
        .arg(flag("force", "Replace OUT if it exists"));
    Command::new("statedict")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Looks into PyTorch checkpoints. Nothing in a file is executed.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("inspect")
                .about("Shows what a checkpoint holds")
                .after_help("Exit status: 0; 1 the file was refused; 2 wrong usage.")
                .arg(file)
                .arg(flag("json", "Print one JSON object (schema 1) for other programs"))
                .arg(
                    flag("hash", "With --json: the SHA-256 of each tensor's elements")
                        .requires("json"),
                )
                .arg(flag(
                    "opaque",
                    "Keep values of unknown classes inert instead of refusing the file",
                )),
        )
        .subcommand(convert)
        .subcommand(migrate)
}

fn main() -> ExitCode {
    let matches = command().get_matches();
    let result = match matches.subcommand() {
        Some(("inspect", matches)) => {
            let file = matches.get_one::<PathBuf>("FILE").cloned().unwrap_or_default();
            let request = inspect::Request {
                file,
                json: matches.get_flag("json"),
                hash: matches.get_flag("hash"),
                opaque: matches.get_flag("opaque"),
            };
            inspect::run(&request)
        }
        Some(("convert", matches)) => {
            let path = |name| matches.get_one::<PathBuf>(name).cloned().unwrap_or_default();
            convert::run(&convert::Request {
                input: path("IN"),
                output: path("OUT"),
                to: matches.get_one::<String>("to").and_then(|name| convert::Format::named(name)),
                force: matches.get_flag("force"),
            })
        }
        Some(("migrate", matches)) => {
            let path = |name| matches.get_one::<PathBuf>(name).cloned();
            migrate::run(&migrate::Request {
                input: path("IN").unwrap_or_default(),
                output: path("OUT"),
                rules: path("map").unwrap_or_default(),
                at: matches.get_many("at").into_iter().flatten().cloned().collect(),
                dry_run: matches.get_flag("dry-run"),
                force: matches.get_flag("force"),
            })
        }
        _ => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads no further has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            let text: String = error.to_string().chars().map(one_line).collect();
            let _ = writeln!(std::io::stderr(), "statedict: {text}");
            ExitCode::from(1)
        }
    }
}

fn one_line(char: char) -> char {
    if char.is_control() { '\u{fffd}' } else { char }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    io == Some(std::io::ErrorKind::BrokenPipe)
}
