//! From a source to a document, whichever container it is.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::codec::pickle::{
    self, Decoded, PickleError, PickleOptions, StorageRequest, StorageResolver,
};
use crate::codec::read::detect::{self, Detected};
use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::module;
use crate::codec::read::nested::{self, NestedFiles};
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::codec::read::stream;
use crate::codec::read::tar;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::{Archive, ArchiveResolver, Directory};
use crate::tensor::Storages;
use crate::value::Bytes;
use crate::value::raw::Raw;

/// What the values of a file are packed in.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// The ZIP archive that torch.save has written since PyTorch 1.6.
    Zip,
    /// The stream of pickles and storages that it wrote before.
    Legacy,
    /// The tar archive that it wrote in PyTorch 0.1.
    Tar,
    /// A pickle by itself. Tensors that `pickle.dump` wrote are in it.
    Pickle,
}

impl fmt::Display for ContainerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContainerKind::Zip => "zip",
            ContainerKind::Legacy => "legacy",
            ContainerKind::Tar => "tar",
            ContainerKind::Pickle => "pickle",
        })
    }
}

/// The byte order of a file's numbers. What is read from it is little-endian in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl fmt::Display for ByteOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        })
    }
}

pub(super) fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    match detected(&source)? {
        Detected::Zip => read_zip(source, options),
        Detected::Legacy => {
            let source = Arc::new(source);
            let (mut document, end) = stream::read(&source, 0, options)?;
            if is_legacy_at(&source, end)? {
                document.warnings.push(Warning::MoreObjects { offset: end });
            }
            Ok(document)
        }
        Detected::Tar => tar::read(source, options),
        Detected::Pickle => read_pickle(&source, options),
    }
}

pub(super) fn read_all(source: Source, options: &ReadOptions) -> Result<Vec<Document>, ReadError> {
    if detected(&source)? != Detected::Legacy {
        return read(source, options).map(|document| vec![document]);
    }
    let source = Arc::new(source);
    let mut documents = Vec::new();
    let mut position = 0;
    loop {
        let (document, end) = stream::read(&source, position, options)?;
        documents.push(document);
        if !is_legacy_at(&source, end)? {
            return Ok(documents);
        }
        position = end;
    }
}

fn head(source: &Source, start: u64, len: usize) -> Result<Cow<'_, [u8]>, ReadError> {
    let left = source.len().saturating_sub(start);
    let len = usize::try_from(left).unwrap_or(usize::MAX).min(len);
    let io = |error| ReadError::Io { file: source.name().to_owned(), source: error };
    source.get(start, len).map_err(io)
}

pub(super) fn detected(source: &Source) -> Result<Detected, ReadError> {
    detect::detect(&head(source, 0, detect::HEAD)?, source.len())
}

/// Whether another object of a stream starts there.
pub(super) fn is_legacy_at(source: &Source, start: u64) -> Result<bool, ReadError> {
    Ok(detect::is_legacy(&head(source, start, detect::LEGACY_HEAD)?))
}

fn read_zip(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let directory = Directory::read(&source)?;
    let limits = options.limits.for_file(source.len());
    let archive = Archive { source: Arc::new(source), directory };
    let root = archive.directory.root().to_owned();
    if archive.directory.find("constants.pkl").is_some() {
        return Err(ReadError::Foreign {
            found: "a TorchScript archive",
            advice: "load it with torch.jit.load and save its state_dict() with torch.save",
        });
    }
    let mut warnings = Vec::new();
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
    let decoded = decode(&pickle, &member, options, &mut resolver)?;
    let storages = in_memory::settle(resolver.into_storages(), options)?;
    Ok(finish(decoded, storages, ContainerKind::Zip, byte_order, warnings, options))
}

/// A pickle by itself.
fn read_pickle(source: &Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let limits = options.limits.for_file(source.len());
    let io = |error| ReadError::Io { file: source.name().to_owned(), source: error };
    if source.len() > limits.pickle_bytes {
        return Err(ReadError::Limit {
            what: format!("`{}`", source.name()),
            limit: "pickle_bytes",
            allowed: limits.pickle_bytes,
            needed: source.len(),
        });
    }
    let len = usize::try_from(source.len()).unwrap_or(usize::MAX);
    let pickle: Bytes = Arc::new(source.read_vec(0, len).map_err(io)?);
    let mut resolver = NestedFiles::new(|file| read_nested(file, options));
    let decoded = decode(&pickle, source.name(), options, &mut resolver)?;
    let storages = resolver.into_storages();
    let (kind, order) = (ContainerKind::Pickle, ByteOrder::Little);
    Ok(finish(decoded, storages, kind, order, Vec::new(), options))
}

/// Reads a file within a pickle, in which torch.save put a storage. The bytes are in memory already.
fn read_nested(source: Source, options: &ReadOptions) -> Result<nested::Found, ReadError> {
    let len = source.len();
    let limits = options.limits.for_file(len);
    // No minimum: there may be very many such files.
    let limits = options
        .limits
        .clone()
        .pickle_bytes(limits.pickle_bytes.min(len.saturating_mul(8)))
        .inflated_bytes(limits.inflated_bytes.min(len.saturating_mul(16)));
    let options = ReadOptions::default().limits(limits);
    let document = match detected(&source)? {
        Detected::Zip => read_zip(source, &options)?,
        Detected::Legacy => stream::read(&Arc::new(source), 0, &options)?.0,
        Detected::Tar | Detected::Pickle => {
            return Err(ReadError::Foreign {
                found: "a file within a pickle",
                advice: "save the state dict with torch.save",
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
    // A class that is not known: it may be that of a whole model, which has an answer of its own.
    if let Err(error) = &result
        && matches!(&**error, ReadError::Pickle { source: PickleError::UnknownGlobal { .. }, .. })
        && let Ok(inert) =
            pickle::decode(pickle, member, &PickleOptions { limits, opaque: true }, resolver)
    {
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
    Document { graph: Arc::new(graph), container, byte_order, warnings, whole_models }
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

/// The storages of a pickle by itself: none.
pub(super) struct NoStorages;

impl StorageResolver for NoStorages {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        let member = format!("data/{}", request.key);
        Err(Box::new(ReadError::Missing { member }))
    }

    fn nbytes(&self, _: u32) -> usize {
        0
    }
}

impl Storages for NoStorages {
    fn nbytes(&self, _: u32) -> usize {
        0
    }

    fn bytes(&self, _: u32) -> Result<std::borrow::Cow<'_, [u8]>, crate::tensor::StorageError> {
        Ok((&[]).into())
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
