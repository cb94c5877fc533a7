//! A model's weights from wherever they are.

use std::ffi::OsStr;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::hub::error::HubError;
use crate::hub::fetch;
use crate::hub::options::{Options, Prefix};
use crate::hub::rank::Log;
use crate::hub::report::mismatch_report;
use crate::load::{self, LoadReport};
use crate::map::StateMap;
use crate::mapping::KeyMap;
use crate::visit;
use crate::visit::StateDict;

/// The prefix that `DataParallel` and its like put before all keys.
const WRAPPER: &str = "module";

impl From<HubError> for Error {
    fn from(error: HubError) -> Self {
        Error::Location(Box::new(error))
    }
}

/// Loads a checkpoint into a model, from a path, an address, or a name of a scheme: mmcv's
/// `load_checkpoint`.
///
/// The file is [fetched](crate::hub::fetch), its state dict found (the file itself, or what it has under
/// `state_dict`, `model_state_dict` or `model`), `module.` taken off its keys, and loaded as the options
/// say: strictly by default, all or nothing. What did not fit in a load that is not strict is in the
/// report, and logged in mmcv's words.
///
/// ```no_run
/// use statedict::hub::{self, Options};
/// use statedict::prelude::*;
///
/// # fn load(model: &mut impl StateDict) -> Result<(), statedict::Error> {
/// hub::load_checkpoint(model, "https://example.org/resnet18-5c106cde.pth")?;
/// hub::load_checkpoint_with(model, "epoch_12.pth", &Options::mmcv())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Returns [`Error::Location`] with a [`HubError`] where there is no file in the end. Otherwise fails like
/// [`StateDictExt::load`](crate::StateDictExt::load): the file cannot be read, holds no state dict or several, or
/// does not fit the model. Nothing is then written.
pub fn load_checkpoint<M: StateDict + ?Sized>(
    model: &mut M,
    location: impl AsRef<OsStr>,
) -> Result<LoadReport, Error> {
    load_checkpoint_with(model, location, &Options::new())
}

/// Loads a checkpoint with options; see [`load_checkpoint`].
///
/// # Errors
/// Like [`load_checkpoint`].
pub fn load_checkpoint_with<M: StateDict + ?Sized>(
    model: &mut M,
    location: impl AsRef<OsStr>,
    options: &Options,
) -> Result<LoadReport, Error> {
    let log = Log::new(options);
    let (path, backend) = fetch::find(location.as_ref(), options)?;
    log.info(|| format!("Loads checkpoint by {backend} backend from path: {}", path.display()));
    let map = state_dict_of(&path, options)?;
    let mut load_options = options.load.clone();
    load_options.keys = prefixes_for(model, options).then(load_options.keys);
    let report = load::load(model, &map, &load_options)
        .map_err(|source| Error::Load { path: path.clone(), source })?;
    if let Some(text) = mismatch_report(&report) {
        log.warn(|| text);
    }
    Ok(report)
}

fn state_dict_of(path: &Path, options: &Options) -> Result<StateMap<'static>, Error> {
    let checkpoint = Checkpoint::open_with(path, &options.read)?;
    let found = match &options.state_dict {
        Some(key) => checkpoint.state_dict(key.clone()),
        None => checkpoint.find_state_dict(),
    };
    found.map_err(|source| Error::Checkpoint {
        path: Some(path.to_owned()),
        source: Box::new(source),
    })
}

/// Returns the prefixes that are to be taken off the keys.
fn prefixes_for<M: StateDict + ?Sized>(model: &M, options: &Options) -> KeyMap {
    match &options.prefix {
        Prefix::These(prefixes) => prefixes.iter().fold(KeyMap::new(), KeyMap::strip_prefix),
        Prefix::OfWrappers => {
            let walk = visit::walk(model);
            let mut speller = walk.keys.speller();
            let own = walk.modules.iter().any(|module| speller.spell(module.path) == WRAPPER);
            if own { KeyMap::new() } else { KeyMap::new().strip_prefix(WRAPPER) }
        }
    }
}
