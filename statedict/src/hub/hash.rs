//! The SHA-256 that a file's name promises.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::hub::error::HubError;

/// Digits that PyTorch's convention asks for: "the first eight or more digits of the SHA256".
const CONVENTION: usize = 8;
/// Digits of a whole digest.
const WHOLE: usize = 64;

/// `true` if the name of a file says how the SHA-256 of its content begins: `resnet18-5c106cde.pth`.
///
/// It is checked for what is downloaded *and* for what is found in the cache, which torch.hub does not do.
/// The default is [`Convention`](Self::Convention).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HashCheck {
    /// A check where the name has `-`, 8 to 64 of the digits `0-9a-f`, and `.`: PyTorch's naming convention, in its words.
    #[default]
    Convention,
    /// As `check_hash=True` of torch.hub: the first `-`, *any number* of these digits, and `.`. A name as
    /// `model-b.pth` then demands that the digest begin with `b`.
    Torch,
    /// Not at all: torch.hub's default, and for names whose digits are something else. (Those of
    /// checkpoints that mmengine published are the digest of a pickle and not of the file.)
    Off,
}

impl HashCheck {
    /// How the digest of a file with this name should begin.
    pub(super) fn expected(self, name: &str) -> Option<&str> {
        let mut promised = promised(name);
        match self {
            HashCheck::Convention => {
                promised.find(|digits| (CONVENTION..=WHOLE).contains(&digits.len()))
            }
            HashCheck::Torch => promised.next().filter(|digits| !digits.is_empty()),
            HashCheck::Off => None,
        }
    }
}

/// The matches of Python's `-([a-f0-9]*)\.` in a name.
fn promised(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('-').filter_map(|(at, dash)| {
        let rest = name.get(at + dash.len()..)?;
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | 'a'..='f'))?;
        let (digits, after) = rest.split_at(end);
        after.starts_with('.').then_some(digits)
    })
}

/// Checks digits that a user gave: their lower-case form, where they can begin a digest.
pub(super) fn digits(text: &str) -> Result<String, HubError> {
    let digits = text.to_ascii_lowercase();
    if digits.is_empty() || digits.len() > WHOLE || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        let reason =
            format!("Options::sha256: {text:?} is not the beginning of a SHA-256 in hexadecimal");
        return Err(HubError::Option { reason });
    }
    Ok(digits)
}

/// Checks that the digest begins as expected.
pub(super) fn check(found: &str, expected: &str, path: &Path) -> Result<(), HubError> {
    if found.starts_with(expected) {
        return Ok(());
    }
    Err(HubError::Hash {
        path: path.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// Checks the content of a file.
pub(super) fn check_file(path: &Path, expected: &str) -> Result<(), HubError> {
    let read = || -> io::Result<String> {
        let mut hasher = Sha256::new();
        feed(&mut hasher, &mut File::open(path)?, u64::MAX)?;
        Ok(hex(&hasher.finalize()))
    };
    check(&read().map_err(HubError::io_at("read", path))?, expected, path)
}

/// Feeds up to `limit` bytes; how many there were.
pub(super) fn feed(hasher: &mut Sha256, reader: &mut dyn Read, limit: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 18];
    let mut reader = reader.take(limit);
    let mut count = 0;
    loop {
        let bytes = match reader.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        count += bytes.len() as u64;
        hasher.update(bytes);
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_promise() {
        let all = |name| [HashCheck::Torch.expected(name), HashCheck::Convention.expected(name)];
        assert_eq!(all("resnet18-5c106cde.pth"), [Some("5c106cde"), Some("5c106cde")]);
        assert_eq!(all("model-b.pth"), [Some("b"), None]);
        assert_eq!(all("bert-base.pth"), [None, None]);
        assert_eq!(all("llama-2.7b-0123456789abcdef.pt"), [Some("2"), Some("0123456789abcdef")]);
        assert_eq!(all("model-.pth"), [None, None]);
        assert_eq!(all("model-5C106CDE.pth"), [None, None]);
        assert_eq!(all("model-5c106cde"), [None, None]);
        assert_eq!(all("a--5c106cde.tar.gz"), [Some("5c106cde"); 2]);
        let long = format!("model-{}.pt", "a".repeat(65));
        assert_eq!(all(&long).map(|digits| digits.map(str::len)), [Some(65), None]);
        assert_eq!(HashCheck::Off.expected("resnet18-5c106cde.pth"), None);
    }

    #[test]
    fn a_users_digits() {
        assert_eq!(digits("5C10").unwrap(), "5c10");
        for wrong in ["", "xyz", "é", &"0".repeat(65)] {
            assert!(digits(wrong).unwrap_err().to_string().contains("Options::sha256"));
        }
    }

    #[test]
    fn the_digest_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        check_file(&path, "ba7816bf8f01cfea").unwrap();
        let error = check_file(&path, "bb").unwrap_err().to_string();
        assert!(
            error.contains("expected \"bb\", got \"ba7816bf8f01cfea414140de5dae2223b0"),
            "{error}"
        );
    }
}
