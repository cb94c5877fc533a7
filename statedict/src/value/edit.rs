//! Changing values, those of a file like those that were built.

use std::fmt;

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::plain_debug::debug_is_display;
use crate::tensor::Storage;
use crate::value::build::room;
use crate::value::handle::Value;
use crate::value::id::ValueId;
use crate::value::new_value::NewValue;
use crate::value::raw::{ContainerKind, Extra, Object, Raw, StorageRef};
use crate::value::store::{Graph, KEPT};

/// A value has no place for what was to be put into it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAContainer {
    /// The kind that it would have to be.
    pub expected: &'static str,
}

impl fmt::Display for NotAContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value is not {}", self.expected)
    }
}

debug_is_display!(NotAContainer);

impl std::error::Error for NotAContainer {}

impl<'a> Graph<'a> {
    /// The value under the str `key` of a dict. Of one with the key twice, the last, as Python has it.
    pub fn find(&self, dict: ValueId, key: &str) -> Option<ValueId> {
        self.get(dict).get(key).map(Value::value_id)
    }

    /// The value at a path of keys from the root.
    pub fn at(&self, path: &[&str]) -> Option<ValueId> {
        let root = self.root();
        path.iter().try_fold(root, |value, key| value.get(key)).map(Value::value_id)
    }

    fn dict_index(&self, dict: ValueId) -> Result<u32, NotAContainer> {
        let found = self.get(dict).as_mapping();
        found.map(|dict| dict.index()).ok_or(NotAContainer { expected: "a dict" })
    }

    fn container_kind(&self, index: u32) -> ContainerKind {
        self.container(index).expect(KEPT).kind
    }

    /// Puts a value that is in the graph under a str key of a dict, and returns the one that was there. A new
    /// key goes to the end, a replaced one keeps its place.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn put(
        &mut self,
        dict: ValueId,
        key: &str,
        value: ValueId,
    ) -> Result<Option<ValueId>, NotAContainer> {
        self.dict_index(dict)?;
        let found =
            self.get(dict).as_mapping().and_then(|dict| dict.position(|known| known.is_text(key)));
        match found {
            Some(position) => self.replace_entry(dict, position, value).map(Some),
            None => {
                let key = self.key(key);
                self.push_entry(dict, key, value).map(|()| None)
            }
        }
    }

    /// Adds a value and puts it under a str key of a dict; see [`put`](Self::put).
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn set(
        &mut self,
        dict: ValueId,
        key: &str,
        value: impl Into<NewValue<'a>>,
    ) -> Result<Option<ValueId>, NotAContainer> {
        let value = self.add(value);
        self.put(dict, key, value)
    }

    /// Appends an entry to a dict. Its key should be none that the dict has.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn push_entry(
        &mut self,
        dict: ValueId,
        key: ValueId,
        value: ValueId,
    ) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        self.extend_raw(Raw::Container(index), &[key.0, value.0]);
        Ok(())
    }

    /// Replaces the value of the entry at `position`, counted in order, and returns the one that was there.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn replace_entry(
        &mut self,
        dict: ValueId,
        position: usize,
        value: ValueId,
    ) -> Result<ValueId, NotAContainer> {
        let index = self.dict_index(dict)?;
        let place = room(self.values_mut(index)).as_chunks_mut::<2>().0.get_mut(position);
        let [_, place] = place.ok_or(NotAContainer { expected: "a dict with so many entries" })?;
        Ok(ValueId(std::mem::replace(place, value.0)))
    }

    /// Gives the entry at `position`, counted in order, another key. It should be none that the dict has.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn rename_entry(
        &mut self,
        dict: ValueId,
        position: usize,
        key: ValueId,
    ) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        let place = room(self.values_mut(index)).as_chunks_mut::<2>().0.get_mut(position);
        let [place, _] = place.ok_or(NotAContainer { expected: "a dict with so many entries" })?;
        *place = key.0;
        Ok(())
    }

    /// Keeps the entries of a dict for whose position, counted in order, `keep` returns `true`.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn retain_entries(
        &mut self,
        dict: ValueId,
        mut keep: impl FnMut(usize) -> bool,
    ) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        let entries = room(self.values_mut(index)).as_chunks_mut::<2>().0;
        let mut kept = 0;
        for position in 0..entries.len() {
            if keep(position) {
                entries.swap(kept, position);
                kept += 1;
            }
        }
        let removed = kept * 2..entries.len() * 2;
        room(self.remove_values(index, removed));
        Ok(())
    }

    /// Takes the entry at `position` out of a dict, counted in order; the others keep their order.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn remove_entry(&mut self, dict: ValueId, position: usize) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        if self.get(dict).as_mapping().is_none_or(|dict| dict.len() <= position) {
            return Err(NotAContainer { expected: "a dict with so many entries" });
        }
        room(self.remove_values(index, position * 2..position * 2 + 2));
        Ok(())
    }

    /// Moves the last entry of a dict to `position`, counted in order.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn move_last_entry(&mut self, dict: ValueId, position: usize) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        let entries = room(self.values_mut(index)).as_chunks_mut::<2>().0.get_mut(position..);
        let wrong = NotAContainer { expected: "a dict with so many entries" };
        match entries {
            Some([]) | None => Err(wrong),
            Some(entries) => {
                entries.rotate_right(1);
                Ok(())
            }
        }
    }

    /// Another container of the same values and attributes.
    pub(crate) fn shallow_copy(&mut self, container: ValueId) -> ValueId {
        let Raw::Container(index) = container.0 else { return container };
        let copy = room(self.add_container(self.container_kind(index)));
        let values = self.run(self.run_of(container.0)).to_vec();
        self.extend_raw(copy, &values);
        if let (Some(extra), Raw::Container(copy)) = (self.extra(index), copy) {
            room(self.set_extra(copy, extra));
        }
        ValueId(copy)
    }

    // Other parts

    /// Appends a value to a list or set.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn push(&mut self, list: ValueId, item: ValueId) -> Result<(), NotAContainer> {
        match list.0 {
            Raw::Container(index) if !self.container_kind(index).is_dict() => {
                self.extend_raw(list.0, &[item.0]);
                Ok(())
            }
            _ => Err(NotAContainer { expected: "a list or set" }),
        }
    }

    /// Replaces an item of a list.
    ///
    /// # Errors
    /// Where it is not a list, or has not so many items.
    pub fn set_item(
        &mut self,
        list: ValueId,
        position: usize,
        item: ValueId,
    ) -> Result<(), NotAContainer> {
        let wrong = NotAContainer { expected: "a list with so many items" };
        match list.0 {
            Raw::Container(index) if self.container_kind(index) == ContainerKind::List => {
                *room(self.values_mut(index)).get_mut(position).ok_or(wrong)? = item.0;
                Ok(())
            }
            _ => Err(wrong),
        }
    }

    /// Gives a dict, set or tensor the dict of its Python attributes: PyTorch puts `_metadata` there.
    ///
    /// # Errors
    /// Where Python has no attributes: of a plain `dict`, a list, a number.
    pub fn set_attributes(
        &mut self,
        value: ValueId,
        attributes: ValueId,
    ) -> Result<(), NotAContainer> {
        match value.0 {
            Raw::Tensor(index) => room(self.set_tensor_attributes(index, attributes.0)),
            Raw::Container(index)
                if !matches!(
                    self.container_kind(index),
                    ContainerKind::Dict | ContainerKind::List
                ) =>
            {
                let factory = self.extra(index).map_or(Raw::None, |extra| extra.factory);
                room(self.set_extra(index, Extra { attributes: attributes.0, factory }));
            }
            _ => return Err(NotAContainer { expected: "a value that can have attributes" }),
        }
        Ok(())
    }

    /// Sets what a `defaultdict` makes new values with.
    ///
    /// # Errors
    /// Where it is not a `defaultdict`.
    pub fn set_default_factory(
        &mut self,
        dict: ValueId,
        factory: ValueId,
    ) -> Result<(), NotAContainer> {
        match dict.0 {
            Raw::Container(index) if self.container_kind(index) == ContainerKind::DefaultDict => {
                let attributes = self.extra(index).map_or(Raw::None, |extra| extra.attributes);
                room(self.set_extra(index, Extra { attributes, factory: factory.0 }));
                Ok(())
            }
            _ => Err(NotAContainer { expected: "a defaultdict" }),
        }
    }

    /// Gives an object a state, usually the dict of its attributes.
    ///
    /// # Errors
    /// Where it is not an object of a class that is not known.
    pub fn set_state(&mut self, object: ValueId, state: ValueId) -> Result<(), NotAContainer> {
        let Raw::Object(index) = object.0 else {
            return Err(NotAContainer { expected: "an object" });
        };
        let known = self.object(index).expect(KEPT);
        self.set_object(index, Object { state: state.0, ..known });
        Ok(())
    }

    /// Replaces the storages that `map` has another one of the same size for, wherever they are used.
    pub(crate) fn map_storages(&mut self, map: impl Fn(&Storage<'a>) -> Option<Storage<'a>>) {
        let used: HashSet<StorageRef> = self.storage_refs_mut().map(|storage| *storage).collect();
        let mut moved = HashMap::new();
        for storage in used {
            if let Some(new) = map(&self.storage(storage)) {
                moved.insert(storage, room(self.insert_storage(new)));
            }
        }
        for storage in self.storage_refs_mut() {
            if let Some(&new) = moved.get(storage) {
                *storage = new;
            }
        }
    }
}
