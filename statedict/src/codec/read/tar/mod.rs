//! The tar archives that torch.save wrote in PyTorch 0.1.

mod members;
mod objects;
mod scan;

use std::sync::Arc;

use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::object;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::pickle_run::PickleRun;
use crate::codec::read::source::Source;
use crate::codec::read::tar::members::Members;
use crate::codec::read::tar::objects::Objects;

pub(super) use scan::scan;

/// The start and the end of a member of any tar archive.
pub(super) fn find(source: &Source, name: &str) -> Result<(u64, u64), ReadError> {
    Members::read(source)?.find(name.strip_prefix("./").unwrap_or(name))
}

pub(super) fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let members = Members::read(&source)?;
    members.check()?;
    let limits = &options.limits;
    let source = Arc::new(source);
    let run = |name: &str| {
        let label = format!("{}: {name}", source.name());
        Ok::<_, ReadError>(PickleRun::new(&source, label, members.find(name)?, limits))
    };
    let mut objects = Objects::new(Arc::clone(&source));
    objects.read_storages(run("storages")?, limits)?;
    objects.read_tensors(run("tensors")?, limits)?;
    let (label, pickle) = run("pickle")?.next()?;
    let decoded = object::decode(&pickle, &label, options, &mut objects)?;
    let storages = in_memory::settle(objects.into_storages(), options)?;
    let (kind, order) = (ContainerKind::Tar, ByteOrder::Little);
    Ok(object::finish(decoded, storages, kind, order, Vec::new(), options))
}
