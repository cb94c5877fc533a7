//! Collects the errors of one derive, so that all are reported at once.

use std::cell::RefCell;
use std::fmt::Display;

use quote::ToTokens;
use syn::Error;

/// The errors so far. Dropping it unchecked is a bug of this crate, and panics.
pub(crate) struct Ctxt {
    /// `None` once checked.
    errors: RefCell<Option<Vec<Error>>>,
}

impl Ctxt {
    pub(crate) fn new() -> Self {
        Ctxt { errors: RefCell::new(Some(Vec::new())) }
    }

    /// Reports an error that underlines `at`.
    pub(crate) fn error(&self, at: impl ToTokens, message: impl Display) {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(Error::new_spanned(at.into_token_stream(), message));
        }
    }

    /// Reports an error with a paragraph that says what to change.
    pub(crate) fn error_help(&self, at: impl ToTokens, message: impl Display, help: impl Display) {
        self.error(at, format_args!("{message}\n\nhelp: {help}"));
    }

    /// All errors as one, if there are any.
    pub(crate) fn check(self) -> Result<(), Error> {
        let errors = self.errors.borrow_mut().take().unwrap_or_default();
        let combined = errors.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        combined.map_or(Ok(()), Err)
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || self.errors.borrow().is_none(),
            "the errors of a derive were not checked"
        );
    }
}
