//! Values as JSON, as far as that is told of in one piece.

use std::cell::Cell;

use serde_json::{Map, Value as Json, json};
use statedict::value::{Items, Kind, NumPy, NumPyForm, Value};

/// Within a set or a key containers can nest, in `_metadata` too; Python's own are a few levels deep.
const DEPTH: usize = 32;
/// So many values are told of in one piece: a small file can have very many paths.
const VALUES: usize = 10_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many bytes of text may still be told of: all of a file's, and some again. A file may have a long text once
/// and use it very often; what is beyond is cut.
pub(crate) struct Texts {
    left: Cell<u64>,
    is_cut: Cell<bool>,
}

impl Texts {
    fn new(left: u64) -> Self {
        Texts { left: Cell::new(left), is_cut: Cell::new(false) }
    }

    /// Of a file of that size.
    pub(crate) fn of(file_len: u64) -> Self {
        Texts::new(file_len.saturating_mul(4).saturating_add(1 << 20))
    }

    /// Of a value that is asked for by its path.
    pub(crate) fn all() -> Self {
        Texts::new(u64::MAX)
    }

    /// Of a key within a path.
    pub(crate) fn of_key() -> Self {
        Texts::new(256)
    }

    /// Takes what a value tells of itself; whether it is allowed.
    pub(crate) fn take(&self, value: Value<'_>) -> bool {
        let needed = u64::try_from(value.text_len()).unwrap_or(u64::MAX);
        let left = self.left.get().checked_sub(needed);
        match left {
            Some(left) => self.left.set(left),
            None => self.is_cut.set(true),
        }
        left.is_some()
    }

    /// Returns `true` if any text was cut: what looks alike then need not be.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }
}

/// A value as an object with its type and content, and whether that is all there is to tell of it.
pub(crate) fn leaf(value: Value<'_>, texts: &Texts) -> (Json, bool) {
    let mut writer = Writer { texts, left: VALUES, is_whole: true };
    let json = writer.leaf(value, DEPTH);
    match writer.left {
        // What is in it is told of by itself.
        0 => (json!({"type": value.type_name(), "cut": true}), false),
        _ => (json, writer.is_whole),
    }
}

/// A value of `_metadata` as plain JSON: what JSON has no word for is an object as [`leaf`] makes.
pub(crate) fn plain(value: Value<'_>, texts: &Texts) -> (Json, bool) {
    let mut writer = Writer { texts, left: VALUES, is_whole: true };
    let json = writer.plain(value, DEPTH);
    (json, writer.is_whole)
}

/// How many values [`leaf`] tells of.
pub(crate) fn size(value: Value<'_>, texts: &Texts) -> usize {
    let mut writer = Writer { texts, left: VALUES, is_whole: true };
    writer.leaf(value, DEPTH);
    VALUES - writer.left
}

/// Returns what is told of a value that would be too much.
pub(crate) fn cut(value: Value<'_>) -> Json {
    let name = match value.kind() {
        // Its class may be what is long.
        Kind::Object(_) => "object".to_owned(),
        _ => value.type_name(),
    };
    json!({"type": name, "cut": true})
}

struct Writer<'t> {
    texts: &'t Texts,
    /// How many values may still be written.
    left: usize,
    /// Whether nothing was left out.
    is_whole: bool,
}

impl Writer<'_> {
    /// The next level and one value less; `None` where that is too much.
    fn deeper(&mut self, depth: usize) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        depth.checked_sub(1)
    }

    fn leaf(&mut self, value: Value<'_>, depth: usize) -> Json {
        let (room, deeper) = (self.texts.take(value), self.deeper(depth));
        let (true, Some(depth)) = (room, deeper) else {
            self.is_whole = false;
            return cut(value);
        };
        let name = value.type_name();
        let bits = |value: f64| hex(&value.to_bits().to_be_bytes());
        match value.kind() {
            Kind::None => json!({"type": name}),
            Kind::Int(value) => json!({"type": "int", "value": value.to_string()}),
            Kind::Float(value) => json!({"type": "float", "bits": bits(value)}),
            Kind::Str(value) => json!({"type": "str", "value": value}),
            Kind::Bool(value) => json!({"type": "bool", "value": value}),
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) | Kind::Surrogates(bytes) => {
                json!({"type": name, "hex": hex(bytes)})
            }
            Kind::Complex { re, im } => json!({"type": name, "bits": [bits(re), bits(im)]}),
            Kind::DType(dtype) => json!({"type": name, "value": format!("torch.{dtype}")}),
            Kind::Device(device) => json!({"type": name, "value": device.to_string()}),
            Kind::Layout(layout) => json!({"type": name, "value": layout}),
            Kind::Global(name) => json!({"type": "global", "value": name.to_string()}),
            Kind::List(items)
            | Kind::Tuple(items)
            | Kind::Size(items)
            | Kind::Set(items)
            | Kind::FrozenSet(items) => {
                let items = self.items(items, |writer, item| writer.leaf(item, depth));
                // Moved, where the macro would copy what is nested once more on each level.
                let fields = [("type", Json::String(name)), ("value", Json::Array(items))];
                Json::Object(
                    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
                )
            }
            Kind::NumPy(found) => self.numpy(found, &name),
            Kind::Storage(storage) => {
                let dtype = storage.dtype().map(|dtype| dtype.to_string());
                json!({"type": name, "dtype": dtype, "nbytes": storage.storage().nbytes()})
            }
            // What has parts, which are told of by themselves.
            _ => {
                self.is_whole = false;
                match value.text() {
                    Some(text) => json!({"type": name, "value": text}),
                    None => json!({"type": name}),
                }
            }
        }
    }

    /// As many items as may still be written.
    fn items<'g>(
        &mut self,
        items: Items<'g>,
        each: impl Fn(&mut Self, Value<'g>) -> Json,
    ) -> Vec<Json> {
        let shown = items.len().min(self.left);
        self.is_whole &= shown == items.len();
        items.iter().take(shown).map(|item| each(self, item)).collect()
    }

    fn numpy(&mut self, value: NumPy<'_>, name: &str) -> Json {
        let mut json = json!({"type": name, "value": value.type_name()});
        if value.form() != NumPyForm::DType {
            let shape: Vec<Option<i64>> = value.shape().iter().map(Value::as_i64).collect();
            let tensor = value.to_tensor();
            let bytes = tensor.as_ref().and_then(|tensor| tensor.bytes().ok());
            let content = bytes.as_ref().map(|bytes| hex(bytes));
            json =
                json!({"type": name, "dtype": value.type_name(), "shape": shape, "hex": content});
            if let (None, Some(bytes)) = (&content, value.data().as_bytes()) {
                json["data"] = json!(hex(bytes));
            }
            self.is_whole &= value.data().as_bytes().is_some();
        }
        if value.is_big_endian() {
            json["order"] = json!(">");
        }
        if value.is_fortran_order() {
            json["fortran"] = json!(true);
        }
        if !value.axes().is_empty() {
            let axes: Vec<Option<i64>> = value.axes().iter().map(Value::as_i64).collect();
            json["axes"] = json!(axes);
        }
        json
    }

    fn plain(&mut self, value: Value<'_>, depth: usize) -> Json {
        if value.text_len() > 0 && !self.texts.take(value) {
            self.is_whole = false;
            return cut(value);
        }
        if let Some(found) = self.as_json(value, depth) { found } else { self.leaf(value, depth) }
    }

    /// What JSON has a word for.
    fn as_json(&mut self, value: Value<'_>, depth: usize) -> Option<Json> {
        Some(match value.kind() {
            Kind::None => Json::Null,
            Kind::Bool(value) => json!(value),
            Kind::Int(_) => json!(value.as_i64()?),
            Kind::Str(value) => json!(value),
            Kind::Dict(dict) if dict.attributes().is_none() && dict.len() < self.left => {
                if dict.iter().any(|(key, _)| key.as_str().is_none()) {
                    return None;
                }
                let depth = self.deeper(depth)?;
                if !dict.iter().all(|(key, _)| self.texts.take(key)) {
                    self.is_whole = false;
                    return Some(cut(value));
                }
                let entries = dict.iter().filter_map(|(key, value)| {
                    Some((key.as_str()?.to_owned(), self.plain(value, depth)))
                });
                Json::Object(entries.collect::<Map<_, _>>())
            }
            Kind::List(items) | Kind::Tuple(items) if items.len() < self.left => {
                let depth = self.deeper(depth)?;
                Json::Array(self.items(items, |writer, item| writer.plain(item, depth)))
            }
            _ => return None,
        })
    }
}
