//! `statedict inspect` for people: a summary, and a line for each tensor.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use statedict::{DType, TensorView};

use crate::Failure;
use crate::inspect::Opened;
use crate::json::{Numbering, budget};
use crate::walk::{Found, Segment, walk};

/// One tensor.
struct Row {
    name: String,
    dtype: DType,
    shape: String,
    nbytes: usize,
    note: String,
}

/// What the file holds, counted.
#[derive(Default)]
struct Summary {
    rows: Vec<Row>,
    storages: Numbering,
    /// The first name of each view, by storage, offset, shape and type.
    first: HashMap<String, String>,
    tied: Vec<(String, String)>,
    dtypes: BTreeMap<DType, usize>,
    versions: BTreeMap<Option<i64>, usize>,
    values: usize,
    refused: Vec<(String, String)>,
    views: usize,
}

/// A path as it is written in Python; a key by itself without brackets.
fn name(path: &[Segment<'_>]) -> String {
    if let [Segment::Key(key)] = path {
        return printable(key);
    }
    let words = path.iter().map(|segment| match segment {
        Segment::Key(key) => format!("[{key:?}]"),
        Segment::Index(index) => format!("[{index}]"),
        Segment::Other(key) => format!("[{key:?}]"),
        Segment::Attribute(name) => format!(".{}", printable(name)),
    });
    if path.is_empty() { "(the root)".to_owned() } else { words.collect() }
}

/// Text without what would control a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// A size in bytes as people say it.
fn size(nbytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = nbytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{nbytes} B"),
        unit => format!("{value:.1} {}", units[unit]),
    }
}

impl Summary {
    fn tensor(&mut self, path: &[Segment<'_>], tensor: &TensorView<'_>, layout: &str) {
        let name = name(path);
        let storage = self.storages.of(tensor);
        let mut note = Vec::new();
        let shown = format!(
            "{storage} {} {} {:?} {}",
            tensor.storage_offset(),
            tensor.shape(),
            &*tensor.strides(),
            tensor.dtype()
        );
        match self.first.get(&shown) {
            Some(first) if tensor.numel() > 0 => {
                note.push(format!("= {first}"));
                self.tied.push((name.clone(), first.clone()));
            }
            _ => drop(self.first.insert(shown, name.clone())),
        }
        if !tensor.is_contiguous() {
            self.views += 1;
            note.push(format!("stride {:?}", &*tensor.strides()));
        }
        if tensor.location() != "cpu" {
            note.push(printable(tensor.location()));
        }
        if layout != "strided" {
            note.push(format!("part of a {layout} tensor"));
        }
        *self.dtypes.entry(tensor.dtype()).or_default() += 1;
        self.rows.push(Row {
            name,
            dtype: tensor.dtype(),
            shape: tensor.shape().to_string(),
            nbytes: tensor.nbytes(),
            note: note.join(", "),
        });
    }

    fn add(&mut self, path: &[Segment<'_>], found: Found<'_>) {
        match found {
            Found::Tensor(tensor, layout) => self.tensor(path, &tensor, layout),
            Found::Refused(refusal) => self.refused.push((name(path), refusal.to_string())),
            Found::Metadata(metadata) => {
                for (_, entry) in metadata.as_dict().into_iter().flat_map(|dict| dict.iter()) {
                    let version = entry.get("version").and_then(|version| version.as_i64());
                    *self.versions.entry(version).or_default() += 1;
                }
            }
            Found::Leaf(_) | Found::Float(_) | Found::Int(_) | Found::Cycle => self.values += 1,
        }
    }
}

pub(crate) fn write(opened: &Opened, out: &mut dyn Write) -> Result<(), Failure> {
    let Opened { document, len, name } = opened;
    let mut summary = Summary::default();
    walk(document.root(), budget(*len), |path, found| {
        summary.add(path, found);
        Ok(())
    })?;
    let container = document.container();
    let order = document.byte_order();
    writeln!(out, "{}   torch {container} · {order}-endian · {}", printable(name), size(*len))?;
    let tied = summary.tied.len();
    writeln!(
        out,
        "  tensors {}     storages {}     tied {tied}     other values {}",
        summary.rows.len(),
        summary.storages.len(),
        summary.values
    )?;
    let dtypes: Vec<String> =
        summary.dtypes.iter().map(|(dtype, count)| format!("{dtype} {count}")).collect();
    if !dtypes.is_empty() {
        writeln!(out, "  dtypes  {}", dtypes.join("  ·  "))?;
    }
    if !summary.versions.is_empty() {
        let modules: usize = summary.versions.values().sum();
        let versions: Vec<String> = summary
            .versions
            .iter()
            .map(|(version, count)| match version {
                Some(version) => format!("{version}: {count}"),
                None => format!("none: {count}"),
            })
            .collect();
        writeln!(out, "  modules {modules}, versions {{{}}}", versions.join(", "))?;
    }
    if let Some(largest) = summary.rows.iter().rev().max_by_key(|row| row.nbytes) {
        let bytes = size(largest.nbytes.try_into()?);
        let Row { name, shape, dtype, .. } = largest;
        writeln!(out, "  largest {name}  {shape} {dtype}  {bytes}")?;
    }
    if summary.views > 0 {
        writeln!(out, "  note    {} tensors are views that are not contiguous", summary.views)?;
    }
    for warning in document.warnings() {
        writeln!(out, "  note    {}", printable(&warning.to_string()))?;
    }
    for (path, reason) in &summary.refused {
        writeln!(out, "  refused {path}: {}", printable(reason))?;
    }
    rows(&summary.rows, out)
}

/// The table, its columns as wide as what is in them.
fn rows(rows: &[Row], out: &mut dyn Write) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let width = |words: &dyn Fn(&Row) -> usize| rows.iter().map(words).max().unwrap_or(0).min(60);
    let names = width(&|row| row.name.chars().count());
    let dtypes = width(&|row| row.dtype.name().len());
    let shapes = width(&|row| row.shape.len());
    for row in rows {
        let bytes = size(row.nbytes.try_into()?);
        let dtype = row.dtype.name();
        let line = format!(
            "  {:<names$}  {dtype:<dtypes$}  {:<shapes$}  {bytes:>9}  {}",
            row.name, row.shape, row.note
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
