//! What every target does with its bytes: everything that reading a file can do.

pub mod amplify;
pub mod large;
pub mod programs;

use statedict::codec::{self, ReadOptions, Source};
use statedict::contents::Contents;

/// Scans a file, whether it can be read or not.
pub fn scan(bytes: &[u8]) {
    if let Ok(scan) = codec::scan(Source::bytes(bytes.to_vec())) {
        let names = scan.pickles().iter().flat_map(|pickle| pickle.globals());
        let printed: usize = names.map(|global| global.module().len() + global.name().len()).sum();
        assert!(printed <= bytes.len() * 4 + (1 << 16), "{printed} bytes of names");
    }
}

/// Reads all objects of a file, and everything of each that its size explains.
pub fn read(bytes: &[u8]) {
    for opaque in [false, true] {
        let options = ReadOptions::default().opaque(opaque).whole_models(opaque);
        let source = Source::bytes(bytes.to_vec());
        let documents = match codec::Document::read_all_with(source, &options) {
            Ok(documents) => documents,
            Err(error) => {
                let text = error.to_string();
                assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
                continue;
            }
        };
        for document in documents {
            let _ = format!("{document:?}");
            let mut contents = Contents::of(document.root());
            while let Ok(Some(_)) = contents.advance() {}
            let Ok((map, _)) = document.state_map_partial(&[]) else { continue };
            for (_, tensor) in map.iter().filter(|(_, tensor)| tensor.nbytes() <= bytes.len()) {
                let _ = tensor.storage().verify();
                let _ = tensor.bytes();
            }
        }
    }
}
