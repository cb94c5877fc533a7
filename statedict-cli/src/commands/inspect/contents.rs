//! What a general checkpoint holds under its keys: epoch, optimizer, models.

use std::io::Write;

use indexmap::IndexMap;
use statedict::value::{Dict, Kind, Value};

use crate::failure::Failure;
use crate::opened::Opened;
use crate::path;
use crate::printable::printable;
use crate::sizes::{bytes, plural};
use crate::terminal::{Screen, paint, shorten};
use crate::walk::{Found, Place};

/// More keys than this are counted.
const MOST: usize = 24;
/// Longer texts are cut.
const WIDTH: usize = 60;

/// What there is under one key of the root.
#[derive(Default)]
struct Part {
    tensors: usize,
    nbytes: usize,
    values: usize,
    /// Tensors and refused tensors right below it.
    direct: usize,
}

/// What there is under each key of the root.
#[derive(Default)]
pub(super) struct Contents<'o> {
    parts: IndexMap<&'o str, Part>,
    /// Whether the root has something that is no tensor.
    is_general: bool,
}

impl<'o> Contents<'o> {
    pub(super) fn add(&mut self, place: &Place<'_, 'o>, found: &Found<'o>) {
        let Some(key) = place.steps.first().and_then(path::text) else { return };
        let is_tensor = matches!(found, Found::Tensor(..) | Found::Refused(_));
        self.is_general |= place.steps.len() == 1 && !is_tensor;
        // Of what has tensors only, as many as there are keys, nothing is kept.
        if !self.is_general && self.parts.len() > MOST {
            return;
        }
        let part = self.parts.entry(key).or_default();
        match found {
            Found::Tensor(tensor, _) => {
                part.tensors += 1;
                part.nbytes = part.nbytes.saturating_add(tensor.nbytes());
            }
            Found::Leaf(_) | Found::Long(_) | Found::Cycle | Found::Same(_) => part.values += 1,
            Found::Refused(_) | Found::Metadata(_) | Found::Container(_) | Found::Flag(_) => {}
        }
        part.direct += usize::from(is_tensor && place.steps.len() == 2);
    }

    /// Writes a line for each key, unless all of them are tensors.
    pub(super) fn write(&self, opened: &'o Opened, screen: &mut Screen) -> Result<(), Failure> {
        let Some(root) = opened.root().as_mapping().filter(|_| self.is_general) else {
            return Ok(());
        };
        let palette = screen.palette();
        let shown: Vec<(String, String)> = root
            .iter()
            .take(MOST)
            .map(|(key, value)| {
                let name = match key.as_str() {
                    Some(key) => printable(key).to_string(),
                    None => printable(&format!("{key:?}")).to_string(),
                };
                let part = key.as_str().and_then(|key| self.parts.get(key));
                (shorten(name, WIDTH), describe(value, part))
            })
            .collect();
        let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        writeln!(screen, "  {}", paint(palette.label, "contents"))?;
        for (name, text) in &shown {
            writeln!(screen, "    {name:<width$}  {}", printable(text))?;
        }
        if root.len() > MOST {
            writeln!(screen, "    … and {} more", plural(root.len() - MOST, "key"))?;
        }
        Ok(())
    }
}

fn describe(value: Value<'_>, part: Option<&Part>) -> String {
    if let Some(view) = value.as_tensor() {
        return format!("tensor {} {}", view.dtype(), view.shape());
    }
    match value.kind() {
        Kind::Sparse(sparse) => {
            let layout = sparse.layout().trim_start_matches("torch.");
            return format!("tensor {layout}");
        }
        Kind::Quantized(quantized) => {
            let dtype =
                quantized.tensor().dtype().map_or_else(String::new, |dtype| dtype.to_string());
            return format!("tensor {dtype} quantized");
        }
        Kind::Refused(refusal) => return format!("refused: {refusal}"),
        _ => {}
    }
    let Some(part) = part else { return shorten(format!("{value:?}"), WIDTH) };
    let size = bytes(u64::try_from(part.nbytes).unwrap_or(u64::MAX));
    let held = match part.tensors {
        0 => plural(part.values, "value"),
        tensors => format!("{}, {size}", plural(tensors, "tensor")),
    };
    match (value.as_mapping(), value.as_items()) {
        (Some(dict), _) if is_optimizer(dict) => format!("optimizer: {}; {held}", optimizer(dict)),
        (Some(dict), _) if part.direct > 0 && part.direct == dict.len() => {
            format!("state dict: {held}")
        }
        (Some(dict), _) => {
            format!("{} of {}: {held}", value.type_name(), plural(dict.len(), "key"))
        }
        (_, Some(items)) => {
            let firsts: Vec<Dict<'_>> = items.iter().filter_map(Value::as_dict).take(1).collect();
            match firsts.first().filter(|dict| is_optimizer(**dict)) {
                Some(dict) => {
                    let optimizers = plural(items.len(), "optimizer");
                    format!("{optimizers}: {}; {held}", optimizer(*dict))
                }
                None => format!("{} of {}: {held}", value.type_name(), items.len()),
            }
        }
        _ => shorten(format!("{value:?}"), WIDTH),
    }
}

/// Whether it is what `Optimizer.state_dict()` gives.
fn is_optimizer(dict: Dict<'_>) -> bool {
    dict.get("state").and_then(Value::as_dict).is_some()
        && dict.get("param_groups").and_then(Value::as_items).is_some()
}

/// The groups of an optimizer, and what the first says.
fn optimizer(dict: Dict<'_>) -> String {
    let groups = dict.get("param_groups").and_then(Value::as_items);
    let states = dict.get("state").and_then(Value::as_dict).map_or(0, |state| state.len());
    let first = groups.and_then(|groups| groups.get(0)).and_then(Value::as_dict);
    let settings: Vec<String> = ["lr", "momentum", "betas", "weight_decay"]
        .iter()
        .filter_map(|name| Some((name, first?.get(name)?)))
        .map(|(name, value)| match value.as_items() {
            Some(items) => {
                let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
                format!("{name} ({})", items.join(", "))
            }
            None => format!("{name} {value:?}"),
        })
        .collect();
    let groups = plural(groups.map_or(0, |groups| groups.len()), "group");
    let settings =
        if settings.is_empty() { String::new() } else { format!(" ({})", settings.join(", ")) };
    format!("{groups}{settings}, state of {}", plural(states, "parameter"))
}
