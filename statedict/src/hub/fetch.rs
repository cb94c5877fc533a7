//! From a location to a file on this machine.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::hub::address::Address;
use crate::hub::cache;
use crate::hub::deadline::Deadline;
use crate::hub::download::Download;
use crate::hub::error::HubError;
use crate::hub::hash::{self, HashCheck};
use crate::hub::lock::{Lock, Wanted};
use crate::hub::options::Options;
use crate::hub::rank::Log;
use crate::hub::resolve::{self, Resolved};
use crate::hub::source;

/// The file at a location, downloaded into the cache if it is not there: `torch.hub.load_state_dict_from_url`
/// without the loading.
///
/// A location is a path (`~` is the home folder), an address that begins with `http://` or `https://`, or
/// a name of one of the [`Schemes`](crate::hub::Schemes) of the options. What is already in the cache is
/// not downloaded, whoever put it there; see the [module](crate::hub) for all that happens.
///
/// ```no_run
/// use statedict::hub;
/// use statedict::StateMap;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let path = hub::fetch("https://example.org/resnet18-5c106cde.pth")?;
/// let state_dict = StateMap::load(&path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where there is no file in the end: see [`HubError`].
pub fn fetch(location: impl AsRef<OsStr>) -> Result<PathBuf, HubError> {
    fetch_with(location, &Options::new())
}

/// Fetches a file with options; see [`fetch`].
///
/// # Errors
/// Like [`fetch`].
pub fn fetch_with(location: impl AsRef<OsStr>, options: &Options) -> Result<PathBuf, HubError> {
    Ok(find(location.as_ref(), options)?.0)
}

/// Downloads an address to a file, whatever was there: `torch.hub.download_url_to_file`.
///
/// The file appears in one step, once all of it is there and its SHA-256 is as the address's last part
/// or the options say. The folder must exist. Until then it grows beside it, with `.partial` at the
/// end of its name, and the next call goes on with that.
///
/// ```no_run
/// use statedict::hub;
///
/// # fn main() -> Result<(), statedict::hub::HubError> {
/// hub::download("https://example.org/resnet18-5c106cde.pth", "resnet18.pth")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where there is no such file in the end; one that was there is then untouched.
pub fn download(address: &str, path: impl AsRef<Path>) -> Result<(), HubError> {
    download_with(address, path, &Options::new())
}

/// Downloads an address with options; see [`download`].
///
/// # Errors
/// Like [`download`].
pub fn download_with(
    address: &str,
    path: impl AsRef<Path>,
    options: &Options,
) -> Result<(), HubError> {
    let address = Address::parse(address)?;
    let expected = expected(&address, address.file_name(), options)?;
    let path = path.as_ref();
    if options.offline {
        return Err(HubError::Offline { address: address.to_string(), path: path.to_owned() });
    }
    let expected = expected.as_deref();
    Job { address: &address, path, expected, noted: false, options }.run(|| Ok(false))
}

/// The file, and by which kind of location it was found.
pub(super) fn find(location: &OsStr, options: &Options) -> Result<(PathBuf, String), HubError> {
    let (resolved, backend) = resolve::resolve(location, &options.schemes)?;
    let path = match resolved {
        Resolved::Path(path) => local(path, options)?,
        Resolved::Web(address) => cached(&address, options)?,
    };
    Ok((path, backend))
}

fn local(path: PathBuf, options: &Options) -> Result<PathBuf, HubError> {
    let digits = options.sha256.as_deref().map(hash::digits).transpose()?;
    match look(&path, digits.as_deref())? {
        Found::Good => Ok(path),
        Found::Nothing => Err(HubError::NotAFile { path }),
        Found::Wrong(error) => Err(error),
    }
}

fn cached(address: &Address, options: &Options) -> Result<PathBuf, HubError> {
    let path = cache::file_for(address, options)?;
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let expected = expected(address, name, options)?;
    // No lock for what is there: a cache may be readable only.
    match look_for(address, &path, expected.as_deref())? {
        Found::Good => return Ok(path),
        Found::Nothing if options.offline => {
            return Err(HubError::Offline { address: address.to_string(), path });
        }
        Found::Wrong(error) if options.offline => return Err(error),
        Found::Nothing => {}
        Found::Wrong(error) => {
            Log::new(options).warn(|| format!("{error}: downloading it again"));
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(HubError::io_at("create the folder", folder))?;
    }
    let expected = expected.as_deref();
    let job = Job { address, path: &path, expected, noted: true, options };
    job.run(|| Ok(matches!(look_for(address, &path, expected)?, Found::Good)))?;
    Ok(path)
}

/// How the digest of the file should begin: as the options say, or else its name in the cache, or else the
/// one in the address.
fn expected(address: &Address, name: &str, options: &Options) -> Result<Option<String>, HubError> {
    if let Some(digits) = &options.sha256 {
        return hash::digits(digits).map(Some);
    }
    let check = options.check_hash;
    let mut digits = check.expected(name);
    if digits.is_none() && check != HashCheck::Torch {
        digits = check.expected(address.file_name());
    }
    Ok(digits.map(str::to_owned))
}

/// The thing at a path.
enum Found {
    Nothing,
    Good,
    /// A file whose digest is not as expected.
    Wrong(HubError),
}

/// Looks for a file in the cache; a file of another address is an error, unless the digest says that it
/// is the same.
fn look_for(address: &Address, path: &Path, expected: Option<&str>) -> Result<Found, HubError> {
    let found = look(path, expected)?;
    if expected.is_none() {
        source::check(path, address)?;
    }
    Ok(found)
}

fn look(path: &Path, expected: Option<&str>) -> Result<Found, HubError> {
    match fs::metadata(path) {
        Err(error) if is_absence(&error) => return Ok(Found::Nothing),
        Err(error) => return Err(HubError::io_at("look at", path)(error)),
        Ok(metadata) if metadata.is_dir() => {
            return Err(HubError::NotAFile { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match expected.map(|expected| hash::check_file(path, expected)) {
        Some(Err(error @ HubError::Hash { .. })) => Ok(Found::Wrong(error)),
        Some(Err(error)) => Err(error),
        Some(Ok(())) | None => Ok(Found::Good),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A download that one process at a time does.
struct Job<'a> {
    address: &'a Address,
    path: &'a Path,
    expected: Option<&'a str>,
    /// `true` if to note where the file is from, if its digest does not tell.
    noted: bool,
    options: &'a Options,
}

impl Job<'_> {
    /// Downloads, unless another process did so, as `done` says, while this one waited.
    fn run(&self, done: impl FnOnce() -> Result<bool, HubError>) -> Result<(), HubError> {
        let Job { address, path, expected, noted, options } = *self;
        let source = (noted && expected.is_none()).then(|| address.place());
        let log = Log::new(options);
        let deadline = Deadline::new(options.timeout);
        let wanted = Wanted {
            target: path,
            address: address.shown(),
            stalled: options.lock_timeout,
            deadline: &deadline,
        };
        let lock = wanted.acquire(|| {
            log.info(|| format!("waiting for another process to download {}", path.display()));
        })?;
        if done()? {
            return Ok(());
        }
        // To the end: it is unlocked where it is dropped.
        let held = match lock {
            Lock::Held(held) => Some(held),
            Lock::Unsupported(error) => {
                log.warn(|| {
                    let path = path.display();
                    format!("{path}: no file locks there ({error}): each process downloads it")
                });
                None
            }
        };
        deadline.check(Duration::ZERO, address.shown())?;
        let deadline = &deadline;
        let download = Download { address, target: path, expected, source, options, deadline, log };
        download.run(held.is_some())
    }
}
