//! What the model expects: its names, and which of them an older state dict may lack.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::dtype::DType;
use crate::key;
use crate::load::extra::{self, ExpectedExtra};
use crate::load::migrate::Place;
use crate::load::problem::LoadProblem;
use crate::tensor::Shape;
use crate::traits::StateDict;
use crate::visit::{
    Change, ExtraName, Kind, Leaf, Name, Names, TensorRef, Walk, first_of_storage, walk,
};

/// What the model expects of a state dict.
pub(crate) struct Plan {
    /// The name of the model's class.
    pub(crate) class: &'static str,
    pub(crate) leaves: Vec<Destination>,
    /// The keys in order, each with the leaf it names; only of leaves that are part of the state dict.
    pub(crate) names: Vec<Name>,
    pub(crate) extras: Vec<ExpectedExtra>,
    /// The keys of extra states in order, each with its place among the names.
    pub(crate) extra_names: Vec<ExtraName>,
    /// The modules under all their paths, parents before children.
    pub(crate) modules: Vec<Place>,
    /// For each leaf the first of its storage, which is the one that is loaded; often itself.
    pub(crate) first: Vec<usize>,
    /// The children that are `None`, each by the path of its module and its name.
    pub(crate) none_children: Vec<(String, String)>,
}

/// A leaf of the model, as far as loading needs to know it.
pub(crate) struct Destination {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    pub(crate) module: &'static str,
    /// The modules in whose later versions it appeared.
    pub(crate) since: Vec<Since>,
    /// The element types it can become; only asked for where tensors are assigned.
    pub(crate) adopts: Vec<DType>,
}

/// A leaf exists from `version` of a module on.
#[derive(Clone, Copy)]
pub(crate) struct Since {
    /// The module's number.
    pub(crate) module: usize,
    pub(crate) version: u64,
}

impl Plan {
    /// Asks the model; also for what can be assigned, where that is `wanted`.
    ///
    /// Where the model's own names are wrong, there is no plan, and the problems say why.
    pub(crate) fn new<M: StateDict + ?Sized>(
        model: &M,
        wanted: bool,
    ) -> Result<Self, (&'static str, Vec<LoadProblem>)> {
        let walk = walk(model);
        let class = walk.modules.first().map_or("model", |module| module.info.name());
        let Names { leaves: mut names, modules, extras: extra_names } = walk
            .names()
            .map_err(|errors| (class, errors.into_iter().map(LoadProblem::Model).collect()))?;
        let is_persistent =
            |name: &Name| walk.leaves.get(name.index).is_some_and(|leaf| leaf.kind.is_persistent());
        let extra_names = extra::among_persistent(extra_names, &names, is_persistent);
        names.retain(is_persistent);
        let (since, since_of_extras) = first_versions(&walk);
        let extras = walk.extras.iter().zip(since_of_extras).map(|(extra, since)| ExpectedExtra {
            key: extra.key.clone(),
            module: walk.modules.get(extra.module).map_or("", |module| module.info.rust_type()),
            since,
        });
        let extras = extras.collect();
        let leaves = walk.leaves.iter().zip(since);
        let mut leaves: Vec<Destination> =
            leaves.map(|(leaf, since)| Destination::new(&walk, leaf, since, wanted)).collect();
        let modules = modules.into_iter().filter_map(|name| {
            let info = walk.modules.get(name.index)?.info;
            Some(Place { path: name.key, module: name.index, info, alias: name.alias })
        });
        let modules: Vec<Place> = modules.collect();
        let none_children = none_children(&walk, &modules);
        let first = first_of_storage(&walk);
        only_what_all_adopt(&mut leaves, &first);
        Ok(Plan { class, leaves, names, extras, extra_names, modules, first, none_children })
    }

    /// Each key with the leaf it names.
    pub(crate) fn leaves_by_key(&self) -> HashMap<&str, &Destination> {
        let leaf = |name: &'_ Name| self.leaves.get(name.index);
        self.names.iter().filter_map(|name| Some((name.key.as_str(), leaf(name)?))).collect()
    }
}

impl Destination {
    fn new(
        walk: &Walk<TensorRef<'_>>,
        leaf: &Leaf<TensorRef<'_>>,
        since: Vec<Since>,
        wanted: bool,
    ) -> Self {
        let adopts = |dtype: &DType| leaf.tensor.adopts(*dtype);
        Destination {
            key: leaf.key.clone(),
            kind: leaf.kind,
            dtype: leaf.tensor.dtype(),
            shape: leaf.tensor.shape(),
            module: walk.modules.get(leaf.module).map_or("", |module| module.info.rust_type()),
            since,
            adopts: if wanted { DType::all().filter(adopts).collect() } else { Vec::new() },
        }
    }

    /// Whether a state dict whose modules have these versions may lack it, being older than it.
    /// A module of unknown version counts as older than every version.
    pub(crate) fn is_optional(&self, version: impl Fn(usize) -> Option<u64>) -> bool {
        is_newer(&self.since, version)
    }
}

/// What is assigned to the first of several leaves of one storage is what all of them become.
fn only_what_all_adopt(leaves: &mut [Destination], first: &[usize]) {
    for (index, &first) in first.iter().enumerate().filter(|(index, first)| index != *first) {
        let Some(others) = leaves.get_mut(index).map(|leaf| std::mem::take(&mut leaf.adopts))
        else {
            continue;
        };
        if let Some(leaf) = leaves.get_mut(first) {
            leaf.adopts.retain(|dtype| others.contains(dtype));
        }
    }
}

/// Whether something came after these versions of its modules.
pub(super) fn is_newer(since: &[Since], version: impl Fn(usize) -> Option<u64>) -> bool {
    since.iter().any(|since| version(since.module).unwrap_or(0) < since.version)
}

/// For each leaf and each extra state, the versions of its modules with which it came.
fn first_versions(walk: &Walk<TensorRef<'_>>) -> (Vec<Vec<Since>>, Vec<Vec<Since>>) {
    let mut since = vec![Vec::new(); walk.leaves.len()];
    let mut of_extras = vec![Vec::new(); walk.extras.len()];
    if walk.modules.iter().all(|module| module.info.changes().is_empty()) {
        return (since, of_extras);
    }
    let paths = walk.paths();
    for (index, module) in walk.modules.iter().enumerate() {
        for change in module.info.changes() {
            let Change::Added { since: version, name } = *change else { continue };
            let path = key::join(&module.path, name);
            for extra in walk.extras_at(&paths, &path) {
                if let Some(extra) = of_extras.get_mut(extra) {
                    extra.push(Since { module: index, version });
                }
            }
            let range = walk.leaves_at(&paths, &path).unwrap_or(0..0);
            for leaf in since.get_mut(range).unwrap_or_default() {
                leaf.push(Since { module: index, version });
            }
        }
    }
    (since, of_extras)
}

/// The children that are `None`, under all paths of their modules.
fn none_children(walk: &Walk<TensorRef<'_>>, places: &[Place]) -> Vec<(String, String)> {
    // One child for each module but the root: none of them is `None`.
    if walk.child_paths().count() + 1 == walk.modules.len() {
        return Vec::new();
    }
    let modules: HashSet<&str> = walk.modules.iter().map(|module| module.path.as_str()).collect();
    let mut names: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut none = HashSet::new();
    for path in walk.child_paths().filter(|path| !modules.contains(path)) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        names.entry(parent).or_default().push(name);
        none.insert(path);
    }
    // An alias of `None` is `None` as well.
    for (name, _) in walk.aliases().filter(|(_, target)| none.contains(target)) {
        let (parent, name) = name.rsplit_once('.').unwrap_or(("", name));
        names.entry(parent).or_default().push(name);
    }
    let mut children = Vec::new();
    for place in places {
        let Some(module) = walk.modules.get(place.module) else { continue };
        let names = names.get(module.path.as_str()).into_iter().flatten();
        children.extend(names.map(|&name| (place.path.clone(), name.to_owned())));
    }
    children
}
