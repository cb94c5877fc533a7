//! Nested dicts of tensors as one state dict.

use crate::codec::read::error::{ReadError, join};
use crate::codec::read::not_kept;
use crate::codec::read::state_map::{Entries, Extract, Partial};
use crate::key;
use crate::metadata::Metadata;
use crate::value::{Dict, Value};

/// A dict whose entries are being taken.
struct Level<'v> {
    value: Value<'v>,
    dict: Dict<'v>,
    /// The next entry.
    next: usize,
    /// The keys that lead to it, joined with dots.
    path: String,
}

impl<'a> Extract<'_, 'a> {
    /// Returns the state dict that a dict is with all dicts below it, their keys joined with dots. A dict under two
    /// names gives its tensors twice, so a small file can name very many: at most `limit` bytes of names are made.
    pub(super) fn flattened(&self, value: Value<'_>, limit: u64) -> Result<Partial<'a>, ReadError> {
        let Some(dict) = value.as_mapping() else { return self.state_map(value) };
        self.check(dict, "")?;
        let mut entries = Entries::with_capacity(dict.len());
        not_kept::of_dict(&mut entries.not_kept, "", value, dict);
        let mut metadata = self.metadata(dict)?;
        let mut cost = 0u64;
        let mut within = vec![Level { value, dict, next: 0, path: String::new() }];
        while let Some(level) = within.last_mut() {
            let Some((key, part)) = level.dict.get_index(level.next) else {
                within.pop();
                continue;
            };
            level.next += 1;
            let path = key::join(&level.path, &key.text().unwrap_or_default());
            // Looking through the dicts that it is within costs as well.
            let looked_at = path.len().saturating_add(within.len()).saturating_add(16);
            cost = cost.saturating_add(u64::try_from(looked_at).unwrap_or(u64::MAX));
            if cost > limit {
                return Err(ReadError::Limit {
                    what: format!("the names of the dicts at {}", self.place),
                    limit: "name_bytes",
                    allowed: limit,
                    needed: cost,
                });
            }
            not_kept::of_key(&mut entries.not_kept, &path, key);
            match part.as_mapping().filter(|_| !key::is_extra_state(&path)) {
                None => self.add(&mut entries, &path, part)?,
                Some(_) if within.iter().any(|outer| outer.value.same_as(part)) => {
                    return Err(ReadError::NotAStateDict {
                        path: join(self.place, &path),
                        expected: "a dict that does not contain itself",
                        found: format!("{part:?}"),
                        advice: String::new(),
                    });
                }
                Some(inner) => {
                    self.check(inner, &path)?;
                    if let Some(modules) = self.metadata(inner)? {
                        merge(metadata.get_or_insert_default(), &path, &modules)?;
                    }
                    not_kept::of_dict(&mut entries.not_kept, &path, part, inner);
                    within.push(Level { value: part, dict: inner, next: 0, path });
                }
            }
        }
        let (mut map, refused) = entries.finish()?;
        *map.metadata_mut() = metadata;
        Ok((map, refused))
    }
}

/// Adds what is said of the modules at and below a path.
fn merge(all: &mut Metadata, path: &str, modules: &Metadata) -> Result<(), ReadError> {
    for (below, module) in modules.iter() {
        let module_path = key::join(path, below);
        if all.get(&module_path).is_some() {
            return Err(ReadError::DuplicateKey { key: format!("_metadata: {module_path}") });
        }
        all.insert(module_path, module.clone());
    }
    Ok(())
}
