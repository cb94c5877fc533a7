//! What a folder is, where a file was expected.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::codec::read::detect::shard_index;

/// So many entries of a folder are looked at.
const MOST: usize = 10_000;

/// The endings of files that may hold a checkpoint.
const CHECKPOINTS: [&str; 7] = [".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar", ".pkl"];

/// The kind of a folder.
#[derive(Debug)]
pub(in crate::codec::read) enum Folder {
    /// The extracted content of a ZIP archive of torch.save.
    Extracted,
    /// A checkpoint of torch.distributed.checkpoint: `.metadata` and `.distcp` files.
    Distributed,
    /// A checkpoint in several files, with the name of its index.
    Sharded { index: String, shards: Vec<String> },
    /// A repository in the cache of the Hugging Face hub.
    HubCache,
    /// Any other, with the checkpoint files in it.
    Plain { files: Vec<String> },
}

impl Folder {
    /// Looks at the folder at `path`.
    pub(in crate::codec::read) fn at(path: &Path) -> Folder {
        let has = |name: &str| path.join(name).exists();
        if has("data.pkl") && (has("data") || has("version")) {
            return Folder::Extracted;
        }
        if has(".metadata") {
            return Folder::Distributed;
        }
        if has("refs") && has("snapshots") && has("blobs") {
            return Folder::HubCache;
        }
        let entries = fs::read_dir(path).into_iter().flatten().flatten().take(MOST);
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        if names.iter().any(|name| name.ends_with(".distcp")) {
            return Folder::Distributed;
        }
        if let Some(index) = names.iter().find(|name| name.ends_with(".index.json")) {
            let text = fs::read(path.join(index)).unwrap_or_default();
            let shards = shard_index::shards(&text).unwrap_or_default();
            return Folder::Sharded { index: index.clone(), shards };
        }
        names.retain(|name| CHECKPOINTS.iter().any(|end| name.ends_with(end)));
        Folder::Plain { files: names }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Folder::Extracted => f.write_str(
                "it is a directory with an extracted archive of torch.save; make a file of it \
                 again: zip -r -0 FILE.pt FOLDER, from the folder that it is in",
            ),
            Folder::Distributed => f.write_str(
                "it is a directory with a distributed checkpoint; make one file of it: python -m \
                 torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pt",
            ),
            Folder::Sharded { index, shards } => write!(
                f,
                "it is a directory with a checkpoint in {} files, of which `{index}` is the index; \
                 load each of them: {}",
                shards.len(),
                shard_index::listed(shards)
            ),
            Folder::HubCache => f.write_str(
                "it is a directory of the cache of the Hugging Face hub; name a file in one of \
                 its `snapshots`",
            ),
            Folder::Plain { files } if files.is_empty() => {
                f.write_str("it is a directory, and has no checkpoint file in it")
            }
            Folder::Plain { files } => {
                write!(f, "it is a directory; name a file in it: {}", shard_index::listed(files))
            }
        }
    }
}

impl std::error::Error for Folder {}
