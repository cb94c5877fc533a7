//! The checksums of everything that is about to be loaded, before a byte of the model is written.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::load::matching::{Match, Source};
use crate::load::problem::LoadProblem;
use crate::parallel;

/// Verifies each storage once, on several threads where there is much to read.
pub(crate) fn verify_storages(found: &Match<'_, '_>, problems: &mut Vec<LoadProblem>) {
    let mut seen = HashSet::new();
    let distinct: Vec<&Source<'_, '_>> = found
        .sources
        .iter()
        .flatten()
        .filter(|source| seen.insert(source.tensor.storage().identity()))
        .collect();
    // Saturating: a tensor of the device `meta` has a size that no file bounds.
    let sizes = distinct.iter().map(|source| source.tensor.storage().nbytes());
    let nbytes = sizes.fold(0, usize::saturating_add);
    let (next, damaged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    parallel::run(parallel::threads_for(nbytes), || {
        while let Some(source) = distinct.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = source.tensor.storage().verify() {
                let problem = LoadProblem::Storage { key: source.key.to_owned(), source: error };
                let mut damaged = damaged.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                damaged.push(problem);
            }
        }
    });
    problems.extend(damaged.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
}
