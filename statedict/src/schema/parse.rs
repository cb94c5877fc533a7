//! A schema from its text.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use crate::plain_debug::debug_is_display;
use crate::schema::Schema;
use crate::schema::item::{
    SchemaEntry, SchemaItem, SchemaModule, SchemaUnknown, UnknownReason, parent,
};
use crate::schema::pattern::segments;
use crate::visit::{Kind, ModuleInfo};

/// Why a text is no schema.
#[derive(Clone, PartialEq, Eq)]
pub struct SchemaParseError {
    line: usize,
    text: String,
    expected: &'static str,
}

impl SchemaParseError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for SchemaParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SchemaParseError { line, text, expected } = self;
        write!(f, "line {line} of the schema should be {expected}, and is {text:?}")
    }
}

debug_is_display!(SchemaParseError);

impl std::error::Error for SchemaParseError {}

/// From the text that a schema has: what was committed can be compared with a file. Empty lines, and lines
/// that start with `#`, are passed over. The history of modules is not in the text, but for `since`.
///
/// ```
/// use statedict::Schema;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = "module (root): Net, version 2\nparameter weight\nbuffer steps, since version 2\n";
/// let schema: Schema = text.parse()?;
/// assert_eq!(schema.to_string(), text);
/// # Ok(())
/// # }
/// ```
impl FromStr for Schema {
    type Err = SchemaParseError;

    /// Names of classes stay in memory, each once, as long as the program runs.
    fn from_str(text: &str) -> Result<Self, SchemaParseError> {
        let mut items = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong =
                |expected| SchemaParseError { line: index + 1, text: line.to_owned(), expected };
            items.push(item(line.trim_end()).map_err(wrong)?);
        }
        Ok(Schema { items })
    }
}

fn item(line: &str) -> Result<SchemaItem, &'static str> {
    if let Some(rest) = line.strip_prefix("module ") {
        return module(rest);
    }
    if let Some(rest) = line.strip_prefix("unknown ") {
        let expected = "`unknown PATH: REASON`";
        let (path, reason) = rest.split_once(": ").ok_or(expected)?;
        let reasons = [UnknownReason::Opaque, UnknownReason::Recursive, UnknownReason::Alias];
        let reason = reasons.into_iter().find(|known| known.text() == reason).ok_or(expected)?;
        return Ok(SchemaItem::Unknown(SchemaUnknown { path: place(path), reason }));
    }
    let kinds = [
        ("parameter ", Kind::Parameter),
        ("buffer ", Kind::Buffer),
        ("extra state ", Kind::ExtraState),
    ];
    let found = kinds.iter().find_map(|(word, kind)| Some((line.strip_prefix(word)?, *kind)));
    let (rest, kind) =
        found.ok_or("`module`, `parameter`, `buffer`, `extra state` or `unknown` with a name")?;
    entry(rest, kind)
}

fn module(rest: &str) -> Result<SchemaItem, &'static str> {
    let expected = "`module PATH: CLASS, version N, optional, alias of PATH`";
    let (path, rest) = rest.split_once(": ").ok_or(expected)?;
    let path = place(path);
    let (name, parts) = suffixes(rest);
    let mut module = SchemaModule {
        info: ModuleInfo::new(interned(name)),
        optional: None,
        alias_of: None,
        path,
    };
    for part in parts {
        match part {
            Suffix::Version(version) => module.info = module.info.with_version(version),
            Suffix::Optional(with) => module.optional = Some(depth(with, &module.path)),
            Suffix::Alias(target) => module.alias_of = Some(target.to_owned()),
            Suffix::Since(..) | Suffix::NotSaved => return Err(expected),
        }
    }
    Ok(SchemaItem::Module(module))
}

fn entry(rest: &str, kind: Kind) -> Result<SchemaItem, &'static str> {
    let (key, parts) = suffixes(rest);
    let mut entry = SchemaEntry {
        key: key.to_owned(),
        kind,
        optional: None,
        alias_of: None,
        since: Vec::new(),
    };
    for part in parts {
        match part {
            Suffix::NotSaved if kind == Kind::Buffer => entry.kind = Kind::NonPersistentBuffer,
            Suffix::Since(version, module) => {
                let module = module.map_or_else(|| parent(key).to_owned(), place);
                entry.since.push((module, version));
            }
            Suffix::Optional(with) => entry.optional = Some(depth(with, key)),
            Suffix::Alias(target) => entry.alias_of = Some(target.to_owned()),
            Suffix::Version(_) | Suffix::NotSaved => {
                return Err("a key, and `since version N`, `optional` or `alias of KEY`");
            }
        }
    }
    Ok(SchemaItem::Entry(entry))
}

/// The suffix of a name.
enum Suffix<'t> {
    Version(u64),
    Since(u64, Option<&'t str>),
    NotSaved,
    Optional(Option<&'t str>),
    Alias(&'t str),
}

/// The name, and what follows it: taken from the end, since a name may have anything in it.
fn suffixes(mut rest: &str) -> (&str, Vec<Suffix<'_>>) {
    let mut found = Vec::new();
    while let Some((before, last)) = rest.rsplit_once(", ") {
        let suffix = if last == "optional" {
            Suffix::Optional(None)
        } else if last == "not saved" {
            Suffix::NotSaved
        } else if let Some(with) = last.strip_prefix("optional with ") {
            Suffix::Optional(Some(with))
        } else if let Some(target) = last.strip_prefix("alias of ") {
            Suffix::Alias(target)
        } else if let Some(since) = last.strip_prefix("since version ") {
            let (version, module) = match since.split_once(" of ") {
                Some((version, module)) => (version, Some(module)),
                None => (since, None),
            };
            let Ok(version) = version.parse() else { break };
            Suffix::Since(version, module)
        } else if let Some(Ok(version)) = last.strip_prefix("version ").map(str::parse) {
            Suffix::Version(version)
        } else {
            break;
        };
        found.push(suffix);
        rest = before;
    }
    found.reverse();
    (rest, found)
}

/// How many segments lead to what may be absent: the path itself, unless it goes with another.
fn depth(with: Option<&str>, path: &str) -> usize {
    segments(&with.map_or_else(|| path.to_owned(), place)).count()
}

fn place(path: &str) -> String {
    if path == "(root)" { String::new() } else { path.to_owned() }
}

/// The name as one that lives as long as the program, as those of compiled modules do.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_with(HashSet::new);
    match names.get(name) {
        Some(known) => known,
        None => {
            let name: &'static str = name.to_owned().leak();
            names.insert(name);
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::StateMap;
    use crate::tensor::TensorView;

    const TEXT: &str = "\
module (root): Net, version 2
parameter weight, optional
module once: Linear, optional
parameter once.weight, optional with once
parameter once.bias, optional
buffer once.steps, since version 3, optional with once
module head: Linear, alias of once
parameter head.weight, since version 2 of (root), optional with head, alias of once.weight
extra state head._extra_state
unknown tail: known only by a value
";

    #[test]
    fn a_schema_is_what_its_text_says() {
        let schema: Schema = TEXT.parse().unwrap();
        assert_eq!(schema.to_string(), TEXT);
        let commented = format!("# of the release\n\n{TEXT}");
        assert_eq!(commented.parse::<Schema>().unwrap(), schema);
    }

    #[test]
    fn what_goes_with_a_module_is_missing_where_the_module_is() {
        let schema: Schema = TEXT.parse().unwrap();
        let mut map = StateMap::new();
        map.insert("tail.x", TensorView::full(1.0f32, []).unwrap());
        map.insert("once.steps", TensorView::full(1.0f32, []).unwrap());
        let error = schema.check(&map).unwrap_err();
        assert!(error.missing_keys().eq(["once.weight", "head._extra_state"]));
    }

    #[test]
    fn other_lines_are_refused_with_their_number() {
        for (text, line) in [
            ("parameter a\nparam b", 2),
            ("module a", 1),
            ("module a: B, since version 2", 1),
            ("parameter a, version 2", 1),
            ("unknown a: who knows", 1),
        ] {
            assert_eq!(text.parse::<Schema>().unwrap_err().line(), line, "{text}");
        }
    }
}
