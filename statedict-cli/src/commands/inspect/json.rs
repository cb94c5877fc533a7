//! `statedict inspect --json`: one object, written as it is found. Its form is a contract.

use std::io::Write;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use statedict::TensorView;

use crate::envelope::List;
use crate::failure::Failure;
use crate::leaf;
use crate::opened::Opened;
use crate::ties::Numbering;
use crate::walk::{Found, Segment};

/// The number of the form; it changes where a program that reads it would have to.
const SCHEMA: u64 = 1;

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

/// Checks everything first and writes then: a refused file writes nothing.
pub(super) fn write(
    opened: &Opened,
    (hash, named): (bool, bool),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut hashes = Vec::new();
    opened.walk(|_, found| {
        if let (Found::Tensor(tensor, _), true) = (&found, hash) {
            let hash = sha256(tensor, opened.len);
            hashes.push(hash.map_err(|error| format!("{}: {error}", opened.input))?);
        }
        Ok(())
    })?;
    let mut hashes = hashes.into_iter();

    let head = [
        ("container", json!(opened.container())),
        ("byteorder", json!(opened.byte_order())),
        ("root_type", json!(opened.root_type())),
    ];
    write!(out, "{{\"schema\": {SCHEMA}")?;
    if named {
        write!(out, ",\n\"file\": {}", json!(opened.input.to_string()))?;
    }
    for (name, value) in head {
        write!(out, ",\n\"{name}\": {value}")?;
    }
    let mut numbering = Numbering::default();
    let mut list = List::start(out, "tensors")?;
    opened.walk(|path, found| {
        let Found::Tensor(tensor, layout) = found else { return Ok(()) };
        let mut entry = tensor_json(path, &tensor, layout, numbering.of(&tensor));
        if hash && let Json::Object(entry) = &mut entry {
            entry.insert("sha256".to_owned(), json!(hashes.next().flatten()));
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "refused")?;
    opened.walk(|path, found| match found {
        Found::Refused(refusal) => {
            list.add(&json!({"path": leaf::path(path), "reason": refusal.to_string()}))
        }
        _ => Ok(()),
    })?;
    list.end()?;
    let mut list = List::start(out, "leaves")?;
    opened.walk(|path, found| {
        let mut entry = match found {
            Found::Leaf(value) => leaf::leaf(value),
            Found::Float(value) => leaf::float(value),
            Found::Int(value) => leaf::int(value),
            Found::Cycle => json!({"type": "cycle"}),
            Found::Tensor(..) | Found::Refused(_) | Found::Metadata(_) | Found::Container(_) => {
                return Ok(());
            }
        };
        if let Json::Object(entry) = &mut entry {
            entry.insert("path".to_owned(), leaf::path(path));
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "metadata")?;
    opened.walk(|path, found| {
        let Found::Metadata(metadata) = found else { return Ok(()) };
        let entries = metadata.as_dict().into_iter().flat_map(|dict| dict.iter());
        let entries: Vec<Json> =
            entries.map(|(key, value)| json!([leaf::plain(key), leaf::plain(value)])).collect();
        list.add(&json!({"path": leaf::path(path), "entries": entries}))
    })?;
    list.end()?;
    let mut list = List::start(out, "warnings")?;
    for warning in opened.warnings() {
        list.add(&warning)?;
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
