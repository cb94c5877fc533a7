//! The text of the error that PyTorch raises.

use crate::load::report::error::LoadError;
use crate::load::report::problem::LoadProblem;
use crate::load::torch::repr::{repr, size};
use crate::tensor::cast_refusal;

impl LoadError {
    /// The text of the `RuntimeError` that PyTorch raises; the same character for character where
    /// the load was one with [`LoadOptions::torch`](crate::LoadOptions::torch) and the problem one
    /// that PyTorch knows. Other problems are lines of the same form with our words.
    pub fn torch_message(&self) -> String {
        let mut lines = Vec::new();
        let mut keys = |label: &str, keys: Vec<String>| {
            if !keys.is_empty() {
                lines.push(format!("{label} key(s) in state_dict: {}. ", keys.join(", ")));
            }
        };
        // Keys are put in quotes and not escaped.
        let quoted = |key: &str| format!("\"{key}\"");
        keys("Missing", self.missing_keys().map(quoted).collect());
        keys("Unexpected", self.unexpected_keys().map(quoted).collect());
        lines.extend(self.problems.iter().filter_map(line));
        format!("Error(s) in loading state_dict for {}:\n\t{}", self.model, lines.join("\n\t"))
    }
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
