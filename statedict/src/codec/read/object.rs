//! The object that a pickle of a file holds, as a document.

use std::sync::Arc;

use crate::codec::pickle::{self, Decoded, PickleError, PickleOptions, StorageResolver, Unknown};
use crate::codec::read::detect;
use crate::codec::read::document::{Document, FileFacts};
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::module;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::warning::Warning;
use crate::tensor::Storages;
use crate::value::{Bytes, Kind, Value};

/// Decodes the pickle of the object itself.
pub(super) fn decode<R: StorageResolver>(
    pickle: &Bytes,
    member: &str,
    options: &ReadOptions,
    resolver: &mut R,
) -> Result<Decoded, Box<ReadError>> {
    let (limits, plain) = (&options.limits, options.plain_tensors);
    let mut run = |unknown| {
        let options = PickleOptions { limits, unknown, plain, program: false };
        pickle::decode(pickle, member, &options, resolver)
    };
    let unknown = options.unknown();
    let error = match run(unknown) {
        Ok(decoded) => {
            check_root(&decoded, options)?;
            return Ok(decoded);
        }
        Err(error) => error,
    };
    // A class that is not known may tell what the file is, where reading on does not help either.
    let strict = if unknown == Unknown::Refused { None } else { run(Unknown::Refused).err() };
    if let ReadError::Pickle { source: PickleError::UnknownGlobal { module, .. }, .. } =
        &**strict.as_ref().unwrap_or(&error)
    {
        if let Some(foreign) = detect::of_class(module) {
            return Err(Box::new(foreign));
        }
        if unknown == Unknown::Refused
            && let Ok(inert) = run(Unknown::AllInert)
        {
            check_root(&inert, options)?;
        }
    }
    Err(error)
}

/// Refuses what holds no values to read but those of one class, by what it is.
fn check_root(decoded: &Decoded, options: &ReadOptions) -> Result<(), Box<ReadError>> {
    let root = Value::new(&decoded.graph, decoded.root);
    if !options.takes_modules() && module::is_module(root) {
        return Err(Box::new(ReadError::WholeModel { class: root.type_name() }));
    }
    let class = match root.kind() {
        Kind::Object(object) => object.class().kind(),
        other => other,
    };
    match class {
        Kind::Global(class) if options.unknown() != Unknown::AllInert => {
            detect::of_class(class.module()).map_or(Ok(()), |foreign| Err(Box::new(foreign)))
        }
        _ => Ok(()),
    }
}

pub(super) fn finish(
    decoded: Decoded,
    storages: Arc<dyn Storages>,
    container: ContainerKind,
    byte_order: ByteOrder,
    mut warnings: Vec<Warning>,
    options: &ReadOptions,
) -> Document {
    if decoded.protocol != 2 && container == ContainerKind::Zip {
        warnings.push(Warning::Protocol { found: decoded.protocol });
    }
    if !decoded.unknown.is_empty() {
        warnings.push(Warning::Inert { classes: decoded.unknown });
    }
    if decoded.undecoded > 0 {
        warnings.push(Warning::UndecodedStrings { count: decoded.undecoded });
    }
    let mut graph = decoded.graph;
    graph.finish(decoded.root, storages);
    let name_bytes = options.limits.for_names(graph.source_len());
    let whole_models = options.whole_models.then_some(name_bytes);
    let flatten = options.flatten.then_some(name_bytes);
    let facts = FileFacts { whole_models, flatten, ..FileFacts::default() };
    let graph = Arc::new(graph);
    Document { graph, container, byte_order, warnings, facts }
}

/// Notes bytes that follow what is read.
pub(super) fn trailing(warnings: &mut Vec<Warning>, after: &str, nbytes: u64) {
    if nbytes > 0 {
        warnings.push(Warning::TrailingBytes { after: after.to_owned(), nbytes });
    }
}
