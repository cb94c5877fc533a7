//! Paths as text and as JSON.

use serde_json::{Value as Json, json};
use statedict::contents::{NoSuchPath, Segment, Step, ValuePath, resolve};
use statedict::value::Value;

use crate::leaf::{self, Texts};
use crate::printable::printable;

/// A path as it is written and typed. In a file that is flat, as a state dict is, a key is its own name.
pub(crate) fn name(steps: &[Step<'_>], is_flat: bool) -> String {
    let word =
        |char: char| char.is_alphanumeric() || " _-:/".contains(char) || (is_flat && char == '.');
    let key = if let [step] = steps { text(step) } else { None };
    let is_name = |key: &&str| {
        let starts = key.starts_with(|char: char| char.is_alphabetic() || char == '_');
        (starts || key.contains('.')) && key.chars().all(word)
    };
    match key.filter(is_name).filter(|key| !matches!(*key, "None" | "True" | "False")) {
        Some(key) => key.to_owned(),
        None if steps.is_empty() => "(the root)".to_owned(),
        None => printable(&path(steps).to_string()).to_string(),
    }
}

pub(crate) fn path(steps: &[Step<'_>]) -> ValuePath {
    steps.iter().collect()
}

/// The str that a step is.
pub(crate) fn text<'g>(step: &Step<'g>) -> Option<&'g str> {
    match step {
        Step::Key(key) => key.as_str(),
        _ => None,
    }
}

/// The names of a path one by one, as patterns of names and the tree see them.
pub(crate) fn words(steps: &[Step<'_>]) -> impl Iterator<Item = String> {
    steps.iter().map(|step| match Segment::from(step) {
        Segment::Key(name) | Segment::Literal(name) | Segment::Attribute(name) => name,
        Segment::Index(index) => index.to_string(),
        segment => ValuePath::from(segment).to_string(),
    })
}

/// A path as patterns of names see it: all segments with dots between.
pub(crate) fn dotted(steps: &[Step<'_>]) -> String {
    words(steps).collect::<Vec<_>>().join(".")
}

/// The path as the JSON list that other programs read.
pub(crate) fn json(steps: &[Step<'_>]) -> Json {
    let segment = |step: &Step<'_>| match *step {
        Step::Key(key) => key
            .as_str()
            .map_or_else(|| json!({"key": leaf::leaf(key, &Texts::of_key()).0}), |key| json!(key)),
        Step::Index(index) => json!(index),
        Step::Attribute(name) => json!({"attr": name}),
        Step::Member(place) => json!({"member": place}),
        Step::Entry(place, key) => {
            json!({"key": leaf::leaf(key, &Texts::of_key()).0, "place": place})
        }
    };
    Json::Array(steps.iter().map(segment).collect())
}

/// What a path that someone typed leads to.
pub(crate) fn find<'o>(
    root: Value<'o>,
    text: &str,
) -> Result<(Vec<Step<'o>>, Value<'o>), NoSuchPath> {
    let path = match text {
        "" | "." | "(the root)" => ValuePath::root(),
        text => resolve(root, text)?,
    };
    Ok(path.steps(root).expect("invariant: what was found is there"))
}
