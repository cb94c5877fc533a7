//! Why there is no file at a location.

use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::escape::OneLine;
use crate::plain_debug::debug_is_display;

/// Why a location gave no file.
///
/// Addresses are shown without what may be secret: user, password and query.
#[non_exhaustive]
pub enum HubError {
    /// An address that is none.
    Address {
        /// The address, as far as it may be shown.
        address: String,
        /// The fault in it.
        reason: String,
    },
    /// A scheme that nobody registered.
    UnknownScheme {
        /// The scheme, without `://`.
        scheme: String,
        /// Those that are registered.
        registered: Vec<String>,
    },
    /// A name that its scheme does not have.
    UnknownName {
        /// The scheme, without `://`.
        scheme: String,
        /// The name.
        name: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// Names that stand for each other, without end.
    SchemeLoop {
        /// The first of them.
        location: String,
    },
    /// A map of names that cannot be used.
    Schemes {
        /// The file; `None` where it was data.
        path: Option<PathBuf>,
        /// The fault in it.
        reason: String,
    },
    /// There is no file at a local path.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is not in the cache, and [`Options::offline`](crate::hub::Options::offline) forbids to download it.
    Offline {
        /// The address it could be had from.
        address: String,
        /// The path at which it was looked for.
        path: PathBuf,
    },
    /// The file in the cache is another one, whose address ends in the same name.
    OtherAddress {
        /// The file in the cache.
        path: PathBuf,
        /// Host and path of the address it is from.
        cached: String,
        /// The address that was asked for.
        address: String,
    },
    /// The name under which an address would be cached cannot be that of a file.
    FileName {
        /// The address.
        address: String,
        /// The name.
        name: String,
        /// The fault in it.
        reason: &'static str,
    },
    /// There is no folder to cache in.
    NoCache {
        /// Why not.
        reason: String,
    },
    /// An option that makes no sense.
    Option {
        /// Which one, and why.
        reason: String,
    },
    /// A file operation failed.
    Io {
        /// The action that failed.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The server did not give the file.
    Status {
        /// The address.
        address: String,
        /// The HTTP status.
        status: u16,
        /// How often it was asked.
        attempts: u32,
    },
    /// The download failed.
    Download {
        /// The address.
        address: String,
        /// The cause of the last failure.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The file has more bytes than [`Options::max_size`](crate::hub::Options::max_size) allows.
    TooLarge {
        /// The address.
        address: String,
        /// Its size in bytes; `None` where the server did not say it, and more than `limit` came.
        size: Option<u64>,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is not the one whose SHA-256 was expected.
    Hash {
        /// The file; for one that was downloaded, where it would have come.
        path: PathBuf,
        /// How the digest should begin.
        expected: String,
        /// The digest, in 64 hexadecimal digits.
        found: String,
    },
    /// Another process downloads the file, and does not get on.
    LockTimeout {
        /// The file that it locks.
        path: PathBuf,
        /// How long nothing happened.
        waited: Duration,
    },
    /// [`Options::timeout`](crate::hub::Options::timeout) is over.
    Timeout {
        /// The address.
        address: String,
        /// The limit.
        limit: Duration,
    },
}

impl HubError {
    /// For `map_err`: the operation and the file that an I/O error is about.
    pub(super) fn io_at(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> HubError {
        move |source| HubError::Io { action, path: path.into(), source }
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = OneLine(f);
        match self {
            HubError::Address { address, reason } => write!(out, "{address}: {reason}"),
            HubError::UnknownScheme { scheme, registered } => {
                write!(out, "{scheme}:// is not a registered scheme")?;
                match registered.as_slice() {
                    [] => out.write_str("; none is: give a map with Options::schemes"),
                    _ => write!(out, "; these are: {}", registered.join(", ")),
                }
            }
            HubError::UnknownName { scheme, name, nearest } => {
                write!(out, "{scheme}://{name}: the map of this scheme has no such name")?;
                nearest.iter().try_for_each(|nearest| write!(out, "; it has `{nearest}`"))
            }
            HubError::SchemeLoop { location } => {
                write!(out, "{location}: the names of the schemes lead in a circle")
            }
            HubError::Schemes { path: Some(path), reason } => {
                write!(out, "{}: {reason}", path.display())
            }
            HubError::Schemes { path: None, reason } => {
                write!(out, "the map of a scheme: {reason}")
            }
            HubError::NotAFile { path } => {
                write!(out, "{} is not a checkpoint file", path.display())
            }
            HubError::Offline { address, path } => write!(
                out,
                "{address}: offline, and there is no such file in the cache: {}",
                path.display()
            ),
            HubError::OtherAddress { path, cached, address } => write!(
                out,
                "{} is not from {address}, but from {cached}; give one of the two another name with \
                 Options::file_name, or another folder with Options::directory",
                path.display()
            ),
            HubError::FileName { address, name, reason } => write!(
                out,
                "{address}: cannot be cached as `{name}`: {reason}; give a name with Options::file_name"
            ),
            HubError::NoCache { reason } => {
                write!(out, "no folder to cache in: {reason}; give one with Options::directory")
            }
            HubError::Option { reason } => out.write_str(reason),
            HubError::Io { action, path, source } => {
                write!(out, "cannot {action} {}: {source}", path.display())
            }
            HubError::Status { address, status, attempts } => {
                write!(out, "{address}: HTTP status {status}")?;
                after(&mut out, *attempts)
            }
            HubError::Download { address, reason, attempts } => {
                write!(out, "{address}: {reason}")?;
                after(&mut out, *attempts)
            }
            HubError::TooLarge { address, size: Some(size), limit } => {
                write!(
                    out,
                    "{address}: {size} bytes, of which {limit} are allowed (`Options::max_size`)"
                )
            }
            HubError::TooLarge { address, size: None, limit } => {
                write!(
                    out,
                    "{address}: more than the {limit} bytes that are allowed (`Options::max_size`)"
                )
            }
            HubError::Hash { path, expected, found } => write!(
                out,
                "{}: invalid hash value (expected \"{expected}\", got \"{found}\"); if the digits in \
                 the name are no SHA-256 of the file (but a date, a version, the hash of something \
                 else), use HashCheck::Off",
                path.display()
            ),
            HubError::LockTimeout { path, waited } => write!(
                out,
                "{}: another process holds the lock and has not got on for {} s",
                path.display(),
                waited.as_secs()
            ),
            HubError::Timeout { address, limit } => {
                write!(
                    out,
                    "{address}: not done within {} s (`Options::timeout`)",
                    limit.as_secs_f64()
                )
            }
        }
    }
}

fn after(out: &mut OneLine<'_, '_>, attempts: u32) -> fmt::Result {
    if attempts > 1 { write!(out, " (after {attempts} attempts)") } else { Ok(()) }
}

debug_is_display!(HubError);

impl std::error::Error for HubError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The message has all that its source says.
            HubError::Io { source, .. } => source.source(),
            _ => None,
        }
    }
}
