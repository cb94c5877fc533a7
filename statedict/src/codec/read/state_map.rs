//! A flat state dict out of the values of a file.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::codec::read::document::{Document, FileFacts};
use crate::codec::read::entries::{is_tensor, unfit};
use crate::codec::read::error::{ReadError, display, join};
use crate::codec::read::module::{self, Named};
use crate::codec::read::not_kept;
use crate::contents::{Segment, Step, ValuePath, resolve};
use crate::key;
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::name_map::NameMapBuilder;
use crate::not_kept::NotKept;
use crate::tensor::TensorView;
use crate::value::{Dict, Graph, Kind, NumPy, Refusal, RefusalReason, SharedValue, Value};

/// A tensor of a state dict that cannot be represented.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedTensor {
    /// Its key.
    pub key: String,
    /// Why.
    pub refusal: Refusal,
}

impl Document {
    /// The state dict that the file holds: a dict of str to tensor, or to an array of NumPy, with its `_metadata`. What else
    /// a module saved is in [`StateMap::values`].
    ///
    /// The tensors are lazy, and keep the file open (and mapped) for as long as one of them lives.
    ///
    /// # Errors
    /// Where the file holds something else: the error names the first entry that is not a tensor under
    /// a str, and where a state dict is nested, its path. Where a tensor cannot be represented.
    pub fn state_map(&self) -> Result<StateMap<'static>, ReadError> {
        self.state_map_at(&[])
    }

    /// The state dict at a path within the file, such as `["model"]`.
    ///
    /// # Errors
    /// As [`state_map`](Self::state_map), and where there is nothing at the path.
    pub fn state_map_at(&self, path: &[&str]) -> Result<StateMap<'static>, ReadError> {
        let (map, refused) = self.state_map_partial(path)?;
        match refused.first() {
            None => Ok(map),
            Some(first) => {
                let name = join(&display(path), &first.key);
                Err(ReadError::RefusedTensor { path: name, reason: first.refusal.to_string() })
            }
        }
    }

    /// The state dict at a path within the file, without the tensors that cannot be represented;
    /// these are returned beside it.
    ///
    /// # Errors
    /// As [`state_map_at`](Self::state_map_at), except for such tensors.
    pub fn state_map_partial(
        &self,
        path: &[&str],
    ) -> Result<(StateMap<'static>, Vec<RefusedTensor>), ReadError> {
        let place = display(path);
        self.state_map_of(self.at(path)?, &place, &|dict| nested(dict, path))
    }

    /// The state dict that a value of this document is, `place` being its name in messages, and `advice`
    /// what to do where it is none.
    pub(crate) fn state_map_of(
        &self,
        value: Value<'_>,
        place: &str,
        advice: Advice<'_>,
    ) -> Result<Partial<'static>, ReadError> {
        let share = |value: Value<'_>| Ok(SharedValue::new(&self.graph, value));
        Extract { graph: &self.graph, facts: &self.facts, place, advice, share: &share }
            .state_dict(value)
    }

    /// The value at a path: each text is a key as it is, or else what [`resolve`] finds for it.
    fn at(&self, path: &[&str]) -> Result<Value<'_>, ReadError> {
        let mut value = self.root();
        for (depth, text) in path.iter().enumerate() {
            let part = match value.get(text) {
                Some(part) => Ok(Some(part)),
                None => resolve(value, text).map(|path| path.find(value)),
            };
            value = part.ok().flatten().ok_or_else(|| {
                let keys: Vec<&str> = value
                    .as_mapping()
                    .into_iter()
                    .flat_map(|dict| dict.iter())
                    .filter_map(|(key, _)| key.as_str())
                    .take(8)
                    .collect();
                let mut found = "absent".to_owned();
                if let Err(error) = resolve(value, text)
                    && !error.readings.is_empty()
                {
                    found = format!("ambiguous: {error}");
                }
                ReadError::NotAStateDict {
                    path: display(path.get(..=depth).unwrap_or(path)),
                    expected: "a state dict",
                    found,
                    advice: match keys.is_empty() {
                        true => format!("what is there is {value:?}"),
                        false => format!("the keys there are {}", keys.join(", ")),
                    },
                }
            })?;
        }
        Ok(value)
    }
}

/// A state dict, and those of its tensors that cannot be represented.
pub(crate) type Partial<'a> = (StateMap<'a>, Vec<RefusedTensor>);

impl FileFacts {
    /// Returns `true` if a value is a pickled module that is to be read as its state dict.
    pub(crate) fn is_whole_model(&self, value: Value<'_>) -> bool {
        self.whole_models.is_some() && module::is_module(value)
    }

    /// Returns `true` if nested dicts are to be read as one state dict.
    pub(crate) fn flattens(&self) -> bool {
        self.flatten.is_some()
    }
}

/// Gives advice on a dict that is not a state dict.
pub(crate) type Advice<'e> = &'e dyn Fn(Dict<'_>) -> String;

/// A state dict on its way out of a graph.
pub(crate) struct Extract<'e, 'a> {
    pub(crate) graph: &'e Graph<'a>,
    pub(crate) facts: &'e FileFacts,
    /// The name of the value in messages.
    pub(crate) place: &'e str,
    pub(crate) advice: Advice<'e>,
    /// Makes the values that are no tensors ones that keep what they are of.
    pub(crate) share: &'e dyn Fn(Value<'_>) -> Result<SharedValue, ReadError>,
}

impl<'a> Extract<'_, 'a> {
    /// The state dict that a value is: a dict, or a pickled module where these are to be read.
    pub(crate) fn state_dict(&self, value: Value<'_>) -> Result<Partial<'a>, ReadError> {
        let (mut map, refused) = match (self.facts.whole_models, self.facts.flatten) {
            (Some(limit), _) if module::is_module(value) => self.module(value, limit),
            (_, Some(limit)) => self.flattened(value, limit),
            _ => self.state_map(value),
        }?;
        if value.same_as(self.graph.root()) {
            map.file_metadata_mut().clone_from(&self.facts.metadata);
        }
        Ok((map, refused))
    }

    /// The state dict that a dict is.
    pub(super) fn state_map(&self, value: Value<'_>) -> Result<Partial<'a>, ReadError> {
        let Some(dict) = value.as_mapping() else {
            let whole = module::is_module(value);
            return Err(ReadError::NotAStateDict {
                path: self.place.to_owned(),
                expected: "a dict of str to tensor",
                found: format!("{value:?}"),
                advice: match whole {
                    true => "a whole model: `ReadOptions::whole_models(true)` reads it".to_owned(),
                    false => String::new(),
                },
            });
        };
        self.check(dict, "")?;
        let mut entries = Entries::with_capacity(dict.len());
        not_kept::of_dict(&mut entries.not_kept, "", value, dict);
        for (key, value) in dict.iter() {
            match key.as_str() {
                Some(name) => self.add(&mut entries, name, value)?,
                None => {
                    let name = key.text().unwrap_or_default();
                    not_kept::of_key(&mut entries.not_kept, &name, key);
                    self.add(&mut entries, &name, value)?;
                }
            }
        }
        let (mut map, refused) = entries.finish()?;
        *map.metadata_mut() = self.metadata(dict)?;
        Ok((map, refused))
    }

    /// Checks that a dict, to which the keys `above` lead, is a state dict.
    pub(super) fn check(&self, dict: Dict<'_>, above: &str) -> Result<(), ReadError> {
        let Some((key, value)) = unfit(dict, self.facts.flattens()) else { return Ok(()) };
        let Some(name) = key.text() else { return Err(self.wrong_key(key, dict, above)) };
        Err(ReadError::NotAStateDict {
            path: join(self.place, &key::join(above, &name)),
            expected: "a tensor",
            found: format!("{value:?}"),
            advice: (self.advice)(dict),
        })
    }

    /// Returns the error of a key that no Rust text can be, with how it can be renamed.
    fn wrong_key(&self, key: Value<'_>, dict: Dict<'_>, above: &str) -> ReadError {
        let mut entries = dict.iter().enumerate();
        let found = entries.find(|(_, (other, _))| other.same_as(key));
        let (place, value) = found.map_or((0, key), |(place, (_, value))| (place, value));
        let segment = ValuePath::from(Segment::from(&Step::of_entry(key, place))).to_string();
        let advice = match is_tensor(value) && above.is_empty() {
            true => {
                let above = match self.place {
                    place if place.starts_with("the ") => "",
                    place => place.trim_matches('`'),
                };
                let bytes = key.as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
                let name = match (bytes, key.as_i64()) {
                    (Some(text), _) => text.to_owned(),
                    (None, Some(number)) => number.to_string(),
                    (None, None) => "NAME".to_owned(),
                };
                format!(
                    "give it another name: `Checkpoint::rename(r#\"{above}{segment}\"#, {name:?})`"
                )
            }
            false => (self.advice)(dict),
        };
        let shown = segment.trim_start_matches('[').trim_end_matches(']');
        ReadError::NotAStateDict {
            path: format!("the key {shown} of {}", self.place),
            expected: match key.kind() {
                Kind::Surrogates(_) => "a str without lone surrogates",
                _ => "a str",
            },
            found: key.type_name(),
            advice,
        }
    }

    /// The state dict of a pickled module.
    fn module(&self, value: Value<'_>, limit: u64) -> Result<Partial<'a>, ReadError> {
        let found = module::state_dict(value, limit, &module::pickled)
            .map_err(|problem| problem.at(self.place, limit))?;
        let mut entries = Entries::with_capacity(found.len());
        for Named { name, value, .. } in found {
            if let Some(value) = value {
                self.add(&mut entries, &name, value)?;
            }
        }
        // What `state_dict()` detaches is no parameter, and has no attributes.
        entries.not_kept = NotKept::default();
        entries.finish()
    }

    /// Adds an entry: a tensor, or whatever else a module saves under the key.
    pub(super) fn add(
        &self,
        entries: &mut Entries<'a>,
        key: &str,
        value: Value<'_>,
    ) -> Result<(), ReadError> {
        let plain = |kind| Refusal::new(RefusalReason::NotPlain { kind }, 0);
        let refusal = match value.kind() {
            Kind::Tensor(tensor) => match self.graph.tensor_of(value.value_id()) {
                Some(view) => {
                    not_kept::of_tensor(&mut entries.not_kept, key, tensor);
                    entries.tensors.push(key, view);
                    return Ok(());
                }
                None => plain("a tensor whose parts do not fit"),
            },
            Kind::Refused(refusal) => refusal.clone(),
            Kind::Sparse(_) => plain("a sparse tensor"),
            Kind::Quantized(_) => plain("a quantized tensor"),
            Kind::NumPy(array) if !key::is_extra_state(key) => {
                match entries.array(value, array) {
                    Some(view) => {
                        not_kept::of_array(&mut entries.not_kept, key);
                        entries.tensors.push(key, view);
                    }
                    None => self.add_value(entries, key, value)?,
                }
                return Ok(());
            }
            _ => return self.add_value(entries, key, value),
        };
        entries.refused.push(RefusedTensor { key: key.to_owned(), refusal });
        Ok(())
    }

    fn add_value(
        &self,
        entries: &mut Entries<'a>,
        key: &str,
        value: Value<'_>,
    ) -> Result<(), ReadError> {
        let value = (self.share)(value)?;
        entries.values.push((key.to_owned(), value, entries.tensors.len()));
        Ok(())
    }

    /// The versions in the attribute `_metadata` of a state dict.
    pub(super) fn metadata(&self, dict: Dict<'_>) -> Result<Option<Metadata>, ReadError> {
        let metadata = dict.attributes().and_then(|attributes| attributes.get("_metadata"));
        // PyTorch takes `None` for none.
        let Some(found) = metadata.filter(|found| !found.is_none()) else { return Ok(None) };
        let place = format!("_metadata of {}", self.place);
        let wrong = |path: String, expected, value: Value<'_>| ReadError::NotAStateDict {
            path,
            expected,
            found: format!("{value:?}"),
            advice: "the file was not written by Module.state_dict()".to_owned(),
        };
        let modules = found.as_mapping().ok_or_else(|| wrong(place.clone(), "a dict", found))?;
        let mut metadata = NameMapBuilder::with_capacity(modules.len());
        for (module, entry) in modules.iter() {
            let name =
                module.as_str().ok_or_else(|| wrong(place.clone(), "a dict of str", module))?;
            let entries = entry.as_mapping().ok_or_else(|| {
                wrong(join(&place, name), "a dict with the module's version", entry)
            })?;
            let mut found = ModuleMetadata::default();
            let mut version = None;
            for (key, value) in entries.iter() {
                // PyTorch does not look at the version of a class that has no other: one that is not a number is
                // kept, and means something only to a module with a history.
                let number = value.as_i64().and_then(|version| u64::try_from(version).ok());
                let is_new = match number.filter(|_| key.is_str("version")) {
                    Some(number) => version.replace(number).is_none(),
                    None => {
                        let text = key.as_str();
                        let key =
                            text.ok_or_else(|| wrong(join(&place, name), "a dict of str", key))?;
                        found.insert_extra(key, (self.share)(value)?).is_none()
                    }
                };
                if !is_new {
                    let key = key.as_str().unwrap_or_default();
                    return Err(ReadError::DuplicateKey { key: format!("{place}: {name}: {key}") });
                }
            }
            if version.is_some() && found.extra().any(|(key, _)| key == "version") {
                return Err(ReadError::DuplicateKey { key: format!("{place}: {name}: version") });
            }
            metadata.push(name, found.set_version(version));
        }
        let modules = metadata.finish();
        let modules =
            modules.map_err(|name| ReadError::DuplicateKey { key: format!("{place}: {name}") })?;
        Ok(Some(modules.into()))
    }
}

/// The entries of a state dict that is being made.
pub(super) struct Entries<'a> {
    tensors: NameMapBuilder<TensorView<'a>>,
    /// The values that are not tensors, each with how many tensors come before it.
    values: Vec<(String, SharedValue, usize)>,
    refused: Vec<RefusedTensor>,
    pub(super) not_kept: NotKept,
    /// The tensors that arrays became, by the arrays' identity: one that is used twice is one tensor.
    arrays: HashMap<u64, Option<TensorView<'static>>>,
}

impl<'a> Entries<'a> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let tensors = NameMapBuilder::with_capacity(capacity);
        Entries {
            tensors,
            values: Vec::new(),
            refused: Vec::new(),
            not_kept: NotKept::default(),
            arrays: HashMap::new(),
        }
    }

    /// The tensor of an array's elements, or of a scalar of NumPy.
    fn array(&mut self, value: Value<'_>, array: NumPy<'_>) -> Option<TensorView<'a>> {
        let identity = value.identity()?;
        self.arrays.entry(identity).or_insert_with(|| array.to_tensor()).clone()
    }

    pub(super) fn finish(self) -> Result<Partial<'a>, ReadError> {
        let Entries { tensors, values, refused, not_kept, .. } = self;
        let duplicate = |key: &str| ReadError::DuplicateKey { key: key.to_owned() };
        let mut map = StateMap::from_tensors(tensors.finish().map_err(|key| duplicate(&key))?);
        let mut beside: HashSet<&str> = HashSet::new();
        let others = values.iter().map(|(key, ..)| key);
        for key in others.chain(refused.iter().map(|refused| &refused.key)) {
            if map.contains_key(key) || !beside.insert(key) {
                return Err(duplicate(key));
            }
        }
        for (key, value, position) in values {
            map.place_value(key, value, position);
        }
        map.set_not_kept(not_kept);
        Ok((map, refused))
    }
}

/// Gives advice on a checkpoint in which state dicts are nested.
fn nested(dict: Dict<'_>, path: &[&str]) -> String {
    let places: Vec<String> = dict
        .iter()
        .filter_map(|(key, value)| {
            let (_, first) = value.as_mapping()?.iter().next()?;
            is_tensor(first).then(|| key.as_str()).flatten()
        })
        .take(4)
        .map(|key| {
            let all: Vec<String> =
                path.iter().copied().chain([key]).map(|key| format!("{key:?}")).collect();
            format!("`state_map_at(&[{}])`", all.join(", "))
        })
        .collect();
    let is_tree = dict.iter().any(|(_, value)| value.as_dict().is_some())
        && dict.iter().all(|(_, value)| is_tensor(value) || value.as_dict().is_some());
    let flatten =
        "`ReadOptions::flatten(true)` reads nested dicts as one, their keys joined with dots";
    match (places.is_empty(), is_tree) {
        (true, false) => "read it through `Document::root`".to_owned(),
        (true, true) => flatten.to_owned(),
        (false, is_tree) => {
            let places = places.join(" or ");
            let or = if is_tree { format!("; {flatten}") } else { String::new() };
            format!("the file holds a state dict deeper: use {places}{or}")
        }
    }
}
