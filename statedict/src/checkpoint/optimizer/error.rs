//! What can be wrong with an optimizer's state dict, or with what is asked of it.

use std::fmt::{self, Write};

use super::value::WrongValue;
use crate::collect::CollectError;
use crate::dtype::DType;
use crate::escape::OneLine;
use crate::load::LoadError;
use crate::plain_debug::debug_is_display;
use crate::tensor::{Shape, StorageError};

/// Why an optimizer's state dict could not be read, named, loaded or filled: every problem at once.
#[non_exhaustive]
pub struct OptimizerError {
    /// The problems; at least one.
    pub problems: Vec<OptimizerProblem>,
}

impl OptimizerError {
    /// `Ok` where there is no problem.
    pub(super) fn unless_empty(problems: Vec<OptimizerProblem>) -> Result<(), OptimizerError> {
        if problems.is_empty() { Ok(()) } else { Err(OptimizerError { problems }) }
    }

    /// Returns PyTorch's message: that of the exception that `torch.optim.Optimizer.load_state_dict` raises.
    /// `None` where PyTorch would not notice.
    pub fn torch_message(&self) -> Option<String> {
        let any = |wanted: fn(&OptimizerProblem) -> bool| self.problems.iter().any(wanted);
        let missing = |name: &'static str| {
            let is = |problem: &&OptimizerProblem| matches!(problem, OptimizerProblem::Missing { key } if *key == name);
            self.problems.iter().find(is).map(|_| format!("'{name}'"))
        };
        if let Some(message) = missing("param_groups") {
            return Some(message);
        }
        if any(|problem| matches!(problem, OptimizerProblem::GroupCount { .. })) {
            return Some("loaded state dict has a different number of parameter groups".to_owned());
        }
        if any(|problem| matches!(problem, OptimizerProblem::GroupSize { .. })) {
            let text = "loaded state dict contains a parameter group that doesn't match the size of optimizer's group";
            return Some(text.to_owned());
        }
        missing("state")
    }
}

impl From<OptimizerProblem> for OptimizerError {
    fn from(problem: OptimizerProblem) -> Self {
        OptimizerError { problems: vec![problem] }
    }
}

/// One thing that is wrong with an optimizer's state dict, or with what is asked of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OptimizerProblem {
    /// A part is of another type than optimizers have.
    Type {
        /// The place: `` `param_groups` ``, `the state of parameter 3`.
        place: String,
        /// The expected value and the one that is there.
        wrong: WrongValue,
    },
    /// The state dict has no entry `state` or `param_groups`.
    Missing {
        /// Which of the two.
        key: &'static str,
    },
    /// There is no such option or part of a state.
    Absent {
        /// The place that should have it: `group 0`, `the state of fc.weight`.
        place: String,
        /// The name.
        key: String,
        /// One of those there are that looks alike.
        nearest: Option<String>,
    },
    /// There is no parameter of this name.
    UnknownName {
        /// The name.
        name: String,
        /// One of those there are that looks alike.
        nearest: Option<String>,
    },
    /// There is no parameter at this position, or no group.
    OutOfRange {
        /// The kind that was asked for: `parameter`, `group`.
        what: &'static str,
        /// Its number.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// There are more or fewer names than parameters.
    NameCount {
        /// How many names were given.
        names: usize,
        /// How many parameters the optimizer has.
        params: usize,
    },
    /// A name was given twice.
    SameName {
        /// The name.
        name: String,
    },
    /// Whose parameters the groups have cannot be told from the model alone.
    GroupsWithoutNames {
        /// How many groups there are.
        groups: usize,
    },
    /// The model has no parameter of this name.
    NotInModel {
        /// The name.
        name: String,
        /// One of the model's that looks alike.
        nearest: Option<String>,
    },
    /// There are more or fewer groups than the optimizer has.
    GroupCount {
        /// How many the optimizer has.
        expected: usize,
        /// How many the state dict has.
        found: usize,
    },
    /// A group has more or fewer parameters than the optimizer's.
    GroupSize {
        /// Which group.
        group: usize,
        /// How many parameters the optimizer's has.
        expected: usize,
        /// How many the state dict's has.
        found: usize,
    },
    /// A tensor of a parameter's state has not the shape that belongs to the parameter.
    Shape {
        /// The parameter.
        param: String,
        /// The name within its state.
        key: String,
        /// The shape that belongs to the parameter.
        expected: Shape,
        /// The tensor's.
        found: Shape,
    },
    /// A tensor of a parameter's state cannot be converted into the parameter's type.
    Cast {
        /// The parameter.
        param: String,
        /// The name within its state.
        key: String,
        /// The tensor's element type.
        from: DType,
        /// The parameter's.
        to: DType,
    },
    /// A tensor repeats its elements, and is too large to be converted.
    Expanded {
        /// The parameter.
        param: String,
        /// The name within its state.
        key: String,
        /// The tensor's shape.
        shape: Shape,
    },
    /// A tensor's bytes cannot be read.
    Unreadable {
        /// The parameter.
        param: String,
        /// The name within its state.
        key: String,
        /// The cause.
        source: StorageError,
    },
    /// The state of a parameter holds containers within containers too deeply, or one that holds itself.
    Depth {
        /// The parameter.
        param: String,
    },
    /// A struct has a key that is none of an optimizer's state dict.
    Foreign {
        /// The key.
        key: String,
        /// Why it is none.
        reason: &'static str,
    },
    /// A struct's state dict could not be had.
    Collect(CollectError),
    /// A struct could not be loaded.
    Load(LoadError),
}

impl fmt::Display for OptimizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [problem] => problem.fmt(f),
            problems => {
                write!(f, "{} problems with the optimizer's state:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

debug_is_display!(OptimizerError);

impl std::error::Error for OptimizerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.problems.as_slice() {
            [OptimizerProblem::Unreadable { source, .. }] => Some(source),
            [OptimizerProblem::Collect(source)] => std::error::Error::source(source),
            [OptimizerProblem::Load(source)] => std::error::Error::source(source),
            _ => None,
        }
    }
}

impl fmt::Display for OptimizerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Of several lines, each of which is kept to one by itself.
            OptimizerProblem::Load(error) => error.fmt(f),
            OptimizerProblem::Collect(error) => error.fmt(f),
            _ => self.message(&mut OneLine(f)),
        }
    }
}

/// `, did you mean …?`, where there is something to say.
struct Hint<'n>(&'n Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
    }
}

impl OptimizerProblem {
    fn message(&self, f: &mut OneLine<'_, '_>) -> fmt::Result {
        match self {
            OptimizerProblem::Type { place, wrong } => write!(f, "{place}: {wrong}"),
            OptimizerProblem::Missing { key } => {
                write!(f, "no `{key}`: an optimizer's state dict has `state` and `param_groups`")
            }
            OptimizerProblem::Absent { place, key, nearest } => {
                write!(f, "{place} has no `{key}`{}", Hint(nearest))
            }
            OptimizerProblem::UnknownName { name, nearest } => {
                write!(f, "the optimizer has no parameter `{name}`{}", Hint(nearest))
            }
            OptimizerProblem::OutOfRange { what, index, len } => {
                write!(f, "there is no {what} {index}: there are {len}")
            }
            OptimizerProblem::NameCount { names, params } => write!(
                f,
                "{names} names for {params} parameters: the names are those of the parameters that the \
                 optimizer was given, in that order"
            ),
            OptimizerProblem::SameName { name } => write!(f, "two parameters are named `{name}`"),
            OptimizerProblem::GroupsWithoutNames { groups } => write!(
                f,
                "the optimizer has {groups} groups and the file no names: give them with `named`, in the \
                 order of the groups"
            ),
            OptimizerProblem::NotInModel { name, nearest } => {
                write!(f, "the model has no parameter `{name}`{}", Hint(nearest))
            }
            OptimizerProblem::GroupCount { expected, found } => write!(
                f,
                "the optimizer has {expected} parameter groups, the loaded state dict {found}"
            ),
            OptimizerProblem::GroupSize { group, expected, found } => write!(
                f,
                "group {group}: the optimizer's has {expected} parameters, the loaded state dict's {found}"
            ),
            OptimizerProblem::Shape { param, key, expected, found } => write!(
                f,
                "`{key}` of {param}: the parameter's is {expected}, the state dict has {found}"
            ),
            OptimizerProblem::Cast { param, key, from, to } => {
                write!(f, "`{key}` of {param}: {from} cannot be converted into {to}")
            }
            OptimizerProblem::Expanded { param, key, shape } => write!(
                f,
                "`{key}` of {param}: a tensor of shape {shape} that repeats its elements is not converted"
            ),
            OptimizerProblem::Unreadable { param, key, source } => {
                write!(f, "`{key}` of {param}: {source}")
            }
            OptimizerProblem::Depth { param } => {
                write!(f, "the state of {param} holds itself, or is nested too deeply")
            }
            OptimizerProblem::Foreign { key, reason } => write!(f, "`{key}`: {reason}"),
            OptimizerProblem::Collect(_) | OptimizerProblem::Load(_) => Ok(()),
        }
    }
}
