//! How commands end: errors in one line, and what the exit status says.

use std::io::Write;

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

/// An error with those of its causes that it does not tell of itself, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        known if known.contains(&cause) => text,
        known => format!("{known}: {cause}"),
    })
}

/// The text of an error, which says what to write in Rust, with what to write on the command line.
pub(crate) fn as_options(text: &str) -> String {
    let key_map = "`model.load_with(path, &LoadOptions::new().map_keys(KeyMap::new().";
    let rules = [("strip_prefix", "strip"), ("add_prefix", "add"), ("select_prefix", "select")];
    let text = rules.into_iter().fold(text.to_owned(), |text, (rule, option)| {
        match text.split_once(&format!("load with {key_map}{rule}(")) {
            Some((before, after)) => {
                format!("{before}use `--{option}-prefix {}", after.replacen(")))`", "`", 1))
            }
            None => text,
        }
    });
    let text = as_rename(&text).unwrap_or(text);
    text.replace("`ReadOptions::opaque(true)`", "`--opaque`")
        .replace(
            "read its parameters and buffers with `ReadOptions::whole_models(true)`, which runs nothing",
            "make one of it with `statedict convert --whole-model`, which runs nothing",
        )
        .replace("read it through `Document::root`", "`statedict ls` shows what it is")
        .replace("; its parts are in the tree, `Document::root`", "")
        .replace("; `Document::state_map_partial` gives the other tensors", "")
        .replace("`codec::read_all` reads all of them", "only the first was read")
        .replace("`state_map_at(&[", "`--at ")
        .replace("])`", "`")
        .replace("\", \"", "\" --at \"")
}

/// The text with the command that renames a key.
fn as_rename(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("`Checkpoint::rename(r#\"")?;
    let (path, rest) = rest.split_once("\"#, \"")?;
    let (name, after) = rest.split_once("\")`")?;
    Some(format!("{before}`statedict convert IN OUT --rename '{path}={name}'`{after}"))
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
