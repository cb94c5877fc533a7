//! `statedict migrate`.

mod fill;
mod rules;

use std::io::Write;
use std::path::PathBuf;

use statedict::{Metadata, Migration, StateMap, WriteOptions, save_graph};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain};
use crate::inputs::Input;
use crate::numbers::check_output;
use crate::opened::{Opened, Opening};
use crate::outputs::Overwriting;
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
        arguments.overwriting.check(output)?;
    }
    let opening = Opening { flatten: arguments.flatten, ..arguments.opening.clone() };
    let opened = Opened::open(input, &opening)?;
    let at: Vec<&str> = arguments.at.iter().map(String::as_str).collect();
    let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
    let map = opened.state_map(&arguments.at)?;

    let mut done = Vec::new();
    let run = |migration: &mut Migration<'_>| rules.run(&text, migration).map(|lines| done = lines);
    let mut migrated =
        Migration::run_alone(map, run).map_err(|error| format!("{rules_file}: {error}"))?;
    record_versions(&mut migrated, &rules, &mut done);

    if let Some(output) = output {
        let writes_safetensors = WriteOptions::new().writes_safetensors(Some(output));
        check_output(&migrated, opened.allowed, writes_safetensors)
            .map_err(|error| format!("{}: {error}", output.display()))?;
        let saved = match at.split_last() {
            Some((name, above)) => {
                let mut graph = (**opened.document.graph()).clone();
                let value = graph.state_map(&migrated);
                let dict =
                    graph.at(above).ok_or_else(|| format!("{input}: there is no {above:?}"))?;
                graph.put(dict, name, value).map_err(|error| about(&error))?;
                save_graph(&graph, output, &WriteOptions::new().keep_storage(true))
                    .map_err(statedict::Error::from)
            }
            None => migrated.save_with(output, &WriteOptions::new().keep_storage(true)),
        };
        saved.map_err(|error| format!("{}: {}", output.display(), chain(&error)))?;
        if !WriteOptions::new().writes_safetensors(Some(output)) {
            opened.note_not_kept();
        }
    }
    if arguments.json {
        let mut object = Envelope::start(screen, "migrate")?;
        object.field("input", &input.to_string())?;
        object.field("output", &output.map(|output| output.display().to_string()))?;
        object.field("keys", &migrated.len())?;
        let mut list = object.list("steps")?;
        for done in &done {
            list.add(done)?;
        }
        list.end()?;
        object.end()?;
        return Ok(Outcome::Fine);
    }
    for Done { what, about } in &done {
        writeln!(screen, "{what:<10} {}", printable(about))?;
    }
    match output {
        Some(output) => writeln!(screen, "{} keys; wrote {}", migrated.len(), output.display())?,
        None => writeln!(screen, "{} keys; nothing was written", migrated.len())?,
    }
    Ok(Outcome::Fine)
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
