//! What `load_state_dict` has to say where a state fits, and yet seems to be another optimizer's.

use std::fmt;

use super::OptimizerState;
use super::algorithm::Algorithm;
use super::group::ParamGroup;
use super::module::{NOT_THE_OPTIMIZERS, is_off};
use crate::escape::line;

/// Options that versions of PyTorch added one by one: a file of before does not have them.
const LATER: &[&str] =
    &["maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"];

/// The report of [`OptimizerState::load_state_dict`].
///
/// `Display` is a summary for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OptimizerReport {
    /// The entries that were taken over, as PyTorch does, and seem to be another optimizer's.
    pub warnings: Vec<OptimizerWarning>,
}

/// A part of a saved state that seems to be another optimizer's than the one that it was loaded into. PyTorch says
/// nothing of it, and fails or goes wrong in a later step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptimizerWarning {
    /// The options of a group are those of another algorithm.
    Algorithm {
        /// The group.
        group: usize,
        /// The algorithms that have the optimizer's options.
        expected: Vec<Algorithm>,
        /// The algorithms that have the saved ones.
        found: Vec<Algorithm>,
    },
    /// The saved group has an option that is on, and that the optimizer does not have.
    UnknownOption {
        /// The group.
        group: usize,
        /// The option.
        key: String,
    },
    /// The optimizer has an option that is on, and that the saved group does not have.
    MissingOption {
        /// The group.
        group: usize,
        /// The option.
        key: String,
    },
    /// The saved state of parameters has an entry that the optimizer does not keep.
    UnknownState {
        /// The first of the parameters.
        param: String,
        /// The entry.
        key: String,
        /// How many parameters have it.
        params: usize,
    },
}

impl fmt::Display for OptimizerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.warnings.len() {
            0 => f.write_str("the optimizer's state was loaded"),
            1 => f.write_str("the optimizer's state was loaded, with 1 warning:"),
            count => write!(f, "the optimizer's state was loaded, with {count} warnings:"),
        }?;
        self.warnings.iter().try_for_each(|warning| line(f, format_args!("{warning}")))
    }
}

impl fmt::Display for OptimizerWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = |algorithms: &[Algorithm]| {
            algorithms.iter().map(Algorithm::to_string).collect::<Vec<_>>().join(" or ")
        };
        match self {
            OptimizerWarning::Algorithm { group, expected, found } => write!(
                f,
                "group {group}: the saved options are those of {}, and this optimizer is {}",
                any(found),
                any(expected)
            ),
            OptimizerWarning::UnknownOption { group, key } => {
                write!(f, "group {group}: this optimizer has no option `{key}`, which was saved")
            }
            OptimizerWarning::MissingOption { group, key } => {
                write!(f, "group {group}: the option `{key}` of this optimizer was not saved")
            }
            OptimizerWarning::UnknownState { param, key, params } => {
                write!(f, "this optimizer keeps no `{key}`, which was saved of {param}")?;
                match params - 1 {
                    0 => Ok(()),
                    1 => f.write_str(" and 1 other parameter"),
                    others => write!(f, " and {others} other parameters"),
                }
            }
        }
    }
}

/// Compares the options of `own` with the saved ones, and the saved states with those that its algorithm keeps.
pub(super) fn compare(own: &OptimizerState<'_>, saved: &OptimizerState<'_>) -> OptimizerReport {
    let mut warnings = Vec::new();
    let own_keys = || own.params().flat_map(|param| param.iter().map(|(key, _)| key));
    let mut unknown: Vec<(&str, String, usize)> = Vec::new();
    for (mine, theirs) in own.param_groups().zip(saved.param_groups()) {
        let group = mine.index();
        let (expected, found) = (algorithms(mine), algorithms(theirs));
        if expected.is_empty() || found.is_empty() {
            options(mine, theirs, &mut warnings);
        } else if !found.iter().any(|algorithm| expected.contains(algorithm)) {
            warnings.push(OptimizerWarning::Algorithm { group, expected, found });
            continue;
        }
        let known: Vec<&str> = match expected.as_slice() {
            [] => own_keys().collect(),
            expected => {
                expected.iter().flat_map(|algorithm| algorithm.state_keys()).copied().collect()
            }
        };
        if known.is_empty() {
            continue;
        }
        for (mine, param) in mine.params().zip(theirs.params()) {
            for (key, _) in param.iter().filter(|(key, _)| !known.contains(key)) {
                match unknown.iter_mut().find(|(known, ..)| *known == key) {
                    Some((_, _, count)) => *count += 1,
                    None => unknown.push((key, mine.title(), 1)),
                }
            }
        }
    }
    warnings.extend(unknown.into_iter().map(|(key, param, params)| {
        OptimizerWarning::UnknownState { param, key: key.to_owned(), params }
    }));
    OptimizerReport { warnings }
}

/// The algorithms of PyTorch that have the options of a group, in this or an older version.
fn algorithms(group: ParamGroup<'_, '_>) -> Vec<Algorithm> {
    let options: Vec<&str> = group
        .options()
        .map(|(key, _)| key)
        .filter(|key| !NOT_THE_OPTIMIZERS.contains(key) || LATER.contains(key))
        .collect();
    let decoupled = group.find("decoupled_weight_decay").and_then(|value| value.get::<bool>().ok());
    let fits = |algorithm: &Algorithm| {
        let defaults = algorithm.defaults();
        let has = |key: &str| defaults.iter().any(|(name, _)| *name == key);
        let other = match algorithm {
            Algorithm::Adam => decoupled == Some(true),
            Algorithm::AdamW => decoupled == Some(false),
            _ => false,
        };
        !other
            && options.iter().all(|key| has(key))
            && defaults.iter().all(|(name, _)| options.contains(name) || LATER.contains(name))
    };
    let fitting: Vec<Algorithm> = Algorithm::ALL.iter().copied().filter(fits).collect();
    let is_exact =
        |algorithm: &Algorithm| algorithm.defaults().iter().all(|(name, _)| options.contains(name));
    // An algorithm that has just these is not an older version of another that has more.
    match fitting.iter().any(is_exact) {
        true => fitting.into_iter().filter(is_exact).collect(),
        false => fitting,
    }
}

/// Notes the options that only one of two groups has, and that are on.
fn options(
    mine: ParamGroup<'_, '_>,
    theirs: ParamGroup<'_, '_>,
    warnings: &mut Vec<OptimizerWarning>,
) {
    let group = mine.index();
    let only = |one: ParamGroup<'_, '_>, other: ParamGroup<'_, '_>| -> Vec<String> {
        let options = one.options();
        let on =
            options.filter(|(key, value)| !NOT_THE_OPTIMIZERS.contains(key) && !is_off(*value));
        on.filter(|(key, _)| other.find(key).is_none()).map(|(key, _)| key.to_owned()).collect()
    };
    let unknown = only(theirs, mine).into_iter();
    warnings.extend(unknown.map(|key| OptimizerWarning::UnknownOption { group, key }));
    let missing = only(mine, theirs).into_iter();
    warnings.extend(missing.map(|key| OptimizerWarning::MissingOption { group, key }));
}
