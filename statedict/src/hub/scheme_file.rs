//! The JSON of schemes' maps. A name that comes twice is an error: one of the two would be lost.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::hub::error::HubError;

/// Names and locations, in the file's order.
pub(super) type Names = Vec<(String, String)>;

/// A map of one scheme: an object of strings.
pub(super) fn of_one(json: &str, file: Option<&Path>) -> Result<Names, HubError> {
    parse::<String>(json, file)
}

/// Maps of several: an object of objects.
pub(super) fn of_all(json: &str, file: Option<&Path>) -> Result<Vec<(String, Names)>, HubError> {
    let schemes = parse::<Once<String>>(json, file)?;
    Ok(schemes.into_iter().map(|(scheme, Once(names))| (scheme, names)).collect())
}

fn parse<T: for<'de> Deserialize<'de>>(
    json: &str,
    file: Option<&Path>,
) -> Result<Vec<(String, T)>, HubError> {
    let Once(entries) = serde_json::from_str(json).map_err(|error| HubError::Schemes {
        path: file.map(Path::to_owned),
        reason: error.to_string(),
    })?;
    Ok(entries)
}

/// An object of which no key comes twice.
struct Once<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Once<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnceVisitor(PhantomData))
    }
}

struct OnceVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnceVisitor<T> {
    type Value = Once<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of names and locations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once<T>, A::Error> {
        let mut seen = std::collections::HashSet::new();
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, T>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("`{key}` twice")));
            }
            entries.push((key, value));
        }
        Ok(Once(entries))
    }
}
