//! What an archive tells beside its object: its version, its byte order, and what follows it.

use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ByteOrder;
use crate::codec::read::object;
use crate::codec::read::warning::Warning;
use crate::codec::read::zip::Archive;

/// The facts about an archive that it tells beside its object.
pub(super) struct ArchiveFacts {
    pub(super) byte_order: ByteOrder,
    pub(super) warnings: Vec<Warning>,
}

impl ArchiveFacts {
    /// Reads the members that tell them.
    pub(super) fn of(archive: &Archive) -> Result<Self, ReadError> {
        let root = archive.directory.root();
        let mut warnings = Vec::new();
        object::trailing(&mut warnings, "the archive", archive.directory.trailing());
        match archive.directory.find(".data/version").or_else(|| archive.directory.find("version"))
        {
            Some(index) => check_version(&archive.read_member(index, 64, "pickle_bytes")?, root)?,
            None => warnings.push(Warning::NoVersion),
        }
        let byte_order = match archive.directory.find("byteorder") {
            None => ByteOrder::Little,
            Some(index) => byte_order(&archive.read_member(index, 64, "pickle_bytes")?, root)?,
        };
        Ok(ArchiveFacts { byte_order, warnings })
    }
}

/// The version is read as C reads a number: blanks before and anything after are passed over.
fn check_version(content: &[u8], root: &str) -> Result<(), ReadError> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = content.iter().position(|byte| !is_blank(byte)).unwrap_or(content.len());
    let number = content.get(start..).unwrap_or_default();
    let end = number.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(number.len());
    let number = number.get(..end).and_then(|digits| std::str::from_utf8(digits).ok());
    match number.and_then(|digits| digits.parse::<u64>().ok()) {
        Some(1..=10) => Ok(()),
        _ => Err(ReadError::Damaged {
            part: format!("`{root}/version`"),
            offset: 0,
            expected: "a version from 1 to 10".into(),
            found: format!("{:?}", String::from_utf8_lossy(content)),
        }),
    }
}

fn byte_order(content: &[u8], root: &str) -> Result<ByteOrder, ReadError> {
    match content {
        b"little" => Ok(ByteOrder::Little),
        b"big" => Ok(ByteOrder::Big),
        other => Err(ReadError::Damaged {
            part: format!("`{root}/byteorder`"),
            offset: 0,
            expected: "`little` or `big`".into(),
            found: format!("{:?}", String::from_utf8_lossy(other)),
        }),
    }
}
