//! Refuses to write safetensors files, in a build without the feature `safetensors`.

use std::io::Write;
use std::path::Path;

use crate::codec::write::error::WriteError;
use crate::codec::write::options::WriteOptions;
use crate::map::StateMap;

const OFF: WriteError = WriteError::FeatureOff { format: "safetensors", feature: "safetensors" };

pub(super) fn save(_: &StateMap<'_>, _: &Path, _: &WriteOptions) -> Result<(), WriteError> {
    Err(OFF)
}

pub(super) fn write(_: &StateMap<'_>, _: impl Write, _: &WriteOptions) -> Result<(), WriteError> {
    Err(OFF)
}
