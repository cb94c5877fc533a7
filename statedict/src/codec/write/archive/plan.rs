//! Where everything in the archive goes, known before the first byte is written.

use std::path::PathBuf;

use crate::codec::write::archive::name::RecordName;
use crate::codec::write::archive::record::{self, Record};
use crate::codec::write::decimal::decimal_len;
use crate::codec::write::error::WriteError;
use crate::codec::write::options::ArchiveLayout;

/// The greatest alignment: the padding must fit the 16-bit length of a header's field.
const MAX_ALIGNMENT: usize = 32_768;

/// How many storages there may be: tools for the format number records with 32 bits.
const MAX_STORAGES: u64 = u32::MAX as u64 - 16;

/// How many bytes take `at` to a multiple of the alignment.
#[inline]
fn padding(at: u64, alignment: u64) -> u16 {
    // Nearly always a power of two, for which no division is needed.
    let over = if alignment.is_power_of_two() { at & (alignment - 1) } else { at % alignment };
    let padding = if over == 0 { 0 } else { alignment - over };
    // Less than the alignment, which fits.
    u16::try_from(padding).unwrap_or(0)
}

/// An archive in which the place of each record is known. The places follow from the sizes, and are
/// worked out again whenever they are gone through: of a million records they would fill more memory than
/// all else.
pub(in crate::codec::write) struct Plan<'p> {
    pub(super) root: String,
    pub(super) alignment: usize,
    layout: ArchiveLayout,
    pickle_len: u64,
    /// The sizes of the storages by their numbers.
    sizes: &'p [usize],
    /// The numbers of the storages in the order of the archive, where that is another.
    order: Option<Vec<usize>>,
    pub(super) directory_at: u64,
    pub(super) directory_len: u64,
}

impl<'p> Plan<'p> {
    /// Plans an archive of a pickle and of storages of these sizes.
    pub(in crate::codec::write) fn new(
        root: String,
        layout: ArchiveLayout,
        alignment: usize,
        pickle_len: u64,
        sizes: &'p [usize],
    ) -> Result<Self, WriteError> {
        if root.is_empty() || root.contains('/') {
            return Err(WriteError::Root { name: PathBuf::from(root) });
        }
        if !(1..=MAX_ALIGNMENT).contains(&alignment) {
            return Err(WriteError::Alignment { alignment });
        }
        if sizes.len() as u64 > MAX_STORAGES {
            return Err(WriteError::TooLarge { what: "the number of storages is" });
        }
        let order = match layout {
            ArchiveLayout::Torch2_7 => None,
            ArchiveLayout::Torch1_13 | ArchiveLayout::Legacy => {
                let mut order: Vec<usize> = (0..sizes.len()).collect();
                order.sort_by_cached_key(usize::to_string);
                Some(order)
            }
        };
        let (directory_at, directory_len) = (0, 0);
        let mut plan =
            Plan { root, alignment, layout, pickle_len, sizes, order, directory_at, directory_len };
        plan.measure()?;
        Ok(plan)
    }

    fn measure(&mut self) -> Result<(), WriteError> {
        let (mut at, mut directory_len) = (0, 0);
        for record in self.records() {
            if self.root.len() + 1 + record.name.len() > usize::from(u16::MAX) {
                return Err(WriteError::TooLarge { what: "the name of the archive's root is" });
            }
            // Rust's memory holds less than 2^63 bytes, so no sum comes near 2^64 before this.
            if record.size > i64::MAX.unsigned_abs() - record.content_at() - (1 << 16) {
                return Err(WriteError::TooLarge { what: "the archive is" });
            }
            at = record.end();
            directory_len += record::directory_entry_len(&record);
        }
        (self.directory_at, self.directory_len) = (at, directory_len);
        Ok(())
    }

    /// The records before and after the storages.
    fn around(&self) -> (&'static [RecordName], &'static [RecordName]) {
        use RecordName::*;
        match self.layout {
            ArchiveLayout::Torch2_7 => {
                (&[Pickle, FormatVersion, StorageAlignment, ByteOrder], &[Version, SerializationId])
            }
            // The old stream is no archive: this is for what has the old one.
            ArchiveLayout::Torch1_13 | ArchiveLayout::Legacy => (&[Pickle], &[Version]),
        }
    }

    /// Returns `true` if the archive ends with a hash of its records' names.
    pub(super) fn has_serialization_id(&self) -> bool {
        self.layout == ArchiveLayout::Torch2_7
    }

    /// The names of the records in order.
    #[inline]
    pub(super) fn names(&self) -> impl Iterator<Item = RecordName> {
        let (before, after) = self.around();
        let number = |nth| match &self.order {
            Some(order) => order.get(nth).copied().unwrap_or(nth),
            None => nth,
        };
        let storages = (0..self.sizes.len()).map(move |nth| RecordName::Storage(number(nth)));
        before.iter().copied().chain(storages).chain(after.iter().copied())
    }

    /// How many records there are.
    pub(super) fn count(&self) -> usize {
        let (before, after) = self.around();
        before.len() + self.sizes.len() + after.len()
    }

    /// The records in order, each with its place.
    #[inline]
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let mut at = 0;
        self.names().map(move |name| {
            let record = self.record(name, at);
            at = record.end();
            record
        })
    }

    #[inline]
    fn record(&self, name: RecordName, header_at: u64) -> Record {
        let size = match name {
            RecordName::Pickle => self.pickle_len,
            RecordName::FormatVersion => 1,
            RecordName::StorageAlignment => decimal_len(self.alignment) as u64,
            RecordName::ByteOrder => 6,
            RecordName::Storage(number) => self.sizes.get(number).map_or(0, |&size| size as u64),
            RecordName::Version => 2,
            RecordName::SerializationId => 40,
        };
        // `measure` refuses names that are longer.
        let name_len = u16::try_from(self.root.len() + 1 + name.len()).unwrap_or(u16::MAX);
        let mut record = Record { name, size, header_at, name_len, padding: 0 };
        record.padding = padding(record.content_at(), self.alignment as u64);
        record
    }

    /// The size of the whole archive.
    pub(in crate::codec::write) fn len(&self) -> u64 {
        self.directory_at + self.directory_len + record::END
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write::archive::name::Spelling;

    fn contents(plan: &Plan<'_>) -> Vec<u64> {
        plan.records().map(|record| record.content_at()).collect()
    }

    fn plan(alignment: usize, sizes: &[usize]) -> Plan<'_> {
        Plan::new("archive".into(), ArchiveLayout::Torch2_7, alignment, 290, sizes).unwrap()
    }

    /// `nn.Linear(10, 10).state_dict()`, the numbers of PyTorch's own test.
    #[test]
    fn offsets_by_alignment() {
        for (alignment, first, second, len) in
            [(64, 832, 1344, 2277), (4096, 20_480, 24_576, 33_445)]
        {
            let plan = plan(alignment, &[400, 40]);
            assert_eq!(contents(&plan).get(4..6), Some([first, second].as_slice()));
            assert_eq!(plan.len(), len);
        }
        assert!(plan(1, &[400]).records().all(|record| record.padding == 0));
    }

    #[test]
    fn lexicographic_order_of_the_old_layout() {
        let plan = Plan::new("a".into(), ArchiveLayout::Torch1_13, 64, 10, &[4; 12]).unwrap();
        let (mut names, mut spelling) = (Vec::new(), Spelling::without_root());
        for name in plan.names() {
            spelling.push(&mut names, name);
            names.push(b' ');
        }
        assert_eq!(
            String::from_utf8(names).unwrap(),
            "data.pkl data/0 data/1 data/10 data/11 data/2 data/3 data/4 data/5 data/6 data/7 \
             data/8 data/9 version "
        );
    }

    #[test]
    fn contents_are_aligned_whatever_the_alignment() {
        for alignment in [1, 2, 3, 64, 100, 4096] {
            let plan = plan(alignment, &[0, 1, 63, 64, 65, 1000]);
            assert!(contents(&plan).iter().all(|at| at.is_multiple_of(alignment as u64)));
            assert!(plan.records().all(|record| usize::from(record.padding) < alignment));
        }
    }

    #[test]
    fn impossible_plans() {
        let new = |root: &str, alignment, size| {
            Plan::new(root.into(), ArchiveLayout::Torch2_7, alignment, 10, &[size]).map(|_| ())
        };
        assert!(matches!(new("a", 0, 1), Err(WriteError::Alignment { alignment: 0 })));
        assert!(matches!(new("a", 65_536, 1), Err(WriteError::Alignment { .. })));
        assert!(matches!(new("", 64, 1), Err(WriteError::Root { .. })));
        assert!(matches!(new("a/b", 64, 1), Err(WriteError::Root { .. })));
        assert!(matches!(new(&"a".repeat(65_535), 64, 1), Err(WriteError::TooLarge { .. })));
        assert!(matches!(new("a", 64, usize::MAX), Err(WriteError::TooLarge { .. })));
        assert!(new("a", 32_768, 1).is_ok());
    }
}
