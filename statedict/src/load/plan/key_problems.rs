//! What is said about missing and unexpected keys where they are errors.

use std::collections::HashMap;

use crate::dtype::DType;
use crate::key;
use crate::load::incompatible::IncompatibleKeys;
use crate::load::plan::expected::Plan;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;

/// Suggestions compare every missing with every unexpected key: beyond this many pairs they would
/// cost more than they help.
const MAX_SUGGESTION_PAIRS: usize = 1 << 16;

/// A problem for each key, the missing ones first, each with the nearest of the other list.
pub(in crate::load) fn key_problems(
    plan: &Plan,
    map: &StateMap<'_>,
    keys: &IncompatibleKeys,
) -> Vec<LoadProblem> {
    let IncompatibleKeys { missing_keys, unexpected_keys } = keys;
    let suggest = missing_keys.len().saturating_mul(unexpected_keys.len()) <= MAX_SUGGESTION_PAIRS;
    let nearest = |key: &str, candidates: &[String]| {
        let candidates = candidates.iter().map(String::as_str);
        if suggest { key::nearest(key, candidates).map(str::to_owned) } else { None }
    };
    let by_form =
        if suggest && plan.has_forms { only_of_form(map, unexpected_keys) } else { HashMap::new() };
    let leaves = if missing_keys.is_empty() { Default::default() } else { plan.leaves_by_key() };
    let leaf = |key: &str| {
        let &index = leaves.get(key)?;
        Some((plan.leaf(index), plan.module_of(index)))
    };
    let missing = missing_keys.iter().map(|key| match leaf(key) {
        Some((leaf, module)) => LoadProblem::Missing {
            key: key.clone(),
            kind: leaf.kind,
            form: leaf.dtype.map(|dtype| (dtype, leaf.shape())),
            module,
            nearest: nearest(key, unexpected_keys).or_else(|| {
                let form = (last(key), leaf.dtype?, leaf.sizes());
                by_form.get(&form)?.map(str::to_owned)
            }),
        },
        None => match plan.extra_names.iter().find(|extra| plan.keys.spell(extra.name.key) == *key)
        {
            Some(extra) => LoadProblem::MissingValue {
                key: key.clone(),
                module: plan.extra(&extra.name).module,
            },
            None => LoadProblem::MissingByHook { key: key.clone() },
        },
    });
    let non_persistent = plan.non_persistent(unexpected_keys);
    let unexpected = unexpected_keys.iter().map(|key| match (map.get(key), map.value(key)) {
        (Some(tensor), _) => LoadProblem::Unexpected {
            key: key.clone(),
            dtype: tensor.dtype(),
            shape: tensor.shape().clone(),
            non_persistent: non_persistent.contains(key.as_str()),
            nearest: nearest(key, missing_keys),
        },
        (None, Some(value)) => {
            LoadProblem::UnexpectedValue { key: key.clone(), type_name: value.value().type_name() }
        }
        (None, None) => LoadProblem::UnexpectedByHook { key: key.clone() },
    });
    missing.chain(unexpected).collect()
}

/// The last segment, the dtype and the shape of a tensor.
type Form<'f> = (&'f str, DType, &'f [usize]);

/// The unexpected tensors by their forms; `None` where several have one.
fn only_of_form<'k>(
    map: &'k StateMap<'_>,
    keys: &'k [String],
) -> HashMap<Form<'k>, Option<&'k str>> {
    let mut only = HashMap::new();
    for key in keys {
        if let Some(tensor) = map.get(key) {
            let form = (last(key), tensor.dtype(), &**tensor.shape());
            only.entry(form).and_modify(|known| *known = None).or_insert(Some(key.as_str()));
        }
    }
    only
}

fn last(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, last)| last)
}
