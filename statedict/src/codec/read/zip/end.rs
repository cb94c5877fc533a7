//! The end of a ZIP archive, which says where its central directory is.

use std::borrow::Cow;

use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;
use crate::codec::read::zip::fields::{u16_at, u32_at, u64_at};

/// The end record may be followed by a comment (or, in torch.load's reading, by anything) of 64 KiB;
/// the zip64 locator comes before it. Usually the directory itself lies within as well.
const TAIL: u64 = (64 << 10) + RECORDS;
/// The end record, the zip64 locator and the zip64 record: what an archive without a comment ends with.
const RECORDS: u64 = 22 + 20 + 56;

/// Where the central directory is, and its bytes.
pub(super) struct End<'s> {
    pub(super) offset: u64,
    pub(super) entries: u64,
    pub(super) directory: Cow<'s, [u8]>,
}

fn damaged(offset: u64, expected: &'static str, found: impl Into<String>) -> ReadError {
    let part = "the end of the ZIP archive".to_owned();
    ReadError::Damaged { part, offset, expected: expected.into(), found: found.into() }
}

/// Finds the central directory.
pub(super) fn find(source: &Source) -> Result<End<'_>, ReadError> {
    let io = |error| ReadError::Io { file: source.name().to_owned(), source: error };
    let tail_of = |len: u64| {
        let len = source.len().min(len);
        let start = source.len() - len;
        source.get(start, usize::try_from(len).unwrap_or(0)).map(|tail| (start, tail))
    };
    let (mut tail_start, mut tail) = tail_of(RECORDS).map_err(io)?;
    let ends_there = tail.len().checked_sub(22).and_then(|at| tail.get(at..));
    if !ends_there.is_some_and(|end| end.starts_with(b"PK\x05\x06")) {
        (tail_start, tail) = tail_of(TAIL).map_err(io)?;
    }
    let cut = || {
        damaged(
            source.len(),
            "the directory with which an archive ends",
            "none: the copy or download did not finish, or was changed",
        )
    };
    // The last signature counts, as for torch.load, and the record must be whole.
    let at = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|&at| tail.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x05\x06")))
        .ok_or_else(cut)?;
    let record = tail.get(at..).unwrap_or(&[]);
    let record_offset = tail_start + u64::try_from(at).unwrap_or(0);
    let (Some(disk), Some(entries), Some(size), Some(offset)) =
        (u16_at(record, 4), u16_at(record, 10), u32_at(record, 12), u32_at(record, 16))
    else {
        return Err(cut());
    };
    let (mut entries, mut size, mut offset) =
        (u64::from(entries), u64::from(size), u64::from(offset));
    if disk != 0 && disk != u16::MAX {
        return Err(damaged(record_offset, "an archive in one part", format!("part {disk}")));
    }
    let mut limit = record_offset;
    let locator = at.checked_sub(20).and_then(|start| tail.get(start..at));
    if let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) {
        let place = u64_at(locator, 8).unwrap_or(u64::MAX);
        if place.checked_add(56).is_none_or(|end| end > record_offset) {
            return Err(damaged(record_offset, "a zip64 record before the end", place.to_string()));
        }
        let within = place.checked_sub(tail_start).and_then(|at| usize::try_from(at).ok());
        let zip64 = within.and_then(|at| tail.get(at..)?.get(..56));
        let zip64 = match zip64 {
            Some(zip64) => zip64.to_vec(),
            None => source.read_vec(place, 56).map_err(io)?,
        };
        if !zip64.starts_with(b"PK\x06\x06") {
            return Err(damaged(place, "the signature of a zip64 record", "other bytes"));
        }
        if let (Some(e), Some(s), Some(o)) =
            (u64_at(&zip64, 32), u64_at(&zip64, 40), u64_at(&zip64, 48))
        {
            (entries, size, offset) = (e, s, o);
        }
        limit = place;
    }
    if offset.checked_add(size).is_none_or(|end| end > limit) {
        let found = format!("{size} bytes at {offset}");
        return Err(damaged(limit, "a central directory that ends before", found));
    }
    let size = usize::try_from(size).map_err(|_| cut())?;
    let within_tail = offset
        .checked_sub(tail_start)
        .and_then(|start| usize::try_from(start).ok())
        .and_then(|start| tail.get(start..start.checked_add(size)?));
    let directory = match within_tail {
        Some(directory) => Cow::Owned(directory.to_vec()),
        None => source.get(offset, size).map_err(io)?,
    };
    Ok(End { offset, entries, directory })
}
