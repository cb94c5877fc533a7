//! What a module saves besides its parameters and buffers.

use crate::value::{Graph, Value};

/// A module with state that is no tensor, as PyTorch's `get_extra_state` and `set_extra_state`: any
/// value, saved under the module's key `_extra_state`.
///
/// The struct says so with `#[state_dict(extra_state)]`. A module with extra state expects it in every
/// state dict, as PyTorch does: where it is absent, its key is missing.
///
/// ```
/// use statedict::prelude::*;
/// use statedict::value::{Graph, Value};
/// use statedict::{ExtraState, ExtraStateError};
///
/// #[derive(StateDict)]
/// #[state_dict(extra_state)]
/// struct Tokenizer {
///     #[param]
///     embedding: Vec<f32>,
///     #[skip]
///     language: String,
/// }
///
/// impl ExtraState for Tokenizer {
///     fn get_extra_state(&self) -> Graph<'_> {
///         Graph::of(self.language.as_str())
///     }
///
///     fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
///         self.language = value.as_str().ok_or("the language is a str")?.to_owned();
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let trained = Tokenizer { embedding: vec![1.0], language: "is".to_owned() };
/// let mut fresh = Tokenizer { embedding: vec![0.0], language: String::new() };
/// fresh.load_state_dict(&trained.state_dict()?)?;
/// assert_eq!(fresh.language, "is");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is marked `extra_state`, but has none: it does not implement `ExtraState`",
    label = "`get_extra_state` and `set_extra_state` are missing",
    note = "implement `statedict::ExtraState` for it, or remove `extra_state`"
)]
pub trait ExtraState {
    /// The extra state, asked for when a state dict is made. `Graph::of(())` is `None`, which is saved
    /// as any other value.
    fn get_extra_state(&self) -> Graph<'_>;

    /// Takes the extra state of a state dict, once everything has been checked and before the model's
    /// tensors are written; what depends on these belongs into a `post_load` hook.
    ///
    /// # Errors
    /// Where the value is none of this module's. Those of the modules that have taken theirs before,
    /// and this one, are then given what [`get_extra_state`](Self::get_extra_state) returned before
    /// the load.
    fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError>;
}

/// Why a module does not take an extra state: any error, or a text.
pub type ExtraStateError = Box<dyn std::error::Error + Send + Sync>;
