//! What the fuzz targets do, for some seconds, with the compiler that everybody has: each file of their corpora, and
//! changes of it that follow from its name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::counting::Turn;
use crate::fuzz::{self, amplify, programs};

/// How many changes are made to each file.
const CHANGES: usize = 150;

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn of(name: &str) -> Self {
        Random(name.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }
}

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{} has no files", folder.display());
    files.sort();
    files
}

/// The bytes with a few of them changed, taken away, or taken from elsewhere in the file.
fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes.truncate(at.max(1)),
            1 => {
                let from = random.below(bytes.len());
                let len = random.below((bytes.len() - from.max(at)).max(1));
                bytes.copy_within(from..from + len, at);
            }
            _ => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        }
    }
    bytes
}

fn run(turn: &Turn, bytes: &[u8], about: &str) {
    let ((), cost) = turn.measure(|| {
        fuzz::read(bytes);
        fuzz::scan(bytes);
    });
    assert!(cost.peak <= (32 << 20) + 16 * bytes.len(), "{about}: {cost} of {}", bytes.len());
}

#[test]
fn every_target_takes_its_corpus_and_changes_of_it() {
    let turn = Turn::wait();
    let statements = amplify::statements();
    for target in ["zip", "stream", "tar", "pickle", "amplify", "programs"] {
        for path in files(target) {
            let bytes = fs::read(&path).unwrap();
            let file = |bytes: &[u8]| match target {
                "pickle" => [b"\x80\x02", bytes].concat(),
                "amplify" => amplify::of_bytes(bytes, &statements),
                "programs" => programs::of_bytes(bytes),
                _ => bytes.to_vec(),
            };
            let about = path.display().to_string();
            run(&turn, &file(&bytes), &about);
            let mut random = Random::of(&path.file_name().unwrap().to_string_lossy());
            // Those of large files take longer.
            let changes = if target == "amplify" { 12 } else { CHANGES };
            for change in 0..changes {
                let about = format!("{about}, change {change}");
                run(&turn, &file(&changed(&bytes, &mut random)), &about);
            }
        }
    }
}
