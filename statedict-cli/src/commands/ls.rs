//! `statedict ls`.

use std::io::Write;

use serde_json::{Value as Json, json};
use statedict::TensorView;

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, refused};
use crate::glob::Filter;
use crate::inputs::Input;
use crate::opened::{Opened, Opening};
use crate::path;
use crate::printable::printable;
use crate::sizes::{bytes, plural};
use crate::terminal::{Screen, paint, shorten};
use crate::ties::{Numbering, Ties};
use crate::walk::{Found, Place, walk};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0; 1 the file was refused; 2 wrong usage.")]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: Input,
    /// Also show storages, offsets, strides, places, and exact sizes
    #[arg(long, short)]
    long: bool,
    /// The order of the lines
    #[arg(long, value_name = "ORDER", default_value = "file")]
    sort: Order,
    #[command(flatten)]
    filter: Filter,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// As in the file
    File,
    /// The largest first
    Size,
    /// By name, numbers by their value
    Name,
}

/// A tensor that is listed, or one that is refused.
struct Row {
    name: String,
    kind: String,
    shape: String,
    nbytes: usize,
    note: String,
    json: Option<Json>,
}

/// What rows are made with.
struct Rows<'a> {
    arguments: &'a Arguments,
    ties: Ties,
    numbering: Numbering,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let opened = Opened::open(&arguments.file, &arguments.opening)?;
    let ties = Ties::find(&opened)?;
    let mut rows = Rows { arguments, ties, numbering: Numbering::default() };
    if arguments.json {
        write_json(&opened, &mut rows, screen)?;
    } else {
        write(&opened, &mut rows, screen)?;
    }
    Ok(Outcome::Fine)
}

impl Rows<'_> {
    /// The row of what was found, where it is listed.
    fn row(&mut self, place: &Place<'_, '_>, found: &Found<'_>) -> Option<Row> {
        // Storages are numbered over the whole file, whatever is listed.
        let number = match found {
            Found::Tensor(tensor, _) => self.numbering.of(tensor),
            Found::Refused(_) => 0,
            _ => return None,
        };
        let filter = &self.arguments.filter;
        if !filter.is_all() && !filter.takes(&path::dotted(place.steps)) {
            return None;
        }
        let name = place.name();
        match found {
            Found::Tensor(tensor, layout) => {
                Some(self.tensor(place, name, tensor, (layout, number)))
            }
            Found::Refused(refusal) => Some(Row {
                name,
                kind: "refused".to_owned(),
                shape: String::new(),
                nbytes: 0,
                note: printable(&refused(refusal)).to_string(),
                json: self
                    .arguments
                    .json
                    .then(|| json!({"path": path::json(place.steps), "refused": refused(refusal)})),
            }),
            _ => None,
        }
    }

    fn tensor(
        &self,
        place: &Place<'_, '_>,
        name: String,
        tensor: &TensorView<'_>,
        (layout, number): (&str, usize),
    ) -> Row {
        let tie = self.ties.of(tensor);
        let same = tie.filter(|tie| tie.first != name).map(|tie| tie.first.clone());
        let mut note = Vec::new();
        if let Some(tie) = tie {
            note.push(format!("◆{}", tie.number));
        }
        if let Some(same) = &same {
            note.push(format!("= {same}"));
        }
        if self.arguments.long {
            let (offset, nbytes) = (tensor.storage_offset(), tensor.nbytes());
            note.push(format!("storage {number} offset {offset}, {nbytes} bytes"));
        }
        if !tensor.is_contiguous() {
            note.push(format!("stride {:?}", &*tensor.strides()));
        }
        if tensor.location() != "cpu" {
            note.push(printable(tensor.location()).to_string());
        }
        if *layout != *"strided" {
            note.push(format!("part of a {layout} tensor"));
        }
        if self.arguments.long {
            let flags = [
                ("requires_grad", tensor.requires_grad()),
                ("conj", tensor.is_conj()),
                ("neg", tensor.is_neg()),
            ];
            note.extend(flags.iter().filter(|flag| flag.1).map(|flag| flag.0.to_owned()));
        }
        Row {
            name,
            kind: tensor.dtype().to_string(),
            shape: tensor.shape().to_string(),
            nbytes: tensor.nbytes(),
            note: note.join("  "),
            json: self.arguments.json.then(|| {
                json!({
                    "path": path::json(place.steps),
                    "dtype": tensor.dtype().to_string(),
                    "shape": tensor.shape().to_vec(),
                    "stride": tensor.strides().to_vec(),
                    "nbytes": tensor.nbytes(),
                    "device": tensor.location(),
                    "layout": layout,
                    "requires_grad": tensor.requires_grad(),
                    "conj": tensor.is_conj(),
                    "neg": tensor.is_neg(),
                    "storage": number,
                    "storage_offset": tensor.storage_offset(),
                    "tie": tie.map(|tie| tie.number),
                })
            }),
        }
    }
}

/// Tells of all rows in the order that was asked for; only another order than the file's keeps them.
fn each_row(
    opened: &Opened,
    rows: &mut Rows<'_>,
    mut tell: impl FnMut(Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let order = rows.arguments.sort;
    rows.numbering = Numbering::default();
    let mut kept = Vec::new();
    walk(opened, |place, found| match rows.row(place, &found) {
        Some(row) if order == Order::File => tell(row),
        row => {
            kept.extend(row);
            Ok(())
        }
    })?;
    match order {
        Order::Size => kept.sort_by_key(|row| std::cmp::Reverse(row.nbytes)),
        Order::Name => kept.sort_by(|a, b| natural(&a.name, &b.name)),
        Order::File => {}
    }
    kept.into_iter().try_for_each(tell)
}

/// By text, but numbers within by their value: `h.2` comes before `h.10`.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |text: &str| -> Vec<(bool, String)> {
        let mut parts: Vec<(bool, String)> = Vec::new();
        for char in text.chars() {
            let is_digit = char.is_ascii_digit();
            match parts.last_mut() {
                Some((digits, part)) if *digits == is_digit => part.push(char),
                _ => parts.push((is_digit, char.to_string())),
            }
        }
        parts
    };
    let key = |(is_number, text): &(bool, String)| {
        let digits = if *is_number { text.trim_start_matches('0').len() } else { 0 };
        (!*is_number, digits, text.trim_start_matches('0').to_owned())
    };
    parts(a).iter().map(key).cmp(parts(b).iter().map(key)).then_with(|| a.cmp(b))
}

/// The rows in columns as wide as what is in them: one look at all for the widths, one to print.
fn write(opened: &Opened, rows: &mut Rows<'_>, screen: &mut Screen) -> Result<(), Failure> {
    let most = screen.width().map_or(100, |width| (width / 2).max(20));
    let (mut names, mut kinds, mut shapes) = (0, 0, 0);
    let (mut count, mut total) = (0usize, 0u64);
    each_row(opened, rows, |row| {
        let cut = row.name.chars().count().min(most);
        (names, kinds) = (names.max(cut), kinds.max(row.kind.len()));
        shapes = shapes.max(row.shape.len().min(40));
        count += 1;
        total = total.saturating_add(u64::try_from(row.nbytes)?);
        Ok(())
    })?;
    let palette = screen.palette();
    let cuts = screen.width().is_some();
    each_row(opened, rows, |row| {
        let name = if cuts { shorten(row.name, most) } else { row.name };
        let size = bytes(u64::try_from(row.nbytes)?);
        let (kind, shape) = (format!("{:<kinds$}", row.kind), &row.shape);
        let kind = paint(palette.label, kind);
        write!(screen, "{name:<names$}  {kind}  {shape:<shapes$}  {size:>10}")?;
        if !row.note.is_empty() {
            write!(screen, "  {}", paint(palette.faint, row.note))?;
        }
        Ok(writeln!(screen)?)
    })?;
    let total = format!("{}, {}", plural(count, "tensor"), bytes(total));
    writeln!(screen, "{}", paint(palette.title, total))?;
    Ok(())
}

fn write_json(opened: &Opened, rows: &mut Rows<'_>, screen: &mut Screen) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "ls")?;
    object.field("file", &opened.input.to_string())?;
    object.field("container", &opened.container())?;
    let mut list = object.list("tensors")?;
    each_row(opened, rows, |row| row.json.iter().try_for_each(|row| list.add(row)))?;
    list.end()?;
    object.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let mut names = ["h.10.a", "h.2.b", "h.2.a", "b", "h.02.a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["b", "h.02.a", "h.2.a", "h.2.b", "h.10.a"]);
    }
}
