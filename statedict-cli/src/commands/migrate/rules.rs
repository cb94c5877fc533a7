//! A migration as data: the steps of a rules file.

use std::collections::{BTreeMap, HashMap, HashSet};

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use statedict::tensor::ViewError;
use statedict::{DType, KeyMap, MigrateError, Migration, TensorView};
use toml::Spanned;

use super::fill::{Number, filled};
use super::in_place::Origin;

/// Every step with its fields, as help and errors show them.
pub(super) const STEPS: [(&str, &str); 14] = [
    ("rename", "{ from = \"first\", to = \"stem\" }"),
    ("rename_all", "[{ from = \"a\", to = \"b\" }, { from = \"b\", to = \"a\" }]"),
    ("rename_regex", "{ from = '^layers\\.(\\d+)\\.ln', to = 'blocks.\\1.norm' }"),
    ("remove", "{ name = \"head\" }"),
    ("remove_regex", "{ name = '\\.scale$' }"),
    (
        "split",
        "{ key = \"qk\", dim = 0, into = [{ name = \"q\", size = 4 }, { name = \"k\", size = 4 }] }",
    ),
    ("cat", "{ keys = [\"q\", \"k\"], dim = 0, into = \"qk\" }"),
    ("transpose", "{ key = \"weight\", dims = [0, 1] }"),
    ("narrow", "{ key = \"embed\", dim = 0, start = 0, end = 100 }"),
    ("reshape", "{ key = \"scale\", shape = [1, 4] }"),
    ("widen", "{ key = \"scale\", dtype = \"float32\" }"),
    ("cast", "{ key = \"scale\", dtype = \"bfloat16\" }"),
    ("cast_regex", "{ key = '^blocks\\.', dtype = \"bfloat16\" }"),
    ("fill", "{ key = \"steps\", value = 0, dtype = \"int64\", shape = [] }"),
];

/// A rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// The steps, in the order they run.
    #[serde(default, rename = "step")]
    steps: Vec<Spanned<Step>>,
    /// Versions to record for modules: path to version, `""` for the root.
    #[serde(default)]
    pub(super) versions: BTreeMap<String, u64>,
}

/// Something that was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    #[serde(rename = "step")]
    pub(super) what: &'static str,
    pub(super) about: String,
}

/// One step: exactly one of these tables.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Rename { from: String, to: String },
    RenameAll(Vec<NewName>),
    RenameRegex { from: String, to: String },
    Remove { name: String },
    RemoveRegex { name: Pattern },
    Split { key: String, dim: usize, into: Vec<Piece> },
    Cat { keys: Vec<String>, dim: usize, into: String },
    Transpose { key: String, dims: [usize; 2] },
    Narrow { key: String, dim: usize, start: usize, end: usize },
    Reshape { key: String, shape: Vec<usize> },
    Widen { key: String, dtype: String },
    Cast { key: String, dtype: String },
    CastRegex { key: Pattern, dtype: String },
    Fill { key: String, value: Number, dtype: String, shape: Vec<usize> },
}

/// One of several names that change at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewName {
    from: String,
    to: String,
}

/// A piece of a tensor that is split.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    name: String,
    size: usize,
}

/// A regular expression, compiled when the file is read.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(pattern: String) -> Result<Self, Self::Error> {
        Regex::new(&pattern).map(Pattern)
    }
}

impl Pattern {
    /// Returns those of the keys that match, which must be some.
    fn among<'k>(&self, keys: impl Iterator<Item = &'k str>) -> Result<Vec<String>, MigrateError> {
        let Pattern(pattern) = self;
        let keys: Vec<String> =
            keys.filter(|key| pattern.is_match(key)).map(str::to_owned).collect();
        if keys.is_empty() {
            return Err(MigrateError::message(format!("no key matches `{pattern}`")));
        }
        Ok(keys)
    }
}

impl Rules {
    /// Reads a rules file.
    ///
    /// # Errors
    /// Names the line, the column, and the fields of the step.
    pub(super) fn parse(text: &str) -> Result<Rules, String> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let message = error.message().replace('\n', " ");
            // What serde calls a variant's content is a table to who writes the file.
            let message = match message.split_once("struct variant Step::") {
                Some((before, _)) => format!("{before}a table"),
                None => message,
            };
            let fields =
                step_at(text, at).map(|(name, fields)| format!("; write `{name} = {fields}`"));
            format!("{}: {message}{}", place(text, at), fields.unwrap_or_default())
        })
    }

    /// Runs the steps, and returns a line for each thing done and what each key comes from.
    ///
    /// # Errors
    /// Names the line and the step.
    pub(super) fn run(
        &self,
        text: &str,
        migration: &mut Migration<'_>,
    ) -> Result<(Vec<Done>, HashMap<String, Origin>), MigrateError> {
        let values = migration.values().map(|(key, _)| key);
        let names = migration.keys().chain(values).map(str::to_owned);
        let origins = names.map(|name| (name.clone(), Origin::Same(name))).collect();
        let mut run = Run { migration, done: Vec::new(), tied: HashMap::new(), origins };
        for (index, step) in self.steps.iter().enumerate() {
            let (at, step) = (step.span().start, step.get_ref());
            step.run(&mut run).map_err(|error| {
                let (place, step_name) = (place(text, at), step.name());
                MigrateError::message(format!("{place}: step {} ({step_name}): {error}", index + 1))
            })?;
        }
        Ok((run.done, run.origins))
    }
}

/// The line and column of a byte of a text.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    format!("line {}, column {}", before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The step that is written at or before a byte of a text, with its fields.
fn step_at(text: &str, at: usize) -> Option<(&'static str, &'static str)> {
    let end = text.get(at..)?.find('\n').map_or(text.len(), |end| at + end);
    let named = |line: &str| {
        let (name, _) = line.split_once('=')?;
        STEPS.iter().find(|(step, _)| *step == name.trim()).copied()
    };
    text.get(..end)?.lines().rev().take_while(|line| *line != "[[step]]").find_map(named)
}

/// The steps on their way through a state dict.
struct Run<'r, 's> {
    migration: &'r mut Migration<'s>,
    done: Vec<Done>,
    /// The keys that were changed because they are other names of a tensor: which, and that tensor's key.
    tied: HashMap<String, String>,
    /// The part of the file that each key comes from.
    origins: HashMap<String, Origin>,
}

impl<'s> Run<'_, 's> {
    fn tell(&mut self, what: &'static str, about: String) {
        self.done.push(Done { what, about });
    }

    /// Renames keys, and returns those that changed: old and new.
    fn rename(&mut self, rules: &KeyMap) -> Result<Vec<(String, String)>, MigrateError> {
        let renamed = self.migration.map_keys(rules)?;
        let moved = renamed
            .iter()
            .filter_map(|(from, to)| Some((to.clone(), self.origins.remove(from)?)))
            .collect::<Vec<_>>();
        self.origins.extend(moved);
        Ok(renamed)
    }

    fn remove(&mut self, name: &str) -> Result<(), MigrateError> {
        self.migration.remove(name)?;
        let Run { migration, origins, .. } = self;
        let values = migration.values().map(|(key, _)| key);
        let left: HashSet<&str> = migration.keys().chain(values).collect();
        origins.retain(|key, _| left.contains(key.as_str()));
        Ok(())
    }

    /// Notes that a tensor is made of the entry that another key comes from.
    fn made_of(&mut self, key: &str, from: &str, make: fn(String) -> Origin) {
        match self.origins.get(from).cloned() {
            Some(Origin::Same(origin) | Origin::Changed(origin)) => {
                self.origins.insert(key.to_owned(), make(origin));
            }
            Some(part @ Origin::Part(_)) => drop(self.origins.insert(key.to_owned(), part)),
            None => drop(self.origins.remove(key)),
        }
    }

    /// Changes a tensor under all of its names, so that it stays one.
    fn change(
        &mut self,
        what: &'static str,
        key: &str,
        about: &str,
        change: impl FnOnce(&TensorView<'s>) -> Result<TensorView<'s>, ViewError>,
    ) -> Result<(), MigrateError> {
        if let Some(first) = self.tied.get(key) {
            return Err(MigrateError::message(format!(
                "`{key}` is another name of `{first}`, and an earlier step has changed both; leave this step \
                 out, or name `{first}` in it"
            )));
        }
        let before = self.migration.get(key)?.clone();
        self.migration.change(key, change)?;
        let after = self.migration.get(key)?.clone();
        let others = self.migration.keys().filter(|other| *other != key);
        let others = others
            .filter(|other| self.migration.get(other).is_ok_and(|view| view.same_as(&before)));
        let others: Vec<String> = others.map(str::to_owned).collect();
        self.tell(what, format!("{key}{about}"));
        self.made_of(key, key, Origin::Changed);
        for other in others {
            self.made_of(&other, &other, Origin::Changed);
            self.migration.change(&other, |_| Ok(after.clone()))?;
            self.tell(what, format!("{other}{about}, another name of {key}"));
            self.tied.insert(other, key.to_owned());
        }
        Ok(())
    }
}

/// A replacement with the groups of other regular expressions, `$1` and `${name}`, as Python's.
fn as_python(replacement: &str) -> String {
    let (mut out, mut rest) = (String::new(), replacement);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let bare =
            after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        rest = match after.strip_prefix('{').and_then(|name| name.split_once('}')) {
            Some((name, after)) => {
                out.push_str(&format!("\\g<{name}>"));
                after
            }
            None if bare > 0 => {
                out.push_str(&format!("\\g<{}>", &after[..bare]));
                &after[bare..]
            }
            None => {
                out.push('$');
                after.strip_prefix('$').unwrap_or(after)
            }
        };
    }
    out.push_str(rest);
    out
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Step::Rename { .. } => "rename",
            Step::RenameAll(_) => "rename_all",
            Step::RenameRegex { .. } => "rename_regex",
            Step::Remove { .. } => "remove",
            Step::RemoveRegex { .. } => "remove_regex",
            Step::Split { .. } => "split",
            Step::Cat { .. } => "cat",
            Step::Transpose { .. } => "transpose",
            Step::Narrow { .. } => "narrow",
            Step::Reshape { .. } => "reshape",
            Step::Widen { .. } => "widen",
            Step::Cast { .. } => "cast",
            Step::CastRegex { .. } => "cast_regex",
            Step::Fill { .. } => "fill",
        }
    }

    fn run(&self, run: &mut Run<'_, '_>) -> Result<(), MigrateError> {
        match self {
            Step::Rename { from, to } => {
                check_names([from.as_str(), to])?;
                run.rename(&KeyMap::new().rename_all([(from.as_str(), to.as_str())]))?;
                run.tell("rename", format!("{from} -> {to}"));
            }
            Step::RenameAll(names) => {
                let names: Vec<(&str, &str)> =
                    names.iter().map(|NewName { from, to }| (from.as_str(), to.as_str())).collect();
                check_names(names.iter().flat_map(|&(from, to)| [from, to]))?;
                run.rename(&KeyMap::new().rename_all(names.iter().copied()))?;
                names.iter().for_each(|(from, to)| run.tell("rename", format!("{from} -> {to}")));
            }
            Step::RenameRegex { from, to } => {
                let rules = KeyMap::new().replace(from, &as_python(to))?;
                let renamed = run.rename(&rules)?;
                if renamed.is_empty() {
                    return Err(MigrateError::message(format!("no key matches `{from}`")));
                }
                renamed.iter().for_each(|(from, to)| run.tell("rename", format!("{from} -> {to}")));
            }
            Step::Remove { name } => {
                run.remove(name)?;
                run.tell("remove", name.clone());
            }
            Step::RemoveRegex { name } => {
                let values = run.migration.values().map(|(key, _)| key);
                for key in name.among(run.migration.keys().chain(values))? {
                    run.remove(&key)?;
                    run.tell("remove", key);
                }
            }
            Step::Split { key, dim, into } => {
                let pieces: Vec<(&str, usize)> =
                    into.iter().map(|piece| (piece.name.as_str(), piece.size)).collect();
                run.migration.split(key, *dim, &pieces)?;
                pieces.iter().for_each(|(name, _)| run.made_of(name, key, Origin::Part));
                if !pieces.iter().any(|(name, _)| name == key) {
                    run.origins.remove(key);
                }
                let names: Vec<&str> = pieces.iter().map(|&(name, _)| name).collect();
                run.tell("split", format!("{key} -> {}", names.join(", ")));
            }
            Step::Cat { keys, dim, into } => {
                let names: Vec<&str> = keys.iter().map(String::as_str).collect();
                run.migration.cat(&names, *dim, into)?;
                names.first().into_iter().for_each(|first| run.made_of(into, first, Origin::Part));
                for name in names.iter().filter(|name| *name != into) {
                    run.origins.remove(*name);
                }
                run.tell("cat", format!("{} -> {into}", names.join(", ")));
            }
            Step::Transpose { key, dims: [first, second] } => {
                run.change("transpose", key, "", |tensor| tensor.transpose(*first, *second))?;
            }
            Step::Narrow { key, dim, start, end } => {
                run.change("narrow", key, "", |tensor| tensor.narrow(*dim, *start..*end))?;
            }
            Step::Reshape { key, shape } => {
                let about = format!(" to {shape:?}");
                run.change("reshape", key, &about, |tensor| tensor.reshape(shape.as_slice()))?;
            }
            Step::Widen { key, dtype } => {
                let dtype = dtype_named(dtype)?;
                run.change("widen", key, &format!(" to {dtype}"), |tensor| tensor.widen(dtype))?;
            }
            Step::Cast { key, dtype } => {
                let dtype = dtype_named(dtype)?;
                run.change("cast", key, &format!(" to {dtype}"), |tensor| tensor.cast(dtype))?;
            }
            Step::CastRegex { key, dtype } => {
                let (dtype, keys) = (dtype_named(dtype)?, key.among(run.migration.keys())?);
                let known: HashSet<&String> = keys.iter().collect();
                for key in &keys {
                    // It is cast with the tensor that it is another name of.
                    if !run.tied.get(key).is_some_and(|first| known.contains(first)) {
                        let about = format!(" to {dtype}");
                        run.change("cast", key, &about, |tensor| tensor.cast(dtype))?;
                    }
                }
            }
            Step::Fill { key, value, dtype, shape } => {
                run.migration.insert(key.as_str(), filled(value, dtype_named(dtype)?, shape)?)?;
                run.origins.remove(key);
                run.tell("fill", format!("{key} with {value}"));
            }
        }
        Ok(())
    }
}

/// Refuses names of nothing: what is meant by them is all keys, or none of a key.
fn check_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<(), MigrateError> {
    match names.into_iter().any(str::is_empty) {
        false => Ok(()),
        true => Err(MigrateError::message(
            "a name is empty; `rename_regex = { from = '^', to = 'model.' }` puts a prefix before all keys, \
             `rename_regex = { from = '^model\\.', to = '' }` takes it off",
        )),
    }
}

fn dtype_named(name: &str) -> Result<DType, MigrateError> {
    DType::from_name(name).ok_or_else(|| {
        MigrateError::message(format!(
            "there is no element type `{name}`; write `float32`, `int64` …"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_shown_as_it_can_be_written() {
        for (name, fields) in STEPS {
            let rules = Rules::parse(&format!("[[step]]\n{name} = {fields}")).unwrap();
            assert_eq!(rules.steps[0].get_ref().name(), name);
            let error = Rules::parse(&format!("[[step]]\n{name} = {{ nothing = 1 }}")).unwrap_err();
            assert!(error.starts_with("line 2, column "), "{error}");
            assert!(error.ends_with(&format!("; write `{name} = {fields}`")), "{error}");
        }
    }

    #[test]
    fn groups_are_written_in_both_ways() {
        for (replacement, python) in [
            (r"$1.norm", r"\g<1>.norm"),
            (r"${1}x\2", r"\g<1>x\2"),
            ("a$$1$", "a$1$"),
            ("$name.$2_x", r"\g<name>.\g<2_x>"),
        ] {
            assert_eq!(as_python(replacement), python);
        }
    }
}
