//! The modules, tensors and values of a file as a tree, in an arena: a file can nest as deep as it is long.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::ops::Index;

use statedict::DType;
use statedict::contents::Step;
use statedict::tensor::Shape;
use statedict::value::Value;

use crate::failure::{Failure, refused};
use crate::glob::Filter;
use crate::opened::Opened;
use crate::path;
use crate::ties::Ties;
use crate::walk::{Found, Place, walk};

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Content {
    /// A module: a part of dotted keys.
    Module,
    /// A container of Python's, by the name of its type.
    Container(String),
    Tensor {
        dtype: DType,
        shape: Shape,
        tie: Option<Tied>,
    },
    Value(String),
    Refused(String),
}

/// That a tensor has several names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tied {
    pub(super) number: usize,
    /// Its first name, where this is another.
    pub(super) same_as: Option<String>,
}

/// Two blocks are laid out alike where both are tied, to whatever it is.
impl Hash for Tied {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.same_as.is_some().hash(state);
    }
}

/// A node of the tree.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) version: Option<i64>,
    pub(super) children: Vec<usize>,
    /// How many tensors, elements and bytes there are in it and below.
    pub(super) tensors: usize,
    pub(super) elements: u64,
    pub(super) nbytes: u64,
    /// Equal for nodes of the same layout.
    pub(super) layout: u128,
    parent: usize,
}

/// The tree; the root comes first, and each node after its parent.
pub(super) struct Nodes(Vec<Node>);

impl Index<usize> for Nodes {
    type Output = Node;

    fn index(&self, index: usize) -> &Node {
        &self.0[index]
    }
}

impl Nodes {
    pub(super) fn of(opened: &Opened, filter: &Filter) -> Result<Self, Failure> {
        let ties = Ties::find(opened)?;
        let most = opened.allowed.saturating_mul(4).saturating_add(1 << 23) / NODE;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let nodes = vec![node(String::new(), 0)];
        let mut builder = Builder { nodes, inner: HashMap::new(), most };
        let mut versions: Vec<(usize, Value<'_>)> = Vec::new();
        walk(opened, |at, found| {
            if !filter.is_all() && !filter.takes(&path::dotted(at.steps)) {
                // Versions are found by the modules' names.
                let Found::Metadata(_) = found else { return Ok(()) };
            }
            let place = builder.place(at, &found);
            let content = match found {
                Found::Tensor(tensor, _) => {
                    let name = ties.of(&tensor).map(|tie| (tie, at.name()));
                    let tie = name.map(|(tie, name)| Tied {
                        number: tie.number,
                        same_as: Some(tie.first.clone()).filter(|first| *first != name),
                    });
                    let node = &mut builder.nodes[place];
                    node.tensors += 1;
                    node.elements = node.elements.saturating_add(u64::try_from(tensor.numel())?);
                    // Of what is tied, the bytes are counted once.
                    let is_other = tie.as_ref().is_some_and(|tie| tie.same_as.is_some());
                    let nbytes = if is_other { 0 } else { u64::try_from(tensor.nbytes())? };
                    node.nbytes = node.nbytes.saturating_add(nbytes);
                    Content::Tensor { dtype: tensor.dtype(), shape: tensor.shape().clone(), tie }
                }
                Found::Refused(refusal) => Content::Refused(refused(refusal)),
                Found::Leaf(value) | Found::Flag(value) => Content::Value(format!("{value:?}")),
                Found::Long(value) => {
                    Content::Value(format!("(a text of {} bytes)", value.text_len()))
                }
                Found::Same(first) => Content::Value(format!("(the same as {first})")),
                Found::Cycle => Content::Value("(itself)".to_owned()),
                Found::Container(value) => Content::Container(value.type_name()),
                Found::Metadata(metadata) => {
                    versions.push((place, metadata));
                    Content::Module
                }
            };
            if builder.nodes[place].name != BEYOND {
                builder.nodes[place].content = content;
            }
            Ok(())
        })?;
        for (place, metadata) in versions {
            builder.set_versions(place, metadata);
        }
        let mut nodes = builder.nodes;
        sum_up(&mut nodes);
        Ok(Nodes(nodes))
    }
}

fn node(name: String, parent: usize) -> Node {
    Node {
        name,
        content: Content::Module,
        version: None,
        children: Vec::new(),
        tensors: 0,
        elements: 0,
        nbytes: 0,
        layout: 0,
        parent,
    }
}

/// About how many bytes a node takes.
const NODE: u64 = 400;
/// What stands for the rest of a value's parts, where showing them takes more memory than the file explains.
const BEYOND: &str = "…";

struct Builder {
    nodes: Vec<Node>,
    /// From so many nodes on, what is new is not shown by itself.
    most: usize,
    /// The nodes that can have others below them, by parent and name.
    inner: HashMap<(usize, String), usize>,
}

impl Builder {
    /// The node at a path; keys of tensors are taken apart at their dots.
    fn place(&mut self, place: &Place<'_, '_>, found: &Found<'_>) -> usize {
        let mut at = 0;
        for (depth, step) in place.steps.iter().enumerate() {
            let is_last = depth + 1 == place.steps.len();
            match path::text(step) {
                Some(key) if is_dotted(key, is_last, found) => {
                    let mut parts = key.split('.').peekable();
                    while let Some(part) = parts.next() {
                        let is_leaf = is_last && parts.peek().is_none();
                        at = self.child(at, part.to_owned(), is_leaf);
                    }
                }
                // What reads like a key of another kind is quoted.
                Some(key) if !key.starts_with(['[', '.']) => {
                    at = self.child(at, key.to_owned(), false)
                }
                _ => {
                    let name = match step {
                        Step::Attribute(name) => format!(".{name}"),
                        Step::Index(index) => index.to_string(),
                        // As it is typed: a str may read like the key that it is not.
                        step => path::path(std::slice::from_ref(step)).to_string(),
                    };
                    at = self.child(at, name, false);
                }
            }
        }
        at
    }

    fn child(&mut self, parent: usize, mut name: String, mut is_leaf: bool) -> usize {
        if self.nodes.len() >= self.most && !self.inner.contains_key(&(parent, name.clone())) {
            (name, is_leaf) = (BEYOND.to_owned(), false);
        }
        // A tensor whose name is a module's too gets a line of its own.
        if !is_leaf && let Some(&found) = self.inner.get(&(parent, name.clone())) {
            return found;
        }
        let place = self.nodes.len();
        self.nodes.push(node(name.clone(), parent));
        if name == BEYOND {
            self.nodes[place].content = Content::Value("more, which is not shown".to_owned());
        }
        self.nodes[parent].children.push(place);
        if !is_leaf {
            self.inner.insert((parent, name), place);
        }
        place
    }

    fn set_versions(&mut self, root: usize, metadata: Value<'_>) {
        for (path, entry) in metadata.as_mapping().into_iter().flat_map(|dict| dict.iter()) {
            let version = entry.get("version").and_then(|version| version.as_i64());
            let mut at = Some(root);
            for part in path.as_str().unwrap_or_default().split('.').filter(|part| !part.is_empty())
            {
                at = at.and_then(|at| self.inner.get(&(at, part.to_owned())).copied());
            }
            if let Some(at) = at {
                self.nodes[at].version = version;
            }
        }
    }
}

/// Whether a key consists of modules' names: that of a tensor, or of a module's extra state.
fn is_dotted(key: &str, is_last: bool, found: &Found<'_>) -> bool {
    let is_tensor = matches!(found, Found::Tensor(..) | Found::Refused(_));
    (is_last && is_tensor) || key.ends_with("._extra_state")
}

/// Sums and layouts, from the leaves to the root.
fn sum_up(nodes: &mut [Node]) {
    // Keys that nobody can know, so that no file can make two layouts look alike.
    let (first, second) = (RandomState::new(), RandomState::new());
    for place in (0..nodes.len()).rev() {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            let node = &nodes[place];
            node.content.hash(&mut hasher);
            node.version.hash(&mut hasher);
            node.children.len().hash(&mut hasher);
            for &child in &node.children {
                (&nodes[child].name, nodes[child].layout).hash(&mut hasher);
            }
            hasher.finish()
        };
        nodes[place].layout = (u128::from(half(&first)) << 64) | u128::from(half(&second));
        if place > 0 {
            let (tensors, elements, nbytes) =
                (nodes[place].tensors, nodes[place].elements, nodes[place].nbytes);
            let parent = nodes[place].parent;
            let parent = &mut nodes[parent];
            parent.tensors += tensors;
            parent.elements = parent.elements.saturating_add(elements);
            parent.nbytes = parent.nbytes.saturating_add(nbytes);
        }
    }
}
