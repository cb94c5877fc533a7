//! What kind of file it is, by its content.

use crate::codec::read::error::ReadError;

/// The containers that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detected {
    Zip,
    Legacy,
    Tar,
    Pickle,
}

/// The first pickle of a legacy stream holds this number, in binary or (protocols 0 and 1) as text.
const LEGACY_MAGIC: &[u8] =
    &[0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_MAGIC_TEXT: &[u8] = b"L119547037146038801333356L\n";

/// How pickles of protocols 0 and 1, which have no header, start where Python wrote a container.
const OLD_PICKLES: &[&[u8]] =
    &[b"(dp", b"(lp", b"(tp", b"}q", b"]q", b"ccollections\n", b"ctorch."];

const RESAVE: &str = "load it with torch.load and save it again with torch.save";

/// What can be told from the first bytes alone.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"PK\x05\x06", "an empty ZIP archive", "save the checkpoint again"),
    (b"PYTORCH1", "an archive of a preview release of PyTorch", RESAVE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "load it with h5py or Keras"),
    (b"\x1f\x8b", "a gzip-compressed file", "decompress it first: gzip -d"),
    (b"BZh", "a bzip2-compressed file", "decompress it first: bzip2 -d"),
    (b"\xfd7zXZ\0", "an xz-compressed file", "decompress it first: xz -d"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file", "decompress it first: zstd -d"),
    (b"\x93NUMPY", "a NumPy array file", "load it with numpy.load"),
    (b"GGUF", "a GGUF model", "load it with a GGUF library"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself: git lfs pull"),
];

/// How many bytes of the start detection looks at.
pub(super) const HEAD: usize = 512;

/// Tells what a file is from its first bytes.
pub(super) fn detect(head: &[u8], file_len: u64) -> Result<Detected, ReadError> {
    if head.is_empty() {
        let advice = "the copy or download did not finish";
        return Err(ReadError::Foreign { found: "an empty file", advice });
    }
    if head.starts_with(b"PK\x03\x04") {
        return Ok(Detected::Zip);
    }
    for &(signature, found, advice) in SIGNATURES {
        if head.starts_with(signature) {
            return Err(ReadError::Foreign { found, advice });
        }
    }
    if is_safetensors(head, file_len) {
        let advice = "load it with the safetensors crate";
        return Err(ReadError::Foreign { found: "a safetensors file", advice });
    }
    if head.get(257..262) == Some(b"ustar") {
        return Ok(Detected::Tar);
    }
    if is_legacy(head) {
        return Ok(Detected::Legacy);
    }
    let headed = matches!(head, [0x80, 0..=5, ..]);
    if headed || OLD_PICKLES.iter().any(|start| head.starts_with(start)) {
        return Ok(Detected::Pickle);
    }
    let advice = "check that it is the file you meant, and that it was copied whole";
    Err(ReadError::Foreign { found: "a file of unknown kind", advice })
}

/// How many bytes tell whether a stream starts.
pub(super) const LEGACY_HEAD: usize = 32;

/// Whether the stream that torch.save wrote before PyTorch 1.6 starts here.
pub(super) fn is_legacy(head: &[u8]) -> bool {
    let after = match head {
        // Protocols 4 and 5 put the length of what follows before it.
        [0x80, 4 | 5, 0x95, _, _, _, _, _, _, _, _, rest @ ..] | [0x80, 0..=5, rest @ ..] => rest,
        rest => return rest.starts_with(LEGACY_MAGIC_TEXT),
    };
    after.starts_with(LEGACY_MAGIC)
}

/// A length, and as long a JSON object.
fn is_safetensors(head: &[u8], file_len: u64) -> bool {
    match head.split_first_chunk::<8>() {
        Some((length, [b'{', ..])) => {
            u64::from_le_bytes(*length).checked_add(8).is_some_and(|end| end <= file_len)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(head: &[u8]) -> String {
        detect(head, 1000).unwrap_err().to_string()
    }

    #[test]
    fn each_kind_is_named() {
        assert_eq!(detect(b"PK\x03\x04", 4).unwrap(), Detected::Zip);
        assert_eq!(detect(b"\x80\x02}.", 4).unwrap(), Detected::Pickle);
        assert!(found(b"").contains("empty file"));
        assert!(found(b"\x89HDF\r\n\x1a\nxx").contains("HDF5"));
        assert!(found(b"\x1f\x8b\x08").contains("gzip"));
        assert!(found(b"\x08\0\0\0\0\0\0\0{\"a\":1}").contains("safetensors"));
        assert!(found(b"hello world").contains("unknown kind"));
        let mut legacy = vec![0x80, 2];
        legacy.extend(LEGACY_MAGIC);
        assert_eq!(detect(&legacy, 1000).unwrap(), Detected::Legacy);
        let mut framed = vec![0x80, 4, 0x95, 13, 0, 0, 0, 0, 0, 0, 0];
        framed.extend(LEGACY_MAGIC);
        assert_eq!(detect(&framed, 1000).unwrap(), Detected::Legacy);
        assert_eq!(detect(LEGACY_MAGIC_TEXT, 1000).unwrap(), Detected::Legacy);
        assert_eq!(detect(b"(dp0\nS'a'\n", 1000).unwrap(), Detected::Pickle);
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(detect(&tar, 1000).unwrap(), Detected::Tar);
    }
}
