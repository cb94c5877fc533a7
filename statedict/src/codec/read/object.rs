//! The object that a pickle of a file holds, as a document.

use std::sync::Arc;

use crate::codec::pickle::{self, Decoded, PickleError, PickleOptions, StorageResolver};
use crate::codec::read::detect;
use crate::codec::read::document::{Document, FileFacts};
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::module;
use crate::codec::read::no_storages::NoStorages;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::warning::Warning;
use crate::tensor::Storages;
use crate::value::Bytes;

/// Decodes the pickle of the object itself.
pub(super) fn decode<R: StorageResolver>(
    pickle: &Bytes,
    member: &str,
    options: &ReadOptions,
    resolver: &mut R,
) -> Result<Decoded, Box<ReadError>> {
    let opaque = options.opaque || options.whole_models;
    let limits = &options.limits;
    let result = pickle::decode(pickle, member, &PickleOptions { limits, opaque }, resolver);
    // A class that is not known may tell what the file is: a whole model has an answer of its own.
    if let Err(error) = &result
        && let ReadError::Pickle { source: PickleError::UnknownGlobal { module, .. }, .. } =
            &**error
    {
        if let Some(foreign) = detect::of_class(module) {
            return Err(Box::new(foreign));
        }
        let options = PickleOptions { limits, opaque: true };
        let Ok(inert) = pickle::decode(pickle, member, &options, resolver) else { return result };
        let Decoded { mut graph, root, .. } = inert;
        graph.finish(root, Arc::new(NoStorages));
        if module::is_module(graph.root()) {
            let class = graph.root().type_name();
            return Err(Box::new(ReadError::WholeModel { class }));
        }
    }
    result
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
    if decoded.undecoded > 0 {
        warnings.push(Warning::UndecodedStrings { count: decoded.undecoded });
    }
    let mut graph = decoded.graph;
    graph.finish(decoded.root, storages);
    let name_bytes = options.limits.for_names(graph.source_len());
    let whole_models = options.whole_models.then_some(name_bytes);
    let (graph, facts) = (Arc::new(graph), FileFacts { whole_models, ..FileFacts::default() });
    Document { graph, container, byte_order, warnings, facts }
}

/// Notes bytes that follow what is read.
pub(super) fn trailing(warnings: &mut Vec<Warning>, after: &str, nbytes: u64) {
    if nbytes > 0 {
        warnings.push(Warning::TrailingBytes { after: after.to_owned(), nbytes });
    }
}
