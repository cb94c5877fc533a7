//! The commands, a file each: its arguments, and what it does.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod diff;
pub(crate) mod fetch;
pub(crate) mod get;
pub(crate) mod inspect;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod scaffold;
pub(crate) mod scan;
pub(crate) mod tree;
pub(crate) mod verify;
