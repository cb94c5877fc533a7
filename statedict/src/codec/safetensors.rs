//! The header of safetensors files, for reading and writing.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dtype::DType;

/// The entry of `__metadata__` with the keys in order, a JSON list.
pub(super) const ORDER: &str = "statedict.order";
/// The entry of `__metadata__` with the keys of the tensors that require gradients, a JSON list.
pub(super) const GRADIENTS: &str = "statedict.requires_grad";
/// The entry of `__metadata__` with the modules' versions, a JSON list of pairs.
pub(super) const VERSIONS: &str = "statedict.versions";

pub(super) const METADATA: &str = "__metadata__";

/// The dtypes of the format that PyTorch has too. The largest elements come last, as in the order by which the
/// format's own libraries lay tensors out.
const TYPES: [(DType, &str); 20] = [
    (DType::Bool, "BOOL"),
    (DType::F4E2M1FNX2, "F4"),
    (DType::U8, "U8"),
    (DType::I8, "I8"),
    (DType::F8E5M2, "F8_E5M2"),
    (DType::F8E4M3FN, "F8_E4M3"),
    (DType::F8E8M0FNU, "F8_E8M0"),
    (DType::F8E4M3FNUZ, "F8_E4M3FNUZ"),
    (DType::F8E5M2FNUZ, "F8_E5M2FNUZ"),
    (DType::I16, "I16"),
    (DType::U16, "U16"),
    (DType::F16, "F16"),
    (DType::BF16, "BF16"),
    (DType::I32, "I32"),
    (DType::U32, "U32"),
    (DType::F32, "F32"),
    (DType::C64, "C64"),
    (DType::F64, "F64"),
    (DType::I64, "I64"),
    (DType::U64, "U64"),
];

/// The rank of a dtype in the order of the data, and the format's name for it; `None` where it has none.
pub(super) fn to_safetensors(dtype: DType) -> Option<(usize, &'static str)> {
    let rank = TYPES.iter().position(|&(ours, _)| ours == dtype)?;
    TYPES.get(rank).map(|&(_, name)| (rank, name))
}

/// The dtype that the format's name means, where PyTorch has it.
pub(super) fn from_safetensors(name: &str) -> Option<DType> {
    TYPES.iter().find(|&&(_, theirs)| theirs == name).map(|&(ours, _)| ours)
}

/// Returns the shape of a tensor as the format has it: of F4 each element counts, of which PyTorch has two in one.
/// `None` where it has no dimension to count them in.
pub(super) fn shape_to_safetensors(dtype: DType, shape: &[usize]) -> Option<Vec<usize>> {
    let mut shape = shape.to_vec();
    if dtype == DType::F4E2M1FNX2 {
        let last = shape.last_mut()?;
        *last = last.checked_mul(2)?;
    }
    Some(shape)
}

/// Returns the shape that PyTorch has; `None` where it has none for an odd number of F4.
pub(super) fn shape_from_safetensors(dtype: DType, mut shape: Vec<usize>) -> Option<Vec<usize>> {
    if dtype == DType::F4E2M1FNX2 {
        let last = shape.last_mut()?;
        *last = last.is_multiple_of(2).then_some(*last / 2)?;
    }
    Some(shape)
}

/// The header's entry of a tensor.
#[derive(Serialize, Deserialize)]
pub(super) struct Info {
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    pub(super) data_offsets: (u64, u64),
}

/// The header: the `__metadata__`, and the tensors in the order of the text.
#[derive(Default)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tensors: Vec<(String, Info)>,
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(METADATA, &self.metadata)?;
        for (key, info) in &self.tensors {
            map.serialize_entry(key, info)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        let mut has_metadata = false;
        while let Some(key) = map.next_key::<String>()? {
            if key != METADATA {
                header.tensors.push((key, map.next_value()?));
                continue;
            }
            if std::mem::replace(&mut has_metadata, true) {
                return Err(A::Error::duplicate_field(METADATA));
            }
            header.metadata = map.next_value::<Option<_>>()?.unwrap_or_default();
        }
        Ok(header)
    }
}
