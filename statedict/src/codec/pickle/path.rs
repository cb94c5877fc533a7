//! Where in the tree the value is that a pickle is making: for messages.

use crate::value::Graph;
use crate::value::raw::Raw;
use crate::value::text::quoted;

/// The length at which a path is cut off: a pickle can nest as deep as it is long.
const LONGEST: usize = 1000;

/// The path of the value on top of the stack, from the containers that wait below it:
/// `["model"]["fc.weight"]`. Empty for the root, or where the stack does not tell.
pub(super) fn path(graph: &Graph<'_>, stack: &[Raw], marks: &[usize]) -> String {
    let mut path = String::new();
    let mut start = 0;
    // Each level is a container, and after its mark the keys and values (or items) so far.
    for (level, &mark) in marks.iter().enumerate() {
        if path.len() > LONGEST {
            return path + "…";
        }
        let next =
            marks.get(level + 1).map_or(stack.len(), |next| next.saturating_sub(1).max(mark));
        let below = stack.get(start..mark).unwrap_or(&[]);
        let items = stack.get(mark..next).unwrap_or(&[]);
        match below.last() {
            Some(&Raw::Container(index)) => segment(graph, index, items, &mut path),
            _ => single(graph, items, &mut path),
        }
        start = mark;
    }
    if marks.is_empty() {
        single(graph, stack, &mut path);
    }
    path
}

/// The segment within a container whose entries so far follow a mark.
fn segment(graph: &Graph<'_>, index: u32, items: &[Raw], path: &mut String) {
    let Some(container) = graph.container(index) else { return };
    if container.kind.is_dict() {
        // The last key is the first of a pair that is not complete.
        if let Some(key) = items.as_chunks::<2>().1.first().or_else(|| items.iter().rev().nth(1)) {
            push_key(graph, *key, path);
        }
    } else {
        path.push_str(&format!("[{}]", container.run.len as usize + items.len()));
    }
}

/// The segment where a single entry is set: container, key, and the value to come.
fn single(graph: &Graph<'_>, items: &[Raw], path: &mut String) {
    for pair in items.windows(2) {
        if let [Raw::Container(index), key] = *pair
            && graph.container(index).is_some_and(|container| container.kind.is_dict())
        {
            push_key(graph, key, path);
        }
    }
}

fn push_key(graph: &Graph<'_>, key: Raw, path: &mut String) {
    if path.len() > LONGEST {
        return;
    }
    match key {
        Raw::Str(text) => {
            let key: String = graph.str(text).chars().take(200).collect();
            path.push_str(&format!("[{key:?}]"));
        }
        Raw::Int(index) => path.push_str(&format!("[{index}]")),
        Raw::Surrogates(text) if text.len < 200 => {
            path.push_str(&format!("[{}]", quoted(graph.text(text))));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::raw::ContainerKind;

    #[test]
    fn dicts_and_lists_that_wait_for_a_value_are_segments() {
        let mut graph = Graph::over(Arc::new([]));
        let dict = graph.add_container(ContainerKind::Dict).unwrap();
        let list = graph.add_container(ContainerKind::List).unwrap();
        let mut key = |key: &str| Raw::Str(graph.add_bytes(key.as_bytes()).unwrap());
        let stack = [dict, key("a"), Raw::None, key("b"), list, Raw::None, Raw::None];
        assert_eq!(path(&graph, &stack, &[1, 5]), "[\"b\"][2]");
        assert_eq!(path(&graph, &stack[..2], &[]), "[\"a\"]");
        assert_eq!(path(&graph, &[], &[]), "");
    }
}
