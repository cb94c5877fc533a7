//! What a key means in a file.

use serde_json::Value as Json;
use statedict::TensorView;

use crate::failure::Failure;
use crate::leaf;
use crate::opened::Opened;
use crate::path;
use crate::walk::Found;

/// Something that was selected.
pub(super) struct Selected<'o> {
    pub(super) name: String,
    pub(super) path: Json,
    pub(super) what: What<'o>,
}

pub(super) enum What<'o> {
    Tensor(TensorView<'o>),
    /// A plain value: as text, as JSON, and its bytes where it is text or bytes.
    Value {
        text: String,
        json: Json,
        bytes: Option<Vec<u8>>,
    },
}

/// How a path fits a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It is what the key names.
    Exact,
    /// It is in what the key names.
    Within,
}

fn fit(key: &str, name: &str, dotted: &str) -> Option<Fit> {
    if name == key || dotted == key {
        return Some(Fit::Exact);
    }
    let within = |path: &str, ends: &[char]| {
        path.strip_prefix(key).is_some_and(|rest| rest.starts_with(ends))
    };
    let is_within = within(dotted, &['.']) || (key.starts_with('[') && within(name, &['[', '.']));
    is_within.then_some(Fit::Within)
}

/// Everything that a key names.
pub(super) fn select<'o>(opened: &'o Opened, key: &str) -> Result<Vec<Selected<'o>>, Failure> {
    let (mut exact, mut within) = (Vec::new(), Vec::new());
    let mut containers = 0;
    let mut similar: Vec<String> = Vec::new();
    let last = key.rsplit('.').next().unwrap_or(key);
    opened.walk(|segments, found| {
        let (name, dotted) = (path::name(segments), path::dotted(segments));
        let is_root = segments.is_empty() && matches!(key, "" | "." | "(the root)");
        let fit = if is_root { Some(Fit::Exact) } else { fit(key, &name, &dotted) };
        let Some(fit) = fit.or(matches!(key, "" | ".").then_some(Fit::Within)) else {
            if similar.len() < 3 && dotted.ends_with(last) {
                similar.push(name);
            }
            return Ok(());
        };
        let what = match found {
            Found::Tensor(tensor, _) => What::Tensor(tensor),
            Found::Leaf(value) => {
                let bytes = value.as_bytes().map(<[u8]>::to_vec);
                let text = value.as_str().map(|text| text.as_bytes().to_vec());
                What::Value {
                    text: format!("{value:?}"),
                    json: leaf::leaf(value),
                    bytes: bytes.or(text),
                }
            }
            Found::Float(value) => {
                let (text, json) = (format!("{value:?}"), leaf::float(value));
                What::Value { text, json, bytes: None }
            }
            Found::Int(value) => {
                let (text, json) = (value.to_string(), leaf::int(value));
                What::Value { text, json, bytes: None }
            }
            Found::Cycle => {
                let json = serde_json::json!({"type": "cycle"});
                What::Value { text: "(itself)".to_owned(), json, bytes: None }
            }
            Found::Refused(refusal) => {
                return Err(format!("{name} is {refusal}").into());
            }
            Found::Container(_) | Found::Metadata(_) => {
                containers += 1;
                return Ok(());
            }
        };
        let path = leaf::path(segments);
        let list = if fit == Fit::Exact { &mut exact } else { &mut within };
        list.push(Selected { name, path, what });
        Ok(())
    })?;
    match exact.len() {
        0 if within.is_empty() && containers == 0 => {
            let hint = match similar.as_slice() {
                [] => String::new(),
                similar => format!("; there is {}", similar.join(", ")),
            };
            Err(format!("there is no `{key}`{hint}").into())
        }
        0 => Ok(within),
        1 => {
            exact.append(&mut within);
            Ok(exact)
        }
        _ => {
            let names: Vec<&str> = exact.iter().map(|one| one.name.as_str()).take(4).collect();
            Err(format!("`{key}` may be any of {}", names.join(", ")).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fit_by_name_by_dots_and_by_what_they_are_in() {
        let (name, dotted) = ("[\"model\"][\"fc.weight\"]", "model.fc.weight");
        assert!(fit(name, name, dotted) == Some(Fit::Exact));
        assert!(fit("model.fc.weight", name, dotted) == Some(Fit::Exact));
        assert!(fit("model.fc", name, dotted) == Some(Fit::Within));
        assert!(fit("[\"model\"]", name, dotted) == Some(Fit::Within));
        assert!(fit("model.f", name, dotted).is_none());
        assert!(fit("fc.weight", name, dotted).is_none());
    }
}
