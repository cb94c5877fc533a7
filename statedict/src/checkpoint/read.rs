//! What is in a checkpoint: its parts by their paths.

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::{CheckpointError, Named};
use crate::checkpoint::shape::{Shape, described};
use crate::codec::read::{Extract, Partial};
use crate::codec::{ReadError, RefusedTensor};
use crate::contents::{Segment, ValuePath, resolve};
use crate::key;
use crate::map::StateMap;
use crate::tensor::TensorView;
use crate::value::{Dict, Kind, SharedValue, Value};

/// So many keys are named in a message.
const NAMED: usize = 8;

impl<'a> Checkpoint<'a> {
    /// Returns `true` if there is something at a path.
    pub fn contains(&self, path: impl Into<ValuePath>) -> bool {
        self.meant(path.into()).and_then(|path| self.part(&path)).is_ok()
    }

    /// The name of the type that the value at a path has in Python: `"int"`, `"collections.OrderedDict"`.
    ///
    /// # Errors
    /// Where there is nothing at the path.
    pub fn type_name(&self, path: impl Into<ValuePath>) -> Result<String, CheckpointError> {
        Ok(self.part(&self.meant(path.into())?)?.type_name())
    }

    /// The state dict at a path: a dict of str to tensor, or to an array of NumPy, with its `_metadata`; what else a module
    /// saved is in [`StateMap::values`]. The tensors are lazy: none is read. A text that is not a key of the checkpoint may also be a path as people type it: `"gen.a"`.
    ///
    /// ```
    /// use statedict::{Checkpoint, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("gan.pt");
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_state_map("generator", &map)?;
    /// checkpoint.save(&path)?;
    ///
    /// let checkpoint = Checkpoint::open(&path)?;
    /// let generator = checkpoint.state_dict("generator")?;
    /// assert_eq!(generator.get("fc.weight").unwrap().shape(), &[2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is nothing at the path, or something else than a state dict. Where one of its tensors
    /// cannot be represented; see [`state_dict_partial`](Self::state_dict_partial).
    pub fn state_dict(&self, path: impl Into<ValuePath>) -> Result<StateMap<'a>, CheckpointError> {
        let path = self.meant(path.into())?;
        let (map, refused) = self.state_dict_of(self.part(&path)?, &path)?;
        match refused.into_iter().next() {
            None => Ok(map),
            Some(RefusedTensor { key, refusal }) => {
                Err(CheckpointError::Refused { path, key, reason: refusal.to_string() })
            }
        }
    }

    /// The state dict at a path without the tensors that cannot be represented; these are returned beside it.
    ///
    /// # Errors
    /// As [`state_dict`](Self::state_dict), except for such tensors.
    pub fn state_dict_partial(
        &self,
        path: impl Into<ValuePath>,
    ) -> Result<(StateMap<'a>, Vec<RefusedTensor>), CheckpointError> {
        let path = self.meant(path.into())?;
        self.state_dict_of(self.part(&path)?, &path)
    }

    /// The tensor at a path, as a lazy view; of an array or a scalar of NumPy, a copy of its elements.
    ///
    /// # Errors
    /// Where there is nothing at the path, or something else.
    pub fn tensor(&self, path: impl Into<ValuePath>) -> Result<TensorView<'a>, CheckpointError> {
        let path = self.meant(path.into())?;
        let part = self.part(&path)?;
        let array = || match part.kind() {
            Kind::NumPy(array) => array.to_tensor(),
            _ => None,
        };
        let view = self.graph.tensor_of(part.value_id()).or_else(array);
        view.ok_or_else(|| CheckpointError::Unfit {
            expected: "a tensor",
            found: match Shape::of(part) {
                Shape::OddTensor(what) => what.to_owned(),
                _ => described(part),
            },
            advice: String::new(),
            path,
        })
    }

    /// The path that is meant: a text that is not a key may be a path as people type it.
    pub(super) fn meant(&self, path: ValuePath) -> Result<ValuePath, CheckpointError> {
        let [segment @ Segment::Key(text)] = path.segments() else { return Ok(path) };
        if segment.find(self.root()).is_some() {
            return Ok(path);
        }
        match resolve(self.root(), text) {
            Ok(typed) if !typed.is_root() => Ok(typed),
            Err(error) if !error.readings.is_empty() => {
                let within = error.to_string();
                Err(CheckpointError::Absent { path, within, nearest: None })
            }
            _ => Ok(path),
        }
    }

    /// The value at a path.
    pub(super) fn part(&self, path: &ValuePath) -> Result<Value<'_>, CheckpointError> {
        let mut part = self.root();
        for (depth, segment) in path.segments().iter().enumerate() {
            part = segment.find(part).ok_or_else(|| absent(path, depth, part))?;
        }
        Ok(part)
    }

    pub(super) fn state_dict_of(
        &self,
        part: Value<'_>,
        path: &ValuePath,
    ) -> Result<Partial<'a>, CheckpointError> {
        let place = Named(path).to_string();
        let advice = &|_: Dict<'_>| String::new();
        if let Some(document) = self.document() {
            return Ok(document.state_map_of(part, &place, advice)?);
        }
        let share = |value: Value<'_>| SharedValue::of(value).map_err(ReadError::Storage);
        let extract = Extract {
            graph: &self.graph,
            facts: &self.facts,
            place: &place,
            advice,
            share: &share,
        };
        Ok(extract.state_dict(part)?)
    }
}

/// Returns the error of a segment that leads nowhere.
pub(super) fn absent(path: &ValuePath, depth: usize, part: Value<'_>) -> CheckpointError {
    let place = Named(&path.first(depth)).to_string();
    let mut nearest = None;
    let within = match Shape::of(part) {
        Shape::Dict(entries) | Shape::Object(Some(entries)) => {
            let keys: Vec<&str> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
            if let Some(Segment::Key(wanted)) = path.segments().get(depth) {
                nearest = key::nearest(wanted, keys.iter().copied()).map(str::to_owned);
            }
            let mut named = keys.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            if let Some(more) = entries.len().checked_sub(NAMED).filter(|&more| more > 0) {
                named += &format!(" and {more} more");
            }
            match (entries.len(), keys.is_empty()) {
                (0, _) => format!("{place} is an empty {}", part.type_name()),
                (len, true) => format!("{place} is a {} of {len}", part.type_name()),
                _ => format!("{place} has {named}"),
            }
        }
        Shape::Items(items) => format!("{place} is a {} of {}", part.type_name(), items.len()),
        _ => format!("{place} is {}", described(part)),
    };
    CheckpointError::Absent { path: path.first(depth + 1), within, nearest }
}
