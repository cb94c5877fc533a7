//! From a source to a document, whichever container it is.

use std::sync::Arc;

use crate::codec::read::archive_facts::ArchiveFacts;
use crate::codec::read::detect::{self, detect};
use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::nested::{self, NestedFiles};
use crate::codec::read::object;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::codec::read::stream;
use crate::codec::read::tar;
use crate::codec::read::torchscript;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::{Archive, ArchiveResolver, Directory};
#[cfg(feature = "safetensors")]
use crate::codec::read::{exported, safetensors};
use crate::value::Bytes;
use crate::value::raw::Raw;

pub(super) fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let options = &options.within_file(&source);
    match detect(&source)? {
        // Which of the three, its directory says.
        ContainerKind::Zip | ContainerKind::TorchScript | ContainerKind::Exported => {
            read_zip(source, options)
        }
        ContainerKind::Legacy => {
            let source = Arc::new(source);
            let (mut document, next) = read_object(&source, 0, options)?;
            document.warnings.extend(next.map(|offset| Warning::MoreObjects { offset }));
            Ok(document)
        }
        ContainerKind::Tar => tar::read(source, options),
        ContainerKind::Pickle => read_pickle(&source, options),
        #[cfg(feature = "safetensors")]
        ContainerKind::Safetensors => safetensors::read(source, options),
        #[cfg(not(feature = "safetensors"))]
        ContainerKind::Safetensors => {
            Err(ReadError::FeatureOff { format: "safetensors", feature: "safetensors" })
        }
    }
}

pub(super) fn read_all(source: Source, options: &ReadOptions) -> Result<Vec<Document>, ReadError> {
    if detect(&source)? != ContainerKind::Legacy {
        return read(source, options).map(|document| vec![document]);
    }
    let mut options = options.within_file(&source);
    let source = Arc::new(source);
    let mut documents = Vec::new();
    let mut position = 0;
    loop {
        let (document, next) = read_object(&source, position, &options)?;
        options.limits = options.limits.after(document.graph.memory.taken());
        documents.push(document);
        match next {
            Some(next) => position = next,
            None => return Ok(documents),
        }
    }
}

/// Reads one object of a stream, and returns the start of the next, where one follows.
pub(super) fn read_object(
    source: &Arc<Source>,
    start: u64,
    options: &ReadOptions,
) -> Result<(Document, Option<u64>), ReadError> {
    let (mut document, end) = stream::read(source, start, options)?;
    if detect::is_legacy_at(source, end)? {
        return Ok((document, Some(end)));
    }
    let trailing = source.len().saturating_sub(end);
    object::trailing(&mut document.warnings, "the object", trailing);
    Ok((document, None))
}

fn read_zip(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let directory = match Directory::read(&source) {
        Err(error @ ReadError::Foreign { .. }) => {
            return read_archive_of_files(source, error, options);
        }
        directory => directory?,
    };
    let archive = Archive { source: Arc::new(source), directory };
    if let Some(foreign) = detect::of_archive(&archive.directory) {
        return Err(foreign);
    }
    let facts = ArchiveFacts::of(&archive)?;
    match archive.kind() {
        ContainerKind::TorchScript => torchscript::read(archive, facts, options),
        #[cfg(feature = "safetensors")]
        ContainerKind::Exported => exported::read(archive, facts, options),
        #[cfg(not(feature = "safetensors"))]
        ContainerKind::Exported => Err(NO_JSON),
        _ => read_object_of(archive, facts, options),
    }
}

/// Reads an archive whose members are not in one folder: an exported program of old, or none that can be read.
fn read_archive_of_files(
    source: Source,
    error: ReadError,
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    let directory = Directory::of_any(&source)?;
    let archive = Archive { source: Arc::new(source), directory };
    if archive.kind() == ContainerKind::Exported {
        return read_old_program(&archive, options);
    }
    Err(detect::of_files(&archive.directory.names(), archive.source.name()).unwrap_or(error))
}

#[cfg(feature = "safetensors")]
fn read_old_program(archive: &Archive, options: &ReadOptions) -> Result<Document, ReadError> {
    exported::read_old(archive, options, read_zip)
}

#[cfg(not(feature = "safetensors"))]
fn read_old_program(_: &Archive, _: &ReadOptions) -> Result<Document, ReadError> {
    Err(NO_JSON)
}

/// Where nothing reads the JSON of an exported program.
#[cfg(not(feature = "safetensors"))]
const NO_JSON: ReadError =
    ReadError::FeatureOff { format: "exported programs (.pt2)", feature: "safetensors" };

/// Reads the object of an archive of torch.save.
fn read_object_of(
    archive: Archive,
    facts: ArchiveFacts,
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    let ArchiveFacts { byte_order, mut warnings } = facts;
    let limits = options.limits.for_file(archive.source.len());
    let (member, pickle) = archive.named_pickle("data.pkl", &limits, options)?;
    let mut resolver = ArchiveResolver::new(archive, byte_order, limits);
    let decoded = object::decode(&pickle, &member, options, &mut resolver)?;
    object::trailing(&mut warnings, &format!("the pickle in `{member}`"), decoded.trailing as u64);
    let storages = in_memory::settle(resolver.into_storages(), options)?;
    Ok(object::finish(decoded, storages, ContainerKind::Zip, byte_order, warnings, options))
}

/// A pickle by itself.
fn read_pickle(source: &Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let limits = options.limits.for_file(source.len());
    if source.len() > limits.pickle_bytes {
        return Err(ReadError::Limit {
            what: format!("`{}`", source.name()),
            limit: "pickle_bytes",
            allowed: limits.pickle_bytes,
            needed: source.len(),
        });
    }
    let len = usize::try_from(source.len()).unwrap_or(usize::MAX);
    let pickle: Bytes = Arc::new(source.read_vec(0, len).map_err(|error| source.failed(error))?);
    let mut resolver = NestedFiles::new(|file| read_nested(file, options));
    let decoded = object::decode(&pickle, source.name(), options, &mut resolver)?;
    let mut warnings = Vec::new();
    let bytes = (*pickle).as_ref();
    let end = bytes.len().saturating_sub(decoded.trailing);
    let rest = bytes.get(end..).unwrap_or_default();
    if rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        object::trailing(&mut warnings, "the pickle", rest.len() as u64);
    } else {
        // Others than padding are values, or elements that the pickle knows nothing of.
        return Err(ReadError::Foreign {
            found: format!("a pickle that ends at byte {end} of {}", bytes.len()).into(),
            advice:
                "the rest may be more pickles or arrays: load all in Python, and save it again \
                     with torch.save"
                    .into(),
        });
    }
    let storages = resolver.into_storages();
    let (kind, order) = (ContainerKind::Pickle, ByteOrder::Little);
    Ok(object::finish(decoded, storages, kind, order, warnings, options))
}

/// Reads a file within a pickle, in which torch.save put a storage. The bytes are in memory already.
fn read_nested(source: Source, options: &ReadOptions) -> Result<nested::Found, ReadError> {
    let limits = options.limits.for_nested(source.len());
    let options = ReadOptions::default().opaque(false).limits(limits);
    let document = match detect(&source)? {
        ContainerKind::Zip => read_zip(source, &options)?,
        ContainerKind::Legacy => stream::read(&Arc::new(source), 0, &options)?.0,
        _ => {
            return Err(ReadError::Foreign {
                found: "a file within a pickle".into(),
                advice: "save the state dict with torch.save".into(),
            });
        }
    };
    match document.graph.root_raw() {
        Raw::Storage(storage, dtype) => Ok((document.graph.storage(storage), dtype)),
        _ => Err(ReadError::Damaged {
            part: "a file within the pickle".to_owned(),
            offset: 0,
            expected: "a storage".into(),
            found: format!("{:?}", document.root()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_is_not_a_file_can_hold_a_pickle() {
        let source = Source::reader(std::io::Cursor::new(b"\x80\x02K\x05.")).unwrap();
        let document = read(source, &ReadOptions::default()).unwrap();
        assert_eq!(document.root().as_i64(), Some(5));
    }
}
