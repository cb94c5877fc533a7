//! The archive: a ZIP in the exact layout of PyTorch's C++ writer.

mod content;
mod headers;
mod identity;
mod name;
mod plan;
mod record;
mod root;
mod unordered;

pub(super) use content::write;
pub(super) use plan::Plan;
pub(super) use root::{DEFAULT_ROOT, root_of_path};
