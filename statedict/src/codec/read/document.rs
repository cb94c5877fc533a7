//! What a checkpoint file holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashSet;

use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::warning::Warning;
use crate::value::{Graph, Value};

/// A checkpoint file that has been opened: its values, and its tensors as lazy views.
#[derive(Debug, Clone)]
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
    /// The keys of the parameters, where the file tells them from buffers.
    pub(super) parameters: Option<Arc<HashSet<String>>>,
}

impl Document {
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

    /// Returns `true` for the key of a parameter and `false` for that of a buffer or of anything else; `None` where the
    /// file does not tell. TorchScript archives and exported programs do; of the latter, where a file
    /// holds several, a key begins with the program's name.
    pub fn is_parameter(&self, key: &str) -> Option<bool> {
        self.facts.parameters.as_ref().map(|parameters| parameters.contains(key))
    }

    pub(crate) fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// Returns what is unusual about the file.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
