//! How commands end: errors in one line, and what the exit status says.

use std::io::Write;

use statedict::value::Refusal;

use crate::printable::printable;

/// Why a command failed, in one line.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// How a command ended that did what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well: exit status 0.
    Fine,
    /// What the command looks for was found, a difference or damage: exit status 1.
    Found,
}

impl Outcome {
    /// `Found` where there is something.
    pub(crate) fn found(any: bool) -> Self {
        if any { Outcome::Found } else { Outcome::Fine }
    }

    /// Both together.
    pub(crate) fn and(self, other: Outcome) -> Self {
        Outcome::found(self == Outcome::Found || other == Outcome::Found)
    }
}

/// An error with those of its causes that it does not tell of itself, in one line, and in the words of the program.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text =
        causes.map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
            "" => cause,
            known if known.contains(&cause) => text,
            known => format!("{known}: {cause}"),
        });
    in_words_of_program(&text)
}

/// The library's advice in Rust, and the same on the command line.
const WORDS: &[(&str, &str)] = &[
    ("`ReadOptions::opaque(false)`", "`--no-opaque`"),
    ("`ReadOptions::opaque(true)`", "`--opaque`"),
    (
        "save `model.state_dict()` instead, or read its parameters and buffers with \
         `ReadOptions::whole_models(true)`, which runs nothing",
        "save `model.state_dict()` instead, or make one of it with `statedict convert --whole-model`, \
         which runs nothing",
    ),
    (
        "`ReadOptions::whole_models(true)` reads it",
        "`statedict convert --whole-model` makes a state dict of it",
    ),
    (
        "`ReadOptions::flatten(true)` reads nested dicts as one",
        "`statedict convert --flatten` makes one state dict of nested dicts",
    ),
    ("`ReadOptions::plain_tensors(true)`", "`--plain-tensors`"),
    ("`ReadOptions::unnamed_tensors(true)`", "`--unnamed`"),
    ("take it out with `StateMap::remove_value`", "leave it out with `--exclude`"),
    ("`WriteOptions::copy_overlaps(true)`", "`statedict convert --copy-overlaps`"),
    (", or pass over them with `Source::skip`", ""),
    ("read it through `Document::root`", "`statedict ls` shows what it is"),
    ("; its parts are in the tree, `Document::root`", ""),
    ("; `Document::state_map_partial` gives the other tensors", ""),
    ("`Document::read_all` reads all of them", "only the first was read"),
];

/// The call of a load in the library's advice, and the same on the command line.
const LOAD: &str = "`model.load_with(path, &LoadOptions::new().";
const REMEDIES: &[(&str, &str)] = &[
    ("dtype(DTypePolicy::Cast)", "the step `cast_regex` of `statedict migrate`"),
    ("ignore_mismatched(true)", "the step `remove` of `statedict migrate`"),
    ("allow_newer_versions(true)", "the table `[versions]` of `statedict migrate`"),
];
const PREFIXES: [(&str, &str); 3] = [
    ("strip_prefix", "--strip-prefix"),
    ("add_prefix", "--add-prefix"),
    ("select_prefix", "--select-prefix"),
];

/// The text of an error, which says what to write in Rust, with what to write on the command line.
pub(crate) fn in_words_of_program(text: &str) -> String {
    let mut text =
        WORDS.iter().fold(text.to_owned(), |text, (rust, here)| text.replace(rust, here));
    text = as_rename(&text).unwrap_or(text);
    // The program has one option for all limits.
    while let Some((before, call)) = text.split_once("raise it with `") {
        let after = call.split_once('`').map_or("", |(_, after)| after);
        text = format!("{before}read it with `--trust`{after}");
    }
    while let Some((before, call)) = text.split_once("`state_map_at(&[") {
        let (keys, after) = call.split_once("])`").unwrap_or((call, ""));
        text = format!("{before}`--at {}`{after}", keys.replace("\", \"", "\" --at \""));
    }
    while let Some((before, call)) = text.split_once(LOAD) {
        let (option, after) = call.split_once(")`").unwrap_or((call, ""));
        let remedy =
            REMEDIES.iter().find(|(rust, _)| *rust == option).map(|(_, here)| (*here).to_owned());
        let excluded =
            option.starts_with("post_load(").then(|| "`statedict convert --exclude`".to_owned());
        let version = option.strip_prefix("assume_version(");
        let version = version.and_then(|number| number.strip_suffix(')').or(Some(number)));
        let version = version.map(|number| format!("`--assume-version {number}`"));
        let prefix = PREFIXES.iter().find_map(|(rule, here)| {
            let prefix = option.strip_prefix(&format!("map_keys(KeyMap::new().{rule}("))?;
            Some(format!("`{here} {}`", prefix.strip_suffix("))")?))
        });
        let use_it = |before: &str| match before.strip_suffix("load with ") {
            Some(before) => format!("{before}use "),
            None => before.to_owned(),
        };
        text = match (prefix.or(version), remedy.or(excluded)) {
            (Some(prefix), _) => format!("{}{prefix}{after}", use_it(before)),
            (None, Some(remedy)) => format!("{before}{remedy}{after}"),
            // What there is no option for is left out with the words that lead to it.
            (None, None) => {
                let end = [", or ", ": ", "; "].iter().filter_map(|mark| before.rfind(mark)).max();
                format!("{}{after}", before.get(..end.unwrap_or(0)).unwrap_or_default())
            }
        };
    }
    text
}

/// Returns the text with the command that renames a key.
fn as_rename(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("`Checkpoint::rename(r#\"")?;
    let (path, rest) = rest.split_once("\"#, \"")?;
    let (name, after) = rest.split_once("\")`")?;
    Some(format!("{before}`statedict convert IN OUT --rename '{path}={name}'`{after}"))
}

/// Why a tensor is refused, in the words of the program.
pub(crate) fn refused(refusal: &Refusal) -> String {
    in_words_of_program(&refusal.to_string())
}

/// Says on standard error what went wrong, in one line.
pub(crate) fn complain(error: &dyn std::error::Error) {
    note(&error.to_string());
}

/// Tells the person at the terminal something in one line.
pub(crate) fn note(text: &str) {
    // Where that cannot be written either, there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "statedict: {}", printable(text));
}

/// Whether the reader of standard output has gone.
pub(crate) fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Runs `each` for every item, whatever becomes of the others: what fails is said at once, and
/// counts as something found.
pub(crate) fn for_each<T>(
    items: &[T],
    mut each: impl FnMut(&T) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let mut all = Outcome::Fine;
    for item in items {
        match each(item) {
            Ok(outcome) => all = all.and(outcome),
            Err(error) if is_broken_pipe(&*error) => return Err(error),
            Err(error) => {
                complain(&*error);
                all = Outcome::Found;
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_written_in_rust_becomes_options() {
        for (rust, here) in [
            (
                "all 2 unexpected keys begin with `m.`, and are the model's without it: load with \
                 `model.load_with(path, &LoadOptions::new().map_keys(KeyMap::new().strip_prefix(\"m.\")))`",
                "all 2 unexpected keys begin with `m.`, and are the model's without it: use `--strip-prefix \"m.\"`",
            ),
            (
                "1 tensor has another dtype: convert with `model.load_with(path, \
                 &LoadOptions::new().dtype(DTypePolicy::Cast))`, or take the file's with \
                 `model.load_with(path, &LoadOptions::new().assign(true))`",
                "1 tensor has another dtype: convert with the step `cast_regex` of `statedict migrate`",
            ),
            (
                "no versions; say which with `model.load_with(path, &LoadOptions::new().of_a_later_day(3))`",
                "no versions",
            ),
            (
                "load with `model.load_with(path, &LoadOptions::new().assume_version(3))`",
                "use `--assume-version 3`",
            ),
            (
                "use `state_map_at(&[\"a\", \"b\"])` or `state_map_at(&[\"c\"])`",
                "use `--at \"a\" --at \"b\"` or `--at \"c\"`",
            ),
            (
                "x needs 5 and the limit `work` is 4; if you trust the file, raise it with `Limits::work`",
                "x needs 5 and the limit `work` is 4; if you trust the file, read it with `--trust`",
            ),
        ] {
            assert_eq!(in_words_of_program(rust), here);
        }
    }
}
