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

/// The central directory: its place and its bytes.
pub(super) struct End<'s> {
    pub(super) offset: u64,
    pub(super) entries: u64,
    pub(super) directory: Cow<'s, [u8]>,
    /// The number of bytes that follow the end record and its comment.
    pub(super) trailing: u64,
}

fn damaged(offset: u64, expected: &'static str, found: impl Into<String>) -> ReadError {
    let part = "the end of the ZIP archive".to_owned();
    ReadError::Damaged { part, offset, expected: expected.into(), found: found.into() }
}

/// So many archives in one file are counted.
const MOST_ARCHIVES: usize = 10_000;

/// Finds the central directory.
pub(super) fn find(source: &Source) -> Result<End<'_>, ReadError> {
    let Found { end, start } = find_before(source, source.len())?;
    if start == 0 {
        return Ok(end);
    }
    let (mut archives, mut before) = (1, start);
    while before > 0 && archives < MOST_ARCHIVES {
        let Ok(Found { start, .. }) = find_before(source, before) else { break };
        (archives, before) = (archives + 1, start);
    }
    Err(ReadError::Misplaced { archives, offset: start })
}

/// The end of an archive, and where the archive starts in the file: after others, its offsets lead elsewhere.
struct Found<'s> {
    end: End<'s>,
    start: u64,
}

/// Finds the central directory of the archive that ends at `file_len`.
fn find_before(source: &Source, file_len: u64) -> Result<Found<'_>, ReadError> {
    let io = |error| source.failed(error);
    let tail_of = |len: u64| {
        let len = file_len.min(len);
        let start = file_len - len;
        source.get(start, usize::try_from(len).unwrap_or(0)).map(|tail| (start, tail))
    };
    let (mut tail_start, mut tail) = tail_of(RECORDS).map_err(io)?;
    let ends_there = tail.len().checked_sub(22).and_then(|at| tail.get(at..));
    if !ends_there.is_some_and(|end| end.starts_with(b"PK\x05\x06")) {
        (tail_start, tail) = tail_of(TAIL).map_err(io)?;
    }
    let cut = || {
        damaged(
            file_len,
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
        let claimed = u64_at(locator, 8).unwrap_or(u64::MAX);
        // Behind other archives the record is before the locator, but not where the locator says.
        let beside = record_offset.saturating_sub(20 + 56);
        let is_beside = at.checked_sub(20 + 56).and_then(|start| tail.get(start..at));
        let is_beside = is_beside.is_some_and(|record| record.starts_with(b"PK\x06\x06"));
        let is_misplaced = is_beside && misplaced(source, beside.saturating_sub(claimed)) > 0;
        let place = if is_misplaced { beside } else { claimed };
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
    let after =
        record_offset.saturating_add(22).saturating_add(u16_at(record, 20).unwrap_or(0).into());
    let trailing = file_len.saturating_sub(after);
    let start = misplaced(source, limit.saturating_sub(offset.saturating_add(size)));
    offset = offset.saturating_add(start);
    let size = usize::try_from(size).map_err(|_| cut())?;
    let within_tail = offset
        .checked_sub(tail_start)
        .and_then(|start| usize::try_from(start).ok())
        .and_then(|start| tail.get(start..start.checked_add(size)?));
    let directory = match within_tail {
        Some(directory) => Cow::Owned(directory.to_vec()),
        None => source.get(offset, size).map_err(io)?,
    };
    Ok(Found { end: End { offset, entries, directory, trailing }, start })
}

/// Returns how far an archive starts after the place that its offsets count from, if so many bytes are between
/// its directory and what follows: 0 where no archive starts there.
fn misplaced(source: &Source, distance: u64) -> u64 {
    let head = source.get(distance, 4);
    match head {
        Ok(head) if distance > 0 && *head == *b"PK\x03\x04" => distance,
        _ => 0,
    }
}
