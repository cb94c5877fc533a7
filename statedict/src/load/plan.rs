//! What the model expects: its names, and which of them an older state dict may lack.

use crate::load::error::LoadProblem;
use crate::load::migrate::Place;
use crate::tensor::Shape;
use crate::traits::StateDict;
use crate::visit::{Change, Leaf, Name, Names, TensorRef, Walk, walk};
use crate::{dtype::DType, key};

/// What the model expects of a state dict.
pub(crate) struct Plan {
    pub(crate) leaves: Vec<Destination>,
    /// The keys in order, each with the leaf it names; only of leaves that are part of the state dict.
    pub(crate) names: Vec<Name>,
    /// The modules under all their paths, parents before children.
    pub(crate) modules: Vec<Place>,
}

/// A leaf of the model, as far as loading needs to know it.
pub(crate) struct Destination {
    pub(crate) key: String,
    pub(crate) kind: crate::visit::Kind,
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    pub(crate) module: &'static str,
    /// The modules in whose later versions it appeared.
    since: Vec<Since>,
}

/// A leaf exists from `version` of a module on.
#[derive(Clone, Copy)]
struct Since {
    /// The module's number.
    module: usize,
    version: u64,
}

impl Plan {
    /// Asks the model.
    ///
    /// Where the model's own names are wrong, there is no plan: `None`, and the problems say why.
    pub(crate) fn new<M: StateDict + ?Sized>(
        model: &M,
        problems: &mut Vec<LoadProblem>,
    ) -> Option<Self> {
        let walk = walk(model);
        let Names { leaves: mut names, modules } = match walk.names() {
            Ok(names) => names,
            Err(errors) => {
                problems.extend(errors.into_iter().map(LoadProblem::Model));
                return None;
            }
        };
        names.retain(|name| {
            walk.leaves.get(name.index).is_some_and(|leaf| leaf.kind.is_persistent())
        });
        let since = first_versions(&walk);
        let leaves = walk.leaves.iter().zip(since);
        let leaves = leaves.map(|(leaf, since)| Destination::new(&walk, leaf, since)).collect();
        let modules = modules.into_iter().filter_map(|name| {
            let info = walk.modules.get(name.index)?.info;
            Some(Place { path: name.key, module: name.index, info, alias: name.alias })
        });
        Some(Plan { leaves, names, modules: modules.collect() })
    }
}

impl Destination {
    fn new(walk: &Walk<TensorRef<'_>>, leaf: &Leaf<TensorRef<'_>>, since: Vec<Since>) -> Self {
        Destination {
            key: leaf.key.clone(),
            kind: leaf.kind,
            dtype: leaf.tensor.dtype(),
            shape: leaf.tensor.shape(),
            module: walk.modules.get(leaf.module).map_or("", |module| module.info.rust_type()),
            since,
        }
    }

    /// Whether a state dict whose modules have these versions may lack it, being older than it.
    /// A module of unknown version counts as older than every version.
    pub(crate) fn is_optional(&self, versions: &[Option<u64>]) -> bool {
        let found = |since: &Since| versions.get(since.module).copied().flatten().unwrap_or(0);
        self.since.iter().any(|since| found(since) < since.version)
    }
}

/// For each leaf, the versions of its modules with which it came.
fn first_versions(walk: &Walk<TensorRef<'_>>) -> Vec<Vec<Since>> {
    let mut since = vec![Vec::new(); walk.leaves.len()];
    if walk.modules.iter().all(|module| module.info.changes().is_empty()) {
        return since;
    }
    let paths = walk.paths();
    for (index, module) in walk.modules.iter().enumerate() {
        for change in module.info.changes() {
            let Change::Added { since: version, name } = *change else { continue };
            let range = walk.leaves_at(&paths, &key::join(&module.path, name)).unwrap_or(0..0);
            for leaf in since.get_mut(range).unwrap_or_default() {
                leaf.push(Since { module: index, version });
            }
        }
    }
    since
}
