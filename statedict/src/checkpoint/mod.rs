//! Checkpoints: whatever `torch.save` writes, not only a state dict.
//!
//! [`Checkpoint`] is the file; [`ValuePath`] says where in it something is.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

mod built;
mod edit;
mod error;
mod find;
mod listing;
mod location;
pub mod optimizer;
mod part;
mod path;
mod read;
mod scalar;
#[cfg(feature = "serde")]
mod typed;

use std::io::Write;
use std::path::Path;

pub use error::CheckpointError;
pub use find::{Candidate, FindError};
pub use listing::Listed;
pub use path::{PathSyntax, Segment, ValuePath};
#[cfg(feature = "serde")]
pub use typed::{from_value, to_tree};

use crate::checkpoint::part::Part;
use crate::codec::write::{self, WriteError, WriteOptions};
use crate::codec::{self, Document, ReadError, ReadOptions, Source};
use crate::error::Error;
use crate::value::Tree;

/// A checkpoint: a value of Python, usually a dict, with state dicts and whatever else belongs to a training.
///
/// An opened one is lazy: no tensor is read before it is asked for. One that was built or edited holds views of
/// the models and files its tensors come from, whose elements are read when it is saved. The lifetime is that of
/// the models it borrows.
///
/// ```
/// use statedict::prelude::*;
/// use statedict::Checkpoint;
///
/// #[derive(StateDict)]
/// struct Linear {
///     #[param]
///     weight: Vec<f32>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.pt");
/// let model = Linear { weight: vec![0.5, 0.25] };
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.set_value("epoch", 5)?;
/// checkpoint.set_state_dict("model_state_dict", &model)?;
/// checkpoint.save(&path)?; // As `torch.save({"epoch": 5, "model_state_dict": model.state_dict()}, path)`.
///
/// let mut checkpoint = Checkpoint::open(&path)?;
/// let mut fresh = Linear { weight: vec![0.0; 2] };
/// fresh.load_state_dict(&checkpoint.state_dict("model_state_dict")?)?;
/// assert_eq!(fresh.weight, model.weight);
///
/// checkpoint.set_value("epoch", 6)?;
/// checkpoint.save(&path)?; // Everything else is as it was, byte for byte.
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoint<'a> {
    /// What was opened, until it is edited: it is smaller than a tree of copies.
    file: Option<Document>,
    /// What was built or edited; nothing where there is a file.
    tree: Tree<'a>,
}

impl Checkpoint<'static> {
    /// Opens a checkpoint file, as `torch.load(path)`. No tensor is read before it is asked for.
    ///
    /// The file is mapped into memory (feature `mmap`): it must not be changed in place while the checkpoint, or
    /// a tensor of it, is in use. Replacing it by renaming, as [`save`](Checkpoint::save) does, is safe.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or holds what the reader refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Checkpoint::open_with(path, &ReadOptions::default())
    }

    /// Opens a checkpoint file with options: with [`opaque`](ReadOptions::opaque), values of unknown classes are
    /// kept, and written again as they were.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn open_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        let document = codec::open(path, options)
            .map_err(|source| Error::Read { path: path.to_owned(), source: Box::new(source) })?;
        Ok(document.into())
    }

    /// Reads the checkpoint that `source` holds: bytes in memory, a reader.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(source: Source, options: &ReadOptions) -> Result<Self, ReadError> {
        Ok(codec::read(source, options)?.into())
    }
}

impl<'a> Checkpoint<'a> {
    /// A checkpoint that holds an empty dict.
    pub fn new() -> Self {
        Tree::new().into()
    }

    /// Saves the checkpoint, as `torch.save(checkpoint, path)`. What [`save_map`](crate::save_map) says of files
    /// holds here too: the file that was there is replaced at once when the new one is complete.
    ///
    /// What was opened and not edited is written as it was, in a file of PyTorch 2.15 byte for byte; the file is an
    /// archive of that version, whatever it was before. As in PyTorch a tensor that is a part of a larger storage is
    /// written with all of that storage. [`save_with`](Self::save_with) can write the format of before 1.6
    /// ([`layout`](WriteOptions::layout)), and leave the rest of storages out
    /// ([`keep_storage`](WriteOptions::keep_storage)). A path that ends in `.safetensors` becomes a safetensors file
    /// (feature `safetensors`), where the checkpoint is a state dict and nothing else.
    ///
    /// # Errors
    /// Where a value cannot be written in PyTorch's format, a tensor's bytes cannot be read, or writing fails.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.save_with(path, &WriteOptions::new())
    }

    /// Saves the checkpoint with options.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<(), Error> {
        let (path, options) = (path.as_ref(), options.clone().keep_storage_unless_set());
        if options.writes_safetensors(Some(path)) {
            return self.state_dict(ValuePath::root())?.save_with(path, &options);
        }
        Ok(match &self.file {
            Some(document) => write::save_tree(&document.to_tree(), path, &options),
            None => write::save_tree(&self.tree, path, &options),
        }?)
    }

    /// Writes the checkpoint to a writer; see [`write_map`](crate::write_map).
    ///
    /// # Errors
    /// As [`save`](Self::save); after an error an incomplete archive may have been written.
    pub fn write(&self, writer: impl Write, options: &WriteOptions) -> Result<(), WriteError> {
        let options = options.clone().keep_storage_unless_set();
        match &self.file {
            Some(document) => write::write_tree(&document.to_tree(), writer, &options),
            None => write::write_tree(&self.tree, writer, &options),
        }
    }

    /// The file it was opened from, as long as nothing of it was edited.
    pub fn document(&self) -> Option<&Document> {
        self.file.as_ref()
    }

    fn root(&self) -> Part<'_, 'a> {
        match &self.file {
            Some(document) => Part::File(document.root()),
            None => Part::Built(&self.tree, self.tree.root()),
        }
    }

    fn is_whole_model(&self, part: Part<'_, 'a>) -> bool {
        match (part, &self.file) {
            (Part::File(value), Some(document)) => document.is_whole_model(value),
            _ => false,
        }
    }
}

impl Default for Checkpoint<'_> {
    fn default() -> Self {
        Checkpoint::new()
    }
}

impl From<Document> for Checkpoint<'_> {
    fn from(document: Document) -> Self {
        Checkpoint { file: Some(document), tree: Tree::new() }
    }
}

impl<'a> From<Tree<'a>> for Checkpoint<'a> {
    fn from(tree: Tree<'a>) -> Self {
        Checkpoint { file: None, tree }
    }
}
