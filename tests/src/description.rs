//! A checkpoint as torch describes it (`tests/torch/checkpoint.py`).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

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
    fn hex_is_decoded_or_refused() {
        assert_eq!(decode_hex("00ff1E"), Some(vec![0, 255, 30]));
        assert_eq!(decode_hex(""), Some(vec![]));
        assert_eq!(decode_hex("0"), None);
        assert_eq!(decode_hex("zz"), None);
    }
}
