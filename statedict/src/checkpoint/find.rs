//! Which of a checkpoint's values is the state dict.

use std::collections::{HashSet, VecDeque};

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::find_error::{Candidate, FindError, NAMES};
use crate::checkpoint::shape::{Shape, described};
use crate::codec::read::{is_module, is_tensor, unfit};
use crate::contents::{Segment, Step, ValuePath};
use crate::map::StateMap;
use crate::value::{Dict, Value};

/// So deep state dicts are looked for, and in so many items of lists and tuples: a small file can have very
/// many paths, since a tuple may be in others again and again.
const DEPTH: usize = 8;
const ITEMS: usize = 100_000;

impl<'a> Checkpoint<'a> {
    /// The state dict of the checkpoint's model: the checkpoint itself where it is one, or what it has under
    /// `state_dict`, `model_state_dict` or `model`. No tensor is read.
    ///
    /// ```
    /// use statedict::{Checkpoint, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_state_map("generator", &map)?;
    /// checkpoint.set_state_map("discriminator", &map)?;
    ///
    /// let error = checkpoint.find_state_dict().unwrap_err().to_string();
    /// assert!(error.ends_with("there are `generator` (1 tensor), `discriminator` (1 tensor)"));
    ///
    /// checkpoint.set_state_map("model", &map)?;
    /// assert_eq!(checkpoint.find_state_dict()?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckpointError::Find`] where there is none or several, with all that could be meant. Where it is
    /// found, as [`state_dict`](Self::state_dict).
    pub fn find_state_dict(&self) -> Result<StateMap<'a>, CheckpointError> {
        self.state_dict(self.find_state_dict_path()?)
    }

    /// Returns the path at which [`find_state_dict`](Self::find_state_dict) finds it.
    ///
    /// # Errors
    /// Where there is none, or there are several.
    pub fn find_state_dict_path(&self) -> Result<ValuePath, FindError> {
        let root = self.root();
        let problem = match self.problem(root) {
            None => return Ok(ValuePath::root()),
            Some(problem) => problem,
        };
        let mut fitting: Vec<(ValuePath, Value<'_>)> = Vec::new();
        let mut unfit = Vec::new();
        for name in NAMES {
            let Some(part) = root.get(name) else { continue };
            // One state dict under two names is one.
            let known = |(_, other): &(_, Value<'_>)| other.id() == part.id();
            if !self.is_state_dict(part) {
                let problem = self.problem(part).unwrap_or_else(|| "it is empty".to_owned());
                unfit.push((name.into(), problem));
            } else if !fitting.iter().any(known) {
                fitting.push((name.into(), part));
            }
        }
        match fitting.as_slice() {
            [(path, _)] => Ok(path.clone()),
            _ => Err(FindError {
                fitting: fitting
                    .into_iter()
                    .map(|(path, part)| Candidate { tensors: self.count(part), path })
                    .collect(),
                unfit,
                candidates: self.candidates(),
                root: problem,
            }),
        }
    }

    /// Everything in the checkpoint that could be a model's state dict, the least deep first. Those that are
    /// nested more than eight levels deep, or behind a hundred thousand items of lists, are not looked for, and
    /// optimizers' states are passed over.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut items_left = ITEMS;
        let mut waiting = VecDeque::from([(self.root(), ValuePath::root())]);
        while let Some((part, path)) = waiting.pop_front() {
            if part.id().is_some_and(|id| !seen.insert(id)) {
                continue;
            }
            if self.is_state_dict(part) {
                found.push(Candidate { tensors: self.count(part), path });
                continue;
            }
            if path.segments().len() >= DEPTH {
                continue;
            }
            match Shape::of(part) {
                Shape::Dict(entries) if !is_optimizer(&entries) => {
                    waiting.extend(entries.iter().enumerate().filter_map(
                        |(place, (key, value))| {
                            let segment = || Segment::from(&Step::of_entry(key, place));
                            has_parts(value).then(|| (value, path.join(segment())))
                        },
                    ));
                }
                Shape::Items(items) if items.len() <= items_left => {
                    items_left -= items.len();
                    let part = |index| items.get(index).map(|part| (part, path.join(index)));
                    let parts = (0..items.len()).filter_map(part);
                    waiting.extend(parts.filter(|&(part, _)| has_parts(part)));
                }
                _ => {}
            }
        }
        found
    }

    /// Returns `true` if a value could be a model's state dict.
    fn is_state_dict(&self, part: Value<'_>) -> bool {
        self.problem(part).is_none() && {
            // An empty dict is a state dict if it says so: that of a model without parameters.
            let said = |entries: Dict<'_>| {
                entries.attributes().is_some_and(|found| found.get("_metadata").is_some())
            };
            part.as_mapping().is_none_or(|entries| !entries.is_empty() || said(entries))
        }
    }

    /// Describes how a value differs from a state dict.
    fn problem(&self, part: Value<'_>) -> Option<String> {
        if self.is_whole_model(part) {
            return None;
        }
        let Some(entries) = part.as_mapping() else {
            return Some(match is_module(part) {
                true => format!(
                    "it is a whole model, {}: `ReadOptions::whole_models(true)` reads it",
                    described(part)
                ),
                false => format!("it is {}", described(part)),
            });
        };
        let (mut waiting, mut seen) = (vec![entries], HashSet::new());
        while let Some(entries) = waiting.pop() {
            if let Some((key, value)) = unfit(entries, self.facts.flattens()) {
                return Some(match key.text() {
                    Some(name) => format!("its {name:?} is {}", described(value)),
                    None => format!("one of its keys is {}", described(key)),
                });
            }
            if self.facts.flattens() {
                let inner =
                    entries.iter().filter(|(_, value)| value.id().is_none_or(|id| seen.insert(id)));
                waiting.extend(inner.filter_map(|(_, value)| value.as_mapping()));
            }
        }
        None
    }

    fn count(&self, part: Value<'_>) -> usize {
        match part.as_mapping() {
            Some(entries) if !self.facts.flattens() => {
                entries.iter().filter(|&(_, value)| is_tensor(value)).count()
            }
            _ => self.state_dict_of(part, &ValuePath::root()).map_or(0, |(map, _)| map.len()),
        }
    }
}

fn has_parts(part: Value<'_>) -> bool {
    matches!(Shape::of(part), Shape::Dict(_) | Shape::Items(_) | Shape::Object(_))
}

/// Returns `true` if a dict is an optimizer's, whose state has dicts of tensors too.
fn is_optimizer(entries: &Dict<'_>) -> bool {
    entries.get("state").is_some() && entries.get("param_groups").is_some()
}
