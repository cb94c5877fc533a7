//! How to read a file.

use crate::codec::read::limits::Limits;

/// How to read a file. The default refuses what it does not know.
///
/// ```
/// use statedict::codec::ReadOptions;
///
/// let options = ReadOptions::default().opaque(true);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    pub(super) limits: Limits,
    pub(super) opaque: bool,
}

impl ReadOptions {
    /// Whether to keep values of unknown classes as inert objects (module, name, arguments, state),
    /// rather than to refuse the file. Nothing is imported or run either way.
    #[must_use]
    pub fn opaque(mut self, opaque: bool) -> Self {
        self.opaque = opaque;
        self
    }

    /// What reading may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
