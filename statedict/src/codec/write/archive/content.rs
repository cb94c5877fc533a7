//! Writes a planned archive in one pass, from front to back.

use std::io::Write;
use std::thread;

use crc32fast::Hasher;

use crate::codec::write::archive::headers;
use crate::codec::write::archive::identity::{Fold, fold_of_names, serialization_id};
use crate::codec::write::archive::name::{RecordName, Spelling};
use crate::codec::write::archive::plan::Plan;
use crate::codec::write::archive::record::Record;
use crate::codec::write::chunked_writer::{ChunkedWriter, PIECE};
use crate::codec::write::contents::{self, Contents};
use crate::codec::write::error::WriteError;
use crate::codec::write::pickle::Pickle;

/// From so many records on their names are hashed on another thread.
const MANY: usize = 10_000;

/// Writes the archive; every size is as planned or it is an error.
pub(in crate::codec::write) fn write(
    plan: &Plan<'_>,
    pickle: &Pickle<'_>,
    contents: &dyn Contents,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    thread::scope(|scope| {
        // With many records this takes as long as a part of the writing that one would notice, and needs
        // nothing of it.
        let many = plan.has_serialization_id() && plan.count() >= MANY;
        let spawn = || thread::Builder::new().spawn_scoped(scope, || fold_of_names(plan)).ok();
        let mut other = many.then(spawn).flatten();
        let mut names = || {
            let folded = other.take().and_then(|other| other.join().ok());
            folded.unwrap_or_else(|| fold_of_names(plan))
        };
        write_records(plan, pickle, contents, out, &mut names)
    })
}

/// Writes the archive. `folded` gives the fold of its names.
fn write_records(
    plan: &Plan<'_>,
    pickle: &Pickle<'_>,
    contents: &dyn Contents,
    out: &mut dyn Write,
    folded: &mut dyn FnMut() -> Fold,
) -> Result<(), WriteError> {
    let mut writer = ArchiveWriter {
        out: ChunkedWriter::new(out),
        checksums: Fold::default(),
        crcs: Vec::with_capacity(plan.count()),
    };
    let alignment = plan.alignment.to_string();
    let mut spelling = Spelling::below(&plan.root);
    for record in plan.records() {
        headers::push_local_header(writer.out.room()?, &mut spelling, &record);
        match record.name {
            RecordName::Storage(number) => writer.storage(&record, number, contents)?,
            RecordName::Pickle => writer.pickle(&record, pickle)?,
            RecordName::FormatVersion => writer.bytes(&record, b"1")?,
            RecordName::StorageAlignment => writer.bytes(&record, alignment.as_bytes())?,
            RecordName::ByteOrder => writer.bytes(&record, b"little")?,
            RecordName::Version => writer.bytes(&record, b"3\n")?,
            RecordName::SerializationId => {
                let id = serialization_id(folded(), writer.checksums);
                writer.bytes(&record, id.as_bytes())?;
            }
        }
    }
    for (record, &crc) in plan.records().zip(&writer.crcs) {
        headers::push_directory_entry(writer.out.room()?, &mut spelling, &record, crc);
    }
    headers::push_end(writer.out.room()?, plan);
    writer.out.flush()
}

struct ArchiveWriter<'w> {
    out: ChunkedWriter<'w>,
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

    fn pickle(&mut self, record: &Record, pickle: &Pickle<'_>) -> Result<(), WriteError> {
        let mut content = Content::default();
        pickle.stream(&mut |piece| content.write(&mut self.out, piece))?;
        if content.len != record.size {
            // A location that is another one now.
            let (expected, found) = (record.size, content.len);
            return Err(WriteError::SourceLength { key: "data.pkl".to_owned(), expected, found });
        }
        self.end(record, content)
    }

    fn storage(
        &mut self,
        record: &Record,
        number: usize,
        contents: &dyn Contents,
    ) -> Result<(), WriteError> {
        let mut content = Content::default();
        contents::stream(contents, number, record.size, |piece| {
            content.write(&mut self.out, piece)
        })?;
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
    fn write(&mut self, out: &mut ChunkedWriter<'_>, bytes: &[u8]) -> Result<(), WriteError> {
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
