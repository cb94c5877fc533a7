//! Writing what goes into the leaves: what may fail in a library first, plain memory last.

use foldhash::{HashSet, HashSetExt};

use crate::leaf::{TensorError, TensorMut, Writable};
use crate::load::options::LoadOptions;
use crate::load::plan::found::Source;
use crate::load::policy::Atomicity;
use crate::load::report::problem::LoadProblem;
use crate::load::write::contents::Contents;
use crate::load::write::convert_leaf;
use crate::load::write::parallel_fill::Filling;
use crate::load::write::same_model::same_model;
use crate::load::write::undo::Undo;
use crate::load::write::written::Written;
use crate::visit::{Leaf, LeafId, List, ModelError, Slot, StateDict, walk_writing};

/// The reason why writing stopped.
pub(super) enum Stop {
    /// At a leaf, or at a module that cannot be reached.
    At(Box<Failed>),
    /// The model is not the one that was planned for; nothing was written.
    Different(Vec<LoadProblem>),
    /// Something can only be written while it is visited, for which the model must be looked at first; nothing was
    /// written.
    Locked {
        /// `true` if it is behind a lock that others can take.
        contended: bool,
    },
}

/// A leaf or module at which writing failed.
pub(super) struct Failed {
    /// The leaf, and whether it held before what is still known; `None` where it was not a single leaf.
    pub(super) leaf: Option<(usize, bool)>,
    pub(super) key: String,
    pub(super) source: TensorError,
}

impl Failed {
    fn stop(leaf: Option<(usize, bool)>, key: &str, source: TensorError) -> Stop {
        Stop::At(Box::new(Failed { leaf, key: key.to_owned(), source }))
    }
}

/// Writes the leaves of a model.
pub(super) struct Writer<'w, 'c, 'm, 's> {
    pub(super) contents: &'w Contents<'c, 'm, 's>,
    pub(super) options: &'w LoadOptions,
    pub(super) written: Written,
    pub(super) undo: Undo,
    /// `true` if something may fail after the first write, so that what is overwritten before is kept.
    pub(super) keep: bool,
    /// The number of leaves that were written and not kept.
    pub(super) unkept: usize,
}

type Leaves<'a> = List<LeafId, Leaf<Slot<'a>>>;

impl Writer<'_, '_, '_, '_> {
    /// Writes what there is for the leaves. `looked` says that the model has been found to be the one that was
    /// planned for.
    pub(super) fn write<M: StateDict + ?Sized>(
        &mut self,
        model: &mut M,
        looked: bool,
    ) -> Result<(), Stop> {
        let plan = self.contents.plan;
        // What cannot be borrowed can only be written while the walk is at it.
        let mut locked = Ok(());
        let mut walk = walk_writing(model, plan.size, &mut |index, leaf| {
            if looked && locked.is_ok() {
                locked = self.write_locked(index, leaf);
            }
        });
        locked?;
        match same_model(plan, &walk) {
            Err(problems) if !looked => return Err(Stop::Different(problems)),
            Ok(()) if !looked && walk.locked => {
                return Err(Stop::Locked { contended: walk.contended });
            }
            // It was the same before: another thread has taken a lock.
            Err(problems) => {
                let gone = problems.first().map(LoadProblem::text).unwrap_or_default();
                return Err(Failed::stop(None, "", TensorError::Library(gone.into())));
            }
            Ok(()) => {}
        }
        self.written.hooked = walk.hooked;
        self.write_borrowed(&mut walk.leaves)
    }

    /// Writes a leaf behind a lock.
    fn write_locked(&mut self, index: usize, leaf: &mut dyn TensorMut) -> Result<(), Stop> {
        let plan = self.contents.plan;
        let is_planned = index < plan.leaf_count() && {
            let planned = plan.leaf(index);
            planned.dtype == leaf.dtype().ok() && *planned.sizes() == *leaf.shape()
        };
        if !is_planned {
            let error = ModelError::Unsteady { key: String::new() };
            return Err(Failed::stop(None, "", TensorError::Library(Box::new(error))));
        }
        if let Some(source) = self.contents.of(index) {
            self.write_one((index, leaf), &source, self.keep)
        } else if let Some((_, source)) = self.contents.tied(index) {
            // It cannot be held together with the first. Where their memory is one, that is filled
            // twice with the same.
            self.write_again((index, leaf), &source, self.keep)
        } else {
            Ok(())
        }
    }

    /// Writes the leaves that can be held together. Leaves that were one are made one again, where the
    /// library did not do it.
    fn write_borrowed(&mut self, leaves: &mut Leaves<'_>) -> Result<(), Stop> {
        let (contents, options) = (self.contents, self.options);
        let mut nbytes = 0usize;
        // Those that are not plain memory, and those that share a storage with one before them.
        let mut done = vec![false; leaves.len()];
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        for (index, done) in done.iter_mut().enumerate() {
            let Some(leaf) = borrowed(leaves, index) else { continue };
            let Some(source) = contents.of(index) else {
                others.extend(contents.tied(index).map(|(first, _)| (index, first)));
                continue;
            };
            match convert_leaf::plain_memory(leaf, source.tensor, options) {
                // Not one is filled where one cannot be.
                Some(memory) if memory != source.tensor.nbytes() => {
                    return Err(wrong_memory(index, &source, memory));
                }
                Some(memory) => nbytes = nbytes.saturating_add(memory),
                None => {
                    firsts.push(index);
                    *done = true;
                }
            }
        }
        let uncertain = self.uncertain(leaves, &firsts, &others);
        for is_uncertain in [true, false] {
            let now = |first: &usize| uncertain.contains(first) == is_uncertain;
            for &index in firsts.iter().filter(|index| now(index)) {
                let (Some(leaf), Some(source)) = (borrowed(leaves, index), contents.of(index))
                else {
                    continue;
                };
                self.write_one((index, leaf), &source, is_uncertain)?;
            }
            for &(index, first) in others.iter().filter(|(_, first)| now(first)) {
                self.write_other(leaves, (index, first), done[first], is_uncertain)?;
            }
        }
        contents.release();
        self.fill_plain(leaves, &done, nbytes)
    }

    /// Returns the leaves that may not take what fits them, by the first of their storage: where one may not,
    /// all of it may not.
    fn uncertain(
        &self,
        leaves: &mut Leaves<'_>,
        firsts: &[usize],
        others: &[(usize, usize)],
    ) -> HashSet<usize> {
        let mut uncertain = HashSet::new();
        if !self.keep {
            return uncertain;
        }
        let all = firsts.iter().map(|&index| (index, index)).chain(others.iter().copied());
        for (index, first) in all {
            let is_certain = borrowed(leaves, index).is_none_or(|leaf| {
                (!self.options.assign && leaf.host_bytes_mut().is_some())
                    || matches!(leaf.writable(), Ok(Writable::Certainly))
            });
            if !is_certain {
                uncertain.insert(first);
            }
        }
        uncertain
    }

    /// Writes one leaf that needs conversion, gathering, or the library's own way; it is kept before, where
    /// that is said.
    fn write_one(
        &mut self,
        (index, leaf): (usize, &mut dyn TensorMut),
        source: &Source<'_, '_>,
        keep: bool,
    ) -> Result<(), Stop> {
        let at = |kept, error| Failed::stop(Some((index, kept)), source.key(), error);
        // Before it is known what the leaf held, it is not touched.
        if keep {
            self.undo.keep(index, leaf).map_err(|error| at(true, error))?;
        }
        let tensor =
            self.contents.readable(source.tensor).map_err(|error| at(true, error.into()))?;
        match convert_leaf::write(leaf, &tensor, self.options) {
            Ok(()) => {
                self.written.tensors += 1;
                self.unkept += usize::from(!keep);
                Ok(())
            }
            Err(source_error) if self.options.atomicity == Atomicity::None => {
                let (key, written) = (source.key().to_owned(), self.written.count());
                let problem = LoadProblem::Write { key, source: source_error, written };
                self.written.problems.push(problem);
                Ok(())
            }
            Err(error) => Err(at(keep, error)),
        }
    }

    /// Writes a source into another leaf of the same storage: it has been counted.
    fn write_again(
        &mut self,
        leaf: (usize, &mut dyn TensorMut),
        source: &Source<'_, '_>,
        keep: bool,
    ) -> Result<(), Stop> {
        let counted = (self.written.tensors, self.unkept);
        self.write_one(leaf, source, keep)?;
        (self.written.tensors, self.unkept) = counted;
        Ok(())
    }

    /// Makes a leaf that shared its storage with an earlier one share it again, or writes it too.
    fn write_other(
        &mut self,
        leaves: &mut Leaves<'_>,
        (index, first): (usize, usize),
        is_done: bool,
        keep: bool,
    ) -> Result<(), Stop> {
        let Some(source) = self.contents.of(first) else { return Ok(()) };
        // The first of a storage is before the others.
        let (firsts, rest) = leaves.split_at_mut(index);
        let Some(Slot::Borrowed(leaf)) = rest.first_mut().map(|leaf| &mut leaf.tensor) else {
            return Ok(());
        };
        let first = borrowed(firsts, first).filter(|_| is_done);
        if first.as_ref().is_some_and(|first| leaf.storage_id() == first.storage_id()) {
            return Ok(());
        }
        if keep {
            let kept = self.undo.keep(index, &**leaf);
            kept.map_err(|error| Failed::stop(Some((index, true)), source.key(), error))?;
        }
        match first {
            Some(first) if leaf.share(first) => Ok(()),
            _ => self.write_again((index, &mut **leaf), &source, keep),
        }
    }

    /// Fills the leaves that are plain memory: those that have a source and are not `done`.
    fn fill_plain(
        &mut self,
        leaves: &mut Leaves<'_>,
        done: &[bool],
        nbytes: usize,
    ) -> Result<(), Stop> {
        let mut filling = Filling::of(nbytes);
        let mut count = 0;
        let plain = leaves.iter_mut().enumerate().zip(done).filter(|(_, done)| !**done);
        for ((index, leaf), _) in plain {
            let (Slot::Borrowed(leaf), Some(source)) = (&mut leaf.tensor, self.contents.of(index))
            else {
                continue;
            };
            let nbytes = source.tensor.nbytes();
            match leaf.host_bytes_mut() {
                Some(memory) if memory.len() == nbytes => filling.add(index, memory, source.tensor),
                memory => {
                    let found = memory.map_or(0, |memory| memory.len());
                    return Err(wrong_memory(index, &source, found));
                }
            }
            count += 1;
        }
        let failed = filling.finish();
        self.written.tensors += count - failed.leaves.len();
        let written = self.written.count();
        self.written.problems.extend(failed.errors.into_iter().map(|(leaf, error)| {
            let key = self.contents.of(leaf).map_or("", |source| source.key()).to_owned();
            LoadProblem::Write { key, source: error.into(), written }
        }));
        Ok(())
    }
}

/// A leaf's memory has another size than what goes into it.
fn wrong_memory(leaf: usize, source: &Source<'_, '_>, found: usize) -> Stop {
    let error = convert_leaf::wrong_memory(found, source.tensor.nbytes());
    Failed::stop(Some((leaf, true)), source.key(), error)
}

/// A leaf that can be held together with others.
fn borrowed<'w>(leaves: &'w mut [Leaf<Slot<'_>>], index: usize) -> Option<&'w mut dyn TensorMut> {
    match &mut leaves.get_mut(index)?.tensor {
        Slot::Borrowed(tensor) => Some(&mut **tensor),
        Slot::Locked(_) => None,
    }
}
