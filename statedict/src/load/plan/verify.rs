//! The checksums of everything that is about to be loaded, before a byte of the model is written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::load::plan::found::Match;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::parallel;
use crate::tensor::{Numbering, StorageError, TensorView};

impl StateMap<'_> {
    /// Reads every tensor and compares it with the checksum that came with it: the keys of those that are
    /// damaged or cannot be read, and why, in order. A storage of several tensors is read once, and
    /// named by the first of them. Several threads read where there is much.
    ///
    /// Loading into a model does this by itself, and so does [`load_owned`](Self::load_owned).
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.pt");
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// map.save(&path)?;
    /// assert!(StateMap::load(&path)?.damaged().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn damaged(&self) -> Vec<(&str, StorageError)> {
        damaged(self.iter())
    }
}

/// Notes the storages without elements that could be copied, which a load that trusts the checksums must know as well.
pub(crate) fn absent_storages(found: &Match<'_, '_>, problems: &mut Vec<LoadProblem>) {
    let absent = found.sources.iter().filter(|source| source.tensor.location() == "meta");
    problems.extend(absent.map(|source| LoadProblem::Storage {
        key: source.key().to_owned(),
        source: StorageError::Absent,
    }));
}

/// Verifies each storage once.
pub(crate) fn verify_storages(found: &Match<'_, '_>, problems: &mut Vec<LoadProblem>) {
    let damaged = damaged(found.sources.iter().map(|source| (source, source.tensor)));
    problems.extend(damaged.into_iter().map(|(entry, source)| {
        let key = entry.key().to_owned();
        LoadProblem::Storage { key, source }
    }));
}

/// The tensors whose storages are damaged, in order, each by the name it came with; on several threads where there is
/// much to read.
fn damaged<'t, N: Copy + Send + Sync>(
    tensors: impl Iterator<Item = (N, &'t TensorView<'t>)>,
) -> Vec<(N, StorageError)> {
    let distinct = distinct(tensors);
    // Saturating: a tensor of the device `meta` has a size that no file bounds.
    let sizes = distinct.iter().map(|(_, tensor)| tensor.storage().nbytes());
    let nbytes = sizes.fold(0, usize::saturating_add);
    let (next, damaged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    parallel::run(parallel::threads_for(nbytes), || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, tensor)) = distinct.get(index) else { break };
            if let Err(error) = tensor.storage().verify() {
                let mut damaged = damaged.lock().unwrap_or_else(PoisonError::into_inner);
                damaged.push((index, *name, error));
            }
        }
    });
    let mut damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
    damaged.sort_unstable_by_key(|(index, ..)| *index);
    damaged.into_iter().map(|(_, name, error)| (name, error)).collect()
}

/// The first tensor of each storage that may have a checksum.
fn distinct<'t, N>(
    tensors: impl Iterator<Item = (N, &'t TensorView<'t>)>,
) -> Vec<(N, &'t TensorView<'t>)> {
    let (mut distinct, mut numbering) = (Vec::<(N, &TensorView<'_>)>::new(), Numbering::default());
    for (name, tensor) in tensors.filter(|(_, tensor)| tensor.storage().can_be_damaged()) {
        let before = distinct.iter().map(|(_, tensor)| tensor.storage().identity());
        if numbering.known(tensor.storage().identity(), before).is_none() {
            distinct.push((name, tensor));
        }
    }
    distinct
}
