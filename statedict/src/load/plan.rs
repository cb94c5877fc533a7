//! What the model expects: its names, and which of them an older state dict may lack.

use crate::load::error::LoadProblem;
use crate::load::options::LoadOptions;
use crate::load::report::VersionDifference;
use crate::map::StateMap;
use crate::tensor::Shape;
use crate::traits::{StateDict, Tensor};
use crate::visit::{Change, Leaf, Name, Names, Walk, walk};
use crate::{dtype::DType, key};

/// What the model expects of a state dict.
pub(crate) struct Plan {
    pub(crate) leaves: Vec<Destination>,
    /// The keys in order, each with the leaf it names; only of leaves that are part of the state dict.
    pub(crate) names: Vec<Name>,
    pub(crate) versions: Vec<VersionDifference>,
}

/// A leaf of the model, as far as loading needs to know it.
pub(crate) struct Destination {
    pub(crate) key: String,
    pub(crate) kind: crate::visit::Kind,
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    pub(crate) module: &'static str,
    /// Whether the state dict may lack it, being older than it.
    pub(crate) optional: bool,
}

impl Plan {
    /// Asks the model, and the state dict for the versions of its modules.
    ///
    /// Where the model's own names are wrong, there is no plan: `None`, and the problems say why.
    pub(crate) fn new<M: StateDict + ?Sized>(
        model: &M,
        map: &StateMap<'_>,
        options: &LoadOptions,
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
        let mut leaves: Vec<Destination> =
            walk.leaves.iter().map(|leaf| Destination::new(&walk, leaf)).collect();
        names.retain(|name| {
            leaves.get(name.index).is_some_and(|destination| destination.kind.is_persistent())
        });
        let versions = settle_versions(&walk, &modules, map, options, &mut leaves, problems);
        Some(Plan { leaves, names, versions })
    }
}

impl Destination {
    fn new(walk: &Walk<&dyn Tensor>, leaf: &Leaf<&dyn Tensor>) -> Self {
        Destination {
            key: leaf.key.clone(),
            kind: leaf.kind,
            dtype: leaf.tensor.dtype(),
            shape: leaf.tensor.shape(),
            module: walk.modules.get(leaf.module).map_or("", |module| module.info.rust_type()),
            optional: false,
        }
    }
}

/// Finds the version each module was saved with, and marks what is younger than that as optional.
/// A module without a stored version counts as older than every version, as in PyTorch.
fn settle_versions(
    walk: &Walk<&dyn Tensor>,
    modules: &[Name],
    map: &StateMap<'_>,
    options: &LoadOptions,
    leaves: &mut [Destination],
    problems: &mut Vec<LoadProblem>,
) -> Vec<VersionDifference> {
    let mut versions = Vec::new();
    let mut paths = None;
    for name in modules.iter().filter(|name| !name.alias) {
        let Some(module) = walk.modules.get(name.index) else { continue };
        let (info, path) = (module.info, module.path.as_str());
        let found = map.version(path);
        let current = info.version();
        if found == Some(current) {
            continue;
        }
        if let Some(found) = found.filter(|&found| found > current && !options.newer_versions) {
            let (path, module) = (path.to_owned(), info.rust_type());
            problems.push(LoadProblem::NewerVersion { path, module, found, current });
            continue;
        }
        // Without metadata every module differs; only those whose version means something are news.
        if found.is_some() || current > 1 {
            let (path, module) = (path.to_owned(), info.name());
            versions.push(VersionDifference { path, module, found, current });
        }
        for change in info.changes() {
            let Change::Added { since, name } = *change;
            if since <= found.unwrap_or(0) {
                continue;
            }
            let paths = paths.get_or_insert_with(|| walk.paths());
            let range = walk.leaves_at(paths, &key::join(path, name)).unwrap_or(0..0);
            for leaf in leaves.get_mut(range).unwrap_or_default() {
                leaf.optional = true;
            }
        }
    }
    versions
}
