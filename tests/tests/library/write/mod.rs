//! Writing: the bytes of a file, and how it takes an older one's place.

mod archive;
#[cfg(unix)]
mod crash;
mod fixtures;
mod replace;
