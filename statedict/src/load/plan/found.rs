//! What of a state dict goes where in a model, and what is left over.

use crate::load::incompatible::IncompatibleKeys;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::policy::AliasPolicy;
use crate::load::report::key_list::KeyList;
use crate::load::report::loaded::{Converted, Mismatched};
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::tensor::{StorageError, TensorView};
use crate::value::SharedValue;
use crate::visit::{narrow, wide};

/// The source of each leaf and extra state.
pub(crate) struct Match<'m, 's> {
    /// For each leaf of the plan, the entry of the state dict that goes into it.
    pub(crate) sources: Sources<'m, 's>,
    /// For each extra state of the plan, what the state dict has for it.
    pub(crate) extras: Vec<Option<FoundExtra>>,
    pub(crate) keys: IncompatibleKeys,
    pub(crate) defaulted: Vec<String>,
    pub(crate) satisfied_by_alias: Vec<(String, String)>,
    pub(crate) converted: Vec<Converted>,
    pub(crate) mismatched: Vec<Mismatched>,
}

impl<'m, 's> Match<'m, 's> {
    /// Nothing yet, for each leaf and each extra state of the plan.
    pub(in crate::load) fn of(plan: &Plan, map: &'m StateMap<'s>) -> Self {
        Match {
            sources: Sources { map, entries: vec![NONE; plan.leaf_count()], others: Vec::new() },
            extras: plan.extras.iter().map(|_| None).collect(),
            keys: IncompatibleKeys::default(),
            defaulted: plan.defaulted.clone(),
            satisfied_by_alias: Vec::new(),
            converted: Vec::new(),
            mismatched: Vec::new(),
        }
    }
}

/// An entry of the state dict.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m, 's> {
    map: &'m StateMap<'s>,
    entry: usize,
    pub(crate) tensor: &'m TensorView<'s>,
}

impl<'m, 's> Source<'m, 's> {
    /// Returns an entry that was found in `map`.
    pub(in crate::load) fn of(map: &'m StateMap<'s>, entry: usize) -> Self {
        Source { map, entry, tensor: map.tensor_at(entry) }
    }

    /// The same entry with its tensor as it was read before.
    pub(in crate::load) fn held(self, tensor: &'m TensorView<'s>) -> Self {
        Source { tensor, ..self }
    }

    pub(crate) fn key(&self) -> &'m str {
        self.map.key_at(self.entry)
    }
}

/// For each leaf, the entry of the state dict that goes into it, by its number.
pub(crate) struct Sources<'m, 's> {
    map: &'m StateMap<'s>,
    entries: Vec<u32>,
    /// The entries that are other names of what goes into a leaf.
    others: Vec<u32>,
}

/// The number of no entry.
const NONE: u32 = u32::MAX;

impl<'m, 's> Sources<'m, 's> {
    /// Returns the source of a leaf.
    pub(crate) fn get(&self, leaf: usize) -> Option<Source<'m, 's>> {
        let entry = Some(self.entries[leaf]).filter(|&entry| entry != NONE)?;
        Some(Source::of(self.map, wide(entry)))
    }

    /// Returns the sources of the leaves, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Source<'m, 's>> {
        (0..self.entries.len()).filter_map(|leaf| self.get(leaf))
    }

    /// The keys of all these.
    pub(crate) fn keys(&self) -> KeyList {
        let entries = self.entries.iter().filter(|&&entry| entry != NONE);
        let mut keys = KeyList::with_capacity(entries.clone().count());
        entries.for_each(|&entry| keys.push(self.map.key_at(wide(entry))));
        keys
    }

    /// The keys that are other names of these, in the state dict's order.
    pub(crate) fn other_names(&self) -> KeyList {
        let mut others = self.others.clone();
        others.sort_unstable();
        others.into_iter().map(|entry| self.map.key_at(wide(entry))).collect()
    }

    /// Puts entry number `entry` into a leaf that another name of it may have filled before.
    pub(in crate::load) fn meet(
        &mut self,
        leaf: usize,
        entry: usize,
        options: &LoadOptions,
        problems: &mut Vec<LoadProblem>,
    ) {
        let Some(before) = self.get(leaf) else {
            self.entries[leaf] = narrow(entry);
            return;
        };
        let source = Source::of(self.map, entry);
        let slot = &mut self.entries[leaf];
        self.others.push(if options.alias == AliasPolicy::LastWins {
            *slot
        } else {
            narrow(entry)
        });
        match options.alias {
            AliasPolicy::FirstWins => {}
            AliasPolicy::LastWins => *slot = narrow(entry),
            AliasPolicy::Error => match same_elements(before.tensor, source.tensor) {
                Ok(true) => {}
                Ok(false) => {
                    let (key, other) = (before.key().to_owned(), source.key().to_owned());
                    problems.push(LoadProblem::Alias { key, other });
                }
                Err(error) => {
                    let key = source.key().to_owned();
                    problems.push(LoadProblem::Storage { key, source: error });
                }
            },
        }
    }

    /// Leaves a leaf as it is.
    pub(in crate::load) fn clear(&mut self, leaf: usize) {
        self.entries[leaf] = NONE;
    }
}

/// The entry of the state dict for an extra state.
pub(crate) struct FoundExtra {
    pub(crate) key: String,
    pub(crate) value: SharedValue,
}

/// Compares two tensors to the bit; without reading them where they are one storage.
fn same_elements(a: &TensorView<'_>, b: &TensorView<'_>) -> Result<bool, StorageError> {
    if a.same_as(b) {
        return Ok(true);
    }
    Ok(a.dtype() == b.dtype() && a.shape() == b.shape() && a.bytes()? == b.bytes()?)
}
