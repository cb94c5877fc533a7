//! Exported programs (`.pt2`), as `torch.export.save` writes them: the state dict of each program. No code is run.
//!
//! The tensors lie in the archive as their storages, and JSON says which part of which storage each is. The order
//! of the state dict is that of the program's inputs. Constants and buffers that are not saved have a
//! JSON of their own.

mod config;
mod old;
mod tensor;

use std::sync::Arc;

use foldhash::{HashMap, HashSet, HashSetExt};
use serde::de::DeserializeOwned;

use crate::codec::read::archive_facts::ArchiveFacts;
use crate::codec::read::document::{Document, FileFacts};
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::options::ReadOptions;
use crate::codec::read::root;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::{Archive, ArchiveResolver};
use crate::value::raw::Raw;
use crate::value::{Graph, Memory};
use config::{CONSTANTS, Config, NOT_SAVED, Payload, Program, Tensors};
pub(super) use old::read as read_old;
use tensor::Made;

/// Reads the state dict of the program, or of each where there are several. No tensor is read.
pub(super) fn read(
    archive: Archive,
    facts: ArchiveFacts,
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    let ArchiveFacts { byte_order, mut warnings } = facts;
    let limits = options.limits.for_file(archive.source.len());
    let names = programs(&archive)?;
    // The JSON is as long as the file at most, and takes the place of a pickle.
    let json = usize::try_from(archive.source.len()).unwrap_or(usize::MAX);
    let allowed_names = options.limits.for_names(json);
    let mut reader = Reader {
        made: Made {
            graph: Graph::within(Arc::new([]), Memory::new(options.limits.for_pickle(json).memory)),
            // Numbers are written in the machine's order, and no other was ever seen.
            resolver: ArchiveResolver::new(archive, ByteOrder::Little, limits),
        },
        left: limits.pickle_bytes,
        parameters: HashSet::new(),
        allowed_names,
        names: allowed_names,
        unnamed: options.unnamed_tensors,
        counts: Vec::new(),
    };
    let several = names.len() > 1;
    let mut programs = Vec::new();
    for name in &names {
        let prefix = if several { format!("{name}.") } else { String::new() };
        let state_dict = reader.program(name, &prefix)?;
        let full = |full| root::no_room("the state dicts", full);
        programs.push(root::text(&mut reader.made.graph, name).map_err(full)?);
        programs.push(state_dict);
    }
    let Reader { made: Made { mut graph, resolver }, parameters, counts, .. } = reader;
    let root = match programs.as_slice() {
        [_, only] => *only,
        _ => graph.add_dict(&programs).map_err(|full| root::no_room("the programs", full))?,
    };
    for (attribute, count) in counts {
        warnings.push(Warning::Unnamed { attribute, count });
    }
    let storages = in_memory::settle(resolver.into_storages(), options)?;
    graph.finish(root, storages);
    let facts = FileFacts { parameters: Some(Arc::new(parameters)), ..FileFacts::default() };
    let graph = Arc::new(graph);
    Ok(Document { graph, container: ContainerKind::Exported, byte_order, warnings, facts })
}

/// The names of the programs, in the order of the text.
fn programs(archive: &Archive) -> Result<Vec<String>, ReadError> {
    let members = archive.directory.names();
    let root = archive.directory.root();
    let inner = |name: &'_ String| name.get(root.len().saturating_add(1)..).map(str::to_owned);
    let members: Vec<String> = members.iter().filter_map(inner).collect();
    let mut names: Vec<String> = members
        .iter()
        .filter_map(|name| name.strip_prefix("models/")?.strip_suffix(".json"))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    if !names.is_empty() {
        return Ok(names);
    }
    if members.iter().any(|name| name.starts_with("data/aotinductor/")) {
        return Err(ReadError::Foreign {
            found: "a package of AOTInductor, whose weights are inside of a compiled library"
                .into(),
            advice: "save the program with torch.export.save, or its state_dict with torch.save"
                .into(),
        });
    }
    Err(ReadError::Missing { member: format!("{root}/models/model.json") })
}

struct Reader {
    made: Made,
    /// How many bytes of JSON may still be read.
    left: u64,
    parameters: HashSet<String>,
    /// The bytes that all names may have together, and what is left of them.
    allowed_names: u64,
    names: u64,
    unnamed: bool,
    counts: Vec<(&'static str, usize)>,
}

impl Reader {
    /// The state dict of the program of that name, whose keys get a prefix where they are told apart.
    fn program(&mut self, name: &str, prefix: &str) -> Result<Raw, ReadError> {
        let inputs = self.json::<Program>(&format!("models/{name}.json"))?;
        let inputs = inputs.map(Program::inputs).unwrap_or_default();
        let weights = self.tensors("weights", name)?;
        let constants = self.tensors("constants", name)?;
        let (saved, not_saved) = (ranks(&inputs.saved), ranks(&inputs.not_saved));

        let mut attributes = Vec::new();
        let is_not_saved = |entry: &(String, Payload)| not_saved.contains_key(entry.0.as_str());
        let (buffers, constants): (Vec<_>, Vec<_>) =
            constants.0.into_iter().partition(is_not_saved);
        for (attribute, found) in [(CONSTANTS, constants), (NOT_SAVED, buffers)] {
            if found.is_empty() {
                continue;
            }
            match self.counts.iter_mut().find(|(known, _)| *known == attribute) {
                Some((_, count)) => *count += found.len(),
                None => self.counts.push((attribute, found.len())),
            }
            if self.unnamed {
                let mut entries = Vec::new();
                for (key, payload) in found {
                    entries.extend(self.made.entry("data/constants", &key, &payload)?);
                }
                let full = |full| root::no_room("the tensors without names", full);
                let dict = self.made.graph.add_dict(&entries).map_err(full)?;
                attributes
                    .extend([root::text(&mut self.made.graph, attribute).map_err(full)?, dict]);
            }
        }

        let Tensors(mut weights) = weights;
        // What is no input keeps its place after all that are.
        let rank = |key: &str| saved.get(key).copied().unwrap_or(usize::MAX);
        weights.sort_by_key(|(key, _)| rank(key));
        let mut entries = Vec::with_capacity(weights.len().saturating_mul(2));
        for (key, payload) in weights {
            entries.extend(self.made.entry("data/weights", &key, &payload)?);
            if payload.is_param {
                let key = format!("{prefix}{key}");
                let len = u64::try_from(key.len()).unwrap_or(u64::MAX);
                self.names = self.names.checked_sub(len).ok_or_else(|| ReadError::Limit {
                    what: "the names of the programs' parameters".to_owned(),
                    limit: "name_bytes",
                    allowed: self.allowed_names,
                    needed: self.allowed_names.saturating_add(len),
                })?;
                self.parameters.insert(key);
            }
        }
        root::ordered_dict(&mut self.made.graph, &entries, &attributes)
            .map_err(|full| root::no_room("the state dict", full))
    }

    /// The tensors that the JSON of a folder lists for a program; none where there is no such file.
    fn tensors(&mut self, folder: &str, program: &str) -> Result<Tensors, ReadError> {
        let member = format!("data/{folder}/{program}_{folder}_config.json");
        let found = self.json::<Config>(&member)?;
        let Tensors(tensors) = found.map_or(Tensors(Vec::new()), |found| found.config);
        let mut known = HashSet::with_capacity(tensors.len());
        for (key, _) in &tensors {
            if !known.insert(key.as_str()) {
                return Err(ReadError::DuplicateKey { key: key.clone() });
            }
        }
        Ok(Tensors(tensors))
    }

    /// Reads a member that holds JSON; `None` where there is no such member.
    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ReadError> {
        let archive = self.made.resolver.archive();
        let Some(index) = archive.directory.find(name) else { return Ok(None) };
        let text = archive.read_member(index, self.left, "pickle_bytes")?;
        self.left = self.left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
        serde_json::from_slice(&text).map(Some).map_err(|error| ReadError::Damaged {
            part: format!("`{}/{name}`", archive.directory.root()),
            offset: 0,
            expected: "the JSON of an exported program".into(),
            found: error.to_string(),
        })
    }
}

/// Where each name stands in the list.
fn ranks(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(rank, name)| (name.as_str(), rank)).collect()
}
