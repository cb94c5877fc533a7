//! The index of a sharded checkpoint: which file holds which key.

/// So much of an index is looked at.
pub(super) const LONGEST: usize = 64 << 20;

/// So many shards are named in a message.
const NAMED: usize = 4;

/// Returns the names of the shards in the text of an index, each once and in order; `None` if it is no index.
///
/// The text is searched for names rather than parsed, so that a build without a JSON parser tells the same.
pub(super) fn shards(text: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, map) = text.split_once("\"weight_map\"")?;
    let map = map.split('}').next()?;
    // The quotes part `: {`, a key, `: `, a file, `, `, a key, `: `, a file and so on.
    let mut names: Vec<String> = map.split('"').skip(3).step_by(4).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// Returns what a shard index is and what to do, where the text is one.
pub(super) fn described(text: &[u8]) -> Option<(String, String)> {
    let names = shards(text)?;
    let found = match names.len() {
        1 => "the index of a sharded checkpoint in 1 file".to_owned(),
        count => format!("the index of a sharded checkpoint in {count} files"),
    };
    Some((found, format!("load each of them: {}", listed(&names))))
}

/// Returns the first names for a message.
pub(super) fn listed(names: &[String]) -> String {
    let first = names.get(..NAMED).unwrap_or(names).join(", ");
    match names.len().checked_sub(NAMED) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}
