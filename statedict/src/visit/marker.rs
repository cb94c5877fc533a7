//! The field that stands for another.

use std::fmt;
use std::marker::PhantomData;

use crate::visit::{ByMut, ByRef, StateDict, Visitor};

/// A field that is another field: in Python `self.f3 = self.fc`. It has no content; code uses `self.fc`.
///
/// ```
/// use statedict::Alias;
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Linear {
///     #[param]
///     weight: Vec<f32>,
/// }
///
/// #[derive(StateDict)]
/// struct Net {
///     fc: Linear,
///     #[alias(fc)]
///     f3: Alias<Linear>,
///     head: Linear,
/// }
///
/// let linear = || Linear { weight: vec![0.0; 2] };
/// let net = Net { fc: linear(), f3: Alias::new(), head: linear() };
/// let keys: Vec<String> = net.state_dict().unwrap().keys().map(str::to_owned).collect();
/// assert_eq!(keys, ["fc.weight", "f3.weight", "head.weight"]);
/// ```
pub struct Alias<T: ?Sized>(PhantomData<fn() -> T>);

impl<T: ?Sized> Alias<T> {
    /// The alias.
    pub const fn new() -> Self {
        Alias(PhantomData)
    }
}

impl<T: ?Sized> Default for Alias<T> {
    fn default() -> Self {
        Alias::new()
    }
}

impl<T: ?Sized> Clone for Alias<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Alias<T> {}

impl<T: ?Sized> fmt::Debug for Alias<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alias")
    }
}

/// What an [`Alias`] without its attribute lacks.
#[doc(hidden)]
pub struct Unmarked;

/// Never implemented: an [`Alias`] without its attribute stands for nothing.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`Alias<{T}>` does not say what it stands for",
    label = "expected `#[alias(field)]` on this field",
    note = "`#[alias(fc)]` names a field of this struct, `#[alias(\"encoder.fc\")]` a key below one"
)]
pub trait StandsForField<T: ?Sized> {}

/// Only so that its absence is explained.
#[doc(hidden)]
impl<T: ?Sized> StateDict for Alias<T>
where
    Unmarked: StandsForField<T>,
{
    fn visit_fields<'a>(&'a self, _: &mut dyn Visitor<ByRef<'a>>) {}

    fn visit_fields_mut<'a>(&'a mut self, _: &mut dyn Visitor<ByMut<'a>>) {}
}
