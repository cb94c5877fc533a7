//! Checking that a model still is the one that a load was planned for.

use crate::load::plan::expected::Plan;
use crate::load::report::problem::LoadProblem;
use crate::visit::{Key, ModelError, Slot, Walk};

/// Checks that the model shows the same leaves for writing as it did for reading, and that all of
/// them can be reached.
pub(super) fn same_model(plan: &Plan, walk: &Walk<Slot<'_>>) -> Result<(), Vec<LoadProblem>> {
    if !walk.problems().is_empty() {
        return Err(walk.problems().iter().cloned().map(LoadProblem::Model).collect());
    }
    let different = |key: String| vec![LoadProblem::Model(ModelError::Unsteady { key })];
    let count = walk.leaves.len();
    if plan.leaf_count() != count {
        let first = (count < plan.leaf_count()).then(|| spell(plan, plan.leaf(count).key));
        return Err(different(first.unwrap_or_default()));
    }
    // The names are stored alike where the calls are; other calls may still make the same keys.
    let alike = plan.keys.extends(&walk.keys);
    let (mut expected, mut shown) = (plan.keys.speller(), walk.keys.speller());
    let mut same_key = |a: Key, b: Key| {
        if alike { a == b } else { expected.spell(a) == shown.spell(b) }
    };
    for (leaf, shown) in plan.leaves().zip(walk.leaves.iter()) {
        if !same_key(leaf.key, shown.key)
            || leaf.kind != shown.kind
            || leaf.dtype != shown.tensor.dtype()
            || *leaf.sizes() != *shown.tensor.shape()
        {
            return Err(different(spell(plan, leaf.key)));
        }
    }
    let expected = plan.extras.iter().map(|extra| spell(plan, extra.key));
    let shown = walk.extras.iter().map(|extra| walk.keys.spell(extra.key));
    if expected.clone().ne(shown.clone()) {
        let differing = expected.clone().zip(shown).find(|(expected, shown)| expected != shown);
        let first = differing.map(|(expected, _)| expected).or_else(|| expected.clone().next());
        return Err(different(first.unwrap_or_else(|| "_extra_state".to_owned())));
    }
    Ok(())
}

fn spell(plan: &Plan, key: Key) -> String {
    plan.keys.spell(key)
}
