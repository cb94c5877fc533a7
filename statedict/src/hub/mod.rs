//! Checkpoints by address: from a path, `http(s)://`, or a name as `torchvision://resnet18` (feature `hub`).
//!
//! [`load_checkpoint`] does what mmcv's function of that name does, with the cache of torch.hub: what PyTorch has
//! downloaded is not downloaded again, and PyTorch finds what was downloaded here.
//!
//! ```no_run
//! use statedict::hub::{self, Options, Schemes};
//! use statedict::prelude::*;
//!
//! # fn load(model: &mut impl StateDict) -> Result<(), Box<dyn std::error::Error>> {
//! let mut schemes = Schemes::new();
//! schemes.add_file("open-mmlab", "open_mmlab.json")?;
//! let options = Options::new().schemes(schemes);
//!
//! hub::load_checkpoint_with(model, "open-mmlab://vgg16_caffe", &options)?;
//! # Ok(())
//! # }
//! ```
//!
//! # What happens, beside torch.hub and mmcv
//!
//! | | torch.hub 2.15 | mmcv, mmengine | here |
//! |---|---|---|---|
//! | location | an address | path, address, `torchvision://`, `open-mmlab://`, …, with lists of addresses that came with it | path, address, any scheme whose names *you* give: [`Schemes`] |
//! | cache | `$TORCH_HOME/hub/checkpoints`, `$XDG_CACHE_HOME/torch/hub/checkpoints`, `~/.cache/torch/hub/checkpoints` | the same | the same: [`cache_directory`] |
//! | name in the cache | the end of the address's path; `Content-Disposition` is not looked at | the same | the same, but never a folder, and no name that ends as the files beside it |
//! | two addresses that end alike | the first one's file for both | the same | an error ([`HubError::OtherAddress`]), where the first was downloaded here or the name has the SHA-256; queries are not looked at |
//! | SHA-256 in the name | checked on request, while downloading | not checked | checked, *also in the cache*: [`HashCheck`]. A cached file that is wrong is replaced, once the right one is there |
//! | file cut off by the server | taken for whole | the same | an error, if the server said how long it is (or the name has the SHA-256). Where it said too little, only the SHA-256 tells, or loading the file |
//! | interrupted download | from the beginning | the same | goes on where it was, also in another process, if the server has the same `ETag` still (`If-Range`); else from the beginning |
//! | failed download | an error | an error | again, where that can help, a bounded number of times: [`Options::retries`] |
//! | silent server | waits for ever | the same | [`Options::stall_timeout`], [`Options::connect_timeout`], [`Options::timeout`]; one that sends less than 1 KiB a second counts as silent |
//! | endless file | fills the disk | the same | [`Options::max_size`] |
//! | redirects | ten, also from https to http | the same | ten, never from https to http nor to `file:`; a password is not sent on |
//! | `Content-Encoding` | the encoded bytes are kept as the file | the same | refused |
//! | several processes | each downloads | rank 0 downloads, the others wait in a barrier, for ever if it failed | one downloads under a file lock, the others wait for it or take over; each process reports its own error |
//! | offline | – | – | [`Options::offline`] |
//! | ZIP with one file in it | unpacked | the same | an error: unpack it |
//! | load | by you | not strict; writes what fits | strict and all or nothing, or [`Options::mmcv`] |
//! | what did not fit | – | printed by rank 0; the others go on, even in a strict load | [`mismatch_report`], logged by rank 0; errors are returned by all |
//!
//! # Several processes
//!
//! Which process downloads does not depend on its rank: it is the first that gets the operating system's lock on
//! `NAME.lock` beside the file. The lock ends with its holder, killed or not, and the next one goes on with what is
//! there. A holder that lives but brings nothing for [`Options::lock_timeout`] is given up. On a file system
//! without locks (some network ones) every process downloads into a file of its own, which a warning says; the
//! result is the same, as each puts its file into place in one step. On Unix the lock file is removed in the end;
//! on Windows it stays, and is empty.
//!
//! # Beside the files
//!
//! `NAME.partial` and `NAME.partial.json` are there while a file is downloaded, or could not be to the end, `NAME.lock`
//! while it is locked, and `NAME.source` stays: it says from which host and path the file is, where its name does not
//! have its SHA-256. PyTorch looks at none of them.
//!
//! In a cache that several users can write to, what others have put there under these names is not written to: no
//! symbolic link is followed, and a partial file with another owner or a second name is replaced, or left alone where
//! it cannot be. A cached file itself is taken from whoever put it there: give [`Options::sha256`] where that matters.
//!
//! # What is logged
//!
//! With the `log` crate, target `statedict::hub`, by the process whose `RANK`, or else `LOCAL_RANK`, is 0 or not
//! set ([`Options::rank`]): downloads and loads as `info`, new attempts and what did not fit as `warn`. User,
//! password and query of an address are left out, in errors too. (ureq's own messages at the level `trace` have whole
//! addresses.)
//!
//! # TLS and proxies
//!
//! Certificates are checked by rustls, against Mozilla's roots or those in the file that `SSL_CERT_FILE` names, as in
//! OpenSSL: where a proxy of your organisation has its own. The proxy is the one the environment names
//! ([`Options::environment_proxy`]).

mod address;
mod cache;
mod companion;
mod deadline;
mod download;
mod error;
mod fetch;
mod hash;
mod load;
mod location;
mod lock;
mod options;
mod partial;
mod progress;
mod rank;
mod redirect;
mod report;
mod request;
mod resolve;
mod scheme_file;
mod schemes;
mod source;
mod tls;

pub use cache::cache_directory;
pub use error::HubError;
pub use fetch::{download, download_with, fetch, fetch_with};
pub use hash::HashCheck;
pub use load::{load_checkpoint, load_checkpoint_with};
pub use options::Options;
pub use progress::Progress;
pub use report::mismatch_report;
pub use schemes::Schemes;
