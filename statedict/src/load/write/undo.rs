//! Keeping the elements that a load overwrites, and giving them back if it fails.

use std::thread;
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt};

use crate::leaf::{TensorError, TensorMut};
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::write::convert_leaf;
use crate::load::write::extra;
use crate::tensor::TensorView;
use crate::visit::{Slot, StateDict, walk_writing};

/// For how long a lock is waited for that another thread has taken meanwhile. None of ours is held then, but
/// the other thread may wait for this one.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(1);

/// The elements and extra states that the model held before it was written.
pub(super) struct Undo {
    /// The elements of leaves, by their number.
    leaves: HashMap<usize, TensorView<'static>>,
    extras: extra::Before,
}

/// The parts of the model that are not as they were.
pub(super) struct Left {
    /// The numbers of leaves.
    pub(super) leaves: Vec<usize>,
    /// The number of extra states.
    pub(super) extras: usize,
}

impl Undo {
    pub(super) fn new(extras: extra::Before) -> Self {
        Undo { leaves: HashMap::new(), extras }
    }

    /// Keeps what a leaf holds now.
    pub(super) fn keep(&mut self, index: usize, leaf: &dyn TensorMut) -> Result<(), TensorError> {
        self.leaves.insert(index, convert_leaf::copy_of(leaf)?);
        Ok(())
    }

    /// Gives everything back; returns what could not be given.
    pub(super) fn give_back<M: StateDict + ?Sized>(
        mut self,
        model: &mut M,
        plan: &Plan,
        options: &LoadOptions,
    ) -> Left {
        let start = Instant::now();
        loop {
            let reached = self.give_leaves(model, plan, options);
            let reached = extra::give_back(model, &mut self.extras) && reached;
            let all = self.leaves.is_empty() && self.extras.is_empty();
            if all || reached || start.elapsed() >= PATIENCE {
                let leaves = self.leaves.into_keys().collect();
                return Left { leaves, extras: self.extras.len() };
            }
            thread::sleep(PAUSE);
        }
    }

    /// Gives leaves back what they held; returns `false` if another thread has a lock, so that not all were
    /// met. Those that are as they were are forgotten.
    fn give_leaves<M: StateDict + ?Sized>(
        &mut self,
        model: &mut M,
        plan: &Plan,
        options: &LoadOptions,
    ) -> bool {
        if self.leaves.is_empty() {
            return true;
        }
        let held = &mut self.leaves;
        let mut walk = walk_writing(model, plan.size, &mut |index, leaf| {
            give(held, index, leaf, options);
        });
        if !walk.problems().is_empty() {
            return false;
        }
        let leaves = &mut walk.leaves;
        let kept: Vec<usize> = (0..leaves.len()).filter(|index| held.contains_key(index)).collect();
        for &index in &kept {
            let leaf = leaves.get_mut(index).map(|leaf| &mut leaf.tensor);
            if let Some(Slot::Borrowed(leaf)) = leaf {
                give(held, index, &mut **leaf, options);
            }
        }
        // What shared a storage does so again, also where only the first was written.
        for index in 0..leaves.len().min(plan.leaf_count()) {
            let first = plan.first.of_leaf(index);
            if first == index || kept.binary_search(&first).is_err() {
                continue;
            }
            let (firsts, rest) = leaves.split_at_mut(index);
            let (Slot::Borrowed(first), Slot::Borrowed(leaf)) =
                (&mut firsts[first].tensor, &mut rest[0].tensor)
            else {
                continue;
            };
            if leaf.storage_id() != first.storage_id() && leaf.share(&**first) {
                held.remove(&index);
            }
        }
        true
    }
}

/// Gives a leaf what it held, and forgets that where the leaf holds it then.
fn give(
    held: &mut HashMap<usize, TensorView<'static>>,
    index: usize,
    leaf: &mut dyn TensorMut,
    options: &LoadOptions,
) {
    let Some(view) = held.get(&index) else { return };
    // What refused to be written may have stayed as it was.
    let is_back = convert_leaf::write(leaf, view, options).is_ok()
        || convert_leaf::copy_of(leaf).is_ok_and(|now| same_elements(&now, view));
    if is_back {
        held.remove(&index);
    }
}

fn same_elements(a: &TensorView<'_>, b: &TensorView<'_>) -> bool {
    a.dtype() == b.dtype() && matches!((a.bytes(), b.bytes()), (Ok(a), Ok(b)) if a == b)
}
