//! Writing the model, once everything has been checked.

use crate::load::fill::{fill, pieces};
use crate::load::fitted;
use crate::load::matching::{Match, Source};
use crate::load::options::LoadOptions;
use crate::load::plan::Plan;
use crate::load::policy::Atomicity;
use crate::load::problem::LoadProblem;
use crate::tensor::TensorView;
use crate::traits::{StateDict, TensorError, TensorMut};
use crate::visit::{Leaf, ModelError, walk_mut};

/// What was written.
#[derive(Default)]
pub(crate) struct Written {
    /// How many tensors were written, and stayed so.
    pub(crate) tensors: usize,
    pub(crate) problems: Vec<LoadProblem>,
}

/// Writes every source into its leaf.
///
/// What can fail in a library comes first: where the first one fails, nothing is written yet.
pub(crate) fn commit<M: StateDict + ?Sized>(
    model: &mut M,
    plan: &Plan,
    found: &Match<'_, '_>,
    options: &LoadOptions,
) -> Written {
    let mut leaves = walk_mut(model).leaves;
    if let Err(problem) = same_model(plan, &leaves) {
        return Written { tensors: 0, problems: vec![*problem] };
    }
    if options.atomicity != Atomicity::Staged {
        return write_all(&mut leaves, &found.sources, options);
    }
    let mut held = Vec::with_capacity(leaves.len());
    for (leaf, source) in leaves.iter().zip(&found.sources) {
        match source.map(|source| fitted::hold(leaf.tensor, &source, options)).transpose() {
            Ok(view) => held.push(view),
            Err(source) => return undone(&leaf.key, source, 0),
        }
    }
    let staged = found.sources.iter().zip(&held).map(|(source, tensor)| {
        let (source, tensor) = source.as_ref().zip(tensor.as_ref())?;
        Some(Source { key: source.key, tensor })
    });
    write_all(&mut leaves, &staged.collect::<Vec<_>>(), options)
}

type LeafMut<'a> = Leaf<&'a mut dyn TensorMut>;

/// Writes the sources that are there: first what is not plain memory, then the rest on all threads.
fn write_all(
    leaves: &mut [LeafMut<'_>],
    sources: &[Option<Source<'_, '_>>],
    options: &LoadOptions,
) -> Written {
    let mut written = Written::default();
    let mut plain = Vec::new();
    let mut before: Vec<(usize, TensorView<'static>)> = Vec::new();
    for (index, (leaf, source)) in leaves.iter_mut().zip(sources).enumerate() {
        let Some(source) = source else { continue };
        if fitted::is_plain(leaf.tensor, source.tensor, options) {
            plain.push(index);
            continue;
        }
        let backup = match options.atomicity {
            Atomicity::Staged => {
                fitted::copy_of(leaf.tensor).map(|view| before.push((index, view)))
            }
            Atomicity::Validated | Atomicity::None => Ok(()),
        };
        let error = match backup.and_then(|()| fitted::write(leaf.tensor, source.tensor, options)) {
            Ok(()) => {
                written.tensors += 1;
                continue;
            }
            Err(error) => error,
        };
        match options.atomicity {
            Atomicity::None => written.problems.push(failed(source.key, error, written.tensors)),
            Atomicity::Validated => {
                written.problems.push(failed(source.key, error, written.tensors));
                return written;
            }
            Atomicity::Staged => {
                let key = source.key;
                return match roll_back(leaves, before, options) {
                    Ok(()) => undone(key, error, written.tensors),
                    Err(_) => {
                        written.problems.push(failed(key, error, written.tensors));
                        written
                    }
                };
            }
        }
    }
    fill_plain(leaves, sources, &plain, written)
}

/// Fills the leaves that are plain memory.
fn fill_plain(
    leaves: &mut [LeafMut<'_>],
    sources: &[Option<Source<'_, '_>>],
    plain: &[usize],
    mut written: Written,
) -> Written {
    let key_of = |index: usize| sources.get(index).and_then(Option::as_ref).map_or("", |it| it.key);
    let mut all = Vec::new();
    let mut plain = plain.iter().copied().peekable();
    let before = written.tensors;
    for (index, (leaf, source)) in leaves.iter_mut().zip(sources).enumerate() {
        let Some(source) = source.as_ref().filter(|_| plain.next_if_eq(&index).is_some()) else {
            continue;
        };
        let nbytes = source.tensor.nbytes();
        match leaf.tensor.host_bytes_mut() {
            Some(memory) if memory.len() == nbytes => {
                all.extend(pieces(index, memory, source.tensor));
                written.tensors += 1;
            }
            memory => {
                let error = fitted::wrong_memory(memory.map_or(0, |memory| memory.len()), nbytes);
                written.problems.push(failed(key_of(index), error, before));
                return Written { tensors: before, ..written };
            }
        }
    }
    for (leaf, error) in fill(all) {
        written.tensors -= 1;
        written.problems.push(failed(key_of(leaf), error.into(), before));
    }
    written
}

/// Gives the leaves that were written what they held before.
fn roll_back(
    leaves: &mut [LeafMut<'_>],
    before: Vec<(usize, TensorView<'static>)>,
    options: &LoadOptions,
) -> Result<(), TensorError> {
    for (index, view) in before {
        if let Some(leaf) = leaves.get_mut(index) {
            fitted::write(leaf.tensor, &view, options)?;
        }
    }
    Ok(())
}

fn failed(key: &str, source: TensorError, written: usize) -> LoadProblem {
    LoadProblem::Write { key: key.to_owned(), source, written }
}

fn undone(key: &str, source: TensorError, undone: usize) -> Written {
    let problem = LoadProblem::RolledBack { key: key.to_owned(), source, undone };
    Written { tensors: 0, problems: vec![problem] }
}

/// Checks that the model shows the same leaves for writing as it did for reading.
fn same_model(plan: &Plan, leaves: &[LeafMut<'_>]) -> Result<(), Box<LoadProblem>> {
    let different =
        |key: &str| Box::new(LoadProblem::Model(ModelError::Unsteady { key: key.to_owned() }));
    if plan.leaves.len() != leaves.len() {
        return Err(different(plan.leaves.get(leaves.len()).map_or("", |leaf| &leaf.key)));
    }
    match plan.leaves.iter().zip(leaves).find(|(expected, leaf)| {
        expected.key != leaf.key
            || expected.kind != leaf.kind
            || expected.dtype != leaf.tensor.dtype()
            || expected.shape != leaf.tensor.shape()
    }) {
        Some((expected, _)) => Err(different(&expected.key)),
        None => Ok(()),
    }
}
