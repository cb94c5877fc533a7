//! A flat state dict out of the values of a file.

use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::value::{Dict, Kind, Refusal, Value};

/// A tensor of a state dict that cannot be represented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedTensor {
    /// Its key.
    pub key: String,
    /// Why.
    pub refusal: Refusal,
}

impl Document {
    /// The state dict that the file holds: a dict of str to tensor, with its `_metadata`.
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
        let value = self.at(path)?;
        let Some(dict) = value.as_dict() else {
            return Err(ReadError::NotAStateDict {
                path: display(path),
                expected: "a dict of str to tensor",
                found: format!("{value:?}"),
                advice: String::new(),
            });
        };
        let (mut map, refused) = self.tensors(dict, path)?;
        *map.metadata_mut() = metadata(dict, path)?;
        Ok((map, refused))
    }

    fn at(&self, path: &[&str]) -> Result<Value<'_>, ReadError> {
        let mut value = self.root();
        for (depth, key) in path.iter().enumerate() {
            value = value.get(key).ok_or_else(|| {
                let keys: Vec<&str> = value
                    .as_dict()
                    .into_iter()
                    .flat_map(|dict| dict.iter())
                    .filter_map(|(key, _)| key.as_str())
                    .take(8)
                    .collect();
                ReadError::NotAStateDict {
                    path: display(path.get(..=depth).unwrap_or(path)),
                    expected: "a state dict",
                    found: "absent".to_owned(),
                    advice: match keys.is_empty() {
                        true => format!("what is there is {value:?}"),
                        false => format!("the keys there are {}", keys.join(", ")),
                    },
                }
            })?;
        }
        Ok(value)
    }

    fn tensors(
        &self,
        dict: Dict<'_>,
        path: &[&str],
    ) -> Result<(StateMap<'static>, Vec<RefusedTensor>), ReadError> {
        let mut map = StateMap::with_capacity(dict.len());
        let mut refused: Vec<RefusedTensor> = Vec::new();
        for (key, value) in dict.iter() {
            let Some(name) = key.as_str() else {
                return Err(ReadError::NotAStateDict {
                    path: format!("the key {key:?} of {}", display(path)),
                    expected: "a str",
                    found: key.type_name(),
                    advice: nested(dict, path),
                });
            };
            let view = match value.kind() {
                Kind::Tensor(tensor) => tensor.view(),
                Kind::Refused(refusal) => {
                    refused.push(RefusedTensor { key: name.to_owned(), refusal: refusal.clone() });
                    continue;
                }
                _ => None,
            };
            let Some(view) = view else {
                return Err(ReadError::NotAStateDict {
                    path: join(&display(path), name),
                    expected: "a tensor",
                    found: format!("{value:?}"),
                    advice: nested(dict, path),
                });
            };
            if map.insert(name, view).is_some() {
                return Err(ReadError::DuplicateKey { key: name.to_owned() });
            }
        }
        if let Some(twice) = refused.iter().find(|refused| map.contains_key(&refused.key)) {
            return Err(ReadError::DuplicateKey { key: twice.key.clone() });
        }
        Ok((map, refused))
    }
}

/// The versions in the attribute `_metadata` of a state dict.
fn metadata(dict: Dict<'_>, path: &[&str]) -> Result<Option<Metadata>, ReadError> {
    let Some(found) = dict.attributes().and_then(|attributes| attributes.get("_metadata")) else {
        return Ok(None);
    };
    let place = format!("_metadata of {}", display(path));
    let wrong = |path: String, expected, value: Value<'_>| ReadError::NotAStateDict {
        path,
        expected,
        found: format!("{value:?}"),
        advice: "the file was not written by Module.state_dict()".to_owned(),
    };
    let modules = found.as_dict().ok_or_else(|| wrong(place.clone(), "a dict", found))?;
    let mut metadata = Metadata::default();
    for (module, entry) in modules.iter() {
        let name = module.as_str().ok_or_else(|| wrong(place.clone(), "a dict of str", module))?;
        let entries = entry
            .as_dict()
            .ok_or_else(|| wrong(join(&place, name), "a dict with the module's version", entry))?;
        let entry = match entries.get("version") {
            None => ModuleMetadata::default(),
            Some(version) => {
                let number = version.as_i64().and_then(|version| u64::try_from(version).ok());
                let number = number.ok_or_else(|| {
                    wrong(join(&join(&place, name), "version"), "an int from 0 on", version)
                })?;
                ModuleMetadata::with_version(number)
            }
        };
        if metadata.insert(name, entry).is_some() {
            return Err(ReadError::DuplicateKey { key: format!("{place}: {name}") });
        }
    }
    Ok(Some(metadata))
}

/// Where state dicts are nested in a checkpoint: what to do about it.
fn nested(dict: Dict<'_>, path: &[&str]) -> String {
    let places: Vec<String> = dict
        .iter()
        .filter_map(|(key, value)| {
            let (_, first) = value.as_dict()?.iter().next()?;
            let is_tensor = matches!(first.kind(), Kind::Tensor(_) | Kind::Refused(_));
            is_tensor.then(|| key.as_str()).flatten()
        })
        .take(4)
        .map(|key| {
            let all: Vec<String> =
                path.iter().copied().chain([key]).map(|key| format!("{key:?}")).collect();
            format!("`state_map_at(&[{}])`", all.join(", "))
        })
        .collect();
    match places.is_empty() {
        true => "read it through `Document::root`".to_owned(),
        false => format!("the file holds a state dict deeper: use {}", places.join(" or ")),
    }
}

/// A path for messages.
fn display(path: &[&str]) -> String {
    match path {
        [] => "the file's root".to_owned(),
        path => path.iter().map(|key| format!("[{key:?}]")).collect(),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "the file's root" => format!("[{key:?}]"),
        path => format!("{path}[{key:?}]"),
    }
}
