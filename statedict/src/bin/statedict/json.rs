//! `statedict inspect --json`: one object, written as it is found. Its form is a contract.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use statedict::TensorView;

use crate::Failure;
use crate::inspect::Opened;
use crate::leaf;
use crate::walk::{Found, Segment, walk};

/// The number of the form; it changes where a program that reads it would have to.
const SCHEMA: u64 = 1;

/// How many segments the paths may have together: shared containers come under each of their paths.
pub(crate) fn budget(file_len: u64) -> u64 {
    file_len.saturating_mul(4).saturating_add(1 << 20)
}

/// Numbers storages in the order in which they are met.
#[derive(Default)]
pub(crate) struct Numbering(HashMap<(usize, u32), usize>);

impl Numbering {
    pub(crate) fn of(&mut self, tensor: &TensorView<'_>) -> usize {
        let next = self.0.len();
        *self.0.entry(tensor.storage().identity()).or_insert(next)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The SHA-256 of the elements; `None` for a tensor without bytes.
fn sha256(tensor: &TensorView<'_>, file_len: u64) -> Result<Option<String>, Failure> {
    if tensor.location() == "meta" {
        return Ok(None);
    }
    // An expanded tensor can be as large as it likes.
    let most = file_len.saturating_mul(16).saturating_add(1 << 26);
    if u64::try_from(tensor.nbytes())? > most {
        let nbytes = tensor.nbytes();
        return Err(format!("a tensor of {nbytes} bytes, expanded, is too large to hash").into());
    }
    tensor.storage().verify()?;
    let digest = Sha256::digest(&tensor.bytes()?);
    Ok(Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// One list of the object, its elements written as they are found.
struct List<'w> {
    out: &'w mut dyn Write,
    empty: bool,
}

impl<'w> List<'w> {
    fn start(out: &'w mut dyn Write, name: &str) -> Result<Self, Failure> {
        write!(out, ",\n\"{name}\": [")?;
        Ok(List { out, empty: true })
    }

    fn add(&mut self, element: &Json) -> Result<(), Failure> {
        self.out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        serde_json::to_writer(&mut *self.out, element).map_err(std::io::Error::from)?;
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        Ok(self.out.write_all(b"]")?)
    }
}

/// Checks everything first and writes then: a refused file writes nothing.
pub(crate) fn write(opened: &Opened, hash: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let Opened { document, len, .. } = opened;
    let root = document.root();
    let budget = budget(*len);
    let mut hashes = Vec::new();
    walk(root, budget, |_, found| {
        if let (Found::Tensor(tensor, _), true) = (&found, hash) {
            hashes.push(sha256(tensor, *len)?);
        }
        Ok(())
    })?;
    let mut hashes = hashes.into_iter();

    let head = [
        ("container", json!(document.container().to_string())),
        ("byteorder", json!(document.byte_order().to_string())),
        ("root_type", json!(root.type_name())),
    ];
    write!(out, "{{\"schema\": {SCHEMA}")?;
    for (name, value) in head {
        write!(out, ",\n\"{name}\": {value}")?;
    }
    let mut numbering = Numbering::default();
    let mut list = List::start(out, "tensors")?;
    walk(root, budget, |path, found| {
        let Found::Tensor(tensor, layout) = found else { return Ok(()) };
        let mut entry = tensor_json(path, &tensor, layout, numbering.of(&tensor));
        if hash && let Json::Object(entry) = &mut entry {
            entry.insert("sha256".to_owned(), json!(hashes.next().flatten()));
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "refused")?;
    walk(root, budget, |path, found| match found {
        Found::Refused(refusal) => {
            list.add(&json!({"path": leaf::path(path), "reason": refusal.to_string()}))
        }
        _ => Ok(()),
    })?;
    list.end()?;
    let mut list = List::start(out, "leaves")?;
    walk(root, budget, |path, found| {
        let mut entry = match found {
            Found::Leaf(value) => leaf::leaf(value),
            Found::Float(value) => leaf::float(value),
            Found::Int(value) => leaf::int(value),
            Found::Cycle => json!({"type": "cycle"}),
            Found::Tensor(..) | Found::Refused(_) | Found::Metadata(_) => return Ok(()),
        };
        if let Json::Object(entry) = &mut entry {
            entry.insert("path".to_owned(), leaf::path(path));
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "metadata")?;
    walk(root, budget, |path, found| {
        let Found::Metadata(metadata) = found else { return Ok(()) };
        let entries = metadata.as_dict().into_iter().flat_map(|dict| dict.iter());
        let entries: Vec<Json> =
            entries.map(|(key, value)| json!([leaf::plain(key), leaf::plain(value)])).collect();
        list.add(&json!({"path": leaf::path(path), "entries": entries}))
    })?;
    list.end()?;
    let mut list = List::start(out, "warnings")?;
    for warning in document.warnings() {
        list.add(&json!(warning.to_string()))?;
    }
    list.end()?;
    Ok(out.write_all(b"\n}\n")?)
}

fn tensor_json(
    path: &[Segment<'_>],
    tensor: &TensorView<'_>,
    layout: &str,
    storage: usize,
) -> Json {
    json!({
        "path": leaf::path(path),
        "dtype": tensor.dtype().to_string(),
        "shape": tensor.shape().to_vec(),
        "stride": tensor.strides().to_vec(),
        "storage_offset": tensor.storage_offset(),
        "requires_grad": tensor.requires_grad(),
        "device": tensor.location(),
        "layout": layout,
        "storage": storage,
        "storage_nbytes": tensor.storage().nbytes(),
    })
}
