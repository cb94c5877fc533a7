//! The keys of one module and of everything below it, while they are migrated.

use indexmap::IndexMap;

use crate::key;
use crate::map::{Part, StateMap};
use crate::mapping::{Fate, KeyMap};
use crate::metadata::Metadata;
use crate::migration::MigrateError;
use crate::tensor::{TensorView, ViewError};
use crate::value::SharedValue;

/// One module's part of a state dict, on its way from one version to the next.
///
/// Keys are relative to the module, as a child sees them in PyTorch: `weight`, `attn.in_proj_weight`.
/// A name may be that of a tensor, of an extra state (`_extra_state`, `child._extra_state`), or of a
/// child with everything under it; extra state moves and goes with the child it is of.
///
/// ```
/// use statedict::prelude::*;
/// use statedict::{MigrateError, Migration};
///
/// /// Until version 1, the three projections were one packed matrix.
/// fn unpack(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
///     migration.split("in_proj", 0, &[("q", 2), ("k", 2), ("v", 2)])?;
///     migration.rename("out_proj", "out")
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("in_proj", TensorView::from_vec(vec![0.5f32; 12], [6, 2])?);
/// map.insert("out_proj", TensorView::from_vec(vec![0.5f32; 4], [2, 2])?);
///
/// let migrated = Migration::run_alone(map, unpack)?;
/// assert_eq!(migrated.keys().collect::<Vec<_>>(), ["q", "k", "v", "out"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Migration<'a> {
    entries: IndexMap<String, Part<'a>>,
    /// The path of the module, and the records of it and of all others.
    records: (String, Option<Metadata>),
    edits: Vec<Edit>,
    from: Option<u64>,
    to: u64,
}

/// An edit of a step, with keys relative to the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A tensor or child got another name.
    Renamed { from: String, to: String },
    /// A tensor was taken out.
    Removed(String),
    /// A tensor was put in.
    Inserted(String),
    /// A tensor was replaced by one computed from it.
    Changed(String),
}

impl<'a> Migration<'a> {
    /// Begins with the entries of the module at `path`, whose keys are relative to it, and the records of
    /// all modules.
    pub(crate) fn new(
        path: &str,
        entries: IndexMap<String, Part<'a>>,
        records: Option<Metadata>,
        from: Option<u64>,
    ) -> Self {
        Migration { entries, records: (path.to_owned(), records), edits: Vec::new(), from, to: 0 }
    }

    /// Says which version the next step leads to.
    pub(crate) fn begin(&mut self, to: u64) {
        self.to = to;
    }

    /// Runs one step on a state dict as if it were the module's: for testing the step.
    ///
    /// # Errors
    /// The step's.
    pub fn run_alone<E>(
        map: StateMap<'a>,
        step: impl FnOnce(&mut Migration<'a>) -> Result<(), E>,
    ) -> Result<StateMap<'a>, E> {
        let (records, file) = (map.metadata().cloned(), map.of_file().clone());
        let parts = map.parts().map(|(key, part)| (key.to_owned(), part)).collect();
        let mut migration = Migration::new("", parts, records, None);
        step(&mut migration)?;
        let mut map = StateMap::from_parts(migration.entries);
        *map.metadata_mut() = migration.records.1;
        map.set_of_file(file);
        Ok(map)
    }

    /// The version the module was saved with; `None` where the file says none.
    pub fn from_version(&self) -> Option<u64> {
        self.from
    }

    /// The version this step leads to.
    pub fn to_version(&self) -> u64 {
        self.to
    }

    /// The tensors' keys of the module and of all below it, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let is_tensor = |(_, part): &(&String, &Part<'_>)| matches!(part, Part::Tensor(_));
        self.entries.iter().filter(is_tensor).map(|(key, _)| key.as_str())
    }

    /// The extra state of the module and of all below it, in order, with its keys.
    pub fn values(&self) -> impl Iterator<Item = (&str, &SharedValue)> {
        self.entries.iter().filter_map(|(key, part)| match part {
            Part::Tensor(_) => None,
            Part::Value(value) => Some((key.as_str(), value)),
        })
    }

    /// Returns `true` if there is a tensor, an extra state or a child of this name. A child that holds
    /// nothing counts where `_metadata` names it.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
            || self.below(name).next().is_some()
            || self.record_paths().any(|path| path == name)
    }

    /// The tensor under `key`. Reading its elements reads the file: [`TensorView::item`] gives a number.
    ///
    /// # Errors
    /// Where there is none.
    pub fn get(&self, key: &str) -> Result<&TensorView<'a>, MigrateError> {
        match self.entries.get(key) {
            Some(Part::Tensor(tensor)) => Ok(tensor),
            _ => Err(self.no_such(key)),
        }
    }

    /// The extra state under `key`: `_extra_state` for the module's own.
    ///
    /// # Errors
    /// Where there is none.
    pub fn value(&self, key: &str) -> Result<&SharedValue, MigrateError> {
        match self.entries.get(key) {
            Some(Part::Value(value)) => Ok(value),
            _ => Err(self.no_such(key)),
        }
    }

    /// Takes the extra state under `key` out.
    ///
    /// # Errors
    /// Where there is none.
    pub fn take_value(&mut self, key: &str) -> Result<SharedValue, MigrateError> {
        let value = self.value(key)?.clone();
        self.entries.shift_remove(key);
        self.edits.push(Edit::Removed(key.to_owned()));
        Ok(value)
    }

    /// Puts an extra state under a new key, after the others.
    ///
    /// # Errors
    /// Where the key is taken.
    pub fn insert_value(
        &mut self,
        key: impl Into<String>,
        value: SharedValue,
    ) -> Result<(), MigrateError> {
        self.insert_part(key.into(), Part::Value(value))
    }

    /// Takes the tensor under `key` out.
    ///
    /// # Errors
    /// Where there is none.
    pub fn take(&mut self, key: &str) -> Result<TensorView<'a>, MigrateError> {
        let tensor = self.get(key)?.clone();
        self.entries.shift_remove(key);
        self.edits.push(Edit::Removed(key.to_owned()));
        Ok(tensor)
    }

    /// Puts a tensor under a new key, after the others.
    ///
    /// # Errors
    /// Where the key is taken.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        tensor: TensorView<'a>,
    ) -> Result<(), MigrateError> {
        self.insert_part(key.into(), Part::Tensor(tensor))
    }

    fn insert_part(&mut self, key: String, part: Part<'a>) -> Result<(), MigrateError> {
        if self.entries.contains_key(&key) {
            return Err(MigrateError::Collision { key });
        }
        self.edits.push(Edit::Inserted(key.clone()));
        self.entries.insert(key, part);
        Ok(())
    }

    /// Drops a tensor, an extra state, or a child with everything under it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn remove(&mut self, name: &str) -> Result<(), MigrateError> {
        if !self.contains(name) {
            return Err(self.no_such(name));
        }
        let is_in = |path: &str| path == name || key::below(path, name).is_some();
        let gone: Vec<String> =
            self.record_paths().filter(|path| is_in(path)).map(str::to_owned).collect();
        if let (path, Some(records)) = &mut self.records {
            gone.iter().for_each(|inside| drop(records.remove(&key::join(path, inside))));
        }
        let keys: Vec<String> = self.entries.keys().filter(|key| is_in(key)).cloned().collect();
        for key in &keys {
            self.entries.shift_remove(key);
        }
        self.edits.extend(keys.into_iter().map(Edit::Removed));
        Ok(())
    }

    /// Gives a tensor, an extra state, or a child with everything under it, another name. It keeps its place.
    ///
    /// # Errors
    /// Where there is none, or the new name is taken.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), MigrateError> {
        self.rename_all(&[(from, to)])
    }

    /// Gives several names others at once, so that names can be exchanged or shifted, in any order; each
    /// keeps its place. A key below several of the names goes with the innermost.
    ///
    /// ```
    /// # use statedict::prelude::*;
    /// # use statedict::Migration;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut map = StateMap::new();
    /// # map.insert("a", TensorView::full(1i64, [])?);
    /// # map.insert("b", TensorView::full(2i64, [])?);
    /// let map = Migration::run_alone(map, |m| m.rename_all(&[("a", "b"), ("b", "a")]))?;
    /// assert_eq!(map.get("a").unwrap().item::<i64>()?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where one does not exist, or two keys would become one.
    pub fn rename_all<F: AsRef<str>, T: AsRef<str>>(
        &mut self,
        names: &[(F, T)],
    ) -> Result<(), MigrateError> {
        let names = || names.iter().map(|(from, to)| (from.as_ref(), to.as_ref()));
        self.apply(&KeyMap::new().rename_all(names()))?;
        let renamed =
            names().map(|(from, to)| Edit::Renamed { from: from.to_owned(), to: to.to_owned() });
        self.edits.extend(renamed);
        Ok(())
    }

    /// Renames the keys by rules, and returns those that changed: old and new. Keys that the rules leave
    /// out are dropped.
    ///
    /// ```
    /// # use statedict::prelude::*;
    /// # use statedict::{KeyMap, Migration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut map = StateMap::new();
    /// # map.insert("ln.gamma", TensorView::full(1i64, [])?);
    /// let rules = KeyMap::new().map(|key| key.replace("gamma", "weight"));
    /// let map = Migration::run_alone(map, |m| m.map_keys(&rules).map(drop))?;
    /// assert_eq!(map.keys().collect::<Vec<_>>(), ["ln.weight"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the rules cannot be applied: see [`KeyMap::apply`].
    pub fn map_keys(&mut self, rules: &KeyMap) -> Result<Vec<(String, String)>, MigrateError> {
        let renamed = self.apply(rules)?;
        self.edits.extend(renamed.iter().cloned().map(|(from, to)| Edit::Renamed { from, to }));
        Ok(renamed)
    }

    /// Renames keys and records, and returns the keys that changed: old and new.
    fn apply(&mut self, rules: &KeyMap) -> Result<Vec<(String, String)>, MigrateError> {
        let keys: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        let (path, records) = &mut self.records;
        let paths = records.iter().flat_map(Metadata::iter);
        let renaming =
            rules.plan(&keys, paths.filter_map(|(record, _)| key::below(record, path)))?;
        if let Some(records) = records {
            *records = renaming.records(records, path)?;
        }
        let mut renamed = Vec::new();
        // Rebuilt once: a rename in place would cost the same per key.
        let entries = std::mem::take(&mut self.entries);
        self.entries.reserve(entries.len());
        for ((key, part), fate) in entries.into_iter().zip(renaming.fates) {
            match fate {
                Fate::Stays => drop(self.entries.insert(key, part)),
                Fate::Becomes(to) => {
                    renamed.push((key, to.clone()));
                    self.entries.insert(to, part);
                }
                Fate::Dropped => self.edits.push(Edit::Removed(key)),
            }
        }
        Ok(renamed)
    }

    /// Replaces a tensor by what `change` makes of it; it keeps its place.
    ///
    /// ```
    /// use statedict::{MigrateError, Migration};
    ///
    /// fn transpose_weight(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
    ///     migration.change("weight", |weight| weight.transpose(0, 1))
    /// }
    /// # let _ = transpose_weight;
    /// ```
    ///
    /// # Errors
    /// Where there is none, or `change` fails.
    pub fn change(
        &mut self,
        key: &str,
        change: impl FnOnce(&TensorView<'a>) -> Result<TensorView<'a>, ViewError>,
    ) -> Result<(), MigrateError> {
        let changed = change(self.get(key)?).map_err(|source| at(key, source))?;
        self.entries.insert(key.to_owned(), Part::Tensor(changed));
        self.edits.push(Edit::Changed(key.to_owned()));
        Ok(())
    }

    /// Cuts a tensor along a dimension into pieces with these names and sizes; the pieces take its place.
    ///
    /// # Errors
    /// Where there is no such tensor, the sizes do not add up, or a name is taken.
    pub fn split(
        &mut self,
        key: &str,
        dim: usize,
        pieces: &[(&str, usize)],
    ) -> Result<(), MigrateError> {
        let sizes: Vec<usize> = pieces.iter().map(|&(_, size)| size).collect();
        let views = self.get(key)?.split(dim, &sizes).map_err(|source| at(key, source))?;
        let place = self.entries.get_index_of(key).unwrap_or(self.entries.len());
        self.take(key)?;
        for (nth, (&(name, _), view)) in pieces.iter().zip(views).enumerate() {
            self.insert(name, view)?;
            self.entries.move_index(self.entries.len() - 1, place + nth);
        }
        Ok(())
    }

    /// Puts tensors one after another along a dimension into a single one, which takes the first's place.
    ///
    /// # Errors
    /// Where one is missing, they do not fit, or the name is taken.
    pub fn cat(&mut self, keys: &[&str], dim: usize, into: &str) -> Result<(), MigrateError> {
        if let Some((_, key)) = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(*key))
        {
            return Err(MigrateError::message(format!("`{key}` is named twice")));
        }
        let tensors: Vec<TensorView<'a>> =
            keys.iter().map(|key| self.get(key).cloned()).collect::<Result<_, _>>()?;
        let cat = TensorView::cat(&tensors, dim).map_err(|source| at(into, source))?;
        let place = keys.iter().filter_map(|key| self.entries.get_index_of(*key)).min();
        for key in keys {
            self.take(key)?;
        }
        self.insert(into, cat)?;
        self.entries.move_index(self.entries.len() - 1, place.unwrap_or(0));
        Ok(())
    }

    pub(crate) fn into_parts(self) -> (IndexMap<String, Part<'a>>, Option<Metadata>, Vec<Edit>) {
        (self.entries, self.records.1, self.edits)
    }

    /// The paths of the modules below this one that have a record, relative to it.
    fn record_paths(&self) -> impl Iterator<Item = &str> {
        let (path, records) = &self.records;
        let paths = records.iter().flat_map(Metadata::iter);
        paths.filter_map(|(record, _)| key::below(record, path))
    }

    fn below<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n String> {
        self.entries.keys().filter(move |key| key::below(key, name).is_some())
    }

    fn no_such(&self, key: &str) -> MigrateError {
        let nearest = key::nearest(key, self.keys()).map(str::to_owned);
        MigrateError::NoSuchKey { key: key.to_owned(), nearest }
    }
}

fn at(key: &str, source: ViewError) -> MigrateError {
    MigrateError::View { key: key.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(keys: &[&str]) -> Migration<'static> {
        let tensor = |key: &&str| {
            let tensor = TensorView::from_vec(vec![1.0f32; 4], [2, 2]).unwrap();
            (key.to_string(), Part::Tensor(tensor))
        };
        Migration::new("", keys.iter().map(tensor).collect(), None, Some(1))
    }

    fn keys(migration: &Migration<'_>) -> Vec<String> {
        migration.keys().map(str::to_owned).collect()
    }

    #[test]
    fn a_child_is_renamed_with_all_below_it_and_keeps_its_place() {
        let mut m = migration(&["old.weight", "old.norm.weight", "older.weight", "bias"]);
        m.rename("old", "new").unwrap();
        assert_eq!(keys(&m), ["new.weight", "new.norm.weight", "older.weight", "bias"]);
        assert!(m.contains("new") && m.contains("new.norm") && !m.contains("old"));
    }

    #[test]
    fn a_name_that_is_taken_is_never_overwritten() {
        let mut m = migration(&["a", "b", "c.x", "d.x"]);
        let error = m.rename("a", "b").unwrap_err();
        assert_eq!(error.to_string(), "the keys `a` and `b` would both become `b`");
        let error = m.rename("c", "d").unwrap_err();
        assert_eq!(error.to_string(), "the keys `c.x` and `d.x` would both become `d.x`");
        let tensor = m.get("a").unwrap().clone();
        assert!(matches!(m.insert("b", tensor), Err(MigrateError::Collision { .. })));
        assert!(matches!(
            m.split("a", 0, &[("b", 1), ("e", 1)]),
            Err(MigrateError::Collision { .. })
        ));
    }

    #[test]
    fn several_names_change_at_once() {
        let mut m = migration(&["a", "b", "c"]);
        m.rename_all(&[("a", "b"), ("b", "a")]).unwrap();
        assert_eq!(keys(&m), ["b", "a", "c"]);
        assert!(m.rename_all(&[("a", "c")]).is_err());
        assert!(m.rename_all(&[("x", "y")]).is_err());
        let error = m.rename_all(&[("a", "x"), ("a", "y")]).unwrap_err();
        assert_eq!(error.to_string(), "`a` cannot become both `x` and `y`");
        assert_eq!(keys(&m), ["b", "a", "c"]);
    }

    #[test]
    fn children_are_exchanged_shifted_and_taken_out_of_each_other() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut m = migration(&["c1.w", "c2.w", "c3.w", "c1.in.w"]);
            let names = [("c1", "c2"), ("c2", "c3"), ("c3", "c1")];
            m.rename_all(&order.map(|nth| names[nth])).unwrap();
            assert_eq!(keys(&m), ["c2.w", "c3.w", "c1.w", "c2.in.w"]);
            m.rename_all(&[("c2", "out"), ("c2.in", "in")]).unwrap();
            assert_eq!(keys(&m), ["out.w", "c3.w", "c1.w", "in.w"]);
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_with_a_guess() {
        let mut m = migration(&["weight"]);
        assert_eq!(
            m.take("wieght").unwrap_err().to_string(),
            "there is no `wieght`; did you mean `weight`?"
        );
        assert!(m.rename("x", "y").is_err() && m.remove("x").is_err());
        assert!(m.cat(&["weight", "x"], 0, "y").is_err());
        assert_eq!(keys(&m), ["weight"]);
    }

    #[test]
    fn pieces_take_the_place_of_the_whole_and_back() {
        let mut m = migration(&["first", "packed", "last"]);
        m.split("packed", 0, &[("q", 1), ("k", 1)]).unwrap();
        assert_eq!(keys(&m), ["first", "q", "k", "last"]);
        m.cat(&["q", "k"], 0, "packed").unwrap();
        assert_eq!(keys(&m), ["first", "packed", "last"]);
        assert_eq!(m.get("packed").unwrap().shape(), &[2, 2]);
    }
}
