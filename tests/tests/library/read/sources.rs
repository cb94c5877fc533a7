//! The same file through each kind of source.

use std::fs::File;

use statedict::codec::{self, ReadOptions, Source};
use statedict::{StateMap, TensorView};

use super::fixture::{bytes, expected, lines, path};

#[test]
fn every_source_reads_the_same() {
    for name in ["checkpoint", "deflated", "big_endian", "views"] {
        let file = format!("{name}.pt");
        let sources = [
            Source::open(path(&file)).unwrap(),
            Source::map(path(&file)).unwrap(),
            Source::file(path(&file)).unwrap(),
            Source::reader(File::open(path(&file)).unwrap()).unwrap(),
            Source::bytes(bytes(&file)),
        ];
        for source in sources {
            let document = codec::Document::read_with(source, &ReadOptions::default()).unwrap();
            assert_eq!(lines(&document), expected(name));
        }
    }
}

#[test]
fn checksums_are_verified_in_parts_too() {
    let source = Source::file(path("bad_crc.pt")).unwrap();
    let map =
        codec::Document::read_with(source, &ReadOptions::default()).unwrap().state_map().unwrap();
    assert!(map.get("fc.weight").unwrap().storage().verify().is_err());
    assert!(map.get("bn.weight").unwrap().storage().verify().is_ok());
}

#[test]
fn a_mapped_tensor_is_borrowed_and_a_read_one_is_owned() {
    let map = codec::Document::open_with(path("state_dict.pt"), &ReadOptions::default()).unwrap();
    let map = map.state_map().unwrap();
    let weight = map.get("fc.weight").unwrap();
    assert!(matches!(weight.bytes().unwrap(), std::borrow::Cow::Borrowed(_)));
    let source = Source::file(path("state_dict.pt")).unwrap();
    let map =
        codec::Document::read_with(source, &ReadOptions::default()).unwrap().state_map().unwrap();
    let weight = map.get("fc.weight").unwrap();
    assert!(matches!(weight.bytes().unwrap(), std::borrow::Cow::Owned(_)));
}

#[test]
fn a_directory_is_called_one_by_every_source() {
    let directory = path("state_dict.pt").parent().unwrap().to_owned();
    for source in [Source::open(&directory), Source::file(&directory)] {
        assert_eq!(source.err().unwrap().kind(), std::io::ErrorKind::IsADirectory);
    }
    let error = statedict::StateMap::load(&directory).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `") && error.contains("is a directory"), "{error}");
}

#[test]
fn a_file_that_is_cut_short_is_an_error_where_it_is_not_mapped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pt");
    let mut map = StateMap::new();
    for key in ["a", "b"] {
        map.insert(key, TensorView::from_vec(vec![0.5f32; 10_000], [10_000]).unwrap());
    }
    map.save(&path).unwrap();
    let options = ReadOptions::new().mmap(false);
    let map = StateMap::load_with(&path, &options).unwrap();
    assert_eq!(map.get("b").unwrap().to_vec::<f32>().unwrap(), [0.5; 10_000]);
    File::options().write(true).open(&path).unwrap().set_len(20_000).unwrap();
    assert!(map.get("b").unwrap().bytes().is_err());
    assert!(map.get("a").unwrap().storage().verify().is_err());
}
