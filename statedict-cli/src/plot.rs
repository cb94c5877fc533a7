//! `inspect --plot`: a histogram of one tensor.

use std::io::Write;

use serde_json::{Value as Json, json};
use statedict::TensorView;

use crate::envelope::Envelope;
use crate::failure::Failure;
use crate::histogram::{Histogram, measure};
use crate::leaf;
use crate::opened::Opened;
use crate::path;
use crate::printable::printable;
use crate::terminal::{Screen, paint};
use crate::walk::Found;

/// Lines that go to no terminal are as wide.
const WIDTH: usize = 80;

/// How to plot: arguments of `inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Plotting {
    /// Draw how the elements of one tensor are distributed
    #[arg(long, value_name = "KEY")]
    plot: Option<String>,
    /// With --plot: the number of bars
    #[arg(
        long,
        value_name = "N",
        requires = "plot",
        default_value = "20",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    bins: u16,
    /// With --plot: bars as long as the logarithm of their counts
    #[arg(long, requires = "plot")]
    log: bool,
}

impl Plotting {
    pub(crate) fn is_asked_for(&self) -> bool {
        self.plot.is_some()
    }

    /// Draws, or writes the numbers as JSON.
    pub(crate) fn run(
        &self,
        opened: &Opened,
        json: bool,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let key = self.plot.as_deref().unwrap_or_default();
        let (name, path, tensor) = find(opened, key)?;
        let about = |error: Failure| format!("{}: {}: {error}", opened.input, printable(&name));
        let found = measure(&tensor, usize::from(self.bins), None).map_err(about)?;
        if json {
            let mut object = Envelope::start(screen, "inspect")?;
            object.field("file", &opened.input.to_string())?;
            object.field("path", &path)?;
            object.field("dtype", &tensor.dtype().to_string())?;
            object.field("shape", &tensor.shape().to_vec())?;
            object.field("plot", &numbers(&found))?;
            return object.end();
        }
        let palette = screen.palette();
        let dtype = tensor.dtype();
        let title = paint(palette.title, printable(&name));
        writeln!(screen, "{title}   {dtype} {}   {} elements", tensor.shape(), found.looked)?;
        self.draw(&found, dtype.is_complex(), screen)
    }

    fn draw(&self, found: &Histogram, absolute: bool, screen: &mut Screen) -> Result<(), Failure> {
        let palette = screen.palette();
        let bad = |count: u64| {
            paint(if count > 0 { palette.bad } else { palette.faint }, count).to_string()
        };
        let rest =
            format!("zeros {}   NaN {}   Inf {}", found.zeros, bad(found.nan), bad(found.infinite));
        let Some(spread) = &found.spread else {
            writeln!(screen, "  no finite elements   {rest}")?;
            return Ok(());
        };
        let of = if absolute { "absolute values: " } else { "" };
        writeln!(
            screen,
            "  {of}min {}   max {}   mean {}   std {}   {rest}\n",
            short(spread.min),
            short(spread.max),
            short(spread.mean),
            short(spread.std)
        )?;
        let count = spread.bins.len();
        let step = (spread.high / count as f64) - (spread.low / count as f64);
        let edges: Vec<String> =
            (0..count).map(|bin| short(step.mul_add(bin as f64, spread.low))).collect();
        let edge = edges.iter().map(|edge| edge.chars().count()).max().unwrap_or(0);
        let most = spread.bins.iter().copied().max().unwrap_or(0);
        let digits = most.to_string().len();
        let width = screen.width().unwrap_or(WIDTH);
        // Margins, the axis, and the spaces before the count.
        let room = width.saturating_sub(edge + digits + 6).max(8);
        for (label, &bin) in edges.iter().zip(&spread.bins) {
            let length = self.length(bin) / self.length(most);
            let bar = bar(length, room);
            let space = " ".repeat(room.saturating_sub(bar.chars().count()));
            let axis = paint(palette.faint, "│");
            let bar = paint(palette.label, bar);
            writeln!(screen, "  {label:>edge$} {axis}{bar}{space} {bin:>digits$}")?;
        }
        if self.log {
            let note = "bars are as long as the logarithm of their counts";
            writeln!(screen, "\n  {}", paint(palette.faint, note))?;
        }
        Ok(())
    }

    /// The length of a bar, in no unit.
    fn length(&self, count: u64) -> f64 {
        if self.log { (count as f64).ln_1p() } else { count as f64 }
    }
}

/// A bar of eighths of blocks; what is there at all shows.
fn bar(length: f64, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = length.clamp(0.0, 1.0) * room as f64 * 8.0;
    let least = if length > 0.0 { 1.0 } else { 0.0 };
    // Truncation is meant: the number is small and not negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let eighths = eighths.round().max(least) as usize;
    let rest = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{rest}", "█".repeat(eighths / 8))
}

/// A number in four digits or so.
pub(crate) fn short(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e7).contains(&size) {
        format!("{number:.3e}")
    } else if number.fract() == 0.0 {
        format!("{number}")
    } else {
        let digits = match size {
            size if size >= 100.0 => 2,
            size if size >= 1.0 => 3,
            size if size >= 0.01 => 4,
            _ => 6,
        };
        format!("{number:.digits$}")
    }
}

/// The tensor that is called so: by its whole path, or with dots between.
fn find<'o>(opened: &'o Opened, key: &str) -> Result<(String, Json, TensorView<'o>), Failure> {
    let mut found = Vec::new();
    let mut exact = false;
    opened.walk(|segments, value| {
        let Found::Tensor(tensor, _) = value else { return Ok(()) };
        let name = path::name(segments);
        let same = name == key;
        if same || (!exact && path::dotted(segments) == key) {
            if same && !exact {
                found.clear();
            }
            exact |= same;
            found.push((name, leaf::path(segments), tensor));
        }
        Ok(())
    })?;
    let input = &opened.input;
    match found.len() {
        0 => Err(format!("{input}: no tensor is called {key:?}; `statedict ls` lists them").into()),
        1 => found.pop().ok_or_else(|| "".into()),
        _ => {
            let names: Vec<String> = found.into_iter().take(4).map(|(name, ..)| name).collect();
            Err(format!("{input}: {key:?} could be {}", names.join(" or ")).into())
        }
    }
}

/// Everything as JSON.
pub(crate) fn numbers(found: &Histogram) -> Json {
    let number = |number: f64| if number.is_finite() { json!(number) } else { Json::Null };
    let mut object = json!({
        "elements": found.looked,
        "all": found.all,
        "nan": found.nan,
        "infinite": found.infinite,
        "zeros": found.zeros,
    });
    if let (Json::Object(object), Some(spread)) = (&mut object, &found.spread) {
        for (name, value) in [
            ("min", number(spread.min)),
            ("max", number(spread.max)),
            ("mean", number(spread.mean)),
            ("std", number(spread.std)),
            ("low", number(spread.low)),
            ("high", number(spread.high)),
            ("bins", json!(spread.bins)),
        ] {
            object.insert(name.to_owned(), value);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_of_eighths() {
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.5, 3), "█▌");
        assert_eq!(bar(1e-9, 4), "▏");
        assert_eq!(bar(0.0, 4), "");
    }

    #[test]
    fn numbers_are_short() {
        let found = [0.0, 1.5, -0.123_456, 1e-9, 12_345_678.0, 42.0, f64::NAN].map(short);
        assert_eq!(found, ["0", "1.500", "-0.1235", "1.000e-9", "1.235e7", "42", "NaN"]);
    }
}
