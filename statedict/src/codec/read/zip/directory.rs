//! The central directory: which members an archive has, and where.

use std::sync::OnceLock;

use foldhash::{HashMap, HashMapExt};

use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;
use crate::codec::read::zip::end::{self, End};
use crate::codec::read::zip::fields::{u16_at, u32_at};
use crate::huge_pages;

/// How a member is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    /// Compressed into that many bytes.
    Deflated(u64),
    /// In that many bytes.
    Encrypted(u64),
    /// By the method of that number, into that many bytes.
    Other(u16, u64),
}

/// A member, as the central directory describes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// The place of its local header.
    pub(super) header: u64,
    /// The start of what follows it: the next member, or the directory.
    pub(super) limit: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
    pub(super) method: Method,
}

/// Returns what messages say of a way to compress.
pub(super) fn method_name(method: u16) -> String {
    match method {
        12 => "compressed with bzip2".to_owned(),
        14 => "compressed with LZMA".to_owned(),
        93 => "compressed with zstd".to_owned(),
        other => format!("compressed with ZIP method {other}"),
    }
}

impl Record {
    /// How many bytes of the file hold it.
    pub(super) fn stored_size(&self) -> u64 {
        match self.method {
            Method::Stored => self.size,
            Method::Deflated(stored) | Method::Encrypted(stored) | Method::Other(_, stored) => {
                stored
            }
        }
    }
}

/// The members of an archive, by name without the folder that they are all in.
pub(in crate::codec::read) struct Directory {
    root: String,
    records: Vec<Record>,
    /// For each number, the record of `data/<number>`, plus one.
    numbered: Vec<u32>,
    named: HashMap<Box<[u8]>, u32>,
    /// The names of all members by their index, once a message asks for one.
    names: OnceLock<Vec<String>>,
    trailing: u64,
}

const ENTRY: usize = 46;
/// The folder of torch.save's storages, whose members are found by number.
pub(super) const STORAGES: &str = "data";
/// So many members of torch.save's are no storages.
const NAMED: usize = 7;

fn damaged(offset: u64, expected: &'static str, found: impl Into<String>) -> ReadError {
    let part = "an entry of the ZIP archive's directory".to_owned();
    ReadError::Damaged { part, offset, expected: expected.into(), found: found.into() }
}

/// The number of a storage key as torch.save numbers them: decimal, without leading zeros.
fn number(key: &[u8]) -> Option<usize> {
    if key.len() > 9 || (key.len() > 1 && key.first() == Some(&b'0')) {
        return None;
    }
    if key.is_empty() {
        return None;
    }
    // Nine digits fit.
    key.iter().try_fold(0usize, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + usize::from(byte - b'0'))
    })
}

impl Directory {
    /// Reads the central directory of an archive whose members are in one folder.
    pub(in crate::codec::read) fn read(source: &Source) -> Result<Self, ReadError> {
        Directory::read_with(source, root)
    }

    /// Reads the central directory of an archive, whether its members are in one folder or not.
    pub(in crate::codec::read) fn read_any(source: &Source) -> Result<Self, ReadError> {
        match Directory::read(source) {
            Err(ReadError::Foreign { .. }) => Directory::of_any(source),
            directory => directory,
        }
    }

    /// Reads the central directory of any archive, and takes its members by their whole names.
    pub(in crate::codec::read) fn of_any(source: &Source) -> Result<Self, ReadError> {
        Directory::read_with(source, |_| Ok(String::new()))
    }

    fn read_with(
        source: &Source,
        root: impl Fn(&[u8]) -> Result<String, ReadError>,
    ) -> Result<Self, ReadError> {
        let End { offset, entries, directory, trailing } = end::find(source)?;
        // What the file claims is only believed as far as the directory has room for it.
        let room = directory.len() / ENTRY;
        let count = usize::try_from(entries).unwrap_or(usize::MAX);
        if count > room || u32::try_from(count).is_err() {
            let found = format!("{} bytes", directory.len());
            return Err(damaged(offset, "room for all entries", found));
        }
        let mut this = Directory {
            root: String::new(),
            records: huge_pages::buffer(count),
            numbered: huge_pages::buffer(count),
            named: HashMap::with_capacity(NAMED),
            names: OnceLock::new(),
            trailing,
        };
        let mut rest = &*directory;
        for index in 0..count {
            let at = offset + u64::try_from(directory.len() - rest.len()).unwrap_or(0);
            let cut = || damaged(at, "a whole entry", "the directory's end");
            if !rest.starts_with(b"PK\x01\x02") {
                return Err(damaged(at, "the signature of an entry", "other bytes"));
            }
            let name_len = usize::from(u16_at(rest, 28).ok_or_else(cut)?);
            let extra_len = usize::from(u16_at(rest, 30).ok_or_else(cut)?);
            let comment_len = usize::from(u16_at(rest, 32).ok_or_else(cut)?);
            let name = rest.get(ENTRY..ENTRY + name_len).ok_or_else(cut)?;
            let extra = rest.get(ENTRY + name_len..ENTRY + name_len + extra_len).ok_or_else(cut)?;
            let record = record(rest, extra).ok_or_else(cut)?;
            if index == 0 {
                this.root = root(name)?;
            }
            this.add(name, record, at)?;
            rest = rest.get(ENTRY + name_len + extra_len + comment_len..).ok_or_else(cut)?;
        }
        this.set_limits(offset)?;
        Ok(this)
    }

    fn add<'n>(&mut self, name: &'n [u8], record: Record, at: u64) -> Result<(), ReadError> {
        let within = |rest: &'n [u8]| match self.root.is_empty() {
            true => Some(rest),
            false => rest.strip_prefix(b"/"),
        };
        let inner = name.strip_prefix(self.root.as_bytes()).and_then(within).ok_or_else(|| {
            let found = format!(
                "`{}` outside of the folder `{}` of the first",
                String::from_utf8_lossy(name),
                self.root
            );
            damaged(at, "all members in one folder", found)
        })?;
        // Both fit: the number of records was checked against 32 bits.
        let index = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let duplicate =
            || ReadError::Duplicate { member: String::from_utf8_lossy(name).into_owned() };
        let room = self.records.capacity().saturating_mul(2).saturating_add(64);
        match inner.strip_prefix(b"data/").and_then(number).filter(|&number| number < room) {
            Some(number) => {
                if self.numbered.len() <= number {
                    self.numbered.resize(number + 1, 0);
                }
                match self.numbered.get_mut(number) {
                    Some(place @ 0) => *place = index.saturating_add(1),
                    _ => return Err(duplicate()),
                }
            }
            None => {
                if self.named.insert(inner.into(), index).is_some() {
                    return Err(duplicate());
                }
            }
        }
        self.records.push(record);
        Ok(())
    }

    /// Finds where each member's room ends, and that no two share bytes.
    fn set_limits(&mut self, directory: u64) -> Result<(), ReadError> {
        let mut order: Vec<u32> = (0u32..).take(self.records.len()).collect();
        let header = |&index: &u32| {
            self.records.get(index as usize).map_or(u64::MAX, |record| record.header)
        };
        if !self.records.is_sorted_by_key(|record| record.header) {
            order.sort_by_key(header);
        }
        let mut limit = directory;
        for index in order.into_iter().rev() {
            let Some(record) = self.records.get_mut(index as usize) else { continue };
            record.limit = limit;
            let least =
                record.header.checked_add(30).and_then(|end| end.checked_add(record.stored_size()));
            if least.is_none_or(|end| end > limit) {
                let found = format!("{} bytes, and the next at {limit}", record.stored_size());
                let (offset, member) = (record.header, self.name(index));
                let part = format!("`{member}`");
                let expected = "a member that ends before the next".into();
                return Err(ReadError::Damaged { part, offset, expected, found });
            }
            limit = record.header;
        }
        Ok(())
    }

    /// The folder that all members are in.
    pub(in crate::codec::read) fn root(&self) -> &str {
        &self.root
    }

    /// The number of members.
    pub(in crate::codec::read) fn len(&self) -> usize {
        self.records.len()
    }

    /// The index of the member of that name within the folder.
    pub(in crate::codec::read) fn find(&self, name: &str) -> Option<u32> {
        self.named.get(name.as_bytes()).copied()
    }

    /// The index of the member of that name, a storage or not.
    pub(in crate::codec::read) fn find_any(&self, name: &str) -> Option<u32> {
        match name.strip_prefix(STORAGES).and_then(|rest| rest.strip_prefix('/')) {
            Some(key) => self.find_storage(STORAGES, key),
            None => self.find(name),
        }
    }

    /// The name of a member with the folder that all are in, where there is one.
    pub(in crate::codec::read) fn with_root(&self, inner: &str) -> String {
        match self.root.as_str() {
            "" => inner.to_owned(),
            root => format!("{root}/{inner}"),
        }
    }

    /// The index of the storage with that key, in a folder of the archive.
    pub(super) fn find_storage(&self, folder: &str, key: &str) -> Option<u32> {
        let number = number(key.as_bytes()).filter(|_| folder == STORAGES);
        let numbered = number.and_then(|number| self.numbered.get(number)?.checked_sub(1));
        numbered.or_else(|| self.find(&format!("{folder}/{key}")))
    }

    pub(super) fn record(&self, index: u32) -> Option<Record> {
        self.records.get(index as usize).copied()
    }

    /// The name of a member, for messages. There may be one about each member, so all names are made at once.
    pub(super) fn name(&self, index: u32) -> String {
        let names = self.names.get_or_init(|| self.names());
        names.get(index as usize).cloned().unwrap_or_default()
    }
}

/// The facts about the members as a whole.
impl Directory {
    /// The names of all members by their index, with the folder.
    pub(in crate::codec::read) fn names(&self) -> Vec<String> {
        let mut names = vec![String::new(); self.records.len()];
        let mut set = |index: u32, inner: &str| {
            if let Some(name) = names.get_mut(index as usize) {
                *name = self.with_root(inner);
            }
        };
        for (number, &place) in self.numbered.iter().enumerate() {
            if let Some(index) = place.checked_sub(1) {
                set(index, &format!("data/{number}"));
            }
        }
        for (name, &index) in &self.named {
            set(index, &String::from_utf8_lossy(name));
        }
        names
    }

    /// Returns the number of bytes that follow the archive in the file.
    pub(in crate::codec::read) fn trailing(&self) -> u64 {
        self.trailing
    }

    /// The members that are no storages by their number, in the archive's order.
    pub(in crate::codec::read) fn named(&self) -> Vec<u32> {
        let mut indices: Vec<u32> = self.named.values().copied().collect();
        indices.sort_unstable();
        indices
    }

    /// The first storages, at most `count` of them.
    pub(in crate::codec::read) fn first_storages(&self, count: usize) -> Vec<u32> {
        let numbered = self.numbered.iter().filter_map(|place| place.checked_sub(1));
        let is_stored = |index: &u32| self.record(*index).is_some_and(|record| record.size > 0);
        numbered.filter(is_stored).take(count).collect()
    }
}

/// The folder of the first member, which all must be in.
fn root(name: &[u8]) -> Result<String, ReadError> {
    let wrong = || ReadError::Foreign {
        found: "a ZIP archive whose files are not in a folder".into(),
        advice: "check that it is the file you meant: torch.save puts all into one folder".into(),
    };
    let slash = name.iter().position(|&byte| byte == b'/').ok_or_else(wrong)?;
    let root = name.get(..slash).and_then(|root| std::str::from_utf8(root).ok());
    root.map(str::to_owned).ok_or_else(wrong)
}

/// Reads an entry and its extra fields; `None` where they are cut short.
fn record(entry: &[u8], extra: &[u8]) -> Option<Record> {
    let flags = u16_at(entry, 8)?;
    let method = u16_at(entry, 10)?;
    let crc = u32_at(entry, 16)?;
    let (compressed, size) = (u32_at(entry, 20)?, u32_at(entry, 24)?);
    let header = u32_at(entry, 42)?;
    // The zip64 field holds, in this order, those of the three that did not fit.
    let mut wide = zip64(extra);
    let mut widen = |narrow: u32| match narrow {
        u32::MAX => {
            let field = wide.and_then(|field| field.split_first_chunk::<8>());
            match field {
                Some((value, rest)) => {
                    wide = Some(rest);
                    u64::from_le_bytes(*value)
                }
                None => u64::from(narrow),
            }
        }
        narrow => u64::from(narrow),
    };
    let size = widen(size);
    let compressed = widen(compressed);
    let header = widen(header);
    let method = match method {
        _ if flags & 0x2041 != 0 => Method::Encrypted(compressed),
        0 => Method::Stored,
        8 => Method::Deflated(compressed),
        other => Method::Other(other, compressed),
    };
    if method == Method::Stored && compressed != size {
        return None;
    }
    Some(Record { header, limit: 0, size, crc, method })
}

/// The content of the zip64 extra field.
fn zip64(mut extra: &[u8]) -> Option<&[u8]> {
    loop {
        let id = u16_at(extra, 0)?;
        let len = usize::from(u16_at(extra, 2)?);
        let content = extra.get(4..4 + len)?;
        if id == 1 {
            return Some(content);
        }
        extra = extra.get(4 + len..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_torch_writes_are_numbers() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"123"), Some(123));
        assert_eq!(number(b"007"), None);
        assert_eq!(number(b""), None);
        assert_eq!(number(b"94304870911728"), None);
        assert_eq!(number(b"+1"), None);
    }

    #[test]
    fn zip64_fields_stand_for_what_did_not_fit() {
        let mut entry = vec![0; 46];
        entry[20..28].copy_from_slice(&[0xff; 8]);
        entry[42..46].copy_from_slice(&[0xff; 4]);
        let mut extra = vec![1, 0, 24, 0];
        for value in [5u64 << 32, 5 << 32, 7 << 32] {
            extra.extend(value.to_le_bytes());
        }
        let found = record(&entry, &extra).unwrap();
        assert_eq!((found.size, found.header), (5 << 32, 7 << 32));
    }
}
