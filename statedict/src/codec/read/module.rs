//! The state dict of a tree of modules: the names that `state_dict()` gives, whatever tells a module's parts.
//!
//! Of a model that was pickled whole these are the attributes in which `torch.nn.Module` keeps them; a
//! TorchScript archive's code names them.

use foldhash::HashSet;

use crate::codec::read::error::{ReadError, join};
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

impl ModuleProblem {
    /// The error, for a module at that place, whose names were allowed `limit` bytes.
    pub(super) fn at(self, place: &str, limit: u64) -> ReadError {
        match self {
            ModuleProblem::Malformed { path: within, expected, found } => {
                let path = join(place, &within);
                ReadError::NotAStateDict { path, expected, found, advice: String::new() }
            }
            ModuleProblem::TooMany { needed } => ReadError::Limit {
                what: format!("the names of the model at {place}"),
                limit: "name_bytes",
                allowed: limit,
                needed,
            },
        }
    }
}

/// The parts of a module, each by its name, in the order of its state dict.
pub(super) struct Parts<'v> {
    /// How much was looked at to find them.
    pub(super) cost: usize,
    pub(super) parameters: Vec<(Value<'v>, Value<'v>)>,
    pub(super) buffers: Vec<(Value<'v>, Value<'v>)>,
    pub(super) modules: Vec<(Value<'v>, Value<'v>)>,
    /// The names of parameters and buffers that only code of its own can find.
    pub(super) hidden: Vec<(String, bool)>,
}

/// Finds the parts of a value that is a module.
pub(super) type FindParts<'f, 'v> = &'f dyn Fn(Value<'v>) -> Option<Parts<'v>>;

/// The parts of a module that was pickled.
pub(super) fn pickled(value: Value<'_>) -> Option<Parts<'_>> {
    let Kind::Object(object) = value.kind() else { return None };
    let state = attributes(object)?;
    let not_saved = state.get(NOT_SAVED).and_then(Value::as_items);
    let not_saved: HashSet<&str> =
        not_saved.into_iter().flat_map(|names| names.iter()).filter_map(Value::as_str).collect();
    let is_saved = |key: Value<'_>| !key.as_str().is_some_and(|key| not_saved.contains(key));
    let part = |name| {
        let dict = state.get(name).and_then(Value::as_dict);
        dict.into_iter().flat_map(|dict| dict.iter()).filter(|(_, value)| !value.is_none())
    };
    Some(Parts {
        cost: state.len(),
        parameters: part(PARAMETERS).collect(),
        buffers: part(BUFFERS).filter(|&(key, _)| is_saved(key)).collect(),
        modules: part(MODULES).collect(),
        hidden: Vec::new(),
    })
}

/// An entry of a module's state dict.
pub(super) struct Named<'v> {
    pub(super) name: String,
    /// The value; `None` where only code of the module can find it.
    pub(super) value: Option<Value<'v>>,
    pub(super) is_parameter: bool,
}

/// The names that `state_dict()` of the module would give, each with what is there, in its order.
///
/// A module under two names gives its tensors twice, so a small file can name very many: at most
/// `limit` bytes of names are made.
pub(super) fn state_dict<'v>(
    value: Value<'v>,
    limit: u64,
    find: FindParts<'_, 'v>,
) -> Result<Vec<Named<'v>>, ModuleProblem> {
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
        let parts = find(module).ok_or_else(|| wrong(prefix.clone(), "a module", module))?;
        within.truncate(depth);
        // Bounded: the names of the path are as long as the path is deep.
        if within.iter().any(|outer| outer.same_as(module)) {
            return Err(wrong(prefix, "a module that does not contain itself", module));
        }
        within.push(module);
        cost = cost.saturating_add(size(parts.cost));
        let segment = |key: Value<'v>| {
            key.as_str().ok_or_else(|| wrong(prefix.clone(), "names that are str", key))
        };
        let mut name = |segment: &str| {
            let name = format!("{prefix}{segment}");
            // Looking through the modules that it is within costs as well.
            cost = cost.saturating_add(size(name.len().saturating_add(depth))).saturating_add(16);
            if cost > limit {
                return Err(ModuleProblem::TooMany { needed: cost });
            }
            Ok(name)
        };
        for (is_parameter, tensors) in [(true, parts.parameters), (false, parts.buffers)] {
            for (key, value) in tensors {
                found.push(Named { name: name(segment(key)?)?, value: Some(value), is_parameter });
            }
        }
        for (hidden, is_parameter) in &parts.hidden {
            found.push(Named { name: name(hidden)?, value: None, is_parameter: *is_parameter });
        }
        let first = waiting.len();
        for (key, child) in parts.modules {
            waiting.push((child, name(segment(key)?)? + ".", depth + 1));
        }
        if let Some(children) = waiting.get_mut(first..) {
            children.reverse();
        }
    }
    Ok(found)
}
