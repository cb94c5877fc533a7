//! A load's report and error as JSON.

use crate::json::Json;
use crate::load::report::error::LoadError;
use crate::load::report::hint::PrefixGuess;
use crate::load::report::loaded::{LoadReport, Mismatched, ModuleMigration};
use crate::load::report::problem::LoadProblem;
use crate::tensor::Shape;

impl LoadReport {
    /// The report as one JSON object, with the names of the fields.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut fc = Linear { weight: vec![0.0; 2] };
    /// let map = Linear { weight: vec![1.0; 2] }.state_dict()?.into_owned()?;
    /// let json = fc.load_state_dict(&map)?.to_json();
    /// assert!(json.starts_with(r#"{"model":"Linear","loaded":["weight"],"extra_states":[]"#));
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_json(&self) -> String {
        Json::Object(vec![
            ("model", self.model.into()),
            ("loaded", Json::array(self.loaded.iter())),
            ("extra_states", Json::array(&self.extra_states)),
            ("missing", Json::array(&self.missing)),
            ("unexpected", Json::array(&self.unexpected)),
            ("mismatched", Json::array(&self.mismatched)),
            ("defaulted", Json::array(&self.defaulted)),
            ("satisfied_by_alias", pairs(&self.satisfied_by_alias)),
            (
                "converted",
                Json::Array(
                    self.converted
                        .iter()
                        .map(|converted| {
                            Json::Object(vec![
                                ("key", (&converted.key).into()),
                                ("from", converted.from.name().into()),
                                ("to", converted.to.name().into()),
                            ])
                        })
                        .collect(),
                ),
            ),
            ("renamed", pairs(&self.renamed)),
            ("dropped", Json::array(&self.dropped)),
            ("migrations", Json::array(&self.migrations)),
        ])
        .to_string()
    }
}

impl LoadError {
    /// The error as one JSON object: `model`, `nothing_was_written`, `guess`, and `problems`, each
    /// with its `kind`, its `text`, and what of `key`, `nearest`, `module`, `expected` and `found`
    /// it has.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// let error = Linear { weight: vec![0.0; 2] }.load_state_dict(&StateMap::new()).unwrap_err();
    /// let expected = r#""problems":[{"kind":"missing","key":"weight","nearest":null,"#;
    /// assert!(error.to_json().contains(expected));
    /// ```
    pub fn to_json(&self) -> String {
        Json::Object(vec![
            ("model", self.model.into()),
            ("nothing_was_written", self.nothing_was_written().into()),
            ("guess", self.guess.as_ref().into()),
            ("problems", Json::array(&self.problems)),
        ])
        .to_string()
    }
}

fn pairs(pairs: &[(String, String)]) -> Json {
    Json::Array(pairs.iter().map(|(a, b)| Json::array([a, b])).collect())
}

fn shape(shape: &Shape) -> Json {
    Json::array(shape.iter().copied())
}

fn tensor(dtype: &str, sizes: &Shape) -> Json {
    Json::Object(vec![("dtype", dtype.into()), ("shape", shape(sizes))])
}

impl From<&Mismatched> for Json {
    fn from(mismatched: &Mismatched) -> Json {
        Json::Object(vec![
            ("key", (&mismatched.key).into()),
            ("expected", shape(&mismatched.expected)),
            ("found", shape(&mismatched.found)),
        ])
    }
}

impl From<&ModuleMigration> for Json {
    fn from(migration: &ModuleMigration) -> Json {
        Json::Object(vec![
            ("path", (&migration.path).into()),
            ("module", migration.module.into()),
            ("found", migration.found.into()),
            ("current", migration.current.into()),
            ("renamed", pairs(&migration.renamed)),
            ("removed", Json::array(&migration.removed)),
            ("inserted", Json::array(&migration.inserted)),
            ("changed", Json::array(&migration.changed)),
        ])
    }
}

impl From<&PrefixGuess> for Json {
    fn from(guess: &PrefixGuess) -> Json {
        Json::Object(vec![
            ("prefix", (&guess.prefix).into()),
            ("strip", guess.strip.into()),
            ("explained", guess.explained.into()),
            ("unexpected", guess.unexpected.into()),
        ])
    }
}

impl From<&LoadProblem> for Json {
    fn from(problem: &LoadProblem) -> Json {
        let mut members = vec![("kind", problem.label().into())];
        match problem {
            LoadProblem::Missing { key, kind: _, dtype, shape, module, nearest } => {
                members.extend([
                    ("key", key.into()),
                    ("nearest", nearest.as_ref().into()),
                    ("module", (*module).into()),
                    ("expected", tensor(dtype.name(), shape)),
                ])
            }
            LoadProblem::MissingValue { key, module } => {
                members.extend([("key", key.into()), ("module", (*module).into())]);
            }
            LoadProblem::Unexpected { key, dtype, shape, nearest } => members.extend([
                ("key", key.into()),
                ("nearest", nearest.as_ref().into()),
                ("found", tensor(dtype.name(), shape)),
            ]),
            LoadProblem::Shape { key, expected, found } => members.extend([
                ("key", key.into()),
                ("expected", shape(expected)),
                ("found", shape(found)),
            ]),
            LoadProblem::DType { key, expected, found, .. } => members.extend([
                ("key", key.into()),
                ("expected", expected.name().into()),
                ("found", found.name().into()),
            ]),
            LoadProblem::NewerVersion { path, module, found, current } => members.extend([
                ("key", path.into()),
                ("module", (*module).into()),
                ("expected", (*current).into()),
                ("found", (*found).into()),
            ]),
            LoadProblem::Migration { path, module, .. }
            | LoadProblem::PreLoad { path, module, .. } => {
                members.extend([("key", path.into()), ("module", (*module).into())]);
            }
            LoadProblem::Alias { key, other } => {
                members.extend([("key", key.into()), ("other", other.into())]);
            }
            LoadProblem::MissingByHook { key }
            | LoadProblem::UnexpectedByHook { key }
            | LoadProblem::UnexpectedValue { key, .. }
            | LoadProblem::Hook { path: key, .. }
            | LoadProblem::Storage { key, .. }
            | LoadProblem::Write { key, .. }
            | LoadProblem::ExtraState { key, .. }
            | LoadProblem::RolledBack { key, .. } => members.push(("key", key.into())),
            LoadProblem::Model(_) | LoadProblem::KeyMap(_) | LoadProblem::Location(_) => {}
        }
        members.push(("text", Json::String(problem.text())));
        Json::Object(members)
    }
}
