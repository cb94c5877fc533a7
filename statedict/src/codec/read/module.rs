//! A whole model that was pickled: its parameters and buffers, from where `torch.nn.Module` keeps them.

use foldhash::HashSet;

use crate::value::{Dict, Kind, Object, Value};

/// The attributes in which every `torch.nn.Module` keeps its state.
const PARAMETERS: &str = "_parameters";
const BUFFERS: &str = "_buffers";
const MODULES: &str = "_modules";
const NOT_SAVED: &str = "_non_persistent_buffers_set";

/// The attributes of an object that is a `torch.nn.Module`.
fn attributes<'g>(object: Object<'g>) -> Option<Dict<'g>> {
    let state = object.state().as_dict()?;
    let has = |name| state.get(name).is_some_and(|found| found.as_dict().is_some());
    (has(PARAMETERS) && has(BUFFERS) && has(MODULES)).then_some(state)
}

/// Returns `true` if a value is a `torch.nn.Module`.
pub(crate) fn is_module(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Object(object) => attributes(object).is_some(),
        _ => false,
    }
}

/// Why a module's tensors cannot be named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ModuleProblem {
    /// A module that contains itself, or something that is not named by a str.
    Malformed { path: String, expected: &'static str, found: String },
    /// More or longer names than the size of the file explains.
    TooMany { needed: u64 },
}

/// The names that `state_dict()` of the module would give, each with what is there, in its order.
///
/// A module under two names gives its tensors twice, so a small file can name very many: at most
/// `limit` bytes of names are made.
pub(super) fn state_dict(
    value: Value<'_>,
    limit: u64,
) -> Result<Vec<(String, Value<'_>)>, ModuleProblem> {
    let mut found = Vec::new();
    let mut cost = 0u64;
    let size = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    // Modules still to be walked, the next last, each with how many it is within.
    let mut waiting = vec![(value, String::new(), 0usize)];
    let mut within: Vec<Value<'_>> = Vec::new();
    while let Some((module, prefix, depth)) = waiting.pop() {
        let wrong = |path: String, expected, found: Value<'_>| ModuleProblem::Malformed {
            path,
            expected,
            found: format!("{found:?}"),
        };
        let state = match module.kind() {
            Kind::Object(object) => attributes(object),
            _ => None,
        };
        let state = state.ok_or_else(|| wrong(prefix.clone(), "a module", module))?;
        within.truncate(depth);
        // Bounded: the names of the path are as long as the path is deep.
        if within.iter().any(|outer| outer.same_as(module)) {
            return Err(wrong(prefix, "a module that does not contain itself", module));
        }
        within.push(module);
        cost = cost.saturating_add(size(state.len()));
        let mut name = |key: Value<'_>| {
            let segment =
                key.as_str().ok_or_else(|| wrong(prefix.clone(), "names that are str", key))?;
            let name = format!("{prefix}{segment}");
            // Looking through the modules that it is within costs as well.
            cost = cost.saturating_add(size(name.len().saturating_add(depth))).saturating_add(16);
            if cost > limit {
                return Err(ModuleProblem::TooMany { needed: cost });
            }
            Ok(name)
        };
        let part = |name| state.get(name).and_then(Value::as_dict);
        let not_saved = state.get(NOT_SAVED).and_then(Value::as_items);
        let not_saved: HashSet<&str> = not_saved
            .into_iter()
            .flat_map(|names| names.iter())
            .filter_map(Value::as_str)
            .collect();
        let is_saved = |key: Value<'_>| !key.as_str().is_some_and(|key| not_saved.contains(key));
        for (key, tensor) in part(PARAMETERS).into_iter().flat_map(|dict| dict.iter()) {
            if !tensor.is_none() {
                found.push((name(key)?, tensor));
            }
        }
        for (key, tensor) in part(BUFFERS).into_iter().flat_map(|dict| dict.iter()) {
            if !tensor.is_none() && is_saved(key) {
                found.push((name(key)?, tensor));
            }
        }
        let first = waiting.len();
        for (key, child) in part(MODULES).into_iter().flat_map(|dict| dict.iter()) {
            if !child.is_none() {
                waiting.push((child, name(key)? + ".", depth + 1));
            }
        }
        if let Some(children) = waiting.get_mut(first..) {
            children.reverse();
        }
    }
    Ok(found)
}
