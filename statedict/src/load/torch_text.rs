//! The text of the error that PyTorch raises.

use crate::load::error::LoadError;
use crate::load::problem::LoadProblem;
use crate::load::python::{repr, size};
use crate::tensor::cast_refusal;

/// `Error(s) in loading state_dict for …`.
pub(super) fn message(error: &LoadError) -> String {
    let mut lines = Vec::new();
    let mut keys = |label: &str, keys: Vec<String>| {
        if !keys.is_empty() {
            lines.push(format!("{label} key(s) in state_dict: {}. ", keys.join(", ")));
        }
    };
    // Keys are put in quotes and not escaped.
    let quoted = |key: &str| format!("\"{key}\"");
    keys("Missing", error.missing_keys().map(quoted).collect());
    keys("Unexpected", error.unexpected_keys().map(quoted).collect());
    lines.extend(error.problems.iter().filter_map(line));
    format!("Error(s) in loading state_dict for {}:\n\t{}", error.model, lines.join("\n\t"))
}

/// The line of a problem that is none of the lists of keys.
fn line(problem: &LoadProblem) -> Option<String> {
    Some(match problem {
        LoadProblem::Missing { .. }
        | LoadProblem::MissingValue { .. }
        | LoadProblem::MissingByHook { .. }
        | LoadProblem::Unexpected { .. }
        | LoadProblem::UnexpectedValue { .. }
        | LoadProblem::UnexpectedByHook { .. } => return None,
        LoadProblem::Hook { message, .. } => message.clone(),
        LoadProblem::Shape { key, expected, found } => format!(
            "size mismatch for {key}: copying a param with shape {} from checkpoint, the shape in \
             current model is {}.",
            size(found),
            size(expected)
        ),
        LoadProblem::DType { key, expected, found, shape } => {
            let reason = cast_refusal(*found, *expected)
                .unwrap_or_else(|| format!("expected {expected}, found {found}"));
            let shape = size(shape);
            format!(
                "While copying the parameter named \"{key}\", whose dimensions in the model are \
                 {shape} and whose dimensions in the checkpoint are {shape}, an exception \
                 occurred : ({},).",
                repr(&reason)
            )
        }
        other => other.text(),
    })
}
