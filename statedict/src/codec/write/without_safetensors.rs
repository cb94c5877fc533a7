//! Refuses to write safetensors files, in a build without the feature `safetensors`.

use crate::codec::write::container::Destination;
use crate::codec::write::error::WriteError;
use crate::codec::write::options::WriteOptions;
use crate::map::StateMap;

pub(super) fn write(
    _: &StateMap<'_>,
    _: Destination<'_>,
    _: &WriteOptions,
) -> Result<(), WriteError> {
    Err(WriteError::FeatureOff { format: "safetensors", feature: "safetensors" })
}
