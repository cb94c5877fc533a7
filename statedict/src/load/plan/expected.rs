//! What the model expects: its names, and which of them an older state dict may lack.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::dtype::DType;
use crate::key;
use crate::leaf::Writable;
use crate::load::plan::outline::{Entry, Outline};
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::tensor::Shape;
use crate::visit::{
    Change, ExtraId, ExtraName, Firsts, Id, Infos, Key, KeyTree, Kind, Leaf, LeafId, List,
    ModelError, Module, ModuleId, ModuleInfo, Name, Names, Size, StateDict, TensorRef, Walk,
    narrow, walk, wide,
};

/// The expectations of a model of a state dict.
pub(crate) struct Plan {
    /// The name of the model's class.
    pub(crate) class: &'static str,
    /// All keys and paths.
    pub(crate) keys: KeyTree,
    /// The size of the model.
    pub(crate) size: Size,
    leaves: Vec<Expected>,
    /// The sizes of all leaves, one shape after another.
    sizes: Vec<usize>,
    since: HashMap<usize, Vec<Since>>,
    /// The element types that each leaf can become; only asked for where tensors are assigned.
    adopts: Vec<Vec<DType>>,
    /// The keys in order, each with the leaf it names; only of leaves that are part of the state dict.
    pub(crate) names: Vec<Name>,
    pub(crate) extras: Vec<ExpectedExtra>,
    /// The keys of extra states in order, each with its place among the names.
    pub(crate) extra_names: Vec<ExtraName>,
    /// The keys of the buffers that are not persistent.
    unsaved: Vec<Key>,
    /// The modules under all their paths, parents before children.
    pub(crate) places: Vec<Name<ModuleId>>,
    modules: List<ModuleId, Module>,
    infos: Infos,
    /// The Rust types of the modules that leaves belong to; empty where it is not known.
    types: Vec<&'static str>,
    /// `true` if the shapes and dtypes of the leaves are known.
    pub(crate) has_forms: bool,
    /// Keys that are known not to be there, since the state dict is older than they are.
    pub(crate) defaulted: Vec<String>,
    /// The first of each leaf's storage, which is the one that is loaded; often itself.
    pub(crate) first: Firsts,
    /// The children that are `None`, each by the path of its module and its name.
    pub(crate) none_children: Vec<(String, String)>,
    /// `true` if some of the model can only be written while it is visited.
    pub(crate) locked: bool,
    /// `true` if some of the leaves may fail to take what fits them.
    pub(crate) uncertain: bool,
    /// The reason why a leaf cannot be written, by its number.
    refused: HashMap<usize, String>,
}

/// A leaf as it is kept for as long as the model is being loaded.
struct Expected {
    key: Key,
    module: ModuleId,
    /// The end of its sizes; they begin where those of the leaf before it end.
    sizes: u32,
    /// `None` where it is not known, or the leaf has none and is not part of the state dict.
    dtype: Option<DType>,
    kind: Kind,
}

/// A leaf of the model, as far as loading needs to know it.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'p> {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    pub(crate) dtype: Option<DType>,
    sizes: &'p [usize],
    /// The element types it can become; only asked for where tensors are assigned.
    pub(crate) adopts: &'p [DType],
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
        let mut walk = walk(model);
        let class = walk.modules.first().map_or("model", |module| walk.infos.of(module).name());
        let Names { leaves: mut names, modules: places, extras: extra_names } = walk
            .names()
            .map_err(|errors| (class, errors.into_iter().map(LoadProblem::Model).collect()))?;
        let is_persistent = |name: &Name| walk.leaves[name.id].kind.is_persistent();
        let extra_names = among_persistent(extra_names, &names, is_persistent);
        let mut unsaved = Vec::new();
        names.retain(|name| {
            let saved = is_persistent(name);
            if !saved {
                unsaved.push(name.key);
            }
            saved
        });
        let (since, mut since_of_extras) = first_versions(&walk);
        let extras = walk.extras.iter().enumerate().map(|(index, extra)| ExpectedExtra {
            key: extra.key,
            module: walk.info(extra.module).rust_type(),
            since: since_of_extras.remove(&index).unwrap_or_default(),
        });
        let extras = extras.collect();
        let first = Firsts::of(&walk);
        let adopts = if wanted { adopted(&walk.leaves, &first) } else { Vec::new() };
        let none_children = none_children(&walk, &places);
        let (mut uncertain, mut refused) = (false, HashMap::new());
        for (index, leaf) in walk.leaves.iter().enumerate() {
            match leaf.tensor.writable() {
                Ok(Writable::Certainly) => {}
                Ok(Writable::Perhaps) => uncertain = true,
                // What cannot be overwritten may still become another.
                Err(_) if wanted => uncertain = true,
                Err(reason) => drop(refused.insert(index, reason.to_string())),
            }
        }
        let (mut sizes, mut problems) = (Vec::new(), Vec::new());
        let leaves = walk.leaves.iter().map(|leaf| {
            sizes.extend_from_slice(&leaf.tensor.shape());
            let (key, kind, dtype) = (leaf.key, leaf.kind, leaf.tensor.dtype());
            if let (Err(reason), true) = (&dtype, kind.is_persistent()) {
                let (key, reason) = (walk.keys.spell(key), reason.to_string());
                problems.push(LoadProblem::Model(ModelError::NoDType { key, reason }));
            }
            let (sizes, dtype) = (narrow(sizes.len()), dtype.ok());
            Expected { key, module: leaf.module, sizes, dtype, kind }
        });
        let leaves = leaves.collect();
        if !problems.is_empty() {
            return Err((class, problems));
        }
        let size = walk.size();
        let Walk { keys, modules, infos, locked, .. } = walk;
        Ok(Plan {
            class,
            keys,
            size,
            leaves,
            sizes,
            since,
            adopts,
            names,
            extras,
            extra_names,
            unsaved,
            places,
            types: modules.iter().map(|module| infos.of(module).rust_type()).collect(),
            has_forms: true,
            defaulted: Vec::new(),
            modules,
            infos,
            first,
            none_children,
            locked,
            uncertain,
            refused,
        })
    }

    /// Makes the plan of an outline: that of a model whose leaves have the forms of `forms`, where these
    /// are known. It has no history, and nothing can be written by it.
    pub(crate) fn of_outline(outline: Outline, forms: Option<&StateMap<'_>>) -> Self {
        let mut plan = Plan {
            class: outline.class,
            keys: KeyTree::new(),
            size: Size::default(),
            leaves: Vec::new(),
            sizes: Vec::new(),
            since: HashMap::new(),
            adopts: Vec::new(),
            names: Vec::new(),
            extras: Vec::new(),
            extra_names: Vec::new(),
            unsaved: Vec::new(),
            places: Vec::new(),
            modules: List::new(),
            infos: Infos::new(),
            types: Vec::new(),
            has_forms: forms.is_some(),
            defaulted: outline.defaulted,
            first: Firsts::default(),
            none_children: Vec::new(),
            locked: false,
            uncertain: false,
            refused: HashMap::new(),
        };
        plan.unsaved = outline.unsaved.iter().map(|key| plan.keys.add_whole(key)).collect();
        // The leaf of each entry.
        let mut leaves = Vec::with_capacity(outline.entries.len());
        for Entry { key: text, kind, module, same_as } in outline.entries {
            let key = plan.keys.add_whole(&text);
            if kind == Kind::ExtraState {
                let name = Name::new(key, ExtraId::new(plan.extras.len()), false);
                plan.extra_names.push(ExtraName { name, position: plan.names.len() });
                plan.extras.push(ExpectedExtra { key, module, since: Vec::new() });
                leaves.push(None);
                continue;
            }
            let known = same_as.and_then(|entry| leaves.get(entry).copied().flatten());
            let leaf = known.unwrap_or(plan.leaves.len());
            plan.names.push(Name::new(key, LeafId::new(leaf), known.is_some()));
            leaves.push(Some(leaf));
            if known.is_none() {
                let form = forms.and_then(|forms| forms.get(&text));
                plan.sizes.extend(form.iter().flat_map(|form| form.shape().iter()));
                let (number, sizes) = (ModuleId::new(plan.types.len()), narrow(plan.sizes.len()));
                let dtype = form.map(|form| form.dtype());
                plan.leaves.push(Expected { key, module: number, sizes, dtype, kind });
                plan.types.push(module);
            }
        }
        plan
    }

    /// How many leaves the model has, also those that are no part of the state dict.
    pub(crate) fn leaf_count(&self) -> usize {
        self.leaves.len()
    }

    /// How many modules the model has, each once.
    pub(crate) fn module_count(&self) -> usize {
        self.modules.len()
    }

    /// Returns a leaf by its number.
    ///
    /// # Panics
    /// For a number that is not of this plan.
    pub(crate) fn leaf(&self, index: usize) -> Destination<'_> {
        let Expected { key, kind, dtype, sizes: end, .. } = self.leaves[index];
        let start = index.checked_sub(1).map_or(0, |before| wide(self.leaves[before].sizes));
        Destination {
            key,
            kind,
            dtype,
            sizes: &self.sizes[start..wide(end)],
            adopts: self.adopts.get(index).map_or(&[], Vec::as_slice),
        }
    }

    /// Returns `true` if a state dict whose modules have these versions may lack a leaf, being older than it.
    /// A module of unknown version counts as older than every version.
    pub(crate) fn is_optional(&self, leaf: usize, version: impl Fn(usize) -> Option<u64>) -> bool {
        self.since.get(&leaf).is_some_and(|since| is_newer(since, version))
    }

    /// Returns the reason why a leaf cannot be written, where that is known.
    pub(crate) fn refusal(&self, leaf: usize) -> Option<&str> {
        self.refused.get(&leaf).map(String::as_str)
    }

    /// All leaves in the order of their numbers.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Destination<'_>> {
        (0..self.leaves.len()).map(|index| self.leaf(index))
    }

    /// The Rust type of the module that a leaf belongs to.
    pub(crate) fn module_of(&self, leaf: usize) -> &'static str {
        self.types[self.leaves[leaf].module.index()]
    }

    /// The extra state that `name` is of.
    pub(in crate::load) fn extra(&self, name: &Name<ExtraId>) -> &ExpectedExtra {
        &self.extras[name.index()]
    }

    /// Returns `true` if an older state dict may lack something.
    pub(crate) fn has_history(&self) -> bool {
        self.infos.iter().any(|info| !info.changes().is_empty())
    }

    /// The highest version of a module.
    pub(in crate::load) fn newest_version(&self) -> u64 {
        self.infos.iter().map(|info| info.version()).max().unwrap_or(1)
    }

    /// A module under one of its paths, which is spelled already.
    pub(crate) fn place<'p>(&self, name: &Name<ModuleId>, path: &'p str) -> Place<'p> {
        let info = *self.infos.of(&self.modules[name.id]);
        Place { path, module: name.index(), info, alias: name.alias }
    }

    /// The paths of all places, in their order.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut speller = self.keys.speller();
        self.places.iter().map(|place| speller.spell(place.key).to_owned()).collect()
    }

    /// Returns those of `keys` that the model has as buffers that are not persistent.
    pub(in crate::load) fn non_persistent<'k>(&self, keys: &'k [String]) -> HashSet<&'k str> {
        if keys.is_empty() || self.unsaved.is_empty() {
            return HashSet::default();
        }
        let mut speller = self.keys.speller();
        let unsaved: HashSet<String> =
            self.unsaved.iter().map(|&key| speller.spell(key).to_owned()).collect();
        keys.iter().map(String::as_str).filter(|key| unsaved.contains(*key)).collect()
    }

    /// Each key with the number of the leaf it names.
    pub(crate) fn leaves_by_key(&self) -> HashMap<String, usize> {
        let mut speller = self.keys.speller();
        let leaf = |name: &Name| (speller.spell(name.key).to_owned(), name.index());
        self.names.iter().map(leaf).collect()
    }
}

/// A module of the model under one of its paths.
pub(crate) struct Place<'p> {
    pub(crate) path: &'p str,
    /// The module's number: the same for all its paths.
    pub(crate) module: usize,
    pub(crate) info: ModuleInfo,
    /// `true` if this is a second name of the module.
    pub(crate) alias: bool,
}

/// The extra state of a module.
pub(crate) struct ExpectedExtra {
    pub(crate) key: Key,
    /// The Rust type of the module it belongs to.
    pub(crate) module: &'static str,
    /// The modules in whose later versions its module appeared.
    pub(crate) since: Vec<Since>,
}

impl Destination<'_> {
    /// The size along each dimension.
    pub(crate) fn sizes(&self) -> &[usize] {
        self.sizes
    }

    /// The same as a shape of its own.
    pub(crate) fn shape(&self) -> Shape {
        self.sizes.into()
    }
}

/// The names with their positions counted in the leaves that are part of the state dict.
fn among_persistent(
    mut names: Vec<ExtraName>,
    leaves: &[Name],
    is_persistent: impl Fn(&Name) -> bool,
) -> Vec<ExtraName> {
    if names.is_empty() {
        return names;
    }
    let counts = leaves.iter().scan(0, |count, name| {
        *count += usize::from(is_persistent(name));
        Some(*count)
    });
    let before: Vec<usize> = std::iter::once(0).chain(counts).collect();
    for name in &mut names {
        name.position = before[name.position];
    }
    names
}

/// The element types that each leaf can become.
fn adopted(leaves: &[Leaf<TensorRef<'_>>], first: &Firsts) -> Vec<Vec<DType>> {
    let of_leaf = |leaf: &Leaf<TensorRef<'_>>| {
        DType::all().filter(|dtype| leaf.tensor.adopts(*dtype)).collect()
    };
    let mut adopts: Vec<Vec<DType>> = leaves.iter().map(of_leaf).collect();
    // What is assigned to the first of several leaves of one storage is what all of them become.
    for index in 0..leaves.len() {
        let first = first.of_leaf(index);
        if first == index {
            continue;
        }
        let others = std::mem::take(&mut adopts[index]);
        adopts[first].retain(|dtype| others.contains(dtype));
    }
    adopts
}

/// Returns `true` if something came after these versions of its modules.
pub(in crate::load) fn is_newer(since: &[Since], version: impl Fn(usize) -> Option<u64>) -> bool {
    since.iter().any(|since| version(since.module).unwrap_or(0) < since.version)
}

/// By the number of a leaf or an extra state, the versions of its modules with which it came.
type FirstVersions = HashMap<usize, Vec<Since>>;

/// Those of leaves, and those of extra states.
fn first_versions(walk: &Walk<TensorRef<'_>>) -> (FirstVersions, FirstVersions) {
    let (mut since, mut of_extras) = (HashMap::new(), HashMap::new());
    if walk.infos.iter().all(|info| info.changes().is_empty()) {
        return (since, of_extras);
    }
    let paths = walk.paths();
    let mut speller = walk.keys.speller();
    for (index, module) in walk.modules.enumerated() {
        for change in walk.infos.of(module).changes() {
            let Change::Added { since: version, name } = *change else { continue };
            let path = key::join(speller.spell(module.path), name);
            let came = Since { module: index.index(), version };
            for extra in walk.extras_at(&paths, &path) {
                of_extras.entry(extra).or_insert_with(Vec::new).push(came);
            }
            for leaf in walk.leaves_at(&paths, &path).unwrap_or(0..0) {
                since.entry(leaf).or_insert_with(Vec::new).push(came);
            }
        }
    }
    (since, of_extras)
}

/// The children that are `None`, under all paths of their modules.
fn none_children(walk: &Walk<TensorRef<'_>>, places: &[Name<ModuleId>]) -> Vec<(String, String)> {
    // One child for each module but the root: none of them is `None`.
    if walk.child_paths().len() + 1 == walk.modules.len() {
        return Vec::new();
    }
    let paths = || walk.modules.iter().map(|module| module.path);
    // Modules come in the order of the children that they are.
    let mut modules = paths().skip(1).peekable();
    let mut is_module = |child: &Key| modules.next_if_eq(child).is_some();
    let mut speller = walk.keys.speller();
    // Of two children with one name the other may be a module.
    let by_path: HashSet<String> = match walk.repeats_names() {
        true => paths().map(|path| speller.spell(path).to_owned()).collect(),
        false => HashSet::default(),
    };
    let mut names: HashMap<Key, Vec<String>> = HashMap::new();
    let mut none = HashSet::default();
    for child in walk.child_paths().filter(|child| !is_module(child)) {
        let path = speller.spell(child);
        if by_path.contains(path) {
            continue;
        }
        let name = walk.keys.name(child).to_owned();
        names.entry(walk.keys.parent(child)).or_default().push(name);
        none.insert(path.to_owned());
    }
    // An alias of `None` is `None` as well.
    let mut by_alias: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, _) in walk.aliases().filter(|(_, target)| none.contains(*target)) {
        let (parent, name) = name.rsplit_once('.').unwrap_or(("", name));
        by_alias.entry(parent).or_default().push(name);
    }
    let mut children = Vec::new();
    for place in places {
        let path = walk.modules[place.id].path;
        let mut names: Vec<&str> =
            names.get(&path).into_iter().flatten().map(String::as_str).collect();
        if !by_alias.is_empty() {
            names.extend(by_alias.get(speller.spell(path)).into_iter().flatten());
        }
        if !names.is_empty() {
            let path = speller.spell(place.key);
            children.extend(names.into_iter().map(|name| (path.to_owned(), name.to_owned())));
        }
    }
    children
}
