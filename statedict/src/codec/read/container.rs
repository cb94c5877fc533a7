//! From a source to a document, whichever container it is.

use std::sync::Arc;

use crate::codec::read::detect::{self, detect};
use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::nested::{self, NestedFiles};
use crate::codec::read::object;
use crate::codec::read::options::ReadOptions;
#[cfg(feature = "safetensors")]
use crate::codec::read::safetensors;
use crate::codec::read::source::Source;
use crate::codec::read::stream;
use crate::codec::read::tar;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::{Archive, ArchiveResolver, Directory};
use crate::value::Bytes;
use crate::value::raw::Raw;

pub(super) fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let options = &options.within_file(&source);
    match detect(&source)? {
        ContainerKind::Zip => read_zip(source, options),
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
    let directory = Directory::read(&source)?;
    let limits = options.limits.for_file(source.len());
    let archive = Archive { source: Arc::new(source), directory };
    let root = archive.directory.root().to_owned();
    if archive.directory.find("constants.pkl").is_some() {
        return Err(ReadError::Foreign {
            found: "a TorchScript archive".into(),
            advice: "load it with torch.jit.load and save its state_dict() with torch.save".into(),
        });
    }
    if archive.directory.find("archive_format").is_some() {
        return Err(ReadError::Foreign {
            found: "an exported program (.pt2)".into(),
            advice: "load it with torch.export.load and save its state_dict with torch.save".into(),
        });
    }
    let mut warnings = Vec::new();
    object::trailing(&mut warnings, "the archive", archive.directory.trailing());
    match archive.directory.find(".data/version").or_else(|| archive.directory.find("version")) {
        Some(index) => check_version(&archive.read_member(index, 64, "pickle_bytes")?, &root)?,
        None => warnings.push(Warning::NoVersion),
    }
    let byte_order = match archive.directory.find("byteorder") {
        None => ByteOrder::Little,
        Some(index) => byte_order(&archive.read_member(index, 64, "pickle_bytes")?, &root)?,
    };
    let member = [&root, "/data.pkl"].concat();
    let pickle = archive
        .directory
        .find("data.pkl")
        .ok_or_else(|| ReadError::Missing { member: member.clone() })?;
    let pickle = archive.pickle(pickle, limits.pickle_bytes, options.in_memory)?;
    let mut resolver = ArchiveResolver::new(archive, byte_order == ByteOrder::Big, limits);
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
        ContainerKind::Tar | ContainerKind::Pickle | ContainerKind::Safetensors => {
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

/// The version is read as C reads a number: blanks before and anything after are passed over.
fn check_version(content: &[u8], root: &str) -> Result<(), ReadError> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = content.iter().position(|byte| !is_blank(byte)).unwrap_or(content.len());
    let number = content.get(start..).unwrap_or_default();
    let end = number.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(number.len());
    let number = number.get(..end).and_then(|digits| std::str::from_utf8(digits).ok());
    match number.and_then(|digits| digits.parse::<u64>().ok()) {
        Some(1..=10) => Ok(()),
        _ => Err(ReadError::Damaged {
            part: format!("`{root}/version`"),
            offset: 0,
            expected: "a version from 1 to 10".into(),
            found: format!("{:?}", String::from_utf8_lossy(content)),
        }),
    }
}

fn byte_order(content: &[u8], root: &str) -> Result<ByteOrder, ReadError> {
    match content {
        b"little" => Ok(ByteOrder::Little),
        b"big" => Ok(ByteOrder::Big),
        other => Err(ReadError::Damaged {
            part: format!("`{root}/byteorder`"),
            offset: 0,
            expected: "`little` or `big`".into(),
            found: format!("{:?}", String::from_utf8_lossy(other)),
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
