//! Filling memory from a file on several threads, and checking it while it is in the cache.

use crc32fast::Hasher;

use crate::codec::read::in_memory::layout::{Layout, Segment};
use crate::codec::read::in_memory::{FileStorages, Place};
use crate::huge_pages::HUGE_PAGE;
use crate::parallel;
use crate::tensor::StorageError;

/// Storages up to this size are read together, with what is between them, and copied out.
const SMALL: u64 = 64 << 10;
/// How much is read at once for them: what a processor's own cache holds.
const GROUP: u64 = 256 << 10;
/// How much that nobody wants is read to save a call.
const GAP: u64 = 64 << 10;

/// Something to read at once.
enum Job<'m> {
    /// A piece of a large storage, straight into its place.
    Piece { position: usize, at: u64, memory: &'m mut [u8], crc: &'m mut Option<Hasher> },
    /// Small storages that follow each other in the file.
    Group { segments: &'m [Segment], memory: &'m mut [u8] },
}

/// A piece of a large storage, whose checksum is one of several to be put together.
struct Piece {
    /// The position of the segment.
    segment: usize,
    at: u64,
    len: usize,
    crc: Option<Hasher>,
}

/// Fills `memory`, laid out as `layout` says, with the storages' bytes, all of them verified.
pub(super) fn fill<S: FileStorages>(
    storages: &S,
    layout: &Layout,
    memory: &mut [u8],
) -> Result<(), StorageError> {
    let mut pieces = cut(storages, layout)?;
    let pages = jobs_by_page(layout, memory, &mut pieces);
    // What follows a failure in its page is read in vain.
    let mut failed = parallel::each(
        parallel::threads_for(layout.len()),
        pages.into_iter(),
        |buffer: &mut Vec<u8>, page| {
            page.into_iter().try_for_each(|job| run(storages, layout, job, buffer))
        },
    );
    for pieces in pieces.chunk_by(|one, other| one.segment == other.segment) {
        let segment = pieces.first().and_then(|piece| layout.segments().get(piece.segment));
        let Some(place) = segment.and_then(|segment| layout.place(segment)) else { continue };
        let hashers = pieces.iter().filter_map(|piece| piece.crc.as_ref());
        let whole = hashers.cloned().reduce(|mut all, next| {
            all.combine(&next);
            all
        });
        if let Some(whole) = whole
            && let Err(error) = check(storages, place.index, whole)
        {
            failed.push((place.at, error));
        }
    }
    // The first in the order of the file, whichever thread met it.
    let first = failed.into_iter().reduce(|one, other| if other.0 < one.0 { other } else { one });
    first.map_or(Ok(()), |(_, error)| Err(error))
}

fn is_small(segment: &Segment) -> bool {
    segment.end.saturating_sub(segment.at) <= SMALL
}

/// The pieces of the large storages: so that each fills a page of its own, where pages are huge.
fn cut<S: FileStorages>(storages: &S, layout: &Layout) -> Result<Vec<Piece>, StorageError> {
    let mut pieces = Vec::new();
    let mut head = vec![0; storages.header_len()];
    for (position, segment) in layout.segments().iter().enumerate() {
        let Some(place) = layout.place(segment) else { continue };
        if is_small(segment) || segment.nbytes == 0 {
            continue;
        }
        let source = storages.source();
        let io = |source| StorageError::Io { member: storages.label(place.index), source };
        source.read_at(segment.at, &mut head).map_err(io)?;
        let start = storages.start(place, &head)?;
        let mut at = segment.at.saturating_add(u64::try_from(start).unwrap_or(u64::MAX));
        let (mut offset, mut left) = (segment.offset, segment.nbytes);
        while left > 0 {
            let len = (HUGE_PAGE - offset % HUGE_PAGE).min(left);
            pieces.push(Piece { segment: position, at, len, crc: None });
            offset = offset.saturating_add(len);
            at = at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
            left -= len;
        }
    }
    Ok(pieces)
}

/// Everything there is to do, in the order of the file: what starts in one huge page together. Of two threads
/// that touch a new page at once, both clear one, and one of them for nothing.
fn jobs_by_page<'m>(
    layout: &'m Layout,
    mut memory: &'m mut [u8],
    pieces: &'m mut [Piece],
) -> Vec<Vec<Job<'m>>> {
    let mut pages: Vec<Vec<Job<'_>>> = Vec::new();
    let mut last_page = None;
    let mut add = |offset: usize, job| {
        let page = Some(offset / HUGE_PAGE);
        match pages.last_mut() {
            Some(jobs) if last_page == page => jobs.push(job),
            _ => pages.push(vec![job]),
        }
        last_page = page;
    };
    let mut done = 0usize;
    // The memory from one place to another, which was not given away before.
    let mut take = |from: usize, to: usize| {
        let rest = std::mem::take(&mut memory);
        let (_, rest) = rest.split_at_mut_checked(from.saturating_sub(done)).unwrap_or_default();
        let (taken, rest) = rest.split_at_mut_checked(to.saturating_sub(from)).unwrap_or_default();
        memory = rest;
        done = to;
        taken
    };
    let mut pieces = pieces.iter_mut().peekable();
    let segments = layout.segments();
    let mut position = 0;
    while let Some(first) = segments.get(position) {
        let end = |segment: &Segment| segment.offset.saturating_add(segment.nbytes);
        if is_small(first) {
            let mut count = 1;
            let mut until = first.end;
            for next in segments.get(position + 1..).unwrap_or_default() {
                let follows = is_small(next)
                    && next.offset / HUGE_PAGE == first.offset / HUGE_PAGE
                    && next.at.saturating_sub(until) <= GAP
                    && next.end.saturating_sub(first.at) <= GROUP;
                if !follows {
                    break;
                }
                until = next.end;
                count += 1;
            }
            let group = segments.get(position..position + count).unwrap_or_default();
            let last = group.last().map_or(0, end);
            let memory = take(first.offset, last);
            add(first.offset, Job::Group { segments: group, memory });
            position += count;
        } else {
            let mut offset = first.offset;
            while let Some(piece) = pieces.next_if(|piece| piece.segment == position) {
                let to = offset.saturating_add(piece.len);
                let (at, crc) = (piece.at, &mut piece.crc);
                add(offset, Job::Piece { position, at, memory: take(offset, to), crc });
                offset = to;
            }
            position += 1;
        }
    }
    pages
}

fn run<S: FileStorages>(
    storages: &S,
    layout: &Layout,
    job: Job<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), (u64, StorageError)> {
    let io = |index, source| StorageError::Io { member: storages.label(index), source };
    match job {
        Job::Piece { position, at, memory, crc } => {
            let Some(place) = layout.segments().get(position).and_then(|it| layout.place(it))
            else {
                return Ok(());
            };
            let read = storages.source().read_at(at, memory);
            read.map_err(|error| (place.at, io(place.index, error)))?;
            if storages.checksum(place.index).is_some() {
                let mut hasher = Hasher::new();
                hasher.update(memory);
                *crc = Some(hasher);
            }
            swap(memory, storages.swapped(place.index));
        }
        Job::Group { segments, memory } => {
            let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
                return Ok(());
            };
            let span = usize::try_from(last.end.saturating_sub(first.at)).unwrap_or(0);
            buffer.resize(span, 0);
            let index = layout.place(first).map_or(0, |place| place.index);
            let read = storages.source().read_at(first.at, buffer);
            read.map_err(|error| (first.at, io(index, error)))?;
            for segment in segments {
                let Some(place) = layout.place(segment).filter(|_| segment.nbytes > 0) else {
                    continue;
                };
                let at = usize::try_from(segment.at.saturating_sub(first.at)).unwrap_or(0);
                let room = memory.get_mut(segment.offset.saturating_sub(first.offset)..);
                let room = room.and_then(|room| room.get_mut(..segment.nbytes));
                let content = buffer.get(at..).unwrap_or_default();
                take(storages, place, content, room.unwrap_or_default())
                    .map_err(|error| (segment.at, error))?;
            }
        }
    }
    Ok(())
}

/// Copies a small storage out of what was read from its place on.
fn take<S: FileStorages>(
    storages: &S,
    place: &Place,
    content: &[u8],
    memory: &mut [u8],
) -> Result<(), StorageError> {
    let start = storages.start(place, content)?;
    let content = content.get(start..).unwrap_or_default();
    let content = content.get(..memory.len()).unwrap_or(content);
    if storages.checksum(place.index).is_some() {
        let mut hasher = Hasher::new();
        hasher.update(content);
        check(storages, place.index, hasher)?;
    }
    copy(content, memory)?;
    swap(memory, storages.swapped(place.index));
    Ok(())
}

fn copy(bytes: &[u8], memory: &mut [u8]) -> Result<(), StorageError> {
    if bytes.len() != memory.len() {
        return Err(StorageError::out_of_range(0, memory.len(), bytes.len()));
    }
    memory.copy_from_slice(bytes);
    Ok(())
}

fn check<S: FileStorages>(storages: &S, index: u32, hasher: Hasher) -> Result<(), StorageError> {
    let found = hasher.finalize();
    match storages.checksum(index) {
        Some(expected) if expected != found => {
            Err(StorageError::Checksum { member: storages.label(index), expected, found })
        }
        _ => Ok(()),
    }
}

/// Turns each number of `width` bytes round; what is left at the end stays.
pub(in crate::codec::read) fn swap(memory: &mut [u8], width: usize) {
    if width > 1 {
        memory.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}
