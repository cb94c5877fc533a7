//! A state dict against a schema.

use std::collections::HashSet;
use std::fmt::{self, Write};

use crate::line::OneLine;
use crate::map::StateMap;
use crate::schema::pattern::{Paths, Patterns, first, rest_below};
use crate::schema::{Schema, SchemaEntry};

/// The keys in which a state dict differs from a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaMismatch {
    missing: Vec<String>,
    unexpected: Vec<String>,
}

impl SchemaMismatch {
    /// The keys that the schema asks for and the state dict lacks.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The keys of the state dict that the schema does not have.
    pub fn unexpected(&self) -> &[String] {
        &self.unexpected
    }
}

impl fmt::Display for SchemaMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = OneLine(f);
        line.write_str("the state dict is not of this schema")?;
        for key in &self.missing {
            line.0.write_str("\n")?;
            write!(line, "  missing     {key}")?;
        }
        for key in &self.unexpected {
            line.0.write_str("\n")?;
            write!(line, "  unexpected  {key}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaMismatch {}

impl Schema {
    /// Compares the keys of `map` with the schema's.
    ///
    /// Only names are compared: without a value of the model, shapes and element types are not known.
    /// For a list, the state dict says how many children there are. What a part of the model may
    /// lack, or an older version did not have, is not missing; what is where only a value knows
    /// the keys is not unexpected. Nothing is migrated: see [`migrate`](crate::migrate).
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    ///     #[param]
    ///     bias: Vec<f32>,
    /// }
    ///
    /// let mut map = StateMap::new();
    /// map.insert("0.weight", TensorView::full(1.0f32, [2]).unwrap());
    /// map.insert("0.scale", TensorView::full(1.0f32, [2]).unwrap());
    /// let error = Vec::<Linear>::schema().check(&map).unwrap_err();
    /// assert_eq!(error.missing(), ["0.bias"]);
    /// assert_eq!(error.unexpected(), ["0.scale"]);
    /// # let _ = Linear { weight: vec![], bias: vec![] };
    /// ```
    ///
    /// # Errors
    /// All keys that are missing, and all that are not expected.
    pub fn check(&self, map: &StateMap<'_>) -> Result<(), SchemaMismatch> {
        let keys: Vec<&str> = map.keys().chain(map.values().map(|(key, _)| key)).collect();
        let paths = Paths::new(keys.iter().copied());
        let patterns = Patterns::new(self.entries().map(SchemaEntry::key));
        let mut expected = HashSet::new();
        let mut mismatch = SchemaMismatch::default();
        for entry in self.entries().filter(|entry| entry.is_persistent()) {
            for key in patterns.expand(&entry.key, &paths) {
                if !map.contains_key(&key)
                    && map.value(&key).is_none()
                    && entry.optional.is_none_or(|depth| paths.contains(first(&key, depth)))
                    && !entry.is_newer(&key, map)
                    && !self.is_unknown(&key)
                    && !expected.contains(&key)
                {
                    mismatch.missing.push(key.clone());
                }
                expected.insert(key);
            }
        }
        let unexpected =
            keys.into_iter().filter(|&key| !expected.contains(key) && !self.is_unknown(key));
        mismatch.unexpected = unexpected.map(str::to_owned).collect();
        let agrees = mismatch == SchemaMismatch::default();
        if agrees { Ok(()) } else { Err(mismatch) }
    }

    fn is_unknown(&self, key: &str) -> bool {
        self.unknown().any(|unknown| rest_below(key, unknown.path()).is_some())
    }
}

impl SchemaEntry {
    /// Whether the state dict was saved before there was this entry.
    fn is_newer(&self, key: &str, map: &StateMap<'_>) -> bool {
        // The version is that of the module that has it under its own name.
        let key = self.alias_of.as_deref().unwrap_or(key);
        self.since.iter().any(|(module, version)| {
            let depth = module.split('.').filter(|segment| !segment.is_empty()).count();
            map.version(first(key, depth)).unwrap_or(0) < *version
        })
    }
}
