//! Exported programs as PyTorch wrote them up to 2.7: a ZIP archive of files, the state dict one of torch.save's.

use std::sync::Arc;

use foldhash::HashSet;

use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::exported::config::{CONSTANTS, NOT_SAVED, Program};
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::root;
use crate::codec::read::source::Source;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::{Archive, OLD_PROGRAM as PROGRAM};
use crate::value::Graph;
use crate::value::raw::{Extra, Raw};

const STATE_DICT: &str = "serialized_state_dict.pt";
const OF_CONSTANTS: &str = "serialized_constants.pt";

/// Reads the state dict, with `read` for each file in the archive.
pub(in crate::codec::read) fn read(
    archive: &Archive,
    options: &ReadOptions,
    read: impl Fn(Source, &ReadOptions) -> Result<Document, ReadError>,
) -> Result<Document, ReadError> {
    let limits = options.limits.for_file(archive.source.len());
    let member = |name: &str| match archive.directory.find(name) {
        None => Ok(None),
        Some(index) => archive.member(index, limits.inflated_bytes).map(Some),
    };
    let missing = || ReadError::Missing { member: STATE_DICT.to_owned() };
    let mut document = read(member(STATE_DICT)?.ok_or_else(missing)?, options)?;
    document.container = ContainerKind::Exported;

    let index = archive.directory.find(PROGRAM).ok_or_else(missing)?;
    let text = archive.read_member(index, limits.pickle_bytes, "pickle_bytes")?;
    let program: Program = serde_json::from_slice(&text).map_err(|error| ReadError::Damaged {
        part: format!("`{PROGRAM}`"),
        offset: 0,
        expected: "the JSON of an exported program".into(),
        found: error.to_string(),
    })?;
    let inputs = program.inputs();
    let parameters: HashSet<String> = inputs.parameters.into_iter().collect();
    document.facts.parameters = Some(Arc::new(parameters));

    let Some(source) = member(OF_CONSTANTS)? else { return Ok(document) };
    let left = options.limits.after(document.graph.memory.taken()).halved();
    let constants = read(source, &ReadOptions { limits: left, ..options.clone() })?;
    let not_saved: HashSet<String> = inputs.not_saved.into_iter().collect();
    let entries: Vec<_> =
        constants.root().as_dict().into_iter().flat_map(|dict| dict.iter()).collect();
    let mut graph: Graph<'static> = (*document.graph).clone();
    let mut attributes = Vec::new();
    for attribute in [CONSTANTS, NOT_SAVED] {
        let is_of = |key: Option<&str>| {
            key.is_some_and(|key| not_saved.contains(key)) == (attribute == NOT_SAVED)
        };
        let found = entries
            .iter()
            .filter(|(key, value)| value.as_tensor().is_some() && is_of(key.as_str()));
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            continue;
        }
        document.warnings.push(Warning::Unnamed { attribute, count: found.len() });
        let full = |full| root::no_room("the tensors without names", full);
        let mut copies = Vec::new();
        for (key, value) in found {
            copies.push(root::text(&mut graph, key.as_str().unwrap_or_default()).map_err(full)?);
            copies.push(graph.copy_from(&constants.graph, value.value_id()).0);
        }
        let dict = graph.add_dict(&copies).map_err(full)?;
        attributes.extend([root::text(&mut graph, attribute).map_err(full)?, dict]);
    }
    if options.unnamed_tensors
        && let Raw::Container(index) = graph.root_raw()
    {
        let full = |full| root::no_room("the tensors without names", full);
        let attributes = graph.add_dict(&attributes).map_err(full)?;
        graph.set_extra(index, Extra { attributes, factory: Raw::None }).map_err(full)?;
        document.graph = Arc::new(graph);
    }
    Ok(document)
}
