//! Writes a planned archive in one pass, from front to back.

use std::io::Write;

use crc32fast::Hasher;

use crate::codec::write::archive::headers;
use crate::codec::write::archive::identity::{Fold, serialization_id};
use crate::codec::write::archive::plan::{Plan, Record, RecordName};
use crate::codec::write::error::WriteError;
use crate::codec::write::source::{Sink, SourceError};

/// How much is gathered from small records, or cut from large ones, for one write.
const PIECE: usize = 1 << 20;

/// The contents of the storages.
pub(in crate::codec::write) trait Contents {
    /// Hands the content of a storage over.
    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError>;

    /// What to call the storage in an error.
    fn name(&self, storage: usize) -> &str;
}

/// Writes the archive; every size is as planned or it is an error.
pub(in crate::codec::write) fn write(
    plan: &Plan,
    pickle: &[u8],
    contents: &dyn Contents,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let mut writer = ArchiveWriter {
        // A piece, and the header that comes after it.
        out: Gathered { out, buffer: Vec::with_capacity(PIECE + (1 << 17)) },
        checksums: Fold::default(),
        crcs: Vec::with_capacity(plan.records.len()),
    };
    let alignment = plan.alignment.to_string();
    for (index, record) in plan.records.iter().enumerate() {
        headers::push_local_header(writer.out.room()?, &plan.root, record);
        match record.name {
            RecordName::Storage(number) => writer.storage(record, number, contents)?,
            RecordName::Pickle => writer.bytes(record, pickle)?,
            RecordName::FormatVersion => writer.bytes(record, b"1")?,
            RecordName::StorageAlignment => writer.bytes(record, alignment.as_bytes())?,
            RecordName::ByteOrder => writer.bytes(record, b"little")?,
            RecordName::Version => writer.bytes(record, b"3\n")?,
            RecordName::SerializationId => {
                let before = plan.records.get(..index).unwrap_or_default();
                let id = serialization_id(before, writer.checksums);
                writer.bytes(record, id.as_bytes())?;
            }
        }
    }
    for (record, &crc) in plan.records.iter().zip(&writer.crcs) {
        headers::push_directory_entry(writer.out.room()?, &plan.root, record, crc);
    }
    headers::push_end(writer.out.room()?, plan);
    writer.out.flush()
}

struct ArchiveWriter<'w> {
    out: Gathered<'w>,
    /// The fold of the checksums so far, for the serialization id.
    checksums: Fold,
    /// The checksum of each record so far.
    crcs: Vec<u32>,
}

impl ArchiveWriter<'_> {
    fn bytes(&mut self, record: &Record, bytes: &[u8]) -> Result<(), WriteError> {
        let mut content = Content::default();
        content.write(&mut self.out, bytes)?;
        self.end(record, content)
    }

    fn storage(
        &mut self,
        record: &Record,
        number: usize,
        contents: &dyn Contents,
    ) -> Result<(), WriteError> {
        let mut content = Content::default();
        // The writer's own failure, which the source only passes on.
        let mut failure = None;
        let wrong_length = |found| WriteError::SourceLength {
            key: contents.name(number).to_owned(),
            expected: record.size,
            found,
        };
        let streamed = contents.stream(number, &mut |piece| {
            let written = match content.len + piece.len() as u64 {
                found if found > record.size => Err(wrong_length(found)),
                _ => content.write(&mut self.out, piece),
            };
            written.map_err(|error| {
                failure = Some(error);
                SourceError::from("the archive could not be written")
            })
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        streamed.map_err(|error| WriteError::source_of(contents.name(number), error))?;
        if content.len != record.size {
            return Err(wrong_length(content.len));
        }
        self.end(record, content)
    }

    fn end(&mut self, record: &Record, content: Content) -> Result<(), WriteError> {
        // PyTorch looks for descriptors in everything it writes, and takes a content that
        // begins like one for one.
        if let [b'P', b'K', 7, 8, crc @ ..] = content.head
            && content.len >= 8
        {
            self.checksums.add(u64::from(u32::from_le_bytes(crc)));
        }
        let crc = content.hasher.finalize();
        if record.size > 0 {
            self.checksums.add(u64::from(crc));
        }
        self.crcs.push(crc);
        headers::push_descriptor(self.out.room()?, record, crc);
        Ok(())
    }
}

/// The content of one record as it goes by.
#[derive(Default)]
struct Content {
    hasher: Hasher,
    len: u64,
    /// The first eight bytes.
    head: [u8; 8],
}

impl Content {
    fn write(&mut self, out: &mut Gathered<'_>, bytes: &[u8]) -> Result<(), WriteError> {
        if let Some(seen) = usize::try_from(self.len).ok().filter(|&seen| seen < self.head.len()) {
            self.head.iter_mut().skip(seen).zip(bytes).for_each(|(place, &byte)| *place = byte);
        }
        self.len += bytes.len() as u64;
        // Each piece is written while it is in the cache from having been hashed.
        for piece in bytes.chunks(PIECE) {
            self.hasher.update(piece);
            out.write(piece)?;
        }
        Ok(())
    }
}

/// A writer that gathers small pieces and passes large ones on.
struct Gathered<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
}

impl Gathered<'_> {
    /// The buffer, with room for something small.
    fn room(&mut self) -> Result<&mut Vec<u8>, WriteError> {
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(&mut self.buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.buffer.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        if bytes.len() >= PIECE {
            self.out.write_all(bytes).map_err(WriteError::io("write the archive"))
        } else {
            self.buffer.extend_from_slice(bytes);
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.out.write_all(&self.buffer).map_err(WriteError::io("write the archive"))?;
        self.buffer.clear();
        Ok(())
    }
}
