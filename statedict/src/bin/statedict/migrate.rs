//! `statedict migrate`.

use std::io::Write;
use std::path::PathBuf;

use statedict::codec::{self, ReadOptions};
use statedict::{Metadata, Migration, ModuleMetadata, StateMap, WriteOptions, save_map, save_tree};

use crate::Failure;
use crate::rules::Rules;

/// What was asked for.
pub(crate) struct Request {
    pub(crate) input: PathBuf,
    pub(crate) output: Option<PathBuf>,
    pub(crate) rules: PathBuf,
    /// Where the state dict is in the file: the keys that lead to it.
    pub(crate) at: Vec<String>,
    pub(crate) dry_run: bool,
    pub(crate) force: bool,
}

pub(crate) fn run(request: &Request) -> Result<(), Failure> {
    let input = request.input.display();
    let text = std::fs::read_to_string(&request.rules)
        .map_err(|error| format!("{}: {error}", request.rules.display()))?;
    let rules: Rules = toml::from_str(&text)
        .map_err(|error| format!("{}: {}", request.rules.display(), one_paragraph(&error)))?;
    if let Some(output) = request.output.as_ref().filter(|_| !request.dry_run && !request.force)
        && std::fs::symlink_metadata(output).is_ok()
    {
        return Err(format!("{} exists; --force replaces it", output.display()).into());
    }
    let document = codec::open(&request.input, &ReadOptions::default().opaque(true))
        .map_err(|error| format!("{input}: {error}"))?;
    let at: Vec<&str> = request.at.iter().map(String::as_str).collect();
    let map = document.state_map_at(&at).map_err(|error| format!("{input}: {error}"))?;

    let mut done = Vec::new();
    let run = |migration: &mut Migration<'_>| rules.run(migration).map(|lines| done = lines);
    let mut migrated = Migration::run_alone(map, run)
        .map_err(|error| format!("{}: {error}", request.rules.display()))?;
    record_versions(&mut migrated, &rules, &mut done);

    let mut out = std::io::stdout().lock();
    for line in &done {
        writeln!(out, "{line}")?;
    }
    let Some(output) = request.output.as_ref().filter(|_| !request.dry_run) else {
        writeln!(out, "{} keys; nothing was written", migrated.len())?;
        return Ok(());
    };
    let options = WriteOptions::default();
    let saved = if at.is_empty() {
        save_map(&migrated, output, &options)
    } else {
        let mut tree = document.to_tree();
        let node = tree.state_map(&migrated);
        let (name, above) = at.split_last().map_or(("", &at[..]), |(name, above)| (*name, above));
        let dict = tree.at(above).ok_or_else(|| format!("{input}: there is no {above:?}"))?;
        tree.put(dict, name, node).map_err(|error| format!("{input}: {error}"))?;
        save_tree(&tree, output, &options.keep_storage(true))
    };
    saved.map_err(|error| format!("{}: {error}", output.display()))?;
    writeln!(out, "{} keys; wrote {}", migrated.len(), output.display())?;
    Ok(())
}

/// Writes the versions of the rules into `_metadata`.
fn record_versions(map: &mut StateMap<'_>, rules: &Rules, done: &mut Vec<String>) {
    if rules.versions.is_empty() {
        return;
    }
    let metadata = map.metadata_mut().get_or_insert_with(Metadata::default);
    for (path, &version) in &rules.versions {
        metadata.insert(path.as_str(), ModuleMetadata::with_version(version));
        let at = if path.is_empty() { "the root" } else { path };
        done.push(format!("version    {at}: {version}"));
    }
}

/// The error's text without the excerpt of the file, which takes several lines.
fn one_paragraph(error: &toml::de::Error) -> String {
    let place = error.span().map_or_else(String::new, |span| format!(" (at byte {})", span.start));
    format!("{}{place}", error.message().replace('\n', " "))
}
