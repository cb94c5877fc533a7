//! `statedict migrate`.

mod fill;
mod in_place;
mod rules;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use statedict::state_map::Metadata;
use statedict::value::{Dict, DictKind, Graph, Value, ValueId};
use statedict::{Migration, StateMap, WriteOptions};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain, note};
use crate::inputs::Input;
use crate::not_kept::{listed, not_kept};
use crate::numbers::check_output;
use crate::opened::{Opened, Opening};
use crate::outputs::Overwriting;
use crate::path;
use crate::printable::printable;
use crate::terminal::Screen;
use rules::{Done, Rules, STEPS};

#[derive(Debug, clap::Args)]
#[command(after_help = after())]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "IN")]
    input: Input,
    /// The new file
    #[arg(value_name = "OUT", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// The file of rules
    #[arg(long = "map", value_name = "RULES")]
    rules: PathBuf,
    /// Where the state dict is in the file, such as model_state_dict; the rest stays
    #[arg(long, value_name = "KEY")]
    at: Vec<String>,
    /// Take nested dicts of tensors as one state dict, their keys joined with dots
    #[arg(long)]
    flatten: bool,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    overwriting: Overwriting,
    /// Print one JSON object that says what was done
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

fn after() -> String {
    let steps =
        STEPS.map(|(name, fields)| format!("    [[step]]\n    {name} = {fields}\n")).concat();
    format!(
        "\
Exit status: 0; 1 it could not be migrated, and OUT is as it was; 2 wrong usage.

RULES is a TOML file. Its steps run in order, on all keys of the state dict. These are all kinds of steps:

{steps}
    [versions]
    \"\" = 2

rename, rename_all and remove take keys, or modules with everything below them; rename_all renames at once. \
The patterns are regular expressions: rename_regex replaces all matches in a key, and \\1 or $1, \\g<name> or ${{name}} \
stand for groups. What changes a tensor changes it under all of its names."
    )
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let input = &arguments.input;
    let rules_file = arguments.rules.display();
    let text = std::fs::read_to_string(&arguments.rules)
        .map_err(|error| format!("{rules_file}: {error}"))?;
    let rules = Rules::parse(&text).map_err(|error| format!("{rules_file}: {error}"))?;
    let output = arguments.output.as_ref().filter(|_| !arguments.dry_run);
    if let Some(output) = output {
        if output.as_os_str() == "-" {
            return Err("what is migrated goes into a file; name it in place of `-`".into());
        }
        arguments.overwriting.check(output)?;
    }
    let opening = Opening { flatten: arguments.flatten, ..arguments.opening.clone() };
    let opened = Opened::open(input, &opening)?;
    let map = opened.state_map(&arguments.at)?;
    let before = map.metadata().cloned();

    let (mut done, mut origins) = (Vec::new(), HashMap::new());
    let run = |migration: &mut Migration<'_>| {
        rules.run(&text, migration).map(|found| (done, origins) = found)
    };
    let mut migrated =
        Migration::run_alone(map, run).map_err(|error| format!("{rules_file}: {error}"))?;
    record_versions(&mut migrated, &rules, &mut done);
    let keys = migrated.len() + migrated.values().len();

    let root = opened.root();
    let dict = path::value_at(root, &arguments.at).filter(|value| value.as_mapping().is_some());
    let holds_versions = |value: Value<'_>| {
        let has_place = |of: Dict<'_>| of.kind() != DictKind::Dict || of.attributes().is_some();
        value.as_dict().is_some_and(has_place)
    };
    if let Some(dict) = dict.filter(|&dict| !holds_versions(dict))
        && before.as_ref() != migrated.metadata()
    {
        let about = format!("{} -> OrderedDict, which can hold versions", dict.type_name());
        done.push(Done { what: "type", about });
    }
    let mut lost = Vec::new();
    if let Some(dict) = dict.filter(|_| !arguments.at.is_empty()) {
        for path in in_place::other_paths(root, dict)? {
            done.push(Done {
                what: "shared",
                about: format!("{path} is the dict that is changed"),
            });
        }
    }
    if let Some(output) = output {
        let about =
            |error: &dyn std::error::Error| format!("{}: {}", output.display(), chain(error));
        let options = WriteOptions::new().keep_storage(true);
        let to_safetensors = options.writes_safetensors(Some(output));
        if to_safetensors && !arguments.at.is_empty() {
            return Err(format!(
                "{}: a safetensors file holds a state dict alone, and the rest of {input} would be lost; take it \
                 out first with `statedict convert --at`",
                output.display()
            )
            .into());
        }
        check_output(&migrated, opened.allowed, to_safetensors)
            .map_err(|error| format!("{}: {error}", output.display()))?;
        let saved = if to_safetensors {
            lost.extend(not_kept(&migrated));
            migrated.save_with(output, &options)
        } else {
            let mut graph = (**opened.document.graph()).clone();
            let changed = match dict.filter(|_| !arguments.flatten) {
                Some(dict) => {
                    let maps = (before.as_ref(), &migrated);
                    let edited = in_place::edit(&mut graph, dict.value_id(), maps, &origins)?;
                    lost.extend(edited.lost);
                    edited.dict
                }
                None => {
                    lost.extend(not_kept(&migrated));
                    graph.state_map(&migrated)
                }
            };
            place(&mut graph, &arguments.at, changed)?;
            graph.save_with(output, &options)
        };
        saved.map_err(|error| about(&error))?;
        if !to_safetensors {
            opened.note_not_kept();
        }
        lost.extend(opened.not_read());
        if !lost.is_empty() {
            note(&format!("{}: not kept: {}", output.display(), listed(&lost)));
        }
    }
    if arguments.json {
        let mut object = Envelope::start(screen, "migrate")?;
        object.field("input", &input.to_string())?;
        object.field("output", &output.map(|output| output.display().to_string()))?;
        object.field("keys", &keys)?;
        let mut list = object.list("steps")?;
        for done in &done {
            list.add(done)?;
        }
        list.end()?;
        object.field("not_kept", &lost)?;
        object.end()?;
        return Ok(Outcome::Fine);
    }
    for Done { what, about } in &done {
        writeln!(screen, "{what:<10} {}", printable(about))?;
    }
    match output {
        Some(output) => writeln!(screen, "{keys} keys; wrote {}", output.display())?,
        None => writeln!(screen, "{keys} keys; nothing was written")?,
    }
    Ok(Outcome::Fine)
}

/// Puts a value in the place of the one at the keys that lead to it.
fn place(graph: &mut Graph<'static>, at: &[String], value: ValueId) -> Result<(), Failure> {
    let Some((last, above)) = at.split_last() else {
        graph.set_root(value);
        return Ok(());
    };
    let found = path::value_at(graph.root(), at).map(Value::value_id);
    if found == Some(value) {
        return Ok(());
    }
    let parent = path::value_at(graph.root(), above).filter(|parent| parent.get(last).is_some());
    let parent = parent.ok_or_else(|| format!("what is at {last} cannot be replaced"))?.value_id();
    graph.put(parent, last, value)?;
    Ok(())
}

/// Writes the versions of the rules into `_metadata`.
fn record_versions(map: &mut StateMap<'_>, rules: &Rules, done: &mut Vec<Done>) {
    if rules.versions.is_empty() {
        return;
    }
    let metadata = map.metadata_mut().get_or_insert_with(Metadata::default);
    for (path, &version) in &rules.versions {
        let module = metadata.get(path).cloned().unwrap_or_default();
        metadata.insert(path.as_str(), module.set_version(Some(version)));
        let at = if path.is_empty() { "the root" } else { path };
        done.push(Done { what: "version", about: format!("{at}: {version}") });
    }
}
