//! What every target does with its bytes: everything that reading a file can do.

use statedict::codec::{self, ReadOptions, Source};

/// Reads all objects of a file, and everything of each that its size explains.
pub fn read(bytes: &[u8]) {
    for opaque in [false, true] {
        let options = ReadOptions::default().opaque(opaque).whole_models(opaque);
        let source = Source::bytes(bytes.to_vec());
        let documents = match codec::read_all(source, &options) {
            Ok(documents) => documents,
            Err(error) => {
                let text = error.to_string();
                assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
                continue;
            }
        };
        for document in documents {
            let _ = format!("{document:?}");
            let Ok((map, _)) = document.state_map_partial(&[]) else { continue };
            for (_, tensor) in map.iter().filter(|(_, tensor)| tensor.nbytes() <= bytes.len()) {
                let _ = tensor.storage().verify();
                let _ = tensor.bytes();
            }
        }
    }
}
