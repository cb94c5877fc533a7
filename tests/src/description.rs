//! A checkpoint as torch describes it (`tests/torch/checkpoint.py`), and ours in the same words.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::Storage;
use statedict::{DType, StateMap, TensorView};

/// A state dict as plain data.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Description {
    /// The tensors, in order.
    pub tensors: Vec<TensorDescription>,
    /// `_metadata`: each module's path and entries, in order; `None` where the dict has none.
    pub metadata: Option<Vec<(String, BTreeMap<String, u64>)>>,
}

/// A tensor of a state dict, and what is under its key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TensorDescription {
    /// The key.
    pub key: String,
    /// The element type by torch's name, as `float32`.
    pub dtype: String,
    /// The sizes.
    pub shape: Vec<usize>,
    /// The strides, in elements.
    pub stride: Vec<usize>,
    /// Where in its storage the tensor begins, in elements.
    pub storage_offset: usize,
    /// The storages numbered in order of first use: equal numbers are shared elements.
    pub storage: usize,
    /// Whether the tensor wants a gradient.
    pub requires_grad: bool,
    /// All elements in row-major order, little-endian.
    #[serde(rename = "hex", deserialize_with = "from_hex")]
    pub bytes: Vec<u8>,
}

/// A checkpoint in `tests/fixtures`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Fixture {
    /// The torch that wrote it.
    pub torch: String,
    /// The name of its class in `tests/torch/models.py`.
    pub model: String,
    /// What chose its elements.
    pub seed: u64,
    /// The file's digest.
    pub sha256: String,
    /// What is in it.
    #[serde(flatten)]
    pub content: Description,
}

impl Description {
    /// A map with these tensors, each with elements of its own, and this metadata.
    ///
    /// # Panics
    /// Where the description is no state dict of ours.
    pub fn to_map(&self) -> StateMap<'static> {
        let mut map = StateMap::new();
        for tensor in &self.tensors {
            let dtype = DType::from_name(&tensor.dtype).expect("a dtype of torch's");
            let shape = tensor.shape.as_slice();
            let view = TensorView::from_bytes(tensor.bytes.clone(), dtype, shape).expect("as many");
            map.insert(tensor.key.as_str(), view);
        }
        *map.metadata_mut() = self.metadata.as_ref().map(|modules| {
            let mut metadata = Metadata::default();
            for (path, entries) in modules {
                let entry = entries.get("version").copied().map(ModuleMetadata::with_version);
                metadata.insert(path.as_str(), entry.unwrap_or_default());
            }
            metadata
        });
        map
    }

    /// What a map of ours holds.
    ///
    /// # Panics
    /// Where an element cannot be read.
    pub fn of(map: &StateMap<'_>) -> Description {
        let mut storages = Vec::new();
        Description {
            tensors: map
                .iter()
                .map(|(key, tensor)| TensorDescription::of(key, tensor, &mut storages))
                .collect(),
            metadata: map.metadata().map(entries),
        }
    }

    /// Compares with what is expected, down to the last byte.
    ///
    /// # Panics
    /// Where anything differs, with the first difference and not with all elements.
    #[track_caller]
    pub fn assert_is(&self, expected: &Description) {
        assert_eq!(self.keys(), expected.keys());
        for (found, expected) in self.tensors.iter().zip(&expected.tensors) {
            let at = found.bytes.iter().zip(&expected.bytes).position(|(a, b)| a != b);
            assert!(
                at.is_none(),
                "{}: byte {} of the elements differs",
                found.key,
                at.unwrap_or(0)
            );
            assert!(found == expected, "{}: {found:?} is not {expected:?}", found.key);
        }
        assert_eq!(self.metadata, expected.metadata);
    }

    /// The keys, in order.
    pub fn keys(&self) -> Vec<&str> {
        self.tensors.iter().map(|tensor| tensor.key.as_str()).collect()
    }

    /// The tensor under `key`.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn tensor(&self, key: &str) -> &TensorDescription {
        let found = self.tensors.iter().find(|tensor| tensor.key == key);
        found.unwrap_or_else(|| panic!("there is no key {key:?} among {:?}", self.keys()))
    }

    /// The version of the module at `path` in `_metadata`.
    pub fn version(&self, path: &str) -> Option<u64> {
        let (_, entries) = self.metadata.as_ref()?.iter().find(|(module, _)| module == path)?;
        entries.get("version").copied()
    }

    /// The keys that share their elements with others, each group in order.
    pub fn shared(&self) -> Vec<Vec<&str>> {
        let mut storages: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for tensor in &self.tensors {
            storages.entry(tensor.storage).or_default().push(&tensor.key);
        }
        storages.into_values().filter(|keys| keys.len() > 1).collect()
    }
}

impl TensorDescription {
    /// What a view of ours is; `storages` are those of the tensors before it.
    fn of<'m>(key: &str, tensor: &TensorView<'m>, storages: &mut Vec<Storage<'m>>) -> Self {
        let known = storages.iter().position(|storage| storage.same_as(tensor.storage()));
        let storage = known.unwrap_or_else(|| {
            storages.push(tensor.storage().clone());
            storages.len() - 1
        });
        let strides = tensor.strides();
        TensorDescription {
            key: key.to_owned(),
            dtype: tensor.dtype().name().to_owned(),
            shape: tensor.shape().to_vec(),
            stride: strides.iter().map(|&s| usize::try_from(s).expect("not backwards")).collect(),
            storage_offset: tensor.storage_offset(),
            storage,
            requires_grad: tensor.requires_grad(),
            bytes: tensor.bytes().expect("the elements").into_owned(),
        }
    }
}

fn entries(metadata: &Metadata) -> Vec<(String, BTreeMap<String, u64>)> {
    let version = |version| ("version".to_owned(), version);
    metadata
        .iter()
        .map(|(path, entry)| (path.to_owned(), entry.version().map(version).into_iter().collect()))
        .collect()
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode_hex(&text).ok_or_else(|| serde::de::Error::custom("not a text of hex digit pairs"))
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_described_in_the_words_of_torch() {
        let bytes = Storage::from_bytes((0..24).collect::<Vec<u8>>());
        let view = |offset| {
            TensorView::contiguous(bytes.clone(), statedict::DType::F32, [1, 2], offset).unwrap()
        };
        let mut map = StateMap::new();
        map.insert("a", view(1));
        map.insert("alone", TensorView::from_vec(vec![7i64], [] as [usize; 0]).unwrap());
        map.insert("b", view(4));
        let found = Description::of(&map);
        assert_eq!(found.keys(), ["a", "alone", "b"]);
        assert_eq!(found.shared(), [["a", "b"]]);
        assert_eq!(found.metadata, None);
        let a = found.tensor("a");
        assert_eq!(
            (a.dtype.as_str(), &a.shape[..], &a.stride[..]),
            ("float32", &[1, 2][..], &[2, 1][..])
        );
        assert_eq!((a.storage_offset, &a.bytes[..]), (1, &[4, 5, 6, 7, 8, 9, 10, 11][..]));

        found.assert_is(&Description::of(&map));
        map.insert("b", view(0));
        let other = Description::of(&map);
        assert!(std::panic::catch_unwind(|| found.assert_is(&other)).is_err());
    }

    #[test]
    fn hex_is_decoded_or_refused() {
        assert_eq!(decode_hex("00ff1E"), Some(vec![0, 255, 30]));
        assert_eq!(decode_hex(""), Some(vec![]));
        assert_eq!(decode_hex("0"), None);
        assert_eq!(decode_hex("zz"), None);
    }
}
