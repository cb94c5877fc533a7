//! What reading costs, whatever the bytes are: no panic, a typed error or values, and memory of at
//! most a small multiple of the file's size.

use statedict::codec::{self, ReadError, ReadOptions, Source};
use statedict::contents::Contents;
use statedict::{StateMap, TensorView};

use crate::counting::Turn;

/// Opens, makes the map, and touches each tensor of the root and of the dicts in it, unless it is
/// larger than the file.
fn read(bytes: &'static [u8], opaque: bool) -> Result<(), ReadError> {
    let options = ReadOptions::default().opaque(opaque);
    // What is wrong with a file's storages is told at once, else when they are touched.
    if let Err(error) =
        codec::Document::read_with(Source::bytes(bytes), &options.clone().in_memory(true))
    {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let document = codec::Document::read_with(Source::bytes(bytes), &options)?;
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
    let (document, cost) =
        turn.measure(|| codec::Document::open_with(&path, &ReadOptions::default()).unwrap());
    let dict = document.root().as_dict().unwrap();
    assert_eq!(dict.len(), 1_000_000);
    let len = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    assert!(cost.peak <= len * 4, "{cost} for a file of {len}");
}

/// A list of very many values, as pickle writes it: a thousand at a time.
fn list_of(count: u32, value: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut pickle = b"\x80\x02]q\x00".to_vec();
    for start in (0..count).step_by(1000) {
        pickle.push(b'(');
        (start..count.min(start + 1000)).for_each(|index| pickle.extend(value(index)));
        pickle.push(b'e');
    }
    pickle.push(b'.');
    pickle
}

/// As pickle puts each list or tuple into its memo, from the second value on.
fn memoized(start: &[u8], index: u32, end: &[u8]) -> Vec<u8> {
    [start, b"r", &(index + 1).to_le_bytes(), end].concat()
}

/// Lists as samplers, vocabularies and annotations have them need no limit to be raised, nor does a walk over them.
#[test]
fn long_lists_need_no_limit_to_be_raised() {
    let turn = Turn::wait();
    let lists: [(&str, Vec<u8>); 6] = [
        ("bools", list_of(2_000_000, |index| vec![0x88 + u8::from(index % 2 == 0)])),
        ("bytes", list_of(2_000_000, |index| vec![b'K', index.to_le_bytes()[0]])),
        (
            "tokens",
            list_of(2_000_000, |index| {
                let [low, high, ..] = (index % 50_000).to_le_bytes();
                vec![b'M', low, high]
            }),
        ),
        ("lists", list_of(1_000_000, |index| memoized(b"]", index, b"K\x01a"))),
        ("empty lists", list_of(1_000_000, |index| memoized(b"]", index, b""))),
        ("pairs", list_of(1_000_000, |index| memoized(b"K\x01K\x02\x86", index, b""))),
    ];
    for (about, pickle) in lists {
        let len = pickle.len();
        let (found, cost) = turn.measure(|| {
            let source = Source::bytes(pickle);
            let document = codec::Document::read_with(source, &ReadOptions::default()).unwrap();
            let mut contents = Contents::of(document.root());
            let mut found = 0;
            while contents.advance().unwrap().is_some() {
                found += 1;
            }
            found
        });
        assert!(found >= 1_000_000, "{about}: {found}");
        let allowed = (32 << 20) + 16 * len;
        assert!(cost.peak <= allowed, "{about}: {cost} for a file of {len}");
    }
}

#[test]
fn memory_is_bounded_by_the_size_of_the_file() {
    let turn = Turn::wait();
    truncations(&turn);
    random_changes(&turn);
    a_million_tensors(&turn);
}
