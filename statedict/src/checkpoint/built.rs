//! A state dict out of a tree that was built or edited.

use std::collections::HashSet;

use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::part::{Entries, Part, Shape};
use crate::checkpoint::read::Partial;
use crate::codec::{ReadError, RefusedTensor};
use crate::key;
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::value::{Refusal, RefusalReason, SharedValue};

/// The state dict that a value is, and the tensors it cannot have; `place` is its name in messages. The
/// errors are those that a file's state dict has.
pub(super) fn state_dict<'a>(
    part: Part<'_, 'a>,
    place: &str,
) -> Result<Partial<'a>, CheckpointError> {
    let entries = dict(part, place.to_owned(), "a dict of str to tensor")?;
    let mut map = StateMap::with_capacity(entries.len());
    let mut refused: Vec<RefusedTensor> = Vec::new();
    let mut keys = HashSet::with_capacity(entries.len());
    for (key, value) in entries.iter() {
        let name = text(key, || format!("a key of {place}"))?;
        if !keys.insert(name) {
            return Err(ReadError::DuplicateKey { key: name.to_owned() }.into());
        }
        match (value.tensor(), value.shape()) {
            (Some(view), _) => drop(map.insert(name, view)),
            (None, Shape::OddTensor(kind)) => {
                let refusal = Refusal::new(RefusalReason::NotPlain { kind }, 0);
                refused.push(RefusedTensor { key: name.to_owned(), refusal });
            }
            _ if name.rsplit('.').next() == Some(key::EXTRA_STATE) => {
                map.insert_value(name, shared(value)?);
            }
            _ => return Err(unfit(format!("{name:?} of {place}"), "a tensor", value)),
        }
    }
    let metadata = entries.attribute("_metadata");
    *map.metadata_mut() = metadata.map(|found| versions(found, place)).transpose()?;
    Ok((map, refused))
}

/// The versions in the attribute `_metadata` of a state dict.
fn versions(part: Part<'_, '_>, place: &str) -> Result<Metadata, CheckpointError> {
    let place = format!("_metadata of {place}");
    let mut metadata = Metadata::default();
    for (module, entry) in dict(part, place.clone(), "a dict")?.iter() {
        let name = text(module, || format!("a key of {place}"))?;
        let within = format!("{name:?} of {place}");
        let mut found = ModuleMetadata::default();
        let mut version = None;
        for (key, value) in dict(entry, within.clone(), "a dict with the module's version")?.iter()
        {
            let key = text(key, || format!("a key of {within}"))?;
            let again = if key == "version" {
                let number = value.int().and_then(|version| u64::try_from(version).ok());
                let place = || format!("the version of {within}");
                let number = number.ok_or_else(|| unfit(place(), "an int from 0 on", value))?;
                version.replace(number).is_some()
            } else {
                found.insert_extra(key, shared(value)?).is_some()
            };
            if again {
                return Err(ReadError::DuplicateKey { key: format!("{key:?} of {within}") }.into());
            }
        }
        if metadata.insert(name, found.set_version(version)).is_some() {
            return Err(ReadError::DuplicateKey { key: within }.into());
        }
    }
    Ok(metadata)
}

/// A value for a state dict's places for values of any kind, which keep the tree they are of.
fn shared(part: Part<'_, '_>) -> Result<SharedValue, CheckpointError> {
    let tree = part.tree();
    Ok(SharedValue::of(&tree)?)
}

fn dict<'c, 'a>(
    part: Part<'c, 'a>,
    place: String,
    expected: &'static str,
) -> Result<Entries<'c, 'a>, CheckpointError> {
    part.entries().ok_or_else(|| unfit(place, expected, part))
}

fn text<'c>(part: Part<'c, '_>, place: impl Fn() -> String) -> Result<&'c str, CheckpointError> {
    part.str().ok_or_else(|| unfit(place(), "a str", part))
}

fn unfit(path: String, expected: &'static str, part: Part<'_, '_>) -> CheckpointError {
    let found = part.described();
    ReadError::NotAStateDict { path, expected, found, advice: String::new() }.into()
}
