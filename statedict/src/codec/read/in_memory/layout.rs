//! Which storage goes where in memory.

use crate::codec::read::aligned_buffer::ALIGNMENT;
use crate::codec::read::in_memory::place::Place;

/// The alignment of tiny storages: no element is larger.
const TINY_ALIGNMENT: usize = 16;

/// A run of the file that becomes a run of memory: one storage, or several that share bytes.
pub(super) struct Segment {
    /// The places of the storages, by their position among all.
    first: u32,
    count: u32,
    pub(super) at: u64,
    pub(super) end: u64,
    pub(super) nbytes: usize,
    /// Its place in memory.
    pub(super) offset: usize,
}

/// The places of all storages: known before the first byte is read.
pub(super) struct Layout {
    places: Vec<Place>,
    segments: Vec<Segment>,
    len: usize,
}

impl Layout {
    pub(super) fn new(mut places: Vec<Place>) -> Self {
        // In the order of the file, and of those that start together the longest first.
        let key = |place: &Place| (place.at, std::cmp::Reverse(place.nbytes));
        if !places.is_sorted_by_key(key) {
            places.sort_by_key(key);
        }
        let mut segments: Vec<Segment> = Vec::with_capacity(places.len());
        for (position, place) in (0u32..).zip(&places) {
            if let Some(last) = segments.last_mut()
                && let Some(within) = distance(last.at, place.at)
                && within < last.nbytes
            {
                last.count = last.count.saturating_add(1);
                last.end = last.end.max(place.end);
                last.nbytes = last.nbytes.max(within.saturating_add(place.nbytes));
                continue;
            }
            let Place { at, end, nbytes, .. } = *place;
            let (first, count, offset) = (position, 1, 0);
            segments.push(Segment { first, count, at, end, nbytes, offset });
        }
        let mut len = 0usize;
        for segment in &mut segments {
            let alignment = if segment.nbytes < ALIGNMENT { TINY_ALIGNMENT } else { ALIGNMENT };
            segment.offset = len.next_multiple_of(alignment);
            len = segment.offset.saturating_add(segment.nbytes);
        }
        Layout { places, segments, len }
    }

    /// How much memory it takes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The first storage of a segment, and for those with a header the only one.
    pub(super) fn place(&self, segment: &Segment) -> Option<&Place> {
        self.places.get(segment.first as usize)
    }

    /// The storages, each with where it is in memory.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Place, usize)> {
        self.segments.iter().flat_map(|segment| {
            let places = self.places.get(segment.first as usize..).unwrap_or_default();
            places.iter().take(segment.count as usize).map(|place| {
                let within = distance(segment.at, place.at).unwrap_or(0);
                (place, segment.offset.saturating_add(within))
            })
        })
    }
}

fn distance(from: u64, to: u64) -> Option<usize> {
    usize::try_from(to.checked_sub(from)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(index: u32, at: u64, nbytes: usize) -> Place {
        Place { index, at, end: at + nbytes as u64, nbytes, is_plain: true }
    }

    #[test]
    fn storages_follow_the_file_and_are_aligned() {
        let layout = Layout::new(vec![place(0, 500, 100), place(1, 10, 3), place(2, 20, 70)]);
        let placed: Vec<_> = layout.places().map(|(place, at)| (place.index, at)).collect();
        assert_eq!(placed, [(1, 0), (2, 64), (0, 192)]);
        assert_eq!(layout.len(), 292);
    }

    #[test]
    fn storages_that_share_bytes_share_memory() {
        // Parts of a storage, one reaching beyond it, as old files and hostile ones have them.
        let parts = vec![place(0, 8, 100), place(1, 8, 40), place(2, 58, 50), place(3, 100, 20)];
        let layout = Layout::new(parts);
        let placed: Vec<_> = layout.places().map(|(place, at)| (place.index, at)).collect();
        assert_eq!(placed, [(0, 0), (1, 0), (2, 50), (3, 92)]);
        assert_eq!((layout.len(), layout.segments().len()), (112, 1));
    }
}
