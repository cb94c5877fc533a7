//! Entries that are renamed and left out before a file is converted.

use std::collections::HashMap;

use statedict::Checkpoint;
use statedict::contents::{Contents, Found, Step};
use statedict::value::{Graph, Kind, Value, ValueId};

use crate::failure::{Failure, chain};
use crate::glob::{self, Glob};
use crate::path;

/// The arguments that say so.
#[derive(Debug, clap::Args)]
pub(crate) struct Edits {
    /// Give the entry of a dict at PATH another key, such as '[b"w"]=w'
    #[arg(long, value_name = "PATH=KEY", value_parser = new_name)]
    rename: Vec<(String, String)>,
    /// Leave out the entries of dicts whose paths match, such as '**._extra_state': `*` stands for a part of a
    /// segment, `**` for any number of segments, `{a,b}` for either
    #[arg(long, value_name = "GLOB", value_parser = glob::parse)]
    exclude: Vec<Glob>,
}

fn new_name(text: &str) -> Result<(String, String), String> {
    let (path, key) = text.rsplit_once('=').ok_or("write PATH=KEY")?;
    Ok((path.to_owned(), key.to_owned()))
}

impl Edits {
    /// Returns the values with other names and without what is left out; `None` where they stay as they are.
    pub(crate) fn apply(&self, graph: &Graph<'static>) -> Result<Option<Graph<'static>>, Failure> {
        if self.rename.is_empty() && self.exclude.is_empty() {
            return Ok(None);
        }
        let mut checkpoint = Checkpoint::from(graph.clone());
        for (from, to) in &self.rename {
            let path =
                path::find(checkpoint.graph().root(), from).map(|(steps, _)| path::path(&steps));
            checkpoint.rename(path?, to).map_err(|error| chain(&error))?;
        }
        let found = self.excluded(checkpoint.graph().root())?;
        for (dict, positions) in found {
            let mut left = positions.iter().peekable();
            let keep = |position| left.next_if(|&&other| other == position).is_none();
            checkpoint.graph_mut().retain_entries(dict, keep).map_err(|error| chain(&error))?;
        }
        Ok(Some(checkpoint.graph().clone()))
    }

    /// Finds the entries to leave out: their dicts, and their positions in these.
    fn excluded(&self, root: Value<'_>) -> Result<Vec<(ValueId, Vec<usize>)>, Failure> {
        let mut used = vec![false; self.exclude.len()];
        let mut found: HashMap<u64, (ValueId, Vec<usize>)> = HashMap::new();
        let mut contents = Contents::of(root).under_each_path();
        while let Some(part) = contents.advance()? {
            let Found::Value(value) = part else { continue };
            let above = path::dotted(contents.steps());
            for dict in dicts(value) {
                let Some(identity) = dict.identity() else { continue };
                let entries = dict.as_mapping().into_iter().flat_map(|dict| dict.iter());
                for (position, (key, _)) in entries.enumerate() {
                    let name = path::dotted(&[Step::of_entry(key, position)]);
                    let name = if above.is_empty() { name } else { format!("{above}.{name}") };
                    let mut is_excluded = false;
                    for (glob, used) in self.exclude.iter().zip(&mut used) {
                        let matches = glob.matches(&name);
                        *used |= matches;
                        is_excluded |= matches;
                    }
                    if is_excluded {
                        found
                            .entry(identity)
                            .or_insert((dict.value_id(), Vec::new()))
                            .1
                            .push(position);
                    }
                }
            }
        }
        if let Some(unused) = used.iter().position(|used| !used) {
            let pattern = self.exclude[unused].pattern();
            return Err(format!("no entry of a dict matches --exclude {pattern}").into());
        }
        let mut found: Vec<_> = found.into_values().collect();
        for (_, positions) in &mut found {
            positions.sort_unstable();
            positions.dedup();
        }
        Ok(found)
    }
}

/// Returns the dicts whose entries a value has: it is one itself, or an object with entries or attributes.
fn dicts(value: Value<'_>) -> Vec<Value<'_>> {
    let found = match value.kind() {
        Kind::Object(object) => vec![object.entries(), object.state()],
        _ => vec![value],
    };
    found.into_iter().filter(|value| matches!(value.kind(), Kind::Dict(_))).collect()
}
