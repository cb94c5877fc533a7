//! Writing: the bytes of a file, and how it takes an older one's place.

mod archive;
#[cfg(unix)]
mod crash;
mod endings;
mod fixtures;
mod replace;
