//! How to find, download and load a checkpoint.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::checkpoint::ValuePath;
use crate::codec::ReadOptions;
use crate::hub::hash::HashCheck;
use crate::hub::progress::{Progress, Teller};
use crate::hub::schemes::Schemes;
use crate::load::{DTypePolicy, LoadOptions};
use crate::setters::setters;

/// The largest download by default, in bytes.
const MAX_SIZE: u64 = 64 << 30;
/// The longest time of a download by default.
const TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How to find, download and load a checkpoint.
///
/// ```
/// use std::time::Duration;
///
/// use statedict::LoadOptions;
/// use statedict::hub::{Options, Schemes};
///
/// # fn main() -> Result<(), statedict::hub::HubError> {
/// let mut schemes = Schemes::new();
/// schemes.insert("lab", "tiny", "https://example.org/tiny-5c106cde.pth")?;
/// let options = Options::new()
///     .schemes(schemes)
///     .max_size(2 << 30)
///     .timeout(Duration::from_secs(3600))
///     .progress(|progress| eprint!("\r{} {}", progress.address, progress.downloaded))
///     .load_options(LoadOptions::new().strict(false));
/// # let _ = options;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) directory: Option<PathBuf>,
    pub(super) file_name: Option<String>,
    pub(super) schemes: Schemes,
    pub(super) check_hash: HashCheck,
    pub(super) sha256: Option<String>,
    pub(super) offline: bool,
    pub(super) max_size: Option<u64>,
    pub(super) retries: u32,
    pub(super) retry_delay: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) stall_timeout: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) timeout: Option<Duration>,
    pub(super) environment_proxy: bool,
    pub(super) progress: Option<Teller>,
    pub(super) rank: Option<u64>,
    pub(super) state_dict: Option<ValuePath>,
    pub(super) prefix: Prefix,
    pub(super) load: LoadOptions,
    pub(super) read: ReadOptions,
}

/// The prefixes that are taken off the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `module.`, unless the model has such a child.
    OfWrappers,
    /// These, in order.
    These(Vec<String>),
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl Options {
    /// The cache of torch.hub, no schemes, a strict load; the methods say what the other defaults are.
    pub fn new() -> Self {
        Options {
            directory: None,
            file_name: None,
            schemes: Schemes::new(),
            check_hash: HashCheck::default(),
            sha256: None,
            offline: false,
            max_size: Some(MAX_SIZE),
            retries: 4,
            retry_delay: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(600),
            timeout: Some(TIMEOUT),
            environment_proxy: true,
            progress: None,
            rank: None,
            state_dict: None,
            prefix: Prefix::OfWrappers,
            load: LoadOptions::new(),
            read: ReadOptions::default(),
        }
    }

    /// A load that is as tolerant as mmcv's `load_checkpoint` is by default: not strict, tensors of
    /// another shape are left out, element types are converted. What did not fit is logged as a
    /// warning, in mmcv's words.
    ///
    /// ```
    /// use statedict::hub::{self, Options};
    /// use statedict::prelude::*;
    /// use statedict::{StateMap, TensorView};
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    ///     #[param]
    ///     bias: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("partial.pth");
    /// let mut map = StateMap::new();
    /// map.insert("module.weight", TensorView::from_vec(vec![1.0f32, 2.0], [2])?);
    /// map.save(&path)?;
    ///
    /// let mut fc = Linear { weight: vec![0.0; 2], bias: vec![0.0; 2] };
    /// let report = hub::load_checkpoint_with(&mut fc, &path, &Options::mmcv())?;
    /// assert_eq!(fc.weight, [1.0, 2.0]);
    /// assert_eq!(report.missing, ["bias"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mmcv() -> Self {
        let load =
            LoadOptions::new().strict(false).ignore_mismatched(true).dtype(DTypePolicy::Cast);
        Options::new().load_options(load)
    }

    setters! {
        /// The folder to cache in, instead of [`cache_directory`](crate::hub::cache_directory):
        /// `model_dir` of torch.hub. It is created where it is not there.
        directory(directory: impl Into<PathBuf>) => directory = Some(directory.into());

        /// The name of the file in the cache, instead of the end of the address's path: `file_name` of
        /// torch.hub. Two addresses that end in the same name would be one file in the cache: give one of
        /// them another name.
        file_name(name: impl Into<String>) => file_name = Some(name.into());

        /// Sets what names such as `torchvision://resnet18` stand for.
        schemes(schemes: Schemes) => schemes = schemes;

        /// `true` if the file's name says what its SHA-256 is; see [`HashCheck`].
        check_hash(check: HashCheck) => check_hash = check;

        /// How the SHA-256 of the file begins, in hexadecimal, or all of it; instead of what its name
        /// says, and for local files too.
        sha256(digits: impl Into<String>) => sha256 = Some(digits.into());

        /// `true` if nothing may be downloaded: what is neither local nor in the cache is then an error.
        offline(offline: bool) => offline = offline;

        /// How many bytes a download may have: 64 GiB by default. `u64::MAX` allows any number.
        max_size(bytes: u64) => max_size = Some(bytes);

        /// How often a download is tried again (4 times): after a connection that failed, broke off or
        /// stalled, and after the HTTP status 408, 425, 429, 500, 502, 503 or 504. Nothing else gets
        /// better by asking again.
        retries(retries: u32) => retries = retries;

        /// How long to wait before the first time (500 ms). The next waits are each twice as long, 30 s at most,
        /// up to a quarter longer at random, or what the server's `Retry-After` says, 120 s at most.
        retry_delay(delay: Duration) => retry_delay = delay;

        /// How long the name look-up may take, and then connecting (10 s each).
        connect_timeout(limit: Duration) => connect_timeout = limit;

        /// How long the server may be silent (30 s), before its answer as well as in the middle of the file; there
        /// at least 1 KiB a second must come, over as long a time.
        stall_timeout(limit: Duration) => stall_timeout = limit;

        /// How long to wait for another process that downloads the same file but does not get on (10 min):
        /// that neither brings bytes, nor ends. One that dies leaves its lock at once.
        lock_timeout(limit: Duration) => lock_timeout = limit;

        /// How long everything may take together until the file is there, waiting for others included: 24 hours by
        /// default. `Duration::MAX` is without end, as long as bytes come.
        timeout(limit: Duration) => timeout = Some(limit);

        /// `true` if to use the proxy that the environment names (the default): the first of `ALL_PROXY`,
        /// `HTTPS_PROXY` and `HTTP_PROXY`, in either case, but for the hosts of `NO_PROXY`.
        environment_proxy(wanted: bool) => environment_proxy = wanted;

        /// Is called with how far a download has come: once at the beginning, and after each piece.
        progress(tell: impl Fn(Progress<'_>) + Send + Sync + 'static) => progress = Some(Teller(Arc::new(tell)));

        /// The rank of this process, instead of `RANK` or else `LOCAL_RANK` of the environment. Only rank
        /// 0, or a process without one, logs.
        rank(rank: u64) => rank = Some(rank);

        /// Sets the path of the state dict in the checkpoint, instead of looking for it as
        /// [`Checkpoint::find_state_dict`](crate::Checkpoint::find_state_dict).
        state_dict(path: impl Into<ValuePath>) => state_dict = Some(path.into());
    }

    /// Takes `prefix` off the keys that begin with it; call it again for another one after it.
    ///
    /// Without a call that is `module.`, which `DataParallel` puts before all keys, unless the model has a
    /// child of that name.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl Into<String>) -> Self {
        match &mut self.prefix {
            Prefix::OfWrappers => self.prefix = Prefix::These(vec![prefix.into()]),
            Prefix::These(prefixes) => prefixes.push(prefix.into()),
        }
        self
    }

    /// Leaves all keys as they are.
    #[must_use]
    pub fn keep_prefix(mut self) -> Self {
        self.prefix = Prefix::These(Vec::new());
        self
    }

    setters! {
        /// How to load the state dict: strictly, by default. Keys are renamed, and locations mapped, after
        /// the prefix was taken off.
        load_options(options: LoadOptions) => load = options;

        /// How to read the file.
        read_options(options: ReadOptions) => read = options;
    }
}
