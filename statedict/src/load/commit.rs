//! Writing the model, once everything has been checked.

use foldhash::{HashMap, HashMapExt};

use crate::load::extra;
use crate::load::fill::{fill, pieces};
use crate::load::fitted;
use crate::load::matching::{Match, Source};
use crate::load::options::LoadOptions;
use crate::load::plan::Plan;
use crate::load::policy::Atomicity;
use crate::load::problem::LoadProblem;
use crate::tensor::TensorView;
use crate::traits::{StateDict, TensorError, TensorMut};
use crate::visit::{Leaf, ModelError, Slot, Walk, walk_mut, walk_writing};

/// What was written.
#[derive(Default)]
pub(crate) struct Written {
    /// How many tensors were written, and stayed so.
    pub(crate) tensors: usize,
    /// How many extra states were set, and stayed so.
    pub(crate) extras: usize,
    pub(crate) problems: Vec<LoadProblem>,
}

/// Why writing stopped: the key it was at, and the cause.
type Stopped = (String, Box<TensorError>);

/// What leaves held before they were written, by their number: only kept where that is asked for.
type Before = Vec<(usize, TensorView<'static>)>;

/// Hands every extra state to its module, then writes every source into its leaf.
///
/// What can fail in a library comes first: where the first one fails, nothing is written yet.
pub(crate) fn commit<M: StateDict + ?Sized>(
    model: &mut M,
    plan: &Plan,
    found: &Match<'_, '_>,
    options: &LoadOptions,
) -> Written {
    if let Err(problems) = same_model(plan, &walk_mut(model)) {
        return Written { problems, ..Written::default() };
    }
    let mut held = Vec::new();
    let staged: Vec<Option<Source<'_, '_>>>;
    let sources = if options.atomicity == Atomicity::Staged {
        for (leaf, source) in plan.leaves.iter().zip(&found.sources) {
            match source.map(|source| fitted::hold(leaf, &source, options)).transpose() {
                Ok(view) => held.push(view),
                Err(source) => return undone(&leaf.key, source, 0),
            }
        }
        let pairs = found.sources.iter().zip(&held).map(|(source, held)| source.zip(held.as_ref()));
        staged = pairs
            .map(|pair| pair.map(|(source, tensor)| Source { key: source.key, tensor }))
            .collect();
        &staged
    } else {
        &found.sources
    };
    let (mut written, mut before) = (Written::default(), Before::new());
    let extras = match extra::set(model, found, options, &mut written.problems) {
        Ok((extras, count)) => {
            written.extras = count;
            extras
        }
        Err(problem) => {
            written.problems.push(*problem);
            return written;
        }
    };
    match write_all(model, (plan, sources), options, &mut written, &mut before) {
        Ok(()) => written,
        Err((key, error)) if options.atomicity == Atomicity::Staged => {
            let given_back = extra::give_back(model, &extras).map_err(TensorError::Library);
            match roll_back(model, before, options).and(given_back) {
                Ok(()) => undone(&key, *error, written.tensors),
                Err(_) => stopped(written, &key, *error),
            }
        }
        Err((key, error)) => stopped(written, &key, *error),
    }
}

/// Writes the sources that are there: what is behind locks, what is not plain memory, then the rest
/// on all threads. Leaves that were one are made one again, where the library did not do it.
fn write_all<M: StateDict + ?Sized>(
    model: &mut M,
    (plan, sources): (&Plan, &[Option<Source<'_, '_>>]),
    options: &LoadOptions,
    written: &mut Written,
    before: &mut Before,
) -> Result<(), Stopped> {
    let source = |index: usize| sources.get(index).copied().flatten();
    // The first leaf of the storage of another, where that is loaded.
    let first = |index| plan.first.get(index).copied().filter(|&first| first != index);
    let tied = |index| first(index).and_then(|first| Some((first, source(first)?)));
    // A leaf behind a lock can only be written while the walk is at it.
    let mut locked = Ok(());
    let walk = walk_writing(model, &mut |index, leaf| {
        if let (Ok(()), Some(source)) = (&locked, source(index)) {
            locked = write_one((index, leaf), &source, options, written, before);
        } else if let (Ok(()), Some((_, source))) = (&locked, tied(index)) {
            // It cannot be held together with the first. Where their memory is one, that is filled
            // twice with the same.
            locked = write_again((index, leaf), &source, options, written, before);
        }
    });
    locked?;
    // Another thread has taken a lock since it was checked.
    if let Some(gone) = walk.problems().first() {
        return Err((String::new(), Box::new(TensorError::Library(gone.to_string().into()))));
    }
    let mut plain = Vec::new();
    let mut done = HashMap::new();
    let mut again = Vec::new();
    for (index, leaf) in borrowed(walk.leaves) {
        let Some(source) = source(index) else {
            again.extend(tied(index).map(|(first, source)| (index, leaf, first, source)));
            continue;
        };
        if fitted::is_plain(leaf, source.tensor, options) {
            plain.push((index, source, leaf));
        } else {
            write_one((index, leaf), &source, options, written, before)?;
            done.insert(index, leaf);
        }
    }
    for (index, leaf, first, source) in again {
        let first = done.get(&first);
        if first.is_some_and(|first| leaf.storage_id() == first.storage_id()) {
            continue;
        }
        if options.atomicity == Atomicity::Staged {
            let held =
                fitted::copy_of(leaf).map_err(|error| (source.key.to_owned(), Box::new(error)))?;
            before.push((index, held));
        }
        if !first.is_some_and(|first| leaf.share(&**first)) {
            write_again((index, leaf), &source, options, written, before)?;
        }
    }
    fill_plain(plain, written)
}

/// Writes a source into another leaf of the same storage: it has been counted.
fn write_again(
    leaf: (usize, &mut dyn TensorMut),
    source: &Source<'_, '_>,
    options: &LoadOptions,
    written: &mut Written,
    before: &mut Before,
) -> Result<(), Stopped> {
    let counted = written.tensors;
    write_one(leaf, source, options, written, before)?;
    written.tensors = counted;
    Ok(())
}

/// Writes one leaf that needs conversion, gathering, or the library's own way.
fn write_one(
    (index, leaf): (usize, &mut dyn TensorMut),
    source: &Source<'_, '_>,
    options: &LoadOptions,
    written: &mut Written,
    before: &mut Before,
) -> Result<(), Stopped> {
    let backup = match options.atomicity {
        Atomicity::Staged => fitted::copy_of(leaf).map(|view| before.push((index, view))),
        Atomicity::Validated | Atomicity::None => Ok(()),
    };
    match backup.and_then(|()| fitted::write(leaf, source.tensor, options)) {
        Ok(()) => written.tensors += 1,
        Err(error) if options.atomicity == Atomicity::None => {
            written.problems.push(failed(source.key, error, written.tensors));
        }
        Err(error) => return Err((source.key.to_owned(), Box::new(error))),
    }
    Ok(())
}

/// Fills the leaves that are plain memory.
fn fill_plain(
    plain: Vec<(usize, Source<'_, '_>, &mut dyn TensorMut)>,
    written: &mut Written,
) -> Result<(), Stopped> {
    let keys: Vec<(usize, &str)> =
        plain.iter().map(|(index, source, _)| (*index, source.key)).collect();
    let mut all = Vec::new();
    for (index, source, leaf) in plain {
        let nbytes = source.tensor.nbytes();
        match leaf.host_bytes_mut() {
            Some(memory) if memory.len() == nbytes => {
                all.extend(pieces(index, memory, source.tensor));
            }
            memory => {
                let error = fitted::wrong_memory(memory.map_or(0, |memory| memory.len()), nbytes);
                return Err((source.key.to_owned(), Box::new(error)));
            }
        }
    }
    let before = written.tensors;
    let failures = fill(all);
    written.tensors += keys.len() - failures.len();
    for (leaf, error) in failures {
        let key = keys.iter().find(|(index, _)| *index == leaf).map_or("", |(_, key)| key);
        written.problems.push(failed(key, error.into(), before));
    }
    Ok(())
}

/// Gives the leaves that were written what they held before.
fn roll_back<M: StateDict + ?Sized>(
    model: &mut M,
    before: Before,
    options: &LoadOptions,
) -> Result<(), TensorError> {
    let held = |index| before.iter().find(|(leaf, _)| *leaf == index).map(|(_, view)| view);
    let mut done = Ok(());
    let walk = walk_writing(model, &mut |index, leaf| {
        if let (Ok(()), Some(view)) = (&done, held(index)) {
            done = fitted::write(leaf, view, options);
        }
    });
    done?;
    if let Some(gone) = walk.problems().first() {
        return Err(TensorError::Library(gone.to_string().into()));
    }
    for (index, leaf) in borrowed(walk.leaves) {
        if let Some(view) = held(index) {
            fitted::write(leaf, view, options)?;
        }
    }
    Ok(())
}

/// The leaves that can be held together, by their number.
fn borrowed<'a>(
    leaves: Vec<Leaf<Slot<'a>>>,
) -> impl Iterator<Item = (usize, &'a mut dyn TensorMut)> {
    leaves.into_iter().enumerate().filter_map(|(index, leaf)| match leaf.tensor {
        Slot::Borrowed(tensor) => Some((index, tensor)),
        Slot::Locked(..) => None,
    })
}

fn failed(key: &str, source: TensorError, written: usize) -> LoadProblem {
    LoadProblem::Write { key: key.to_owned(), source, written }
}

fn stopped(mut written: Written, key: &str, error: TensorError) -> Written {
    written.problems.push(failed(key, error, written.tensors));
    written
}

fn undone(key: &str, source: TensorError, undone: usize) -> Written {
    let problem = LoadProblem::RolledBack { key: key.to_owned(), source, undone };
    Written { problems: vec![problem], ..Written::default() }
}

/// Checks that the model shows the same leaves for writing as it did for reading, and that all of
/// them can be reached.
fn same_model(plan: &Plan, walk: &Walk<Slot<'_>>) -> Result<(), Vec<LoadProblem>> {
    if !walk.problems().is_empty() {
        return Err(walk.problems().iter().cloned().map(LoadProblem::Model).collect());
    }
    let leaves = &walk.leaves;
    let different =
        |key: &str| vec![LoadProblem::Model(ModelError::Unsteady { key: key.to_owned() })];
    if plan.leaves.len() != leaves.len() {
        return Err(different(plan.leaves.get(leaves.len()).map_or("", |leaf| &leaf.key)));
    }
    let changed = plan.leaves.iter().zip(leaves).find(|(expected, leaf)| {
        expected.key != leaf.key
            || expected.kind != leaf.kind
            || expected.dtype != leaf.tensor.dtype()
            || expected.shape != leaf.tensor.shape()
    });
    if let Some((expected, _)) = changed {
        return Err(different(&expected.key));
    }
    let expected = plan.extras.iter().map(|extra| &extra.key);
    let shown = walk.extras.iter().map(|extra| &extra.key);
    if expected.clone().ne(shown.clone()) {
        let differing = expected.clone().zip(shown).find(|(expected, shown)| expected != shown);
        let first = differing.map(|(expected, _)| expected).or_else(|| expected.clone().next());
        return Err(different(first.map_or("_extra_state", |key| key)));
    }
    Ok(())
}
