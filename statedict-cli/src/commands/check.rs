//! `statedict check`.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value as Json, json};
use statedict::{Metadata, Schema, StateMap};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain};
use crate::inputs::{Content, Input};
use crate::opened::{Opened, Opening};
use crate::printable::printable;
use crate::sizes::plural;
use crate::terminal::{Screen, paint};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A schema is the text of T::schema(), of which names and versions are compared; of another file also shapes and \
element types. Values are not: see diff. The report is that of a strict load, with everything at once.

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
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

/// Something that does not fit.
struct Problem {
    kind: &'static str,
    key: String,
    expected: Json,
    found: Json,
    hint: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    if (&arguments.file, &arguments.against) == (&Input::Stdin, &Input::Stdin) {
        return Err("standard input can be read once only".into());
    }
    let opened = Opened::open(&arguments.file, &arguments.opening)?;
    let map = opened.state_map(&arguments.at)?;
    let problems = match schema(&arguments.against)? {
        Some(schema) => of_schema(&map, &schema),
        None => {
            let other = Opened::open(&arguments.against, &arguments.opening)?;
            of_map(&map, &other.state_map(&arguments.against_at)?)
        }
    };
    match arguments.json {
        true => write_json(arguments, &map, &problems, screen)?,
        false => write(arguments, &map, &problems, screen)?,
    }
    Ok(Outcome::found(!problems.is_empty()))
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
    Ok(Some(text.parse().map_err(|error: statedict::SchemaParseError| about(&error))?))
}

fn problem(kind: &'static str, key: &str, expected: Json, found: Json) -> Problem {
    Problem { kind, key: key.to_owned(), expected, found, hint: None }
}

fn of_schema(map: &StateMap<'_>, schema: &Schema) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Err(mismatch) = schema.check(map) {
        for key in mismatch.missing() {
            problems.push(problem("missing", key, Json::Null, Json::Null));
        }
        for key in mismatch.unexpected() {
            problems.push(problem("unexpected", key, Json::Null, Json::Null));
        }
    }
    for module in schema.modules().filter(|module| !module.path().contains('*')) {
        // An older version would be migrated, and is well.
        let version = module.info().version();
        if let Some(found) = map.version(module.path()).filter(|&found| found > version) {
            problems.push(problem("version", module.path(), json!(version), json!(found)));
        }
    }
    problems
}

/// What a strict load into the model of `other` would say of `map`.
fn of_map(map: &StateMap<'_>, other: &StateMap<'_>) -> Vec<Problem> {
    let form = |dtype: statedict::DType, shape: &[usize]| json!({"dtype": dtype.to_string(), "shape": shape});
    let (mut missing, mut unexpected, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (key, expected) in other.iter() {
        let wanted = form(expected.dtype(), expected.shape());
        match map.get(key) {
            None => missing.push(problem("missing", key, wanted, Json::Null)),
            Some(found) => {
                let is = form(found.dtype(), found.shape());
                if found.shape() != expected.shape() {
                    problems.push(problem("size", key, wanted, is));
                } else if found.dtype() != expected.dtype() {
                    problems.push(problem("dtype", key, wanted, is));
                }
            }
        }
    }
    for (key, found) in map.iter().filter(|(key, _)| !other.contains_key(key)) {
        let is = form(found.dtype(), found.shape());
        unexpected.push(problem("unexpected", key, Json::Null, is));
    }
    for (key, _) in other.values().filter(|(key, _)| map.value(key).is_none()) {
        missing.push(problem("missing", key, json!("extra state"), Json::Null));
    }
    for (key, _) in map.values().filter(|(key, _)| other.value(key).is_none()) {
        unexpected.push(problem("unexpected", key, Json::Null, json!("extra state")));
    }
    hint(&mut missing, &unexpected);
    missing.append(&mut unexpected);
    missing.append(&mut problems);
    missing.extend(versions(map, other));
    missing
}

/// Where one unexpected tensor alone has the form and the last name of one that is missing, it is meant.
fn hint(missing: &mut [Problem], unexpected: &[Problem]) {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let mut candidates: HashMap<(String, String), Vec<&str>> = HashMap::new();
    for Problem { key, found, .. } in unexpected {
        candidates.entry((last(key), found.to_string())).or_default().push(key);
    }
    let mut wanted: HashMap<(String, String), usize> = HashMap::new();
    for Problem { key, expected, .. } in missing.iter() {
        *wanted.entry((last(key), expected.to_string())).or_default() += 1;
    }
    for problem in missing {
        let form = (last(&problem.key), problem.expected.to_string());
        if let Some([only]) = candidates.get(&form).map(Vec::as_slice)
            && wanted.get(&form) == Some(&1)
        {
            problem.hint = Some(format!("`{only}` has that form"));
        }
    }
}

/// Modules that are newer in `map`, which a load refuses.
fn versions(map: &StateMap<'_>, other: &StateMap<'_>) -> Vec<Problem> {
    let modules = map.metadata().into_iter().flat_map(Metadata::iter);
    let newer = modules.filter_map(|(path, module)| {
        let (found, expected) = (module.version()?, other.version(path)?);
        (found > expected).then(|| problem("version", path, json!(expected), json!(found)))
    });
    newer.collect()
}

/// A form for people.
fn text(form: &Json) -> String {
    match (&form["dtype"], &form["shape"]) {
        (Json::String(dtype), Json::Array(shape)) => {
            let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("{dtype} [{}]", sizes.join(", "))
        }
        _ => form.as_str().map_or_else(|| form.to_string(), str::to_owned),
    }
}

fn write(
    arguments: &Arguments,
    map: &StateMap<'_>,
    problems: &[Problem],
    screen: &mut Screen,
) -> Result<(), Failure> {
    let palette = screen.palette();
    let (file, against) = (arguments.file.to_string(), arguments.against.to_string());
    let title = paint(palette.title, printable(&file));
    let against = printable(&against);
    if problems.is_empty() {
        let keys = plural(map.len(), "key");
        let fits = paint(palette.good, "fits");
        writeln!(screen, "{title}   {fits} {against}: {keys}")?;
        return Ok(());
    }
    let count = paint(palette.bad, plural(problems.len(), "problem"));
    writeln!(screen, "{title}   does not fit {against}: {count}")?;
    let width = problems.iter().map(|problem| problem.key.chars().count());
    let width = width.max().unwrap_or(0).min(60);
    for Problem { kind, key, expected, found, hint } in problems {
        let kind_text = paint(palette.notable, format!("{kind:<10}"));
        let key = printable(if key.is_empty() { "(root)" } else { key }).to_string();
        let about = match (expected, found) {
            (Json::Null, Json::Null) => String::new(),
            (Json::Null, form) | (form, Json::Null) => text(form),
            (expected, found) => format!("expected {}, file has {}", text(expected), text(found)),
        };
        let hint = hint.as_ref().map_or_else(String::new, |hint| format!("   help: {hint}"));
        let line = format!("  {kind_text}  {key:<width$}  {about}{}", printable(&hint));
        writeln!(screen, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_json(
    arguments: &Arguments,
    map: &StateMap<'_>,
    problems: &[Problem],
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "check")?;
    object.field("file", &arguments.file.to_string())?;
    object.field("against", &arguments.against.to_string())?;
    object.field("fits", &problems.is_empty())?;
    object.field("keys", &map.len())?;
    let mut list = object.list("problems")?;
    for Problem { kind, key, expected, found, hint } in problems {
        list.add(&json!({
            "kind": kind, "key": key, "expected": expected, "found": found, "hint": hint,
        }))?;
    }
    list.end()?;
    object.end()
}
