//! Why a load failed: every problem at once.

use std::fmt;

use crate::escape::line;
use crate::load::report::hint::{CALL, PrefixGuess};
use crate::load::report::loaded::Mismatched;
use crate::load::report::problem::LoadProblem;
use crate::plain_debug::debug_is_display;

/// Why a state dict was not loaded: every problem there is, not just the first.
///
/// The model is as it was before the load, unless a problem is [`LoadProblem::Write`], or the options
/// allow it ([`Atomicity::None`](crate::load::Atomicity::None));
/// [`nothing_was_written`](Self::nothing_was_written) tells.
#[non_exhaustive]
pub struct LoadError {
    /// The model's class.
    pub model: &'static str,
    /// The problems: the model, its versions, then missing keys in the model's order, unexpected keys
    /// in the state dict's, and tensors that do not fit.
    pub problems: Vec<LoadProblem>,
    /// A prefix that explains many of the missing and unexpected keys at once.
    pub guess: Option<Box<PrefixGuess>>,
    /// How many of the model's tensors and extra states were written, and stayed so.
    pub written: usize,
    /// Advice on the problems, each kind once: sentences with calls that can be pasted.
    pub hints: Vec<String>,
}

impl LoadError {
    pub(crate) fn new(model: &'static str, problems: Vec<LoadProblem>) -> Self {
        LoadError { model, problems, guess: None, written: 0, hints: Vec::new() }
    }

    /// Names another call in the hints than that of a load: its text as far as the options.
    pub(crate) fn with_call(mut self, call: &str) -> Self {
        self.hints.iter_mut().for_each(|hint| *hint = hint.replace(CALL, call));
        self
    }

    /// The keys that the model has and the state dict has not.
    pub fn missing_keys(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(LoadProblem::missing_key)
    }

    /// The keys that the state dict has and the model has not.
    pub fn unexpected_keys(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(LoadProblem::unexpected_key)
    }

    /// The tensors whose shape is not the model's.
    pub fn mismatched(&self) -> Vec<Mismatched> {
        let shapes = self.problems.iter().filter_map(|problem| match problem {
            LoadProblem::Shape { key, expected, found } => Some(Mismatched {
                key: key.clone(),
                expected: expected.clone(),
                found: found.clone(),
            }),
            _ => None,
        });
        shapes.collect()
    }

    /// Returns `true` if the model still is what it was before the load.
    pub fn nothing_was_written(&self) -> bool {
        let writing = |problem: &LoadProblem| match problem {
            LoadProblem::Write { .. } => true,
            LoadProblem::ExtraState { written, .. } => *written > 0,
            _ => false,
        };
        self.written == 0 && !self.problems.iter().any(writing)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {problems} loading the state dict of `{}`; ", self.model)?;
        f.write_str(if self.nothing_was_written() {
            "nothing was written"
        } else {
            "the model is partly written"
        })?;
        if let Some(guess) = &self.guess {
            line(f, format_args!("hint        {guess}"))?;
        }
        self.hints.iter().try_for_each(|hint| line(f, format_args!("hint        {hint}")))?;
        let is_explained = |problem: &&LoadProblem| {
            let key = problem.missing_key().or(problem.unexpected_key());
            self.guess.as_ref().zip(key).is_some_and(|(guess, key)| guess.covers(key))
        };
        let rest = self.problems.iter().filter(|problem| !is_explained(problem));
        rest.into_iter().try_for_each(|problem| line(f, format_args!("{problem}")))
    }
}

debug_is_display!(LoadError);

impl std::error::Error for LoadError {
    /// The cause of the first problem that has one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problems.iter().find_map(LoadProblem::cause)
    }
}
