//! Putting values into a checkpoint, and taking them out.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::path::{Segment, ValuePath};
use crate::checkpoint::read::absent;
use crate::checkpoint::shape::{self, described};
use crate::collect;
use crate::map::StateMap;
use crate::value::{Graph, Kind, NewValue, ValueId};
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
        Ok(self.graph.part(self.part(&path.into())?.value_id()))
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
        let path = path.into();
        self.part(&path)?;
        let Some((parent, last)) = path.split_last() else {
            return Err(unfit(&path, "in a dict", "in nothing".to_owned()));
        };
        let place = self.part(&parent)?;
        let entry = place.as_dict().and_then(|dict| shape::entry(dict, last));
        let Some(entry) = entry else {
            return Err(unfit(&parent, "a dict to take an entry out of", described(place)));
        };
        let dict = place.value_id();
        let removed = self.graph_mut().remove_entry(dict, entry);
        removed.map_err(|error| unfit(&parent, error.expected, String::new()))
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
        let container = place.value_id();
        // Where in it: an entry or item that is there, or the end.
        let (is_dict, position) = match (place.kind(), last) {
            (Kind::Dict(dict), _) => (true, shape::entry(dict, last)),
            (Kind::List(items), &Segment::Index(index)) => match shape::item(items, index) {
                None => return Err(absent(path, path.segments().len() - 1, place)),
                found => (false, found),
            },
            _ => {
                let found = described(place);
                return Err(unfit(&parent, "a dict or list to put something into", found));
            }
        };
        let graph = self.graph_mut();
        let value = make(graph)?;
        let put = match (position, last) {
            (Some(position), _) if is_dict => {
                graph.replace_entry(container, position, value).map(drop)
            }
            (Some(position), _) => graph.set_item(container, position, value),
            (None, last) => {
                let key = match last {
                    Segment::Key(key) => graph.key(key),
                    &Segment::Index(key) => graph.add(key),
                };
                graph.push_entry(container, key, value)
            }
        };
        put.map_err(|error| unfit(&parent, error.expected, String::new()))
    }
}

fn unfit(path: &ValuePath, expected: &'static str, found: String) -> CheckpointError {
    CheckpointError::Unfit { path: path.clone(), expected, found, advice: String::new() }
}
