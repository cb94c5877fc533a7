//! Everything of one file against everything of another.

use std::collections::{HashMap, HashSet};

use statedict::TensorView;

use super::delta::{self, Compared};
use super::difference::{Difference, Form, What};
use super::side::{Entry, Side};
use crate::failure::{Failure, chain};
use crate::path;
use crate::progress::Progress;
use crate::ties::StorageKey;

/// What comparing two files gave.
#[derive(Default)]
pub(super) struct Comparison {
    pub(super) differences: Vec<Difference>,
    /// How many tensors, and how many other values, are identical.
    pub(super) tensors: usize,
    pub(super) others: usize,
    /// How many tensors and values differ by no more than the tolerance.
    pub(super) close: usize,
}

impl Comparison {
    pub(super) fn identical(&self) -> usize {
        self.tensors + self.others
    }

    fn add(&mut self, identity: &str, what: What) {
        self.differences.push(Difference { identity: identity.to_owned(), what });
    }
}

/// Compares everything: what is in either file is the same, or it is a difference.
pub(super) fn compare(
    a: &Side<'_>,
    b: &Side<'_>,
    (tolerance, values): (Option<f64>, bool),
) -> Result<Comparison, Failure> {
    let mut comparison = Comparison::default();
    let mut reader = Reader { tolerance, values, verified: [HashSet::new(), HashSet::new()] };
    let progress = Progress::new();
    let (mut done, mut total) = (0u64, 0u64);
    if values {
        for entry in a.entries.values() {
            if let Entry::Tensor(tensor) = entry {
                total = total.saturating_add(u64::try_from(tensor.nbytes())?);
            }
        }
    }
    for (identity, entry) in &a.entries {
        match b.entries.get(identity) {
            None if is_told_by_its_content(entry) => {}
            None => comparison.add(identity, What::Removed { was: Form::of(entry) }),
            Some(other) => match (entry, other) {
                (Entry::Tensor(x), Entry::Tensor(y)) => {
                    reader.tensors(identity, (x, y), &mut comparison);
                    done = done.saturating_add(u64::try_from(x.nbytes())?);
                    progress.tell(done, total);
                }
                _ => reader.others(identity, (entry, other), &mut comparison),
            },
        }
    }
    for (identity, entry) in &b.entries {
        if !a.entries.contains_key(identity) && !is_told_by_its_content(entry) {
            comparison.add(identity, What::Added { is: Form::of(entry) });
        }
    }
    ties(a, b, &mut comparison);
    Ok(comparison)
}

/// A container with something in it, all of which is told.
fn is_told_by_its_content(entry: &Entry<'_>) -> bool {
    matches!(entry, Entry::Container { is_empty: false, .. })
}

/// Reads what is compared.
struct Reader {
    tolerance: Option<f64>,
    values: bool,
    /// The storages of either file whose checksums were right.
    verified: [HashSet<StorageKey>; 2],
}

impl Reader {
    fn tensors(
        &mut self,
        identity: &str,
        (a, b): (&TensorView<'_>, &TensorView<'_>),
        comparison: &mut Comparison,
    ) {
        let (was, is) = (Form::of_tensor(a), Form::of_tensor(b));
        if a.shape() != b.shape() {
            return comparison.add(identity, What::Resized { was, is });
        }
        let has_moved = a.location() != b.location() || a.requires_grad() != b.requires_grad();
        if has_moved {
            let (was, is) = (Form::of_tensor(a), Form::of_tensor(b));
            comparison.add(identity, What::Changed { was, is });
        }
        let has_bytes = a.location() != "meta" && b.location() != "meta";
        let compared = match self.values && has_bytes {
            true => match self.read(a, b) {
                Ok(compared) => Some(compared),
                Err(error) => {
                    return comparison.add(identity, What::Trouble { reason: error.to_string() });
                }
            },
            false => None,
        };
        let delta = match &compared {
            Some(Compared::Numbers(delta)) => Some(*delta),
            _ => None,
        };
        if a.dtype() != b.dtype() {
            return comparison.add(identity, What::Retyped { was, is, delta });
        }
        match compared {
            None | Some(Compared::Identical) if !has_moved => comparison.tensors += 1,
            None | Some(Compared::Identical) => {}
            Some(Compared::Bytes) => comparison.add(identity, What::Values { form: was, delta }),
            Some(Compared::Numbers(found)) => match self.tolerance {
                Some(tolerance) if found.max_abs <= tolerance => comparison.close += 1,
                _ => comparison.add(identity, What::Values { form: was, delta }),
            },
        }
    }

    /// Compares bytes, and trusts none whose checksum is wrong.
    fn read(&mut self, a: &TensorView<'_>, b: &TensorView<'_>) -> Result<Compared, Failure> {
        for (tensor, verified) in [a, b].into_iter().zip(&mut self.verified) {
            if !verified.contains(&tensor.storage().identity()) {
                tensor.storage().verify().map_err(|error| chain(&error))?;
                verified.insert(tensor.storage().identity());
            }
        }
        delta::compare(a, b)
    }

    fn others(
        &self,
        identity: &str,
        (a, b): (&Entry<'_>, &Entry<'_>),
        comparison: &mut Comparison,
    ) {
        match (a, b) {
            (Entry::Leaf(x), Entry::Leaf(y)) if x == y => comparison.others += 1,
            (Entry::Leaf(x), Entry::Leaf(y)) if self.is_close(x, y) => comparison.close += 1,
            (Entry::Version(x), Entry::Version(y)) if x == y => comparison.others += 1,
            (Entry::Version(was), Entry::Version(is)) => {
                let (was, is) = (was.clone(), is.clone());
                comparison.add(identity, What::Version { was, is });
            }
            // A container counts by what is in it, but what it is may differ.
            (Entry::Container { kind: x, .. }, Entry::Container { kind: y, .. }) if x == y => {}
            (Entry::Refused(x), Entry::Refused(y)) if x == y => {
                comparison.add(identity, What::Trouble { reason: x.clone() });
            }
            _ => comparison.add(identity, What::Changed { was: Form::of(a), is: Form::of(b) }),
        }
    }

    /// Whether two plain values are numbers of floating point that are close enough.
    fn is_close(&self, a: &serde_json::Value, b: &serde_json::Value) -> bool {
        let number = |leaf: &serde_json::Value| {
            let bits = leaf["bits"].as_str().filter(|_| leaf["type"] == "float")?;
            Some(f64::from_bits(u64::from_str_radix(bits, 16).ok()?))
        };
        match (self.tolerance, number(a), number(b)) {
            (Some(tolerance), Some(a), Some(b)) => {
                (a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan())
            }
            _ => false,
        }
    }
}

/// Finds where tensors of both files share storage in one and not in the other.
fn ties(a: &Side<'_>, b: &Side<'_>, comparison: &mut Comparison) {
    let mut firsts: [HashMap<StorageKey, &str>; 2] = [HashMap::new(), HashMap::new()];
    for (identity, entry) in &a.entries {
        let (Entry::Tensor(x), Some(Entry::Tensor(y))) = (entry, b.entries.get(identity)) else {
            continue;
        };
        if x.numel() == 0 || y.numel() == 0 {
            continue;
        }
        let [of_a, of_b] = &mut firsts;
        let first_of_a = *of_a.entry(x.storage().identity()).or_insert(identity);
        let first_of_b = *of_b.entry(y.storage().identity()).or_insert(identity);
        if first_of_a != first_of_b {
            let name = |first: &str| Some(path::name_of(first)).filter(|_| first != identity);
            let (was, is) = (name(first_of_a), name(first_of_b));
            comparison.add(identity, What::Tie { was, is });
        }
    }
}
