//! `statedict check`.

use std::io::Write;

use statedict::{KeyMap, LoadError, LoadOptions, LoadReport, Schema, StateMap};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain, in_words_of_program};
use crate::inputs::{Content, Input};
use crate::opened::{Opened, Opening};
use crate::printable::printable;
use crate::sizes::plural;
use crate::terminal::{Screen, paint};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A schema is the text of T::schema(), of which names and versions are compared; of another file also shapes and \
element types. Values are not: see diff. The report is that of a strict load into the model, with everything at once.

Exit status: 0 FILE fits; 1 it does not; 2 wrong usage, or a file that cannot be read.")]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: Input,
    /// A schema, or a file to whose model FILE should fit
    #[arg(long, value_name = "SCHEMA|FILE")]
    against: Input,
    /// Where the state dict is in FILE, by the keys that lead to it, such as model_state_dict
    #[arg(long, value_name = "KEY")]
    at: Vec<String>,
    /// Where the state dict is in the other file
    #[arg(long, value_name = "KEY")]
    against_at: Vec<String>,
    /// Take nested dicts of tensors as one state dict, in both files, their keys joined with dots
    #[arg(long)]
    flatten: bool,
    /// Take a prefix off the keys of FILE that begin with it
    #[arg(long, value_name = "PREFIX")]
    strip_prefix: Option<String>,
    /// Put a prefix before the keys of FILE
    #[arg(long, value_name = "PREFIX")]
    add_prefix: Option<String>,
    /// Look only at the keys of FILE that begin with a prefix, without it
    #[arg(long, value_name = "PREFIX")]
    select_prefix: Option<String>,
    /// Take modules of FILE without a version for this one, or their newest where that is lower; they count as older
    /// than every version otherwise
    #[arg(long, value_name = "N")]
    assume_version: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    if (&arguments.file, &arguments.against) == (&Input::Stdin, &Input::Stdin) {
        return Err("standard input can be read once only".into());
    }
    let opening = Opening { flatten: arguments.flatten, ..arguments.opening.clone() };
    let opened = Opened::open(&arguments.file, &opening)?;
    let map = opened.state_map(&arguments.at)?;
    // What is compared is not read: that is the work of verify.
    let options = LoadOptions::new().verify(false).map_keys(arguments.key_map());
    let options = match arguments.assume_version {
        Some(version) => options.assume_version(version),
        None => options,
    };
    let result = match schema(&arguments.against)? {
        Some(schema) => schema.check_with(&map, &options),
        None => {
            let other = Opened::open(&arguments.against, &opening)?;
            other.state_map(&arguments.against_at)?.check_state_dict_with(&map, &options)
        }
    };
    match arguments.json {
        true => write_json(arguments, &map, &result, screen)?,
        false => write(arguments, &map, &result, screen)?,
    }
    Ok(Outcome::found(result.is_err()))
}

impl Arguments {
    fn key_map(&self) -> KeyMap {
        let Arguments { strip_prefix, add_prefix, select_prefix, .. } = self;
        let rules = KeyMap::new();
        let rules = strip_prefix.iter().fold(rules, KeyMap::strip_prefix);
        let rules = select_prefix.iter().fold(rules, KeyMap::select_prefix);
        add_prefix.iter().fold(rules, KeyMap::add_prefix)
    }
}

/// The schema in a file, where it is one: text that no checkpoint starts with.
fn schema(input: &Input) -> Result<Option<Schema>, Failure> {
    let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
    let Input::Path(path) = input else { return Ok(None) };
    let mut content = Content::open(input).map_err(|error| about(&error))?;
    let head = content.head(64).map_err(|error| about(&error))?;
    let words = ["module ", "parameter ", "buffer ", "extra state ", "unknown ", "#"];
    if !words.iter().any(|word| head.starts_with(word.as_bytes())) {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|error| about(&error))?;
    Ok(Some(text.parse().map_err(|error: statedict::schema::SchemaParseError| about(&error))?))
}

type Checked = Result<LoadReport, LoadError>;

fn write(
    arguments: &Arguments,
    map: &StateMap<'_>,
    result: &Checked,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let palette = screen.palette();
    let (file, against) = (arguments.file.to_string(), arguments.against.to_string());
    let title = paint(palette.title, printable(&file));
    let against = printable(&against);
    let text = match result {
        Ok(report) => {
            let keys = plural(map.len(), "key");
            let fits = paint(palette.good, "fits");
            writeln!(screen, "{title}   {fits} {against}: {keys}")?;
            report.to_string()
        }
        Err(error) => {
            let count = paint(palette.bad, plural(error.problems.len(), "problem"));
            writeln!(screen, "{title}   does not fit {against}: {count}")?;
            in_words_of_program(&error.to_string())
        }
    };
    // The first line says how a load ended.
    for line in text.lines().skip(1) {
        let (kind, about) = line.split_at_checked(14).unwrap_or((line, ""));
        writeln!(screen, "{}{}", paint(palette.notable, kind), printable(about))?;
    }
    Ok(())
}

fn write_json(
    arguments: &Arguments,
    map: &StateMap<'_>,
    result: &Checked,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "check")?;
    object.field("file", &arguments.file.to_string())?;
    object.field("against", &arguments.against.to_string())?;
    object.field("fits", &result.is_ok())?;
    object.field("keys", &map.len())?;
    let mut list = object.list("problems")?;
    for problem in result.as_ref().err().into_iter().flat_map(|error| &error.problems) {
        list.add(problem)?;
    }
    list.end()?;
    object.field("guess", &result.as_ref().err().and_then(|error| error.guess.as_ref()))?;
    object.field("report", &result.as_ref().ok())?;
    object.end()
}
