//! Mismatched shapes as an aligned table, as mmcv prints them.

use crate::load::report::error::LoadError;
use crate::load::report::loaded::{LoadReport, Mismatched};
use crate::load::torch::repr::size;

impl LoadReport {
    /// The tensors of another shape as the table that mmcv prints: key, expected shape, loaded
    /// shape. `None` where there are none.
    pub fn mismatch_table(&self) -> Option<String> {
        mismatched(&self.mismatched)
    }
}

impl LoadError {
    /// The tensors whose shape is not the model's as the table that mmcv prints: key, expected
    /// shape, loaded shape. `None` where there are none.
    pub fn mismatch_table(&self) -> Option<String> {
        mismatched(&self.mismatched())
    }
}

/// Returns `None` where there are none.
fn mismatched(mismatched: &[Mismatched]) -> Option<String> {
    if mismatched.is_empty() {
        return None;
    }
    let header = ["key", "expected shape", "loaded shape"].map(str::to_owned);
    let rows =
        mismatched.iter().map(|row| [row.key.clone(), size(&row.expected), size(&row.found)]);
    let rows: Vec<[String; 3]> = std::iter::once(header).chain(rows).collect();
    let mut widths = [0; 3];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: [String; 3], edge: &str| format!("{edge}{}{edge}", cells.join(edge));
    let border = line(widths.map(|width| "-".repeat(width + 2)), "+");
    let mut lines = vec![border.clone()];
    for (index, row) in rows.into_iter().enumerate() {
        let mut widths = widths.into_iter();
        let cells = row.map(|cell| format!(" {cell:<width$} ", width = widths.next().unwrap_or(0)));
        lines.push(line(cells, "|"));
        if index == 0 {
            lines.push(border.clone());
        }
    }
    lines.push(border);
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with what `terminaltables.AsciiTable`, which mmcv uses, made of the same rows.
    #[test]
    fn the_table_is_mmcvs() {
        let rows = [
            Mismatched {
                key: "fc.weight".into(),
                expected: [10, 3].into(),
                found: [1000, 3].into(),
            },
            Mismatched { key: "b".into(), expected: [10].into(), found: [1000].into() },
        ];
        let expected = "\
+-----------+---------------------+-----------------------+
| key       | expected shape      | loaded shape          |
+-----------+---------------------+-----------------------+
| fc.weight | torch.Size([10, 3]) | torch.Size([1000, 3]) |
| b         | torch.Size([10])    | torch.Size([1000])    |
+-----------+---------------------+-----------------------+";
        assert_eq!(mismatched(&rows).as_deref(), Some(expected));
        assert_eq!(mismatched(&[]), None);
    }
}
