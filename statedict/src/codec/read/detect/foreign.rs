//! What is not a checkpoint that can be read, by name, with what to do about it.

use crate::codec::read::detect::legacy::{damage_of_legacy, damaged_legacy};
use crate::codec::read::detect::shard_index;
use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;
use crate::codec::read::zip::Directory;

/// How the start of a file tells what it is.
enum Start {
    /// These bytes.
    Bytes(&'static [u8]),
    /// This text after white space, whatever the case of its letters.
    Text(&'static str),
}

use Start::{Bytes, Text};

const RESAVE: &str = "load it with torch.load and save it again with torch.save";
const GGML: &str = "load it with a GGML library";
const SERVER: &str = "a server answered with it in place of the file: read it to see why, and \
    download the file again";

/// The files that are told apart: how each starts, what it is, what to do.
const KINDS: &[(Start, &str, &str)] = &[
    (Bytes(b"PK\x05\x06"), "an empty ZIP archive", "save the checkpoint again"),
    (Bytes(b"PYTORCH1"), "an archive of a preview release of PyTorch", RESAVE),
    (Bytes(b"\x89HDF\r\n\x1a\n"), "an HDF5 file", "load it with h5py or Keras"),
    (Bytes(b"\x1f\x8b"), "a gzip-compressed file", "decompress it first: gzip -d"),
    (Bytes(b"BZh"), "a bzip2-compressed file", "decompress it first: bzip2 -d"),
    (Bytes(b"\xfd7zXZ\0"), "an xz-compressed file", "decompress it first: xz -d"),
    (Bytes(b"\x28\xb5\x2f\xfd"), "a zstd-compressed file", "decompress it first: zstd -d"),
    (Bytes(b"x\x01"), "a zlib-compressed file", ZLIB),
    (Bytes(b"x\x5e"), "a zlib-compressed file", ZLIB),
    (Bytes(b"x\x9c"), "a zlib-compressed file", ZLIB),
    (Bytes(b"x\xda"), "a zlib-compressed file", ZLIB),
    (Bytes(b"\x93NUMPY"), "a NumPy array file", "load it with numpy.load"),
    (Bytes(b"GGUF"), "a GGUF model", "load it with a GGUF library"),
    (Bytes(b"lmgg"), "a GGML model", GGML),
    (Bytes(b"fmgg"), "a GGML model", GGML),
    (Bytes(b"tjgg"), "a GGML model", GGML),
    (Bytes(b"algg"), "a GGML adapter", GGML),
    (Bytes(b"version https://git-lfs"), "a Git LFS pointer", "fetch the file itself: git lfs pull"),
    (Text("<!doctype html"), "an HTML page", SERVER),
    (Text("<html"), "an HTML page", SERVER),
    (Text("<head"), "an HTML page", SERVER),
    (Text("<?xml"), "an XML document", SERVER),
    (Text("<error>"), "an XML document", SERVER),
    (Text("entry not found"), "the text of an HTTP error", SERVER),
    (Text("repository not found"), "the text of an HTTP error", SERVER),
    (Text("invalid username or password"), "the text of an HTTP error", SERVER),
    (Text("access to model"), "the text of an HTTP error", SERVER),
    (Text("404: not found"), "the text of an HTTP error", SERVER),
];

/// zlib compresses what joblib dumps with `compress`.
const ZLIB: &str =
    "if joblib wrote it, load it with joblib.load and save its tensors with torch.save";

/// The pickles that are told by the modules of the classes they name.
const CLASSES: &[(&str, &str, &str)] = &[
    (
        "torch.distributed.checkpoint",
        "the `.metadata` of a distributed checkpoint",
        "make one file of its folder: python -m torch.distributed.checkpoint.format_utils \
         dcp_to_torch FOLDER FILE.pt",
    ),
    ("joblib", "a file of joblib", "load it with joblib.load and save its tensors with torch.save"),
];

fn foreign(found: &'static str, advice: &'static str) -> ReadError {
    ReadError::Foreign { found: found.into(), advice: advice.into() }
}

/// Returns the error that names a file in no format that can be read.
pub(super) fn name(source: &Source, head: &[u8]) -> Result<ReadError, ReadError> {
    if head.is_empty() {
        return Ok(foreign("an empty file", "the copy or download did not finish"));
    }
    if let Some(found) = damage_of_legacy(head) {
        return Ok(damaged_legacy(found));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    for (start, found, advice) in KINDS {
        let is_it = match start {
            Bytes(bytes) => head.starts_with(bytes),
            Text(words) => text
                .get(..words.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(words.as_bytes())),
        };
        if is_it {
            return Ok(foreign(found, advice));
        }
    }
    if let [b'{' | b'[', rest @ ..] = text
        && matches!(rest.trim_ascii_start(), [b'"' | b'{' | b'[' | b'}' | b']' | b'0'..=b'9', ..])
    {
        return json(source);
    }
    let advice = "check that it is the file you meant, and that it was copied whole";
    Ok(foreign("a file of unknown kind", advice))
}

/// Returns the error that names a JSON file: the index of a sharded checkpoint names its shards.
fn json(source: &Source) -> Result<ReadError, ReadError> {
    let text = source.up_to(0, shard_index::LONGEST)?;
    Ok(match shard_index::described(&text) {
        Some((found, advice)) => ReadError::Foreign { found: found.into(), advice: advice.into() },
        None => foreign("a JSON file", "name the file with the tensors instead"),
    })
}

/// Returns the error for an archive of another kind, where its members tell that it is one.
pub(in crate::codec::read) fn of_archive(directory: &Directory) -> Option<ReadError> {
    let has = |name: &str| directory.find(name).is_some();
    if has(".data/extern_modules") {
        return Some(foreign(
            "an archive of torch.package",
            "load the model from it with torch.package.PackageImporter and save its state_dict() with torch.save",
        ));
    }
    let is_old = has("model.json") && !has("data.pkl") && !has("archive_format");
    is_old.then(|| {
        foreign(
            "a TorchScript archive of PyTorch before 1.3",
            "load it with torch.jit.load and save its state_dict() with torch.save",
        )
    })
}

/// Returns the error for an archive of files, where one of them is a checkpoint.
pub(in crate::codec::read) fn of_files(names: &[String], archive: &str) -> Option<ReadError> {
    let is_checkpoint = |name: &&String| {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        ["ckpt", "pt", "pth", "bin", "safetensors"].contains(&end)
    };
    let name = names.iter().filter(is_checkpoint).min()?;
    Some(ReadError::Foreign {
        found: format!("an archive with the checkpoint `{name}` in it").into(),
        advice: format!("name that as well: `{archive}!{name}`").into(),
    })
}

/// Returns the error for a pickle that names a class of a module, where that tells what the file is.
pub(in crate::codec::read) fn of_class(module: &str) -> Option<ReadError> {
    let is_in = |package: &str| {
        module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = CLASSES.iter().find(|(package, ..)| is_in(package));
    found.map(|&(_, found, advice)| foreign(found, advice))
}
