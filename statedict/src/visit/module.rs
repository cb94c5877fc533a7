//! What a module says of itself: its name, its version, and how it has changed.

use std::any::type_name;
use std::fmt;

use crate::migration::{MigrateError, Migration};

/// A module's class: its name, its version, and what has changed since earlier versions.
///
/// ```
/// use statedict::visit::ModuleInfo;
///
/// let info = ModuleInfo::new("Net").with_version(2);
/// assert_eq!(info.name(), "Net");
/// assert_eq!(info.version(), 2);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ModuleInfo {
    name: &'static str,
    rust_type: RustType,
    version: u64,
    changes: &'static [Change],
    pre_load: Option<MigrateStep>,
    post_save: Option<MigrateStep>,
}

impl ModuleInfo {
    /// A module of class `name`, of version 1: PyTorch's default.
    pub const fn new(name: &'static str) -> Self {
        ModuleInfo {
            name,
            rust_type: RustType::Named(name),
            version: 1,
            changes: &[],
            pre_load: None,
            post_save: None,
        }
    }

    /// The same with a version: what PyTorch calls `_version`.
    #[must_use]
    pub const fn with_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// The same with the Rust type's full path, for error messages.
    #[must_use]
    pub const fn with_rust_type(mut self, rust_type: &'static str) -> Self {
        self.rust_type = RustType::Named(rust_type);
        self
    }

    /// The same as the class of the Rust type `T`.
    #[must_use]
    pub const fn of_type<T: ?Sized>(mut self) -> Self {
        self.rust_type = RustType::Of(type_name::<T>);
        self
    }

    /// The same with a history.
    #[must_use]
    pub const fn with_changes(mut self, changes: &'static [Change]) -> Self {
        self.changes = changes;
        self
    }

    /// The same with a step that every load begins with, whatever version the module was saved with.
    #[must_use]
    pub const fn with_pre_load(mut self, step: MigrateStep) -> Self {
        self.pre_load = Some(step);
        self
    }

    /// The same with a step that every state dict of the module ends with, before it is returned or saved.
    #[must_use]
    pub const fn with_post_save(mut self, step: MigrateStep) -> Self {
        self.post_save = Some(step);
        self
    }

    /// Returns `true` if this is the same declaration, seen without a look into it. Two of equal content may be
    /// taken for different ones.
    #[inline]
    pub(super) fn is_same(&self, other: &ModuleInfo) -> bool {
        let same_step = |a: Option<MigrateStep>, b: Option<MigrateStep>| match (a, b) {
            (Some(a), Some(b)) => std::ptr::fn_addr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        std::ptr::eq(self.name, other.name)
            && self.rust_type.is_same(other.rust_type)
            && self.version == other.version
            && std::ptr::eq(self.changes, other.changes)
            && same_step(self.pre_load, other.pre_load)
            && same_step(self.post_save, other.post_save)
    }

    /// The class's name, as PyTorch would print it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The Rust type, with its path where it is known.
    pub fn rust_type(&self) -> &'static str {
        match self.rust_type {
            RustType::Named(name) => name,
            RustType::Of(name) => name(),
        }
    }

    /// The version, 1 unless set.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the changes since earlier versions.
    pub fn changes(&self) -> &'static [Change] {
        self.changes
    }

    /// The step that every load begins with.
    pub fn pre_load(&self) -> Option<MigrateStep> {
        self.pre_load
    }

    /// The step that every state dict of the module ends with.
    pub fn post_save(&self) -> Option<MigrateStep> {
        self.post_save
    }
}

/// The name of a Rust type.
#[derive(Clone, Copy)]
enum RustType {
    Named(&'static str),
    /// A constant cannot have the name of a type, but the function that returns it.
    Of(fn() -> &'static str),
}

impl RustType {
    #[inline]
    fn is_same(self, other: RustType) -> bool {
        match (self, other) {
            (RustType::Named(one), RustType::Named(other)) => std::ptr::eq(one, other),
            (RustType::Of(one), RustType::Of(other)) => std::ptr::fn_addr_eq(one, other),
            _ => false,
        }
    }
}

impl fmt::Debug for RustType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RustType::Named(name) => name.fmt(f),
            RustType::Of(name) => name().fmt(f),
        }
    }
}

/// One change of a module between versions.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// `name` exists from version `since` on: a parameter, a buffer, or a child with everything under it.
    /// In an older file its keys may be absent; the model's current values then stay.
    Added {
        /// The first version that has it.
        since: u64,
        /// The parameter's, buffer's or child's name.
        name: &'static str,
    },
    /// `to` was called `from` before version `since`: a parameter, a buffer, or a child.
    Renamed {
        /// The first version with the new name.
        since: u64,
        /// The old name.
        from: &'static str,
        /// The new name.
        to: &'static str,
    },
    /// `name` no longer exists from version `since` on; in an older file it is dropped, and reported.
    Removed {
        /// The first version without it.
        since: u64,
        /// The parameter's, buffer's or child's name.
        name: &'static str,
    },
    /// A step of code from version `to - 1` to version `to`.
    Migrate {
        /// The version the step leads to.
        to: u64,
        /// The step.
        with: MigrateStep,
    },
}

/// A step of code from one version of a module to the next.
pub type MigrateStep = fn(&mut Migration<'_>) -> Result<(), MigrateError>;

impl Change {
    /// The version this change came with.
    pub fn since(&self) -> u64 {
        match *self {
            Change::Added { since, .. }
            | Change::Renamed { since, .. }
            | Change::Removed { since, .. } => since,
            Change::Migrate { to, .. } => to,
        }
    }
}
