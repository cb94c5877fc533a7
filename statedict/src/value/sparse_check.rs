//! What the indices of a sparse tensor must say, by PyTorch's rules.

use std::cmp::Ordering;
use std::fmt;

use crate::dtype::DType;
use crate::plain_debug::debug_is_display;
use crate::tensor::{StorageError, TensorView, cast};
use crate::value::sparse::Sparse;

/// Why the indices of a sparse tensor are wrong, or cannot be looked at.
#[non_exhaustive]
pub enum SparseError {
    /// An index is not where it may be.
    Index {
        /// The part: `indices`, `crow_indices` and so on.
        part: &'static str,
        /// The position in the part, counted in row-major order.
        position: usize,
        /// The value that should be there.
        expected: String,
        /// The index.
        found: i64,
    },
    /// Indices are not sorted, or not distinct, where they must be.
    Order {
        /// The part.
        part: &'static str,
        /// The first that does not follow the one before.
        position: usize,
    },
    /// A part shows far more elements than its storage has, which no writer makes.
    Expanded {
        /// The part.
        part: &'static str,
    },
    /// A part cannot be read.
    Storage {
        /// The part.
        part: &'static str,
        /// Why.
        source: StorageError,
    },
}

impl fmt::Display for SparseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SparseError::Index { part, position, expected, found } => {
                write!(f, "`{part}` needs {expected} at position {position}, found {found}")
            }
            SparseError::Order { part, position } => {
                write!(f, "`{part}` is not sorted and distinct at position {position}")
            }
            SparseError::Expanded { part } => {
                write!(f, "`{part}` shows more elements than its storage has")
            }
            SparseError::Storage { part, source } => write!(f, "`{part}`: {source}"),
        }
    }
}

debug_is_display!(SparseError);

impl std::error::Error for SparseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SparseError::Storage { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Sparse<'_> {
    /// Checks the elements of the index tensors, as PyTorch does when it loads a file: each index lies within the
    /// size, compressed ones never decrease, and those that must be are sorted and distinct.
    ///
    /// What the pickle alone says (layout, shapes, dtypes) is checked when the file is opened.
    ///
    /// ```no_run
    /// use statedict::codec;
    /// use statedict::value::Kind;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let document = codec::Document::open_with("graph.pt", &Default::default())?;
    /// if let Some(Kind::Sparse(adjacency)) = document.root().get("adjacency").map(|v| v.kind()) {
    ///     adjacency.check()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where an index is wrong, or the indices cannot be read.
    pub fn check(&self) -> Result<(), SparseError> {
        let size: Vec<i64> = self.size().iter().filter_map(|size| size.as_i64()).collect();
        let views: Vec<Part<'_>> =
            self.parts().filter_map(|(name, part)| Some((name, part.view()?))).collect();
        match views.as_slice() {
            [indices, _] => check_coo(indices, &size, self.is_coalesced() == Some(true)),
            [compressed, plain, (_, values)] => {
                let by_rows = compressed.0 == "crow_indices";
                check_compressed(compressed, plain, values, &size, by_rows)
            }
            _ => Ok(()),
        }
    }
}

/// A part's name and tensor.
type Part<'g> = (&'static str, TensorView<'g>);

/// The indices of a part.
fn indices((part, view): &Part<'_>) -> Result<Vec<i64>, SparseError> {
    // An expanded tensor may claim any number of elements.
    if view.nbytes() > view.storage().nbytes().saturating_mul(4).saturating_add(1 << 16) {
        return Err(SparseError::Expanded { part });
    }
    let bytes = view.bytes().map_err(|source| SparseError::Storage { part, source })?;
    let wide = cast(&bytes, view.dtype(), DType::I64).unwrap_or_default();
    Ok(wide.as_chunks::<8>().0.iter().map(|&index| i64::from_le_bytes(index)).collect())
}

/// Checks that an index lies from 0 to before `end`.
fn within(part: &'static str, position: usize, found: i64, end: i64) -> Result<(), SparseError> {
    match (0..end).contains(&found) {
        true => Ok(()),
        false => {
            let expected = format!("an index from 0 to before {end}");
            Err(SparseError::Index { part, position, expected, found })
        }
    }
}

fn check_coo(part: &Part<'_>, size: &[i64], coalesced: bool) -> Result<(), SparseError> {
    let (name, indices) = (part.0, indices(part)?);
    let count = part.1.shape().last().copied().unwrap_or(0);
    if indices.is_empty() || count == 0 {
        return Ok(());
    }
    let rows: Vec<&[i64]> = indices.chunks(count).collect();
    for (dim, (row, &end)) in rows.iter().zip(size).enumerate() {
        for (column, &index) in row.iter().enumerate() {
            within(name, dim * count + column, index, end)?;
        }
    }
    if !coalesced {
        return Ok(());
    }
    for column in 1..count {
        let order = rows.iter().map(|row| row[column - 1].cmp(&row[column]));
        let order = order.fold(Ordering::Equal, Ordering::then);
        if order != Ordering::Less {
            return Err(SparseError::Order { part: name, position: column });
        }
    }
    Ok(())
}

fn check_compressed(
    compressed: &Part<'_>,
    plain: &Part<'_>,
    values: &TensorView<'_>,
    size: &[i64],
    by_rows: bool,
) -> Result<(), SparseError> {
    let batch = compressed.1.shape().len().saturating_sub(1);
    let length = |part: &Part<'_>| part.1.shape().last().copied().unwrap_or(0);
    let (bounds, nnz) = (length(compressed), length(plain));
    // The dimension along which the plain indices point, in blocks.
    let dim = batch + usize::from(by_rows);
    let has_blocks = values.shape().len() > size.len();
    let block = values.shape().get(dim + 1).filter(|_| has_blocks).map_or(1, |&block| block.max(1));
    let end = size.get(dim).copied().unwrap_or(0) / i64::try_from(block).unwrap_or(i64::MAX);
    let (name, outer, inner) = (compressed.0, indices(compressed)?, indices(plain)?);
    let last = i64::try_from(nnz).unwrap_or(i64::MAX);
    for (index, outer) in outer.chunks(bounds.max(1)).enumerate() {
        let fixed = [(0, 0), (bounds - 1, last)];
        for (at, expected) in fixed {
            if outer[at] != expected {
                let (position, found) = (index * bounds + at, outer[at]);
                let expected = expected.to_string();
                return Err(SparseError::Index { part: name, position, expected, found });
            }
        }
        let inner = inner.get(index * nnz..(index + 1) * nnz).unwrap_or_default();
        for (row, pair) in outer.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            if !(from..=from.saturating_add(end)).contains(&to) {
                let expected = format!("from {from} to {}", from.saturating_add(end));
                let position = index * bounds + row + 1;
                return Err(SparseError::Index { part: name, position, expected, found: to });
            }
        }
        let starts: Vec<usize> = outer.iter().filter_map(|&at| usize::try_from(at).ok()).collect();
        for pair in starts.windows(2) {
            let run = inner.get(pair[0]..pair[1]).unwrap_or_default();
            for (at, &found) in run.iter().enumerate() {
                let position = index * nnz + pair[0] + at;
                within(plain.0, position, found, end)?;
                if at > 0 && run[at - 1] >= found {
                    return Err(SparseError::Order { part: plain.0, position });
                }
            }
        }
    }
    Ok(())
}
