//! Archives that are cut short, changed or made to confuse: an error or a document, never a panic.

use statedict::WriteOptions;
use statedict::codec::{self, ReadError, ReadOptions, Source};

use super::fixture::{bytes, lines};
use super::zip_builder::{archive, checkpoint};

fn read(bytes: Vec<u8>) -> Result<codec::Document, ReadError> {
    codec::Document::read_with(Source::bytes(bytes), &ReadOptions::default())
}

/// Reads what can be read: opens, and touches every tensor's bytes.
fn read_all(bytes: Vec<u8>, opaque: bool) -> bool {
    let options = ReadOptions::default().opaque(opaque);
    let Ok(document) = codec::Document::read_with(Source::bytes(bytes), &options) else {
        return false;
    };
    let Ok((map, _)) = document.state_map_partial(&[]) else { return false };
    for (_, tensor) in map.iter() {
        let _ = tensor.storage().verify();
        let _ = tensor.bytes();
    }
    true
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["state_dict.pt", "deflated.pt"] {
        let whole = bytes(name);
        for len in 0..whole.len() {
            let error = read(whole[..len].to_vec()).map(|document| lines(&document)).unwrap_err();
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{len}: {text}");
        }
    }
}

#[test]
fn random_changes_of_bytes() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let files = ["state_dict.pt", "views.pt", "deflated.pt", "parameters.pt", "protocol_4.pt"];
    let files = files.map(bytes);
    let mut read = 0;
    for round in 0..20_000 {
        let mut bytes = files[round % files.len()].clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] ^= 1 << random(8);
        }
        read += usize::from(read_all(bytes, round % 2 == 0));
    }
    assert!(read > 1000, "{read}");
}

#[test]
fn random_changes_of_the_pickle() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let whole = bytes("state_dict.pt");
    // The pickle is the first member, and its checksum is taken away.
    let name_len = usize::from(u16::from_le_bytes([whole[26], whole[27]]));
    let extra_len = usize::from(u16::from_le_bytes([whole[28], whole[29]]));
    let start = 30 + name_len + extra_len;
    let entry = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut base = whole.clone();
    base[entry + 16..entry + 20].fill(0);
    for round in 0..20_000 {
        let mut bytes = base.clone();
        for _ in 0..=random(2) {
            let at = start + random(832);
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        read_all(bytes, round % 2 == 0);
    }
}

#[test]
fn members_that_share_bytes() {
    let mut file = checkpoint(b"\x80\x02N.", &[("0", b"12345678"), ("1", b"12345678")]);
    let second: Vec<usize> = file
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect();
    // The entry of the third member leads to the second.
    let offset: [u8; 4] = file[second[1] + 42..second[1] + 46].try_into().unwrap();
    file[second[2] + 42..second[2] + 46].copy_from_slice(&offset);
    let text = read(file).unwrap_err().to_string();
    assert!(text.contains("a member that ends before the next"), "{text}");
}

#[test]
fn more_entries_than_there_is_room_for() {
    let mut file = checkpoint(b"\x80\x02N.", &[]);
    let end = file.len() - 22;
    file[end + 8..end + 12].fill(0xff);
    assert!(read(file).unwrap_err().to_string().contains("room for all entries"));
}

#[test]
fn members_outside_of_the_folder() {
    let file = archive(&[("a/data.pkl", b"\x80\x02N."), ("b/version", b"3\n")]);
    assert!(read(file).unwrap_err().to_string().contains("all members in one folder"));
    let file = archive(&[("data.pkl", b"\x80\x02N.")]);
    assert!(read(file).unwrap_err().to_string().contains("not in a folder"));
}

#[test]
fn versions_and_byte_orders_that_torch_would_refuse() {
    let with = |name: &str, content: &[u8]| {
        let mut members: Vec<(&str, &[u8])> = vec![("a/data.pkl", b"\x80\x02N.")];
        members.push((name, content));
        read(archive(&members)).map(|document| document.warnings().len())
    };
    assert_eq!(with("a/version", b" 3abc").unwrap(), 0);
    assert_eq!(with("a/other", b"").unwrap(), 1);
    assert!(with("a/version", b"0").is_err());
    assert!(with("a/version", b"11").is_err());
    assert!(with("a/version", b"x").is_err());
    assert!(with("a/byteorder", b"little\n").is_err());
}

#[test]
fn bytes_after_the_archive() {
    let mut file = checkpoint(b"\x80\x02K\x07.", &[]);
    file.extend([0; 80]);
    assert_eq!(read(file.clone()).unwrap().root().as_i64(), Some(7));
    file.extend([0; 70_000]);
    assert!(read(file).is_err());
}

#[test]
fn what_a_file_uses_in_many_places_is_written_once_or_twice() {
    let integer = [&b"\x8b\xe8\x03\0\0"[..], &[1; 1000]].concat();
    let list = [b"q\x000](", &b"h\x00".repeat(2000)[..], b"e."].concat();
    let document = read(checkpoint(&[b"\x80\x02", &integer[..], &list].concat(), &[])).unwrap();
    let folder = statedict_tests::temp_dir();
    let path = folder.path().join("integers.pt");
    document.graph().save_with(&path, &WriteOptions::default()).unwrap();
    let written = std::fs::read(&path).unwrap();
    assert!(written.len() < 10_000, "{}", written.len());
    assert_eq!(lines(&read(written).unwrap()), lines(&document));
}

#[test]
fn a_location_has_at_most_255_bytes() {
    let file = |len: u8| {
        let id = [
            b"\x80\x02(X\x07\0\0\0storagectorch\nByteStorage\nX\x01\0\0\x000X",
            &[len, u8::from(len == 0), 0, 0][..],
            &vec![b'c'; if len == 0 { 256 } else { len.into() }],
            b"K\x08tQ.",
        ];
        checkpoint(&id.concat(), &[("0", b"12345678")])
    };
    read(file(255)).unwrap();
    let text = read(file(0)).unwrap_err().to_string();
    assert!(text.contains("at most 255 bytes") && text.contains("256 bytes"), "{text}");
}
