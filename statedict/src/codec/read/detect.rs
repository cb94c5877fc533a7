//! What kind of file it is, by its content.

use crate::codec::read::error::ReadError;

/// The containers that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detected {
    Zip,
    Pickle,
}

/// The first pickle of a legacy stream holds this number.
const LEGACY_MAGIC: [u8; 12] =
    [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

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
        let found = "a tar archive, perhaps a checkpoint of PyTorch 0.1, which cannot be read yet";
        return Err(ReadError::Foreign { found, advice: RESAVE });
    }
    if let [0x80, protocol, rest @ ..] = head
        && *protocol <= 5
    {
        if rest.starts_with(&LEGACY_MAGIC) {
            let found =
                "a checkpoint in the format of before PyTorch 1.6, which cannot be read yet";
            return Err(ReadError::Foreign { found, advice: RESAVE });
        }
        return Ok(Detected::Pickle);
    }
    let advice = "check that it is the file you meant, and that it was copied whole";
    Err(ReadError::Foreign { found: "a file of unknown kind", advice })
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
        assert!(found(&legacy).contains("before PyTorch 1.6"));
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(found(&tar).contains("tar archive"));
    }
}
