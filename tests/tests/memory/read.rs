//! What reading costs, whatever the bytes are: no panic, a typed error or values, and memory of at
//! most a small multiple of the file's size.

use statedict::codec::{self, ReadError, ReadOptions, Source};
use statedict::{StateMap, TensorView};

use crate::counting::Turn;

/// Opens, makes the map, and touches each tensor of the root and of the dicts in it, unless it is
/// larger than the file.
fn read(bytes: &'static [u8], opaque: bool) -> Result<(), ReadError> {
    let options = ReadOptions::default().opaque(opaque);
    // What is wrong with a file's storages is told at once, else when they are touched.
    if let Err(error) = codec::read(Source::bytes(bytes), &options.clone().in_memory(true)) {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let document = codec::read(Source::bytes(bytes), &options)?;
    let _ = document.state_map_partial(&[]);
    let dicts = document.root().as_dict().into_iter();
    let values = dicts.flat_map(|dict| dict.iter()).flat_map(|(_, value)| {
        let inner = value.as_dict().into_iter().flat_map(|dict| dict.iter());
        inner.map(|(_, value)| value).chain([value])
    });
    for tensor in values.filter_map(|value| value.as_tensor()) {
        let _ = tensor.storage().verify();
        if tensor.nbytes() <= bytes.len() {
            let _ = tensor.bytes();
        }
    }
    Ok(())
}

fn check(turn: &Turn, file: &[u8], opaque: bool, about: &str) -> bool {
    // Not a part of what reading costs; given back below.
    let leaked: &'static mut [u8] = Box::leak(file.to_vec().into_boxed_slice());
    let pointer = std::ptr::from_mut(leaked);
    // SAFETY: it came from a box, and nobody has it but this function.
    let bytes: &'static [u8] = unsafe { &*pointer };
    let (result, cost) = turn.measure(|| read(bytes, opaque));
    // Room for what every file costs: inflating takes about 50 KiB.
    let allowed = (256 << 10) + file.len() * 32;
    assert!(cost.peak <= allowed, "{about}: {cost} for a file of {}", file.len());
    let good = match result {
        Ok(_) => true,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{about}: {text:?}");
            // The bytes are in memory, so nothing failed but the file.
            assert!(!matches!(error, ReadError::Io { .. }), "{about}: {text}");
            false
        }
    };
    // SAFETY: as above; the document that borrowed it is gone.
    drop(unsafe { Box::from_raw(pointer) });
    good
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(statedict_tests::fixtures_folder().join("read").join(name)).unwrap()
}

/// ZIP archives with and without checksums and compression, streams and a tar archive, and how many
/// random changes are made to each.
const FILES: &[(&str, usize)] = &[
    ("state_dict.pt", 20_000),
    ("no_crc.pt", 100_000),
    ("deflated.pt", 20_000),
    ("legacy_checkpoint.pt", 100_000),
    ("old_slices.pt", 20_000),
    ("old_tar.pt", 100_000),
];

fn truncations(turn: &Turn) {
    for (name, _) in FILES {
        let whole = fixture(name);
        for len in 0..whole.len() {
            check(turn, &whole[..len], len % 2 == 0, &format!("{name} cut to {len}"));
        }
    }
}

fn random_changes(turn: &Turn) {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    for &(name, rounds) in FILES {
        let whole = fixture(name);
        let mut good = 0;
        for round in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=random(2) {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            good +=
                usize::from(check(turn, &bytes, round % 2 == 0, &format!("{name}, round {round}")));
        }
        assert!(good > 0 && good < rounds, "{name}: {good} of {rounds}");
    }
}

/// A million tensors need no limit to be raised, and cost some hundred bytes each.
fn a_million_tensors(turn: &Turn) {
    let base = TensorView::from_vec(vec![1.0f32; 4], [4]).unwrap();
    let mut map = StateMap::with_capacity(1_000_000);
    for index in 0..1_000_000 {
        map.insert(format!("layer.{index}.weight"), base.clone());
    }
    let folder = statedict_tests::temp_dir();
    let path = folder.path().join("million.pt");
    map.save(&path).unwrap();
    drop(map);
    let (document, cost) = turn.measure(|| codec::open(&path, &ReadOptions::default()).unwrap());
    let dict = document.root().as_dict().unwrap();
    assert_eq!(dict.len(), 1_000_000);
    let len = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    assert!(cost.peak <= len * 4, "{cost} for a file of {len}");
}

#[test]
fn memory_is_bounded_by_the_size_of_the_file() {
    let turn = Turn::wait();
    truncations(&turn);
    random_changes(&turn);
    a_million_tensors(&turn);
}
