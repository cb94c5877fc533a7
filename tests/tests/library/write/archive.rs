//! Another implementation of the ZIP format reads what we write.

use std::io::{Cursor, Read};

use statedict::{StateMap, TensorView, WriteOptions};
use zip::ZipArchive;

/// A writer that takes a few bytes at a time and cannot seek.
struct Trickle(Vec<u8>);

impl std::io::Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(1013);
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Tensors of every size around those at which the writer does something else.
fn map() -> StateMap<'static> {
    let mebibyte = 1 << 20;
    [0, 1, 7, 64, 4096, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 5, 2]
        .into_iter()
        .enumerate()
        .map(|(i, len)| {
            let bytes: Vec<u8> = (0..=u8::MAX).cycle().skip(i).take(len).collect();
            (format!("t{i}"), TensorView::from_vec(bytes, [len]).unwrap())
        })
        .collect()
}

#[test]
fn names_contents_and_checksums() {
    let map = map();
    let mut bytes = Vec::new();
    map.write_with(&mut bytes, &WriteOptions::default()).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut names: Vec<String> =
        archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.retain(|name| !name.starts_with("archive/data/"));
    assert_eq!(
        names,
        [
            "archive/data.pkl",
            "archive/.format_version",
            "archive/.storage_alignment",
            "archive/byteorder",
            "archive/version",
            "archive/.data/serialization_id"
        ]
    );
    for (index, (key, view)) in map.iter().enumerate() {
        let mut record = archive.by_name(&format!("archive/data/{index}")).unwrap();
        assert_eq!(record.data_start().unwrap_or(1) % 64, 0, "{key}");
        let mut content = Vec::new();
        // Checks the checksum at the end.
        record.read_to_end(&mut content).unwrap();
        assert!(content == *view.bytes().unwrap(), "{key}");
    }
}

#[test]
fn a_writer_that_takes_little_at_a_time_gets_the_same() {
    let (mut whole, mut trickle) = (Vec::new(), Trickle(Vec::new()));
    map().write_with(&mut whole, &WriteOptions::default()).unwrap();
    map().write_with(&mut trickle, &WriteOptions::default()).unwrap();
    assert!(whole == trickle.0);
}

#[test]
fn every_content_is_aligned_as_asked() {
    for alignment in [1, 3, 64, 4096, 32_768] {
        let mut bytes = Vec::new();
        map().write_with(&mut bytes, &WriteOptions::default().alignment(alignment)).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        for index in 0..archive.len() {
            let record = archive.by_index(index).unwrap();
            assert_eq!(
                record.data_start().unwrap() % alignment as u64,
                0,
                "{}",
                record.name().unwrap()
            );
        }
    }
}
