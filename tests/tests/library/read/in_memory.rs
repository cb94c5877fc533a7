//! Whole files read into memory: the same values, aligned, verified, and free of the file.

use std::path::Path;
use std::sync::Arc;

use statedict::codec::{self, Document, ReadError, ReadOptions, Source};
use statedict::tensor::StorageError;
use statedict::{StateMap, TensorView};

use super::fixture::{lines, path};

fn in_memory(path: &Path) -> Result<Document, ReadError> {
    let options = ReadOptions::default().in_memory(true);
    codec::Document::read_with(Source::file(path).unwrap(), &options)
}

#[test]
fn every_file_is_the_same_in_memory() {
    let mut compared = 0;
    for entry in std::fs::read_dir(path("")).unwrap() {
        let file = entry.unwrap().path();
        let lazy = codec::Document::open_with(&file, &ReadOptions::default());
        let described = file.with_extension("txt").exists() && !file.ends_with("bad_crc.pt");
        let (Ok(lazy), true) = (lazy, described) else { continue };
        let owned = in_memory(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        assert_eq!(lines(&owned), lines(&lazy), "{file:?}");
        compared += 1;
    }
    assert!(compared > 30, "compared {compared}");
}

/// Storages of every size at which something changes: empty, tiny, read together, alone, in pieces.
fn sizes() -> impl Iterator<Item = usize> {
    let around = [1 << 16, 1 << 18, 1 << 20, 1 << 21, 1 << 22];
    let around = around.into_iter().flat_map(|size| [size - 1, size, size + 1]);
    [0, 1, 15, 16, 17, 63, 64, 65, 1000].into_iter().chain(around).chain([5_000_000, 3])
}

fn map() -> StateMap<'static> {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let tensors = sizes().enumerate().map(|(nth, size)| {
        let bytes: Vec<u8> = (0..size).map(|_| random()).collect();
        (format!("t{nth}"), TensorView::from_vec(bytes, [size]).unwrap())
    });
    let mut map: StateMap<'static> = tensors.collect();
    let tied = map.get("t8").unwrap().clone();
    map.insert("tied", tied);
    map
}

#[test]
fn storages_of_any_size_are_whole_aligned_and_free_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sizes.pt");
    let map = map();
    map.save(&file).unwrap();
    let owned = StateMap::load_owned(&file).unwrap();
    std::fs::write(&file, b"something else").unwrap();
    assert!(owned.keys().eq(map.keys()));
    for ((key, tensor), (_, expected)) in owned.iter().zip(map.iter()) {
        let bytes = tensor.bytes().unwrap();
        assert!(bytes == expected.bytes().unwrap(), "{key}");
        assert!(matches!(bytes, std::borrow::Cow::Borrowed(_)), "{key} is in memory");
        let alignment = if bytes.len() < 64 { 16 } else { 64 };
        let address = bytes.as_ptr().addr();
        assert!(bytes.is_empty() || address.is_multiple_of(alignment), "{key}: {address:#x}");
    }
    assert!(owned.get("tied").unwrap().same_as(owned.get("t8").unwrap()));
}

/// Bytes of which it can be seen whether somebody still has them.
struct Watched {
    bytes: Vec<u8>,
    _token: Arc<()>,
}

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[test]
fn values_in_memory_do_not_keep_their_source_and_others_do() {
    for (in_memory, is_kept) in [(true, false), (false, true)] {
        let (bytes, token) = (std::fs::read(path("dtypes.pt")).unwrap(), Arc::new(()));
        let options = ReadOptions::default().in_memory(in_memory);
        let source = Source::bytes(Watched { bytes, _token: Arc::clone(&token) });
        let document = codec::Document::read_with(source, &options).unwrap();
        assert_eq!(Arc::strong_count(&token) > 1, is_kept, "in memory: {in_memory}");
        assert!(document.root().as_dict().is_some_and(|dict| dict.len() > 5));
        drop(document);
        assert_eq!(Arc::strong_count(&token), 1);
    }
}

#[test]
fn damage_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.pt");
    let map = map();
    map.save(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for (nth, (key, tensor)) in map.iter().enumerate().filter(|(_, (key, _))| *key != "tied") {
        let bytes = tensor.bytes().unwrap();
        let Some(last) = bytes.len().checked_sub(1).filter(|_| bytes.len() > 15) else { continue };
        let start = whole.windows(bytes.len()).position(|found| found == &bytes[..]).unwrap();
        for place in [0, last / 2, last] {
            let mut damaged = whole.clone();
            damaged[start + place] ^= 1;
            std::fs::write(&file, &damaged).unwrap();
            let error = in_memory(&file).unwrap_err();
            let ReadError::Storage(StorageError::Checksum { member, .. }) = &error else {
                panic!("{key}, byte {place}: {error}")
            };
            assert!(member.ends_with(&format!("damaged/data/{nth}")), "{key}: {member}");
        }
    }
}

#[test]
fn of_several_damaged_storages_the_first_is_named() {
    let error = in_memory(&path("bad_crc.pt")).unwrap_err().to_string();
    assert!(error.contains("state_dict/data/0` is damaged"), "{error}");
    let error = StateMap::load_owned(path("bad_crc.pt")).unwrap_err();
    assert!(error.to_string().contains("bad_crc.pt"), "{error}");
}

#[test]
fn a_lazy_map_tells_its_damaged_tensors_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("several.pt");
    let map = map();
    map.save(&file).unwrap();
    assert!(StateMap::load(&file).unwrap().damaged().is_empty());
    let mut damaged = std::fs::read(&file).unwrap();
    for key in ["t24", "t8", "t17"] {
        let bytes = map.get(key).unwrap().bytes().unwrap();
        let start = damaged.windows(bytes.len()).position(|found| found == &bytes[..]).unwrap();
        damaged[start + bytes.len() / 2] ^= 1;
    }
    std::fs::write(&file, &damaged).unwrap();
    let opened = StateMap::load(&file).unwrap();
    let found: Vec<&str> = opened.damaged().into_iter().map(|(key, _)| key).collect();
    // `tied` is of the storage of `t8`, which is told once.
    assert_eq!(found, ["t8", "t17", "t24"]);
}

#[test]
fn a_damaged_header_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("header.pt");
    let map = map();
    map.save(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    // Among small members, where headers are mapped; and alone, where they are read.
    for nth in [8, 23] {
        let name = format!("header/data/{nth}");
        let at = whole.windows(name.len()).position(|found| found == name.as_bytes()).unwrap();
        for (place, value) in [(at - 30, 0), (at - 1, 0xff)] {
            let mut damaged = whole.clone();
            damaged[place] = value;
            std::fs::write(&file, &damaged).unwrap();
            let error = in_memory(&file).unwrap_err().to_string();
            assert!(error.contains(&name), "{error}");
            for source in [Source::map(&file), Source::file(&file)] {
                let document =
                    codec::Document::read_with(source.unwrap(), &ReadOptions::default()).unwrap();
                let opened = document.state_map().unwrap();
                let errors = opened.damaged();
                let [(key, error)] = &errors[..] else { panic!("{errors:?}") };
                assert_eq!(*key, format!("t{nth}"));
                assert!(error.to_string().contains(&name), "{error}");
                assert!(opened.get(key).unwrap().bytes().is_err(), "{name}");
            }
        }
    }
}
