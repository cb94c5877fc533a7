//! Everything that a value holds, each thing once, with the path that leads to it.
//!
//! [`Contents`] goes through all of it; [`Parts`] is one level of it; [`ValuePath`] is a path as text.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

mod digest;
mod origins;
mod parse;
mod parts;
mod path;
mod resolve;
mod spelling;
mod walk;

pub use digest::Digests;
pub use parse::PathSyntax;
pub use parts::{Elements, Parts, Step};
pub use path::{Segment, ValuePath};
pub use resolve::{NoSuchPath, resolve};
pub use walk::{Contents, Found, TooManyPaths};
