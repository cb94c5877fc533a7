//! What a state dict alone, or a safetensors file, has no place for.

use statedict::StateMap;

/// So many are named to people.
const NAMED: usize = 6;

/// Returns what of the state dict in the file is not kept where only its tensors and versions are.
pub(crate) fn not_kept(map: &StateMap<'_>) -> Vec<String> {
    let found = map.not_kept();
    let more = Some(found.more()).filter(|&more| more > 0);
    let more = more.map(|more| format!("and {more} more"));
    found.iter().map(ToString::to_string).chain(more).collect()
}

/// The first of them for people.
pub(crate) fn listed(lost: &[String]) -> String {
    let named = lost.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match lost.len().checked_sub(NAMED) {
        None | Some(0) => named,
        Some(more) => format!("{named} and {more} more"),
    }
}
