//! What the page shows, as the JSON that its script reads.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use statedict::contents::Step;
use statedict::{DType, TensorView};

use crate::failure::{Failure, refused};
use crate::histogram::measure;
use crate::numbers::Allowance;
use crate::opened::Opened;
use crate::path;
use crate::plot::numbers;
use crate::sizes;
use crate::ties::Ties;
use crate::walk::{Found, walk};

/// More tensors than this, the largest, make no picture clearer.
const TENSORS: usize = 20_000;
/// So many other values, and versions, are listed.
const LISTED: usize = 5_000;
/// A value's text is cut at so many characters.
const LETTERS: usize = 160;
/// The bars of a histogram.
const BINS: usize = 48;
/// Of larger tensors, so many elements are looked at.
const SAMPLE: usize = 1 << 20;

struct Row<'o> {
    parts: Vec<String>,
    name: String,
    tensor: TensorView<'o>,
    /// The number of its tie, and whether an earlier name stands for it.
    tie: (usize, bool),
    /// Its place in the file.
    place: usize,
}

pub(super) fn of(opened: &Opened, histograms: usize) -> Result<Json, Failure> {
    let ties = Ties::find(opened)?;
    let mut rows = Vec::new();
    let mut dtypes: BTreeMap<DType, (usize, u64)> = BTreeMap::new();
    let mut values = List::default();
    let mut versions = List::default();
    let mut warnings = opened.warnings();
    let (mut elements, mut nbytes) = (0u64, 0u64);
    walk(opened, |at, found| {
        match found {
            Found::Tensor(tensor, _) => {
                let name = at.name();
                let tie = ties.of(&tensor);
                let again = tie.is_some_and(|tie| tie.first != name);
                let tie = (tie.map_or(0, |tie| tie.number), again);
                if !again {
                    let bytes = u64::try_from(tensor.nbytes())?;
                    let (count, all) = dtypes.entry(tensor.dtype()).or_default();
                    *count += 1;
                    *all = all.saturating_add(bytes);
                    nbytes = nbytes.saturating_add(bytes);
                    elements = elements.saturating_add(u64::try_from(tensor.numel())?);
                }
                let place = rows.len();
                rows.push(Row { parts: parts(at.steps), name, tensor, tie, place });
            }
            Found::Refused(refusal) => {
                warnings.push(format!("{}: {}", at.name(), refused(refusal)));
            }
            Found::Leaf(value) | Found::Flag(value) => {
                values.add(|| json!([parts(at.steps), words(&format!("{value:?}"))]))
            }
            Found::Long(value) => values.add(|| {
                json!([parts(at.steps), format!("(a text of {} bytes)", value.text_len())])
            }),
            Found::Metadata(metadata) => {
                let entries = metadata.as_mapping().into_iter().flat_map(|dict| dict.iter());
                for (module, entry) in entries {
                    let version = entry.get("version").and_then(|version| version.as_i64());
                    let mut parts = parts(at.steps);
                    parts.extend(split(module.as_str().unwrap_or_default()));
                    versions.add(|| json!([parts, version]));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let count = rows.len();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.tensor.nbytes()), row.place));
    let left: u64 = rows
        .iter()
        .skip(TENSORS)
        .filter(|row| !row.tie.1)
        .map(|row| u64::try_from(row.tensor.nbytes()).unwrap_or(u64::MAX))
        .fold(0, u64::saturating_add);
    rows.truncate(TENSORS);
    let (mut shown, mut allowance) = (0, Allowance::of(opened.allowed));
    let mut tensors: Vec<(usize, Json)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let distribution = (shown < histograms && row.tensor.numel() > 1 && !row.tie.1)
            .then(|| allowance.read(&row.tensor).ok().and_then(|()| distribution(&row.tensor)))
            .flatten();
        shown += usize::from(distribution.is_some());
        tensors.push((row.place, tensor(row, distribution)));
    }
    tensors.sort_by_key(|(place, _)| *place);
    let tensors: Vec<Json> = tensors.into_iter().map(|(_, tensor)| tensor).collect();
    let tied: Vec<Json> = ties
        .iter()
        .take(LISTED)
        .map(|tie| {
            let names: Vec<&String> = std::iter::once(&tie.first).chain(&tie.others).collect();
            json!([tie.number, names])
        })
        .collect();
    let dtypes: Vec<Json> = dtypes
        .into_iter()
        .map(|(dtype, (count, bytes))| json!([dtype.name(), count, bytes]))
        .collect();
    Ok(json!({
        "file": opened.input.short_name(),
        "format": opened.format(),
        "byteorder": opened.byte_order(),
        "bytes": opened.len,
        "size": sizes::bytes(opened.len),
        "nbytes": nbytes,
        "elements": elements,
        "count": count,
        "left": {"count": count.saturating_sub(TENSORS), "bytes": left},
        "storages": ties.storages,
        "histograms": shown,
        "sample": SAMPLE,
        "tensors": tensors,
        "ties": tied,
        "dtypes": dtypes,
        "versions": versions.json(),
        "values": values.json(),
        "warnings": warnings,
    }))
}

/// A list that is long enough at some length.
#[derive(Default)]
struct List {
    items: Vec<Json>,
    all: usize,
}

impl List {
    fn add(&mut self, item: impl FnOnce() -> Json) {
        self.all += 1;
        if self.items.len() < LISTED {
            self.items.push(item());
        }
    }

    fn json(self) -> Json {
        json!({"items": self.items, "count": self.all})
    }
}

fn tensor(row: &Row<'_>, distribution: Option<Json>) -> Json {
    let Row { parts, name, tensor, tie: (tie, again), .. } = row;
    let mut notes = Vec::new();
    if !tensor.is_contiguous() {
        notes.push(format!("strides {:?}", &*tensor.strides()));
    }
    if tensor.location() != "cpu" {
        notes.push(format!("on {}", tensor.location()));
    }
    json!({
        "path": parts,
        "name": name,
        "dtype": tensor.dtype().name(),
        "shape": tensor.shape().to_vec(),
        "bytes": tensor.nbytes(),
        "tie": tie,
        "again": again,
        "notes": notes,
        "histogram": distribution,
    })
}

/// A value in as many characters as a line has room for.
fn words(text: &str) -> String {
    let mut words: String = text.chars().take(LETTERS).collect();
    if text.chars().nth(LETTERS).is_some() {
        words.push('…');
    }
    words
}

/// How the elements are distributed; none where they are no numbers.
fn distribution(tensor: &TensorView<'_>) -> Option<Json> {
    measure(tensor, BINS, Some(SAMPLE)).ok().map(|found| numbers(&found))
}

/// A path as the page's tree has it: a tensor's own key is its modules' path.
fn parts(steps: &[Step<'_>]) -> Vec<String> {
    let mut parts: Vec<String> = path::words(steps).collect();
    if let Some(key) = steps.last().and_then(path::text) {
        parts.pop();
        parts.extend(split(key));
    }
    parts
}

/// The names in a key; no more of them than a page can nest.
fn split(key: &str) -> impl Iterator<Item = String> {
    let names = if key.is_empty() { None } else { Some(key.splitn(32, '.').map(str::to_owned)) };
    names.into_iter().flatten()
}
