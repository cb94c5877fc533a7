//! `statedict diff`.

mod budget;
mod compare;
mod delta;
mod difference;
mod file_metadata;
mod pairs;
mod sameness;

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome};
use crate::inputs::Input;
use crate::opened::{Opened, Opening};
use crate::printable::printable;
use crate::terminal::{Palette, Screen, paint, shorten};
use compare::{Comparison, Rules, compare};
use difference::{Difference, What};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything is compared: tensors (element type, shape, strides, place, flags, values), which of them share storage, which \
values are one object, the modules' versions, and every other value with its class, attributes and order, such as \
those of an optimizer. Of a safetensors file and another, only what both can hold.

Signs: - only in A, + only in B, ~ of another form, ≈ of other values, ≠ tied otherwise, ! could not be compared.

Exit status: 0 the same; 1 they differ; 2 wrong usage, or something could not be compared.")]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    a: Input,
    /// The other file
    b: Input,
    /// Numbers that differ by no more than this are the same
    #[arg(long, value_name = "NUMBER", value_parser = tolerance)]
    tolerance: Option<f64>,
    /// Of a safetensors file and another, compare also what safetensors has no place for: places, flags, order …
    #[arg(long)]
    strict: bool,
    /// Compare form and ties alone, and read no tensor
    #[arg(long)]
    no_values: bool,
    /// Print the counts alone
    #[arg(long, short)]
    quiet: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

/// A number that a difference can be compared with.
fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 => Ok(number),
        _ => Err("a number from 0 on is needed".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    if (&arguments.a, &arguments.b) == (&Input::Stdin, &Input::Stdin) {
        return Err("standard input can be read once only".into());
    }
    let a = Opened::open(&arguments.a, &arguments.opening)?;
    let b = Opened::open(&arguments.b, &arguments.opening)?;
    // Of a safetensors file it is not known which container it was saved from.
    let is_strict = arguments.strict || a.is_safetensors() == b.is_safetensors();
    let Arguments { tolerance, no_values, .. } = *arguments;
    let mut comparison = compare(&a, &b, Rules { tolerance, values: !no_values, is_strict })?;
    file_metadata::compare(&a, &b, &mut comparison);
    match arguments.json {
        true => write_json(arguments, &comparison, screen)?,
        false => write(arguments, &comparison, screen)?,
    }
    let troubles = comparison.count_of("trouble");
    if troubles > 0 {
        return Err(format!("{troubles} could not be compared").into());
    }
    Ok(Outcome::found(!comparison.differences.is_empty()))
}

impl Comparison<'_> {
    fn count_of(&self, kind: &str) -> usize {
        self.differences.iter().filter(|difference| difference.what.kind() == kind).count()
    }

    /// How many differences there are of each kind, in the order in which they are told.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for difference in &self.differences {
            *counts.entry(difference.what.kind()).or_default() += 1;
        }
        What::KINDS.iter().filter_map(|kind| Some((*kind, *counts.get(kind)?))).collect()
    }
}

fn style(palette: Palette, what: &What) -> anstyle::Style {
    match what {
        What::Removed { .. } | What::Trouble { .. } => palette.bad,
        What::Added { .. } => palette.good,
        What::Tie { .. } => palette.tie,
        _ => palette.notable,
    }
}

fn write(
    arguments: &Arguments,
    comparison: &Comparison<'_>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let palette = screen.palette();
    let most = screen.width().map_or(60, |width| (width / 2).max(20));
    let differences = if arguments.quiet { &[][..] } else { &comparison.differences[..] };
    let is_flat = comparison.is_flat;
    let width = differences.iter().map(|difference| difference.name(is_flat).chars().count());
    let width = width.max().unwrap_or(0).min(most);
    for difference in differences {
        let name = difference.name(is_flat);
        let name = if screen.width().is_some() { shorten(name, most) } else { name };
        let text = difference.what.text();
        let sign = paint(style(palette, &difference.what), difference.what.sign());
        writeln!(screen, "{sign} {name:<width$}  {}", printable(&text))?;
    }
    let mut counts = vec![format!("{} identical", comparison.identical())];
    counts.extend(comparison.counts().iter().map(|(kind, count)| format!("{count} {kind}")));
    if comparison.close > 0 {
        counts.push(format!("{} within the tolerance", comparison.close));
    }
    writeln!(screen, "{}", paint(palette.title, counts.join(" · ")))?;
    Ok(())
}

fn write_json(
    arguments: &Arguments,
    comparison: &Comparison<'_>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "diff")?;
    object.field("a", &arguments.a.to_string())?;
    object.field("b", &arguments.b.to_string())?;
    object.field("same", &comparison.differences.is_empty())?;
    object.field("tolerance", &arguments.tolerance)?;
    let counts: serde_json::Map<_, _> = comparison
        .counts()
        .into_iter()
        .map(|(kind, count)| (kind.to_owned(), json!(count)))
        .collect();
    object
        .field("identical", &json!({"tensors": comparison.tensors, "others": comparison.others}))?;
    object.field("close", &comparison.close)?;
    object.field("counts", &counts)?;
    let mut list = object.list("differences")?;
    for difference in &comparison.differences {
        list.add(&Difference::json(difference))?;
    }
    list.end()?;
    object.end()
}
