//! The `Debug` of errors.

/// Gives errors a `Debug` that is their message: it is what `main` prints of the error that it returns, and what
/// `unwrap` says. Everything in them can be had by name.
macro_rules! debug_is_display {
    ($($error:ty),* $(,)?) => { $(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )* };
}
pub(crate) use debug_is_display;
