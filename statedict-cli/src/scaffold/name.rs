//! Names for Rust out of a file's names, which may be anything: a key is never code.

use std::collections::HashSet;

/// Words that are no identifiers, or not ones that a field may have.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Types that the printed program, or what it derives, knows by these names.
const TYPES: &[&str] = &[
    "Alias",
    "Array0",
    "Array1",
    "Array2",
    "Array3",
    "Array4",
    "Array5",
    "Array6",
    "ArrayD",
    "BTreeMap",
    "Bool",
    "BurnDType",
    "Box",
    "CpuTensor",
    "DType",
    "Default",
    "Device",
    "Err",
    "ExtraState",
    "ExtraStateError",
    "Graph",
    "Int",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Param",
    "ParameterList",
    "PhantomData",
    "Result",
    "Self",
    "SharedValue",
    "Some",
    "StateDict",
    "StateDictExt",
    "StateMap",
    "String",
    "Tensor",
    "TensorMut",
    "TensorView",
    "Value",
    "Var",
    "Vec",
];

/// A string literal of Rust that stands for `text`, whatever is in it.
pub(super) fn literal(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// `text` in a comment or literal: nothing in it can end either, or change the direction of reading.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if !char.is_ascii() && char.is_alphanumeric() {
            escaped.push(char);
        } else {
            escaped.extend(char.escape_default());
        }
    }
    escaped
}

/// The words of a name, in lower case: `inProj2` is `in`, `proj2`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let Some(word) = words.last_mut() else { break };
        let lower_next = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins = |before: char| {
            char.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && lower_next))
        };
        if !char.is_ascii_alphanumeric() {
            words.push(String::new());
        } else if before.is_some_and(begins) {
            words.push(char.to_ascii_lowercase().to_string());
        } else {
            word.push(char.to_ascii_lowercase());
        }
        before = Some(char);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A field's identifier for a segment of a key, none of `taken`. `numbered` comes before a segment that
/// begins with a digit.
pub(super) fn field(segment: &str, numbered: &str, taken: &mut HashSet<String>) -> String {
    let plain = segment.chars().enumerate().all(|(index, char)| {
        char == '_' || char.is_ascii_lowercase() || (index > 0 && char.is_ascii_digit())
    });
    let mut name = if plain && segment.contains(|char: char| char != '_') {
        segment.to_owned()
    } else {
        words(segment).join("_")
    };
    if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) {
        name = format!("{numbered}_{name}").trim_end_matches('_').to_owned();
    }
    if KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    unique(name, taken)
}

/// A type's name for a segment of a key, none of `taken`.
pub(super) fn type_name(segment: &str, taken: &mut HashSet<String>) -> String {
    let mut name: String = words(segment)
        .iter()
        .map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|char| char.to_ascii_uppercase());
            first.into_iter().chain(chars).collect::<String>()
        })
        .collect();
    if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) {
        name = format!("Layer{name}");
    }
    if TYPES.contains(&name.as_str()) {
        name.push_str("Module");
    }
    unique(name, taken)
}

/// Whether a name that somebody chose can be a struct's.
pub(super) fn is_type_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|char| char.is_ascii_uppercase())
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !TYPES.contains(&name)
}

/// The name, or the name with the first number that makes it new.
pub(super) fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let mut found = name.clone();
    let mut number = 2;
    while !taken.insert(found.clone()) {
        let separator = if name.ends_with(|char: char| char.is_ascii_digit()) { "_" } else { "" };
        found = format!("{name}{separator}{number}");
        number += 1;
    }
    found
}

/// Where a list is called so, its elements' name: `layers` has a `layer`.
pub(super) fn singular(list: &str) -> String {
    let stem = list.trim_end_matches(|char: char| char.is_ascii_digit() || char == '_');
    match stem {
        _ if stem.chars().count() < 3 => "block".to_owned(),
        _ if stem.ends_with("block") || stem.ends_with("layer") => stem.to_owned(),
        _ if stem.ends_with("ss") || !stem.ends_with('s') => format!("{stem}_block"),
        _ => stem.trim_end_matches('s').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(segment: &str) -> String {
        field(segment, "layer", &mut HashSet::new())
    }

    #[test]
    fn a_segment_becomes_an_identifier() {
        let found = ["weight", "_u", "inProj", "type", "self", "0", "Wq", "größe", "__", "a-b"];
        let found: Vec<String> = found.iter().map(|segment| field_of(segment)).collect();
        let expected =
            ["weight", "_u", "in_proj", "type_", "self_", "layer_0", "wq", "gr_e", "layer", "a_b"];
        assert_eq!(found, expected);
    }

    #[test]
    fn two_segments_never_become_one() {
        let mut taken = HashSet::new();
        assert_eq!(field("a-b", "layer", &mut taken), "a_b");
        assert_eq!(field("a_b", "layer", &mut taken), "a_b2");
        assert_eq!(type_name("vec", &mut taken), "VecModule");
        assert_eq!(type_name("self_attn", &mut taken), "SelfAttn");
    }

    #[test]
    fn a_literal_holds_anything() {
        assert_eq!(literal("a\"; evil()\n//"), r#""a\"; evil()\n//""#);
        assert_eq!(literal("größe \u{202e}"), r#""größe \u{202e}""#);
    }
}
