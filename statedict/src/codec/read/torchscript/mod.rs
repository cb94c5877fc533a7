//! TorchScript archives, as `torch.jit.save` writes them: the state dict of the program's module. No code is run.
//!
//! `data.pkl` holds the modules as objects with their attributes, `code/` the classes of these, and
//! `constants.pkl` the tensors that the code refers to by number. A class names its parameters and its buffers; what else a
//! module has is no part of its state dict.

mod classes;
mod unnamed;

use foldhash::{HashMap, HashSet};

use crate::codec::pickle::{self, Decoded, PickleOptions};
use crate::codec::read::archive_facts::ArchiveFacts;
use crate::codec::read::document::Document;
use crate::codec::read::error::{ReadError, display};
use crate::codec::read::in_memory;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::limits::FileLimits;
use crate::codec::read::module::{self, Named, Parts};
use crate::codec::read::object;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::root;
use crate::codec::read::zip::{Archive, ArchiveResolver};
use crate::value::raw::Raw;
use crate::value::{Full, Graph, Refusal, RefusalReason, Value};
use classes::{Classes, attributes};
use unnamed::Unnamed;

/// Where a class lists a tensor that the file does not name.
const RESTORED: &str =
    "a tensor of a module that restores itself by code of its own (`__setstate__`)";

/// Reads the state dict. No tensor is read.
pub(super) fn read(
    archive: Archive,
    facts: ArchiveFacts,
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    let ArchiveFacts { byte_order, mut warnings } = facts;
    let limits = options.limits.for_file(archive.source.len());
    let mut resolver = ArchiveResolver::new(archive, byte_order, limits);
    let mut decoded = decode("data.pkl", &mut resolver, &limits, options)?;
    let classes = Classes::read(resolver.archive(), &decoded.graph, limits.pickle_bytes)?;

    let root = Value::new(&decoded.graph, decoded.root);
    let parts = |module| parts(&classes, module);
    let name_bytes = options.limits.for_names(decoded.graph.source_len());
    let named = module::state_dict(root, name_bytes, &parts)
        .map_err(|problem| problem.at(&display(&[]), name_bytes))?;
    let paths = options.unnamed_tensors.then_some(name_bytes);
    let unnamed = Unnamed::find(root, &named, &classes, paths)?;
    warnings.extend(unnamed.warning("attributes"));
    let named: Vec<(String, Option<Raw>, bool)> = named
        .into_iter()
        .map(|Named { name, value, is_parameter }| (name, value.map(Value::raw), is_parameter))
        .collect();

    // What one pickle took, the other may not take as well; a copy is made of what is asked for.
    let mut left = options.limits.after(decoded.graph.memory.taken());
    if options.unnamed_tensors {
        left = left.halved();
    }
    let rest = ReadOptions { limits: left, ..options.clone() };
    resolver.look_in("constants");
    let mut constants = decode("constants.pkl", &mut resolver, &limits, &rest)?;
    warnings.extend(Unnamed::all(&constants.graph, constants.root).warning("constants"));

    let storages = in_memory::settle(resolver.into_storages(), options)?;
    let mut attributes = Vec::new();
    if options.unnamed_tensors {
        constants.graph.finish(constants.root, storages.clone());
        let graph = &mut decoded.graph;
        let constants = graph.copy_from(&constants.graph, constants.graph.root().value_id());
        unnamed
            .add_to(graph, constants.0, &mut attributes)
            .map_err(|full| root::no_room("the tensors without names", full))?;
    }
    decoded.root = state_dict(&mut decoded.graph, &named, &attributes)
        .map_err(|full| root::no_room("the state dict", full))?;
    let kind = ContainerKind::TorchScript;
    let mut document = object::finish(decoded, storages, kind, byte_order, warnings, options);
    let parameters: HashSet<String> =
        named.into_iter().filter(|named| named.2).map(|named| named.0).collect();
    document.facts.parameters = Some(parameters.into());
    Ok(document)
}

/// Decodes a pickle of the archive, whose classes are those of the code beside it.
fn decode(
    name: &str,
    resolver: &mut ArchiveResolver,
    limits: &FileLimits,
    options: &ReadOptions,
) -> Result<Decoded, ReadError> {
    let (member, pickle) = resolver.archive().named_pickle(name, limits, options)?;
    let options = PickleOptions {
        limits: &options.limits,
        unknown: options.unknown(),
        plain: options.plain_tensors,
        program: true,
    };
    Ok(pickle::decode(&pickle, &member, &options, resolver)?)
}

/// The parts of a value that is a module: those that its class names, and the modules among its attributes.
fn parts<'v>(classes: &Classes, module: Value<'v>) -> Option<Parts<'v>> {
    let class = classes.of(module)?;
    let all = |names: &[String], is_parameter| {
        names.iter().map(|name| (name.clone(), is_parameter)).collect::<Vec<_>>()
    };
    let Some(dict) = attributes(module) else {
        // What the module's `__setstate__` takes is anything.
        let hidden = [all(&class.parameters, true), all(&class.buffers, false)].concat();
        let cost = hidden.len();
        return Some(Parts { cost, parameters: vec![], buffers: vec![], modules: vec![], hidden });
    };
    let entries: Vec<(Value<'v>, Value<'v>)> = dict.iter().collect();
    let by_name: HashMap<&str, (Value<'v>, Value<'v>)> =
        entries.iter().filter_map(|&(key, value)| Some((key.as_str()?, (key, value)))).collect();
    let listed = |names: &[String]| {
        let found = names.iter().filter_map(|name| by_name.get(name.as_str()));
        found.copied().filter(|(_, value)| !value.is_none()).collect()
    };
    Some(Parts {
        cost: entries.len(),
        parameters: listed(&class.parameters),
        buffers: listed(&class.buffers),
        modules: entries
            .iter()
            .copied()
            .filter(|&(_, value)| classes.of(value).is_some())
            .collect(),
        hidden: Vec::new(),
    })
}

/// The dict that `state_dict()` of the module gives.
fn state_dict(
    graph: &mut Graph<'_>,
    named: &[(String, Option<Raw>, bool)],
    attributes: &[Raw],
) -> Result<Raw, Full> {
    let mut entries = Vec::new();
    for (name, value, _) in named {
        entries.push(root::text(graph, name)?);
        entries.push(match value {
            Some(value) => root::detached(graph, *value)?,
            None => graph.add_refusal(Refusal::new(RefusalReason::Kind { kind: RESTORED }, 0))?,
        });
    }
    root::ordered_dict(graph, &entries, attributes)
}
