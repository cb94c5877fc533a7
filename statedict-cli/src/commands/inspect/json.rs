//! `statedict inspect --json`: one object, written as it is found. Its form is a contract.

use std::io::Write;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use statedict::TensorView;
use statedict::contents::Step;
use statedict::value::Kind;

use crate::envelope::List;
use crate::failure::{Failure, refused};
use crate::leaf::{self, Texts};
use crate::opened::Opened;
use crate::path;
use crate::ties::Numbering;
use crate::walk::{Found, Place, walk};

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
    Ok(Some(hex(&tensor.bytes()?)))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks everything first and writes then: a refused file writes nothing.
pub(super) fn write(
    opened: &Opened,
    (hash, named): (bool, bool),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut hashes = Vec::new();
    walk(opened, |_, found| {
        if let (Found::Tensor(tensor, _), true) = (&found, hash) {
            let hash = sha256(tensor, opened.allowed);
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
    walk(opened, |place, found| {
        let Found::Tensor(tensor, layout) = found else { return Ok(()) };
        let mut entry = tensor_json(place, &tensor, layout, numbering.of(&tensor));
        if let Json::Object(entry) = &mut entry {
            if let Some(is_parameter) = opened.is_parameter(place.steps) {
                let role = if is_parameter { "parameter" } else { "buffer" };
                entry.insert("role".to_owned(), json!(role));
            }
            if hash {
                entry.insert("sha256".to_owned(), json!(hashes.next().flatten()));
            }
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "refused")?;
    walk(opened, |place, found| match found {
        Found::Refused(refusal) => {
            list.add(&json!({"path": path::json(place.steps), "reason": refused(refusal)}))
        }
        _ => Ok(()),
    })?;
    list.end()?;
    let texts = Texts::of(opened.allowed);
    let mut list = List::start(out, "leaves")?;
    walk(opened, |place, found| {
        let mut entry = match found {
            Found::Leaf(value) => {
                let mut entry = leaf::leaf(value, &texts).0;
                if let (Kind::Storage(storage), true) = (value.kind(), hash) {
                    entry["sha256"] = json!(hex(&storage.storage().bytes()?));
                }
                entry
            }
            Found::Long(value) => leaf::cut(value),
            Found::Cycle => json!({"type": "cycle"}),
            Found::Same(first) => json!({"type": "same", "value": first}),
            _ => return Ok(()),
        };
        if let Json::Object(entry) = &mut entry {
            entry.insert("path".to_owned(), path::json(place.steps));
        }
        list.add(&entry)
    })?;
    list.end()?;
    let mut list = List::start(out, "containers")?;
    walk(opened, |place, found| {
        let Found::Container(value) = found else { return Ok(()) };
        let len = match value.kind() {
            Kind::Dict(dict) => Some(dict.len()),
            _ => value.as_items().map(|items| items.len()),
        };
        list.add(&json!({"path": path::json(place.steps), "type": value.type_name(), "len": len}))
    })?;
    list.end()?;
    let mut list = List::start(out, "flags")?;
    walk(opened, |place, found| {
        let mut flags = serde_json::Map::new();
        let mut steps = place.steps;
        match found {
            Found::Tensor(tensor, _) => {
                let is_parameter = match place.value.kind() {
                    Kind::Tensor(tensor) => tensor.is_parameter(),
                    Kind::Quantized(quantized) => quantized.is_parameter(),
                    _ => false,
                };
                for (name, is_set) in [
                    ("parameter", is_parameter),
                    ("conj", tensor.is_conj()),
                    ("neg", tensor.is_neg()),
                ] {
                    flags.extend(is_set.then(|| (name.to_owned(), json!(true))));
                }
            }
            Found::Flag(value) => {
                if let Some((Step::Attribute(name), above)) = steps.split_last() {
                    flags.insert((*name).to_owned(), leaf::plain(value, &texts).0);
                    steps = above;
                }
            }
            _ => {}
        }
        if flags.is_empty() {
            return Ok(());
        }
        flags.insert("path".to_owned(), path::json(steps));
        list.add(&flags)
    })?;
    list.end()?;
    let mut list = List::start(out, "metadata")?;
    walk(opened, |place, found| {
        let Found::Metadata(metadata) = found else { return Ok(()) };
        let entries = metadata.as_mapping().into_iter().flat_map(|dict| dict.iter());
        let entries: Vec<Json> = entries
            .map(|(key, value)| json!([leaf::plain(key, &texts).0, leaf::plain(value, &texts).0]))
            .collect();
        list.add(&json!({"path": path::json(place.steps), "entries": entries}))
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
    place: &Place<'_, '_>,
    tensor: &TensorView<'_>,
    layout: &str,
    storage: usize,
) -> Json {
    json!({
        "path": path::json(place.steps),
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
