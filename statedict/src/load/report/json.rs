//! A load's report and error as JSON.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::dtype::DType;
use crate::load::report::error::LoadError;
use crate::load::report::key_list::KeyList;
use crate::load::report::loaded::LoadReport;
use crate::load::report::problem::LoadProblem;
use crate::tensor::Shape;

impl LoadReport {
    /// Returns the report as one JSON object, with the names of the fields.
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
        text(self)
    }
}

impl LoadError {
    /// Returns the error as one JSON object: `model`, `nothing_was_written`, `guess`, `hints`, and `problems`, each
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
        text(self)
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("invariant: names are texts, and nothing else can fail")
}

impl Serialize for KeyList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

pub(super) fn dtype<S: Serializer>(dtype: &DType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(dtype.name())
}

pub(super) fn shape<S: Serializer>(shape: &Shape, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(shape.iter())
}

impl Serialize for LoadError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("LoadError", 5)?;
        object.serialize_field("model", self.model)?;
        object.serialize_field("nothing_was_written", &self.nothing_was_written())?;
        object.serialize_field("guess", &self.guess)?;
        object.serialize_field("hints", &self.hints)?;
        object.serialize_field("problems", &self.problems)?;
        object.end()
    }
}

/// The form that is expected or found.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Form<'p> {
    Tensor { dtype: &'static str, shape: &'p [usize] },
    Shape(&'p [usize]),
    DType(&'static str),
    Version(u64),
}

impl<'p> Form<'p> {
    fn tensor(dtype: DType, shape: &'p Shape) -> Self {
        Form::Tensor { dtype: dtype.name(), shape }
    }
}

/// The members of a problem; those that its kind does not have are left out.
#[derive(serde::Serialize, Default)]
struct Members<'p> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<Option<&'p str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Form<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Form<'p>>,
    text: String,
}

impl Serialize for LoadProblem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = Members {
            kind: self.label(),
            key: self.place(),
            text: self.text(),
            ..Members::default()
        };
        let members = match self {
            LoadProblem::Missing { form, module, nearest, .. } => Members {
                nearest: Some(nearest.as_deref()),
                module: Some(*module),
                expected: form.as_ref().map(|(dtype, shape)| Form::tensor(*dtype, shape)),
                ..known
            },
            LoadProblem::Unexpected { dtype, shape, nearest, .. } => Members {
                nearest: Some(nearest.as_deref()),
                found: Some(Form::tensor(*dtype, shape)),
                ..known
            },
            LoadProblem::Shape { expected, found, .. } => Members {
                expected: Some(Form::Shape(expected)),
                found: Some(Form::Shape(found)),
                ..known
            },
            LoadProblem::DType { expected, found, .. } => Members {
                expected: Some(Form::DType(expected.name())),
                found: Some(Form::DType(found.name())),
                ..known
            },
            LoadProblem::NewerVersion { module, found, current, .. } => Members {
                module: Some(*module),
                expected: Some(Form::Version(*current)),
                found: Some(Form::Version(*found)),
                ..known
            },
            LoadProblem::MissingValue { module, .. }
            | LoadProblem::Migration { module, .. }
            | LoadProblem::PreLoad { module, .. } => Members { module: Some(*module), ..known },
            LoadProblem::Alias { other, .. } => Members { other: Some(other), ..known },
            _ => known,
        };
        members.serialize(serializer)
    }
}
