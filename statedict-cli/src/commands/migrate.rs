//! `statedict migrate`.

mod fill;
mod rules;

use std::io::Write;
use std::path::PathBuf;

use statedict::{
    Metadata, Migration, ModuleMetadata, StateMap, WriteOptions, save_graph, save_map,
    save_safetensors,
};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain};
use crate::inputs::Input;
use crate::opened::{Held, Opened, Opening};
use crate::outputs::Overwriting;
use crate::printable::printable;
use crate::terminal::Screen;
use rules::{Done, Rules};

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
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
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    overwriting: Overwriting,
    /// Print one JSON object that says what was done
    #[arg(long)]
    json: bool,
}

const AFTER: &str = "\
Exit status: 0; 1 it could not be migrated, and OUT is as it was; 2 wrong usage.

RULES is a TOML file. Its steps run in order, on all keys of the state dict:

    [[step]]
    rename = { from = \"first\", to = \"stem\" }
    [[step]]
    rename_regex = { from = '^layers\\.(\\d+)\\.ln', to = 'blocks.$1.norm' }
    [[step]]
    split = { key = \"in_proj\", dim = 0, into = [{ name = \"q\", size = 4 }, { name = \"k\", size = 4 }] }
    [[step]]
    cast = { key = \"scale\", dtype = \"bfloat16\" }
    [[step]]
    fill = { key = \"steps\", value = 0, dtype = \"int64\", shape = [] }

    [versions]
    \"\" = 2

Steps: rename, rename_regex, remove, remove_regex, split, cat, transpose, narrow, reshape, widen, cast, cast_regex, fill.";

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let input = &arguments.input;
    let rules_file = arguments.rules.display();
    let text = std::fs::read_to_string(&arguments.rules)
        .map_err(|error| format!("{rules_file}: {error}"))?;
    let rules: Rules = toml::from_str(&text)
        .map_err(|error| format!("{rules_file}: {}", one_paragraph(&error)))?;
    let output = arguments.output.as_ref().filter(|_| !arguments.dry_run);
    if let Some(output) = output {
        arguments.overwriting.check(output)?;
    }
    let opened = Opened::open(input, &Opening { opaque: true, whole_model: false })?;
    let at: Vec<&str> = arguments.at.iter().map(String::as_str).collect();
    let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
    let map = match &opened.held {
        Held::Torch(document) => document.state_map_at(&at).map_err(|error| about(&error))?,
        Held::SafeTensors(map, _) if at.is_empty() => (**map).clone(),
        Held::SafeTensors(..) => {
            return Err(format!(
                "{input}: a safetensors file holds one state dict; leave out --at"
            )
            .into());
        }
    };

    let mut done = Vec::new();
    let run = |migration: &mut Migration<'_>| rules.run(migration).map(|lines| done = lines);
    let mut migrated =
        Migration::run_alone(map, run).map_err(|error| format!("{rules_file}: {error}"))?;
    record_versions(&mut migrated, &rules, &mut done);

    if let Some(output) = output {
        let options = WriteOptions::default();
        let saved = match &opened.held {
            Held::Torch(document) if !at.is_empty() => {
                let mut graph = (**document.graph()).clone();
                let value = graph.state_map(&migrated);
                let (name, above) =
                    at.split_last().map_or(("", &at[..]), |(name, above)| (*name, above));
                let dict =
                    graph.at(above).ok_or_else(|| format!("{input}: there is no {above:?}"))?;
                graph.put(dict, name, value).map_err(|error| about(&error))?;
                save_graph(&graph, output, &options.keep_storage(true))
            }
            _ if output.extension().is_some_and(|name| name == "safetensors") => {
                save_safetensors(&migrated, output)
            }
            _ => save_map(&migrated, output, &options),
        };
        saved.map_err(|error| format!("{}: {}", output.display(), chain(&error)))?;
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
        metadata.insert(path.as_str(), ModuleMetadata::with_version(version));
        let at = if path.is_empty() { "the root" } else { path };
        done.push(Done { what: "version", about: format!("{at}: {version}") });
    }
}

/// The error's text without the excerpt of the file, which takes several lines.
fn one_paragraph(error: &toml::de::Error) -> String {
    let place = error.span().map_or_else(String::new, |span| format!(" (at byte {})", span.start));
    format!("{}{place}", error.message().replace('\n', " "))
}
