//! The field that stands for another.

use std::fmt;
use std::marker::PhantomData;

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
