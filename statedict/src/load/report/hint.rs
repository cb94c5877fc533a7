//! What to do about a state dict that does not fit: calls that work when they are pasted.

use std::fmt;

use foldhash::HashSet;

use crate::load::options::LoadOptions;
use crate::load::policy::DTypePolicy;
use crate::load::report::problem::LoadProblem;
use crate::tensor::cast_refusal;

/// From how many of the keys a prefix is guessed. A wrapper's is on all of them.
const SAMPLE: usize = 8;

/// A prefix with which, or without which, many of the state dict's unexpected keys would be the model's.
///
/// Where reports and errors show it, they leave out the keys that it explains.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PrefixGuess {
    /// The prefix, with its dot.
    pub prefix: String,
    /// `true` if the keys of the state dict have it and should not; `false` if they should and have not.
    pub strip: bool,
    /// `true` if none of the other keys of the state dict is the model's, so that they can be left out.
    pub select: bool,
    /// How many unexpected keys it explains.
    pub explained: usize,
    /// How many unexpected keys there are.
    pub unexpected: usize,
    /// The missing and unexpected keys that it explains.
    #[cfg_attr(feature = "serde", serde(skip))]
    covered: HashSet<String>,
}

impl PrefixGuess {
    /// Looks for a prefix that explains at least two keys, and at least half of the unexpected ones.
    ///
    /// `defaulted` are keys of the model that may be missing; `any_loaded` tells that some keys fit as they are.
    pub(crate) fn new(
        missing: &[String],
        unexpected: &[String],
        defaulted: &[String],
        any_loaded: bool,
    ) -> Option<PrefixGuess> {
        if missing.is_empty() || unexpected.is_empty() {
            return None;
        }
        let wanted: HashSet<&str> = missing.iter().chain(defaulted).map(String::as_str).collect();
        let found: HashSet<&str> = unexpected.iter().map(String::as_str).collect();
        let strip = unexpected.iter().take(SAMPLE).flat_map(|key| cuts(key, &wanted));
        let add = missing.iter().take(SAMPLE).flat_map(|key| cuts(key, &found));
        let candidates: HashSet<(bool, &str)> =
            strip.map(|prefix| (true, prefix)).chain(add.map(|prefix| (false, prefix))).collect();
        // The model's key that an unexpected one is meant for.
        let meant = |strip: bool, prefix: &str, key: &str| {
            let meant =
                if strip { key.strip_prefix(prefix)?.to_owned() } else { format!("{prefix}{key}") };
            wanted.contains(meant.as_str()).then_some(meant)
        };
        let counted = candidates.into_iter().map(|(strip, prefix)| {
            let explains = |key: &&String| meant(strip, prefix, key).is_some();
            (unexpected.iter().filter(explains).count(), strip, prefix)
        });
        let (explained, strip, prefix) = counted
            .filter(|&(explained, ..)| explained >= 2 && explained * 2 >= unexpected.len())
            .max_by_key(|&(explained, _, prefix)| {
                (explained, std::cmp::Reverse((prefix.len(), prefix)))
            })?;
        let both = |key: &String| Some([key.clone(), meant(strip, prefix, key)?]);
        Some(PrefixGuess {
            prefix: prefix.to_owned(),
            strip,
            select: strip && !any_loaded && unexpected.iter().any(|key| !key.starts_with(prefix)),
            explained,
            unexpected: unexpected.len(),
            covered: unexpected.iter().filter_map(both).flatten().collect(),
        })
    }

    /// Returns `true` for a missing or unexpected key that the prefix explains.
    pub(crate) fn covers(&self, key: &str) -> bool {
        self.covered.contains(key)
    }
}

/// Returns the prefixes of `key` that end in a dot and leave one of `others`.
fn cuts<'k>(key: &'k str, others: &HashSet<&str>) -> impl Iterator<Item = &'k str> {
    key.match_indices('.').filter_map(|(dot, _)| {
        let (prefix, rest) = key.split_at(dot + 1);
        others.contains(rest).then_some(prefix)
    })
}

impl fmt::Display for PrefixGuess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PrefixGuess { prefix, strip, select, explained, unexpected, .. } = self;
        if explained == unexpected {
            write!(f, "all {unexpected} unexpected keys ")?;
        } else {
            write!(f, "{explained} of the {unexpected} unexpected keys ")?;
        }
        match strip {
            true => write!(f, "begin with `{prefix}`, and are the model's without it: ")?,
            false => write!(f, "are the model's with `{prefix}` before them: ")?,
        }
        let rule = match (strip, select) {
            (true, true) => "select_prefix",
            (true, false) => "strip_prefix",
            (false, _) => "add_prefix",
        };
        let call = format!("map_keys(KeyMap::new().{rule}({prefix:?}))");
        write!(f, "load with `{}`", with_options(&call))
    }
}

/// How the call begins that takes options.
pub(super) const CALL: &str = "model.load_with(path, ";

/// A load with one more option.
fn with_options(option: &str) -> String {
    format!("{CALL}&LoadOptions::new().{option})")
}

/// Says what to do about problems that have a remedy among the options, each kind once. `newest` is the highest
/// version of the model's modules, where the state dict has no versions.
pub(crate) fn remedies(
    problems: &[LoadProblem],
    options: &LoadOptions,
    newest: Option<u64>,
) -> Vec<String> {
    let count =
        |is: &dyn Fn(&LoadProblem) -> bool| problems.iter().filter(|problem| is(problem)).count();
    let many = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    };
    let mut hints = Vec::new();
    let dtypes = count(
        &|problem| matches!(problem, LoadProblem::DType { expected, found, .. } if cast_refusal(*found, *expected).is_none()),
    );
    if dtypes > 0 && (options.assign || options.dtype != DTypePolicy::Cast) {
        let many = many(dtypes, "tensor has another dtype", "tensors have another dtype");
        let cast = with_options("dtype(DTypePolicy::Cast)");
        let assign = with_options("assign(true)");
        hints.push(match options.assign {
            true => {
                format!("{many}, which the model's tensors cannot become: convert with `{cast}`")
            }
            false => format!("{many}: convert with `{cast}`, or take the file's with `{assign}`"),
        });
    }
    let unsaved = problems.iter().filter_map(|problem| match problem {
        LoadProblem::Unexpected { key, non_persistent: true, .. } => Some(key.as_str()),
        _ => None,
    });
    let unsaved: Vec<&str> = unsaved.collect();
    if !unsaved.is_empty() {
        let (one, several) = (
            "unexpected key is a non-persistent buffer of the model: leave it",
            "unexpected keys are non-persistent buffers of the model: leave them",
        );
        let many = many(unsaved.len(), one, several);
        let keep =
            format!("keys.unexpected_keys.retain(|key| !{unsaved:?}.contains(&key.as_str()))");
        let option = with_options(&format!("post_load(|keys| {keep})"));
        hints.push(format!("{many} out with `{option}`, or mark what should be saved `#[buffer]`"));
    }
    let shapes = count(&|problem| matches!(problem, LoadProblem::Shape { .. }));
    if shapes > 0 {
        let (one, several) =
            ("tensor has another shape: leave it", "tensors have another shape: leave them");
        let (many, option) = (many(shapes, one, several), with_options("ignore_mismatched(true)"));
        hints.push(format!("{many} out with `{option}`"));
    }
    let newer = count(&|problem| matches!(problem, LoadProblem::NewerVersion { .. }));
    if newer > 0 {
        let many = many(newer, "module is newer", "modules are newer");
        hints.push(format!(
            "{many}: load all the same with `{}`",
            with_options("allow_newer_versions(true)")
        ));
    }
    let steps = count(&|problem| matches!(problem, LoadProblem::Migration { .. }));
    if let Some(newest) = newest.filter(|_| steps > 0 && options.assumed_version.is_none()) {
        let assumed = with_options(&format!("assume_version({newest})"));
        hints.push(format!(
            "the file has no versions, so it counts as older than version 1: if the newest version of the model \
             wrote it, load with `{assumed}`"
        ));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(missing: &[&str], unexpected: &[&str]) -> Option<PrefixGuess> {
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
        let (missing, unexpected): (Vec<String>, Vec<String>) = (owned(missing), owned(unexpected));
        PrefixGuess::new(&missing, &unexpected, &[], false)
    }

    #[test]
    fn a_prefix_too_many_or_too_few_is_found() {
        let found = guess(&["a.w", "a.b"], &["module.a.w", "module.a.b", "epoch"]).unwrap();
        assert_eq!((found.prefix.as_str(), found.strip, found.explained), ("module.", true, 2));
        assert!(found.to_string().starts_with("2 of the 3 unexpected keys begin with `module.`"));
        let found = guess(&["net.a.w", "net.a.b"], &["a.w", "a.b"]).unwrap();
        assert_eq!((found.prefix.as_str(), found.strip), ("net.", false));
        assert!(found.to_string().starts_with("all 2 unexpected keys are the model's with `net.`"));
    }

    #[test]
    fn one_key_or_a_few_among_many_are_no_reason_to_guess() {
        assert_eq!(guess(&["w"], &["module.w"]), None);
        assert_eq!(guess(&["w", "b"], &["m.w", "m.b", "c", "d", "e"]), None);
        assert_eq!(guess(&[], &["m.w", "m.b"]), None);
    }
}
