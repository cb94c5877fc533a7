//! The stream that torch.save wrote before PyTorch 1.6: five pickles, and the storages after them.

mod resolver;

use std::sync::Arc;

use foldhash::{HashSet, HashSetExt};

use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::object;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::pickle_run::PickleRun;
use crate::codec::read::source::Source;
use crate::codec::read::stream::resolver::StreamResolver;
use crate::value::{Graph, Kind};

/// The content of the first pickle of a stream.
const MAGIC: &str = "119547037146038801333356";
const PROTOCOL: i64 = 1001;

/// Reads the object whose pickles start at `start`, and says where what follows it starts.
pub(super) fn read(
    source: &Arc<Source>,
    start: u64,
    options: &ReadOptions,
) -> Result<(Document, u64), ReadError> {
    let limits = &options.limits;
    let name = source.name().to_owned();
    let mut run = PickleRun::new(source, name, (start, source.len()), limits);
    let magic = run.plain(limits)?;
    if !matches!(magic.root().kind(), Kind::Int(found) if found.to_string() == MAGIC) {
        return Err(run.damaged("the number that such files start with", "another"));
    }
    let protocol = run.plain(limits)?;
    if protocol.root().as_i64() != Some(PROTOCOL) {
        let found = format!("{:?}", protocol.root());
        return Err(run.damaged("protocol version 1001", found));
    }
    // The sizes of C's types on the machine that wrote it: nothing depends on them.
    run.plain(limits)?;
    let mut resolver = StreamResolver::new(Arc::clone(source));
    let (label, pickle) = run.next()?;
    let decoded = object::decode(&pickle, &label, options, &mut resolver)?;
    let keys = run.plain(limits)?;
    place(&keys, &mut run, &mut resolver)?;
    let storages = in_memory::settle(resolver.into_storages(&run)?, options)?;
    let end = run.position();
    let kind = ContainerKind::Legacy;
    Ok((object::finish(decoded, storages, kind, ByteOrder::Little, Vec::new(), options), end))
}

/// Finds where each storage is: they follow in the order of the list of their keys.
fn place(
    keys: &Graph<'_>,
    run: &mut PickleRun<'_>,
    resolver: &mut StreamResolver,
) -> Result<(), ReadError> {
    let wrong = |run: &PickleRun<'_>| {
        run.damaged("a list of the storages' keys", format!("{:?}", keys.root()))
    };
    let items = keys.root().as_items().ok_or_else(|| wrong(run))?;
    let mut seen = HashSet::new();
    for key in items.iter() {
        let number;
        let key = match key.kind() {
            Kind::Str(key) => key,
            Kind::Int(key) => {
                number = key.to_string();
                &number
            }
            _ => return Err(wrong(run)),
        };
        if !seen.insert(key.to_owned()) {
            return Err(ReadError::Duplicate { member: format!("storage {key}") });
        }
        resolver.place(key, run)?;
    }
    Ok(())
}
