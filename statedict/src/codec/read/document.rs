//! What a checkpoint file holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::codec::read::container;
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::codec::read::warning::Warning;
use crate::value::{Graph, Value};

/// A checkpoint file that has been opened: its values, and its tensors as lazy views.
#[derive(Debug)]
pub struct Document {
    pub(super) graph: Arc<Graph<'static>>,
    pub(super) container: ContainerKind,
    pub(super) byte_order: ByteOrder,
    pub(super) warnings: Vec<Warning>,
    pub(super) facts: FileFacts,
}

/// The facts about a file that hold after its values were edited too.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileFacts {
    /// The length that all names may have together where a pickled module is read as its state dict.
    pub(super) whole_models: Option<u64>,
    /// The length that all names may have together where nested dicts are read as one state dict.
    pub(super) flatten: Option<u64>,
    /// The `__metadata__` of a safetensors file.
    pub(super) metadata: BTreeMap<String, String>,
}

impl Document {
    /// Opens the checkpoint at `path`. No tensor is read: that happens when one is asked for.
    ///
    /// With the feature `mmap` the file is mapped where the system can; see [`Source::map`] for what that asks of
    /// you, and [`ReadOptions::mmap`] for how to do without.
    ///
    /// ```no_run
    /// use statedict::codec::Document;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = Document::open("model.pt")?.state_map()?;
    /// for (key, tensor) in map.iter() {
    ///     println!("{key}: {} {}", tensor.dtype(), tensor.shape());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, is no checkpoint, or holds what this reader refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Document::open_with(path, &ReadOptions::new())
    }

    /// Opens the checkpoint at `path` with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn open_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, ReadError> {
        let path = path.as_ref();
        // What is read whole is not mapped first.
        let source = match options.mmap && !options.in_memory {
            true => Source::open(path),
            false => Source::file(path),
        };
        let source =
            source.map_err(|source| ReadError::Io { file: path.display().to_string(), source })?;
        Document::read_with(source, options)
    }

    /// Reads the checkpoint that `source` holds. No tensor is read: that happens when one is asked for.
    ///
    /// ```
    /// use statedict::codec::{Document, ReadError, Source};
    ///
    /// let error = Document::read(Source::bytes(b"hello")).unwrap_err();
    /// assert!(matches!(error, ReadError::Foreign { .. }));
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(source: Source) -> Result<Self, ReadError> {
        Document::read_with(source, &ReadOptions::new())
    }

    /// Reads the checkpoint that `source` holds, with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn read_with(source: Source, options: &ReadOptions) -> Result<Self, ReadError> {
        container::read(source, options)
    }

    /// Reads all objects of a file into which `torch.save` was called several times.
    ///
    /// PyTorch before 1.6 could do so (and can still, with `_use_new_zipfile_serialization=False`), and
    /// reads them back by calling `torch.load` as often. Every other file holds one object.
    ///
    /// # Errors
    /// As [`open`](Self::open), for any of the objects.
    pub fn read_all(source: Source) -> Result<Vec<Self>, ReadError> {
        Document::read_all_with(source, &ReadOptions::new())
    }

    /// Reads all objects of a file with options; see [`read_all`](Self::read_all).
    ///
    /// # Errors
    /// As [`open`](Self::open), for any of the objects.
    pub fn read_all_with(source: Source, options: &ReadOptions) -> Result<Vec<Self>, ReadError> {
        container::read_all(source, options)
    }

    /// The value that the file holds.
    pub fn root(&self) -> Value<'_> {
        self.graph.root()
    }

    /// The graph of values. A copy of it can be changed, and written with [`Graph::save`]:
    /// texts and tensors stay in the file, and those that cannot be represented are written as they were.
    ///
    /// ```no_run
    /// use statedict::{WriteOptions, codec};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let document = codec::Document::open_with("checkpoint.pt", &codec::ReadOptions::default().opaque(true))?;
    /// let mut graph = (**document.graph()).clone();
    /// let root = graph.root().value_id();
    /// graph.set(root, "epoch", 0)?;
    /// // Everything else is as it was.
    /// graph.save_with("checkpoint.pt", &WriteOptions::default().keep_storage(true))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn graph(&self) -> &Arc<Graph<'static>> {
        &self.graph
    }

    /// Returns the same file with other values: an edited copy of its [`graph`](Self::graph).
    #[must_use]
    pub fn with_graph(self, graph: Graph<'static>) -> Self {
        Document { graph: Arc::new(graph), ..self }
    }

    /// Returns the container that the values are packed in.
    pub fn container(&self) -> ContainerKind {
        self.container
    }

    /// The byte order of the file. What is read from it is little-endian in either case.
    pub fn byte_order(&self) -> ByteOrder {
        self.byte_order
    }

    /// Returns the `__metadata__` of a safetensors file, without the order, the versions and the ties that
    /// saving recorded there: those are part of the state dict. Other files have none.
    pub fn file_metadata(&self) -> &BTreeMap<String, String> {
        &self.facts.metadata
    }

    pub(crate) fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// Returns what is unusual about the file.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
