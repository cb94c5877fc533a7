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

mod edit;
mod error;
mod find;
mod find_error;
mod listing;
mod location;
pub(crate) mod optimizer;
mod read;
mod shape;
#[cfg(feature = "serde")]
mod typed;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub use crate::contents::{PathSyntax, Segment, ValuePath};
pub use error::CheckpointError;
pub use find_error::{Candidate, FindError};
pub use listing::Listed;
#[cfg(feature = "serde")]
pub use typed::{from_value, to_graph};

use crate::codec::read::FileFacts;
use crate::codec::write::{self, WriteError, WriteOptions};
use crate::codec::{Document, ReadError, ReadOptions, Source};
use crate::value::{Graph, Value};

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
///
/// A clone shares everything with the checkpoint that it is of, until either is changed. It costs nothing, and may
/// borrow what lives less long. What is put into a checkpoint must live as long as its variable, so to add
/// something that was made after a file was opened, add it to a clone:
///
/// ```
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Net {
///     #[param]
///     weight: Vec<f32>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.pt");
/// # Checkpoint::new().save(&path)?;
/// let checkpoint = Checkpoint::open(&path)?;
/// let net = Net { weight: vec![1.0] };
/// let mut next = checkpoint.clone();
/// next.set_state_dict("model", &net)?;
/// next.save(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoint<'a> {
    graph: Arc<Graph<'a>>,
    /// The file that the graph was read from, until it is edited.
    file: Option<Document>,
    /// The facts of that file, which hold after edits too.
    facts: FileFacts,
}

impl Checkpoint<'static> {
    /// Reads the checkpoint that `source` holds: bytes in memory, a reader.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(source: Source) -> Result<Self, ReadError> {
        Checkpoint::read_with(source, &ReadOptions::new())
    }

    /// Reads the checkpoint that `source` holds, with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn read_with(source: Source, options: &ReadOptions) -> Result<Self, ReadError> {
        Ok(Document::read_with(source, options)?.into())
    }
}

impl<'a> Checkpoint<'a> {
    /// A checkpoint that holds an empty dict.
    pub fn new() -> Self {
        Graph::new().into()
    }

    /// Saves the values in PyTorch's format.
    pub(crate) fn save_values(
        &self,
        path: &Path,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        write::save_graph(&self.graph, path, options)
    }

    /// Writes the checkpoint to a writer; see [`StateMap::write`](crate::StateMap::write).
    ///
    /// # Errors
    /// As [`save`](Self::save); after an error an incomplete archive may have been written.
    pub fn write(&self, writer: impl Write) -> Result<(), WriteError> {
        self.write_with(writer, &WriteOptions::new())
    }

    /// Writes the checkpoint to a writer with options.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_with(
        &self,
        mut writer: impl Write,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        write::write_graph(&self.graph, &mut writer, &options.clone().keep_storage_unless_set())
    }

    /// The file it was opened from, as long as nothing of it was edited.
    pub fn document(&self) -> Option<&Document> {
        self.file.as_ref()
    }

    fn root(&self) -> Value<'_> {
        self.graph.root()
    }

    fn is_whole_model(&self, value: Value<'_>) -> bool {
        self.facts.is_whole_model(value)
    }
}

impl Default for Checkpoint<'_> {
    fn default() -> Self {
        Checkpoint::new()
    }
}

impl From<Document> for Checkpoint<'_> {
    fn from(document: Document) -> Self {
        let (graph, facts) = (Arc::clone(document.graph()), document.facts().clone());
        Checkpoint { graph, facts, file: Some(document) }
    }
}

impl<'a> From<Graph<'a>> for Checkpoint<'a> {
    fn from(graph: Graph<'a>) -> Self {
        Checkpoint { graph: Arc::new(graph), facts: FileFacts::default(), file: None }
    }
}
