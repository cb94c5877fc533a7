//! The members of a tar archive.

use foldhash::{HashMap, HashMapExt};

use crate::codec::read::detect;
use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;

const BLOCK: u64 = 512;

/// The members of a tar archive: where each starts and ends.
pub(super) struct Members {
    file: String,
    places: HashMap<String, (u64, u64)>,
}

/// The number in a field: octal text, or big-endian bytes after one with the highest bit.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((&first, rest)) = field.split_first()
        && first & 0x80 != 0
    {
        return rest.iter().try_fold(u64::from(first & 0x7f), |number, &byte| {
            number.checked_mul(256)?.checked_add(u64::from(byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|char: char| char == ' ' || char == '\0');
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// The sum of a header's bytes, in which the field of the sum itself counts as blanks.
fn sum(header: &[u8]) -> u64 {
    let bytes = header.iter().enumerate();
    bytes.map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { u64::from(byte) }).sum()
}

impl Members {
    pub(super) fn read(source: &Source) -> Result<Self, ReadError> {
        let file = source.name().to_owned();
        let mut places = HashMap::new();
        let mut position = 0u64;
        while position.checked_add(BLOCK).is_some_and(|end| end <= source.len()) {
            let header = source.read_vec(position, 512).map_err(|error| source.failed(error))?;
            if header.iter().all(|&byte| byte == 0) {
                break;
            }
            let damaged = |expected: &'static str, found: String| ReadError::Damaged {
                part: format!("a header of the tar archive {file}"),
                offset: position,
                expected: expected.into(),
                found,
            };
            let field = |start: usize, len: usize| header.get(start..start + len).unwrap_or(&[]);
            let expected = number(field(148, 8));
            let found = sum(&header);
            if expected != Some(found) {
                return Err(damaged("a header whose checksum is right", format!("{found:o}")));
            }
            let size = number(field(124, 12))
                .ok_or_else(|| damaged("the size of a member", "no number".to_owned()))?;
            let start = position.saturating_add(BLOCK);
            let end = start.saturating_add(size);
            if end > source.len() {
                let found = format!("{size} bytes of {}", source.len().saturating_sub(start));
                return Err(damaged("a member that ends within the file", found));
            }
            // Of the kinds of member only files matter: `0`, in old archives a zero byte.
            if matches!(header.get(156), Some(b'0' | 0)) {
                let name = field(0, 100).split(|&byte| byte == 0).next().unwrap_or_default();
                let name = String::from_utf8_lossy(name);
                let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
                if places.insert(name.clone(), (start, end)).is_some() {
                    return Err(ReadError::Duplicate { member: name });
                }
            }
            let blocks = size.div_ceil(BLOCK);
            position = start.saturating_add(blocks.saturating_mul(BLOCK));
        }
        Ok(Members { file, places })
    }

    /// Returns the error for an archive that torch.save did not write, but that has a checkpoint in it.
    pub(super) fn check(&self) -> Result<(), ReadError> {
        let is_old =
            ["pickle", "storages", "tensors"].iter().all(|&name| self.places.contains_key(name));
        if is_old {
            return Ok(());
        }
        let names: Vec<String> = self.places.keys().cloned().collect();
        detect::of_files(&names, &self.file).map_or(Ok(()), Err)
    }

    /// Returns the start and the end of a member.
    pub(super) fn find(&self, name: &str) -> Result<(u64, u64), ReadError> {
        self.places
            .get(name)
            .copied()
            .ok_or_else(|| ReadError::Missing { member: format!("{}: {name}", self.file) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000017\0"), Some(15));
        assert_eq!(number(b"   17 \0\0"), Some(15));
        assert_eq!(number(b"\x80\0\0\x01\0"), Some(256));
        assert_eq!(number(b"9"), None);
        assert_eq!(number(&[0xff; 12]), None);
    }
}
