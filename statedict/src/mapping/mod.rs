//! Other names and other places for the tensors of a state dict, before it is matched with a model.

mod editing;
mod error;
mod key_map;
mod location;
#[cfg(feature = "regex")]
mod pattern;
mod prefix;
mod renaming;

pub use error::KeyMapError;
pub use key_map::KeyMap;
pub use location::{LocationError, MapLocation};
pub(crate) use location::{Relocated, relocated};
pub(crate) use renaming::Fate;
pub use renaming::Mapped;
