//! Putting values into a checkpoint, and taking them out.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::read::absent;
use crate::checkpoint::shape::{self, described};
use crate::collect;
use crate::contents::{Segment, ValuePath};
use crate::map::StateMap;
use crate::value::{Dict, Graph, Kind, NewValue, Value, ValueId};
use crate::visit::StateDict;

impl<'a> Checkpoint<'a> {
    /// Puts the state dict of a model at a path. Its tensors are borrowed, and read when the checkpoint is saved.
    ///
    /// A path leads to a key of a dict, where the value that was there is replaced in its place and a new one
    /// goes to the end, or to an item of a list. What it leads through must be there. A container that is in the
    /// checkpoint under several paths is one, as in Python, and changes under all of them.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::Checkpoint;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (generator, discriminator) = (Linear { weight: vec![1.0] }, Linear { weight: vec![2.0] });
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_state_dict("modelA_state_dict", &generator)?;
    /// checkpoint.set_state_dict("modelB_state_dict", &discriminator)?;
    /// assert_eq!(checkpoint.state_dict("modelB_state_dict")?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the model has no state dict, or the path leads nowhere.
    pub fn set_state_dict<M: StateDict + ?Sized>(
        &mut self,
        path: impl Into<ValuePath>,
        model: &'a M,
    ) -> Result<(), CheckpointError> {
        let map = collect::state_dict(model)?;
        self.set_state_map(path, &map)
    }

    /// Puts a state dict at a path; see [`set_state_dict`](Self::set_state_dict).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_state_map(
        &mut self,
        path: impl Into<ValuePath>,
        map: &StateMap<'a>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |graph| Ok(graph.state_map(map)))
    }

    /// Puts a value without parts at a path: a number, a text, a tensor, `()` for `None`; see
    /// [`set_state_dict`](Self::set_state_dict).
    ///
    /// ```
    /// use statedict::{Checkpoint, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("epoch", 5)?;
    /// checkpoint.set_value("rng_state", TensorView::from_vec(vec![0u8; 5056], [5056])?)?;
    /// assert_eq!(checkpoint.tensor("rng_state")?.shape(), &[5056]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_value(
        &mut self,
        path: impl Into<ValuePath>,
        value: impl Into<NewValue<'a>>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |graph| Ok(graph.add(value)))
    }

    /// Puts a copy of what a graph holds at a path; see [`set_state_dict`](Self::set_state_dict). Of another
    /// file, [`Document::graph`](crate::codec::Document::graph) is its graph.
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_graph(
        &mut self,
        path: impl Into<ValuePath>,
        value: &Graph<'a>,
    ) -> Result<(), CheckpointError> {
        self.set_copy(path, value, value.root().value_id())
    }

    /// Puts a copy of a value of another graph at a path; see [`set_graph`](Self::set_graph).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_copy(
        &mut self,
        path: impl Into<ValuePath>,
        from: &Graph<'a>,
        value: ValueId,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |graph| Ok(graph.copy_from(from, value)))
    }

    /// The value at a path with all its parts, as a graph of its own. Tensors are lazy views still.
    ///
    /// # Errors
    /// Where there is nothing at the path.
    pub fn part_at(&self, path: impl Into<ValuePath>) -> Result<Graph<'a>, CheckpointError> {
        Ok(self.graph.part(self.part(&self.meant(path.into())?)?.value_id()))
    }

    /// The whole checkpoint, for reading.
    pub fn graph(&self) -> &Graph<'a> {
        &self.graph
    }

    /// The whole checkpoint, for edits of any kind. What is not edited stays in its file.
    pub fn graph_mut(&mut self) -> &mut Graph<'a> {
        self.file = None;
        Arc::make_mut(&mut self.graph)
    }

    /// Takes an entry out of a dict; the others keep their order.
    ///
    /// # Errors
    /// Where there is nothing at the path, or what it is in is no dict.
    pub fn remove(&mut self, path: impl Into<ValuePath>) -> Result<(), CheckpointError> {
        let path = self.meant(path.into())?;
        self.part(&path)?;
        let Some((parent, last)) = path.split_last() else {
            return Err(unfit(&path, "in a dict", "in nothing".to_owned()));
        };
        let place = self.part(&parent)?;
        let Some((dict, Some(entry), _)) = entry(place, last) else {
            return Err(unfit(&parent, "a dict to take an entry out of", described(place)));
        };
        let dict = dict.value_id();
        let removed = self.graph_mut().remove_entry(dict, entry);
        removed.map_err(|error| unfit(&parent, error.expected, String::new()))
    }

    /// Gives an entry of a dict another key, which keeps its place: keys that are no str, such as bytes, have a path
    /// as text.
    ///
    /// ```
    /// use statedict::Checkpoint;
    /// use statedict::value::NewValue;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut checkpoint = Checkpoint::new();
    /// # let graph = checkpoint.graph_mut();
    /// # let (root, key, value) = (graph.root().value_id(), graph.add(NewValue::Bytes(b"lr"[..].into())), graph.add(0.5));
    /// # graph.push_entry(root, key, value)?;
    /// assert_eq!(checkpoint.list(())?[0].path.to_string(), r#"[b"lr"]"#);
    /// checkpoint.rename(r#"[b"lr"]"#, "lr")?;
    /// assert!(checkpoint.contains("lr"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is nothing at the path, what it is in is no dict, or the dict has the key.
    pub fn rename(&mut self, path: impl Into<ValuePath>, key: &str) -> Result<(), CheckpointError> {
        let path = self.meant(path.into())?;
        self.part(&path)?;
        let Some((parent, last)) = path.split_last() else {
            return Err(unfit(&path, "in a dict", "in nothing".to_owned()));
        };
        let place = self.part(&parent)?;
        let Some((dict, Some(position), _)) = entry(place, last) else {
            return Err(unfit(&parent, "a dict", described(place)));
        };
        if dict.position(|known| known.is_text(key)).is_some_and(|other| other != position) {
            return Err(unfit(&parent, "a dict without the new key", format!("one with {key:?}")));
        }
        let dict = dict.value_id();
        let graph = self.graph_mut();
        let key = graph.key(key);
        let renamed = graph.rename_entry(dict, position, key);
        renamed.map_err(|error| unfit(&parent, error.expected, String::new()))
    }

    /// Puts what `make` adds to the graph at a path. Where the path leads nowhere, nothing is made.
    pub(super) fn put(
        &mut self,
        path: &ValuePath,
        make: impl FnOnce(&mut Graph<'a>) -> Result<ValueId, CheckpointError>,
    ) -> Result<(), CheckpointError> {
        let Some((parent, last)) = path.split_last() else {
            let graph = self.graph_mut();
            let root = make(graph)?;
            graph.set_root(root);
            return Ok(());
        };
        let place = self.part(&parent)?;
        // Where in it: an entry or item that is there, or the end.
        let (dict, position, key) = match (entry(place, last), place.kind(), last) {
            (Some((dict, position, key)), ..) => (Some(dict.value_id()), position, key),
            (None, Kind::List(items), &Segment::Index(index)) => match shape::item(items, index) {
                None => return Err(absent(path, path.segments().len() - 1, place)),
                found => (None, found, last.clone()),
            },
            _ => {
                let found = described(place);
                return Err(unfit(&parent, "a dict or list to put something into", found));
            }
        };
        let list = place.value_id();
        if position.is_none() && !matches!(key, Segment::Key(_) | Segment::Index(_)) {
            let found = "something else".to_owned();
            return Err(unfit(path, "what a dict has under a str or an int", found));
        }
        let graph = self.graph_mut();
        let value = make(graph)?;
        let put = match (dict, position) {
            (Some(dict), Some(position)) => graph.replace_entry(dict, position, value).map(drop),
            (None, position) => graph.set_item(list, position.unwrap_or(usize::MAX), value),
            (Some(dict), None) => {
                let key = match &key {
                    &Segment::Index(key) => graph.add(key),
                    Segment::Key(key) => graph.key(key),
                    _ => return Err(unfit(path, "under a str or an int", String::new())),
                };
                graph.push_entry(dict, key, value)
            }
        };
        put.map_err(|error| unfit(&parent, error.expected, String::new()))
    }
}

/// The place of an entry: the dict, which of its entries it is, if there is one, and its key.
type Place<'c> = (Dict<'c>, Option<usize>, Segment);

/// Returns the entry that a segment means: of an object, one of its entries or of its attributes.
fn entry<'c>(value: Value<'c>, segment: &Segment) -> Option<Place<'c>> {
    let attributes = match value.kind() {
        Kind::Object(object) => object.state().as_dict(),
        _ => None,
    };
    let (dicts, key) = match segment {
        Segment::Attribute(name) => ([None, attributes], Segment::Key(name.clone())),
        _ => ([value.as_mapping(), attributes], segment.clone()),
    };
    let found = dicts.into_iter().flatten().find_map(|dict| Some((dict, key.position(dict)?)));
    let new = dicts.into_iter().flatten().next();
    let (dict, position) =
        found.map(|(dict, at)| (dict, Some(at))).or(new.map(|dict| (dict, None)))?;
    Some((dict, position, key))
}

fn unfit(path: &ValuePath, expected: &'static str, found: String) -> CheckpointError {
    CheckpointError::Unfit { path: path.clone(), expected, found, advice: String::new() }
}
