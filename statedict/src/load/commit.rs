//! Writing the model, once everything has been checked.

use crate::load::extra;
use crate::load::fill::Filling;
use crate::load::fitted;
use crate::load::matching::{Match, Source};
use crate::load::options::LoadOptions;
use crate::load::plan::Plan;
use crate::load::policy::Atomicity;
use crate::load::problem::LoadProblem;
use crate::tensor::TensorView;
use crate::traits::{TensorError, TensorMut};
use crate::visit::{Key, Leaf, ModelError, Slot, StateDict, Walk, walk_mut, walk_writing};

/// What was written.
#[derive(Default)]
pub(crate) struct Written {
    /// How many tensors were written, and stayed so.
    pub(crate) tensors: usize,
    /// How many extra states were set, and stayed so.
    pub(crate) extras: usize,
    pub(crate) problems: Vec<LoadProblem>,
}

/// Why writing stopped.
enum Stop {
    /// The key it was at, and the cause.
    At(String, Box<TensorError>),
    /// The model is not the one that was planned for; nothing was written.
    Different(Vec<LoadProblem>),
    /// Something is behind a lock, for which the model must be looked at first; nothing was written.
    Locked,
}

fn at(key: &str, error: TensorError) -> Stop {
    Stop::At(key.to_owned(), Box::new(error))
}

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
    // What is behind a lock is written while the model is walked, and extra states are handed over
    // before that: then the model is looked at first. Otherwise one walk is enough for both.
    let look_first = plan.locked || found.extras.iter().any(Option::is_some);
    if look_first && let Err(problems) = same_model(plan, &walk_mut(model)) {
        return Written { problems, ..Written::default() };
    }
    let mut held = Vec::new();
    if options.atomicity == Atomicity::Staged {
        for (index, leaf) in plan.leaves().enumerate() {
            let source = found.sources.get(index);
            match source.map(|source| fitted::hold(&leaf, &source, options)).transpose() {
                Ok(view) => held.push(view),
                Err(source) => return undone(&plan.keys.spell(leaf.key), source, 0),
            }
        }
    }
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
    let sources = Contents { plan, found, held };
    let mut write =
        |looked| write_all((&mut *model, looked), &sources, options, &mut written, &mut before);
    let done = match write(look_first) {
        Err(Stop::Locked) => write(true),
        done => done,
    };
    match done {
        Ok(()) => written,
        // Only a first walk stops there.
        Err(Stop::Locked) => stopped(written, "", TensorError::Library("a new lock".into())),
        Err(Stop::Different(problems)) => Written { problems, ..Written::default() },
        Err(Stop::At(key, error)) if options.atomicity == Atomicity::Staged => {
            let given_back = extra::give_back(model, &extras).map_err(TensorError::Library);
            match roll_back(model, before, options).and(given_back) {
                Ok(()) => undone(&key, *error, written.tensors),
                Err(_) => stopped(written, &key, *error),
            }
        }
        Err(Stop::At(key, error)) => stopped(written, &key, *error),
    }
}

/// What goes into the leaves.
struct Contents<'c, 'm, 's> {
    plan: &'c Plan,
    found: &'c Match<'m, 's>,
    /// What has been read and converted before the first write; empty where that is not asked for.
    held: Vec<Option<TensorView<'static>>>,
}

impl Contents<'_, '_, '_> {
    /// What goes into a leaf.
    fn of(&self, leaf: usize) -> Option<Source<'_, '_>> {
        let source = self.found.sources.get(leaf)?;
        match self.held.get(leaf) {
            Some(held) => Some(Source { key: source.key, tensor: held.as_ref()? }),
            None => Some(source),
        }
    }

    /// For a leaf that shares its storage with an earlier one that is loaded: that, and what goes into it.
    fn tied(&self, leaf: usize) -> Option<(usize, Source<'_, '_>)> {
        let first = self.plan.first.of_leaf(leaf);
        if first == leaf { None } else { Some((first, self.of(first)?)) }
    }
}

/// Writes the sources that are there: what is behind locks, what is not plain memory, then the rest
/// on all threads. Leaves that were one are made one again, where the library did not do it.
fn write_all<M: StateDict + ?Sized>(
    (model, looked): (&mut M, bool),
    contents: &Contents<'_, '_, '_>,
    options: &LoadOptions,
    written: &mut Written,
    before: &mut Before,
) -> Result<(), Stop> {
    let plan = contents.plan;
    // A leaf behind a lock can only be written while the walk is at it.
    let mut locked = Ok(());
    let mut walk = walk_writing(model, &mut |index, leaf| {
        if !looked {
            return;
        }
        if let (Ok(()), Some(source)) = (&locked, contents.of(index)) {
            locked = write_one((index, leaf), &source, options, written, before);
        } else if let (Ok(()), Some((_, source))) = (&locked, contents.tied(index)) {
            // It cannot be held together with the first. Where their memory is one, that is filled
            // twice with the same.
            locked = write_again((index, leaf), &source, options, written, before);
        }
    });
    locked?;
    match same_model(plan, &walk) {
        Err(problems) if !looked => return Err(Stop::Different(problems)),
        Ok(()) if !looked && walk.locked => return Err(Stop::Locked),
        // It was the same before: another thread has taken a lock.
        Err(problems) => {
            let gone = problems.first().map(LoadProblem::text).unwrap_or_default();
            return Err(at("", TensorError::Library(gone.into())));
        }
        Ok(()) => {}
    }
    let leaves = &mut walk.leaves;
    let (mut nbytes, mut wrong) = (0usize, None);
    // Which leaves have been written: all but those that are plain memory.
    let mut done = vec![false; leaves.len()];
    let mut again = Vec::new();
    for (index, done) in done.iter_mut().enumerate() {
        let Some(leaf) = borrowed(leaves, index) else { continue };
        let Some(source) = contents.of(index) else {
            again.extend(contents.tied(index).map(|(first, source)| (index, first, source)));
            continue;
        };
        if let Some(memory) = fitted::plain_memory(leaf, source.tensor, options) {
            if memory != source.tensor.nbytes() {
                wrong = wrong.or(Some((source, memory)));
            }
            nbytes = nbytes.saturating_add(memory);
        } else {
            write_one((index, leaf), &source, options, written, before)?;
            *done = true;
        }
    }
    for (index, first, source) in again {
        // The first of a storage is before the others.
        let (firsts, rest) = leaves.split_at_mut(index);
        let Some(Slot::Borrowed(leaf)) = rest.first_mut().map(|leaf| &mut leaf.tensor) else {
            continue;
        };
        let is_done = done.get(first).copied().unwrap_or_default();
        let first = borrowed(firsts, first).filter(|_| is_done);
        if first.as_ref().is_some_and(|first| leaf.storage_id() == first.storage_id()) {
            continue;
        }
        if options.atomicity == Atomicity::Staged {
            let held = fitted::copy_of(&**leaf).map_err(|error| at(source.key, error))?;
            before.push((index, held));
        }
        if !first.is_some_and(|first| leaf.share(first)) {
            write_again((index, &mut **leaf), &source, options, written, before)?;
        }
    }
    // Not one of these is filled where one cannot be.
    match wrong {
        Some((source, memory)) => Err(wrong_memory(&source, memory)),
        None => fill_plain(leaves, &done, contents, nbytes, written),
    }
}

/// Writes a source into another leaf of the same storage: it has been counted.
fn write_again(
    leaf: (usize, &mut dyn TensorMut),
    source: &Source<'_, '_>,
    options: &LoadOptions,
    written: &mut Written,
    before: &mut Before,
) -> Result<(), Stop> {
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
) -> Result<(), Stop> {
    let backup = match options.atomicity {
        Atomicity::Staged => fitted::copy_of(leaf).map(|view| before.push((index, view))),
        Atomicity::Validated | Atomicity::None => Ok(()),
    };
    match backup.and_then(|()| fitted::write(leaf, source.tensor, options)) {
        Ok(()) => written.tensors += 1,
        Err(error) if options.atomicity == Atomicity::None => {
            written.problems.push(failed(source.key, error, written.tensors));
        }
        Err(error) => return Err(at(source.key, error)),
    }
    Ok(())
}

/// Fills the leaves that are plain memory: those that have a source and are not `done`.
fn fill_plain(
    leaves: &mut [Leaf<Slot<'_>>],
    done: &[bool],
    contents: &Contents<'_, '_, '_>,
    nbytes: usize,
    written: &mut Written,
) -> Result<(), Stop> {
    let mut filling = Filling::of(nbytes);
    let mut count = 0;
    let plain = leaves.iter_mut().enumerate().zip(done).filter(|(_, done)| !**done);
    for ((index, leaf), _) in plain {
        let (Slot::Borrowed(leaf), Some(source)) = (&mut leaf.tensor, contents.of(index)) else {
            continue;
        };
        let nbytes = source.tensor.nbytes();
        match leaf.host_bytes_mut() {
            Some(memory) if memory.len() == nbytes => filling.add(index, memory, source.tensor),
            memory => return Err(wrong_memory(&source, memory.map_or(0, |memory| memory.len()))),
        }
        count += 1;
    }
    let before = written.tensors;
    let failures = filling.finish();
    written.tensors += count - failures.len();
    for (leaf, error) in failures {
        let key = contents.of(leaf).map_or("", |source| source.key);
        written.problems.push(failed(key, error.into(), before));
    }
    Ok(())
}

/// A leaf's memory has another size than what goes into it.
fn wrong_memory(source: &Source<'_, '_>, found: usize) -> Stop {
    at(source.key, fitted::wrong_memory(found, source.tensor.nbytes()))
}

/// Gives the leaves that were written what they held before.
fn roll_back<M: StateDict + ?Sized>(
    model: &mut M,
    before: Before,
    options: &LoadOptions,
) -> Result<(), TensorError> {
    let held = |index| before.iter().find(|(leaf, _)| *leaf == index).map(|(_, view)| view);
    let mut done = Ok(());
    let mut walk = walk_writing(model, &mut |index, leaf| {
        if let (Ok(()), Some(view)) = (&done, held(index)) {
            done = fitted::write(leaf, view, options);
        }
    });
    done?;
    if let Some(gone) = walk.problems().first() {
        return Err(TensorError::Library(gone.to_string().into()));
    }
    for (index, leaf) in walk.leaves.iter_mut().enumerate() {
        if let (Slot::Borrowed(leaf), Some(view)) = (&mut leaf.tensor, held(index)) {
            fitted::write(&mut **leaf, view, options)?;
        }
    }
    Ok(())
}

/// A leaf that can be held together with others.
fn borrowed<'w>(leaves: &'w mut [Leaf<Slot<'_>>], index: usize) -> Option<&'w mut dyn TensorMut> {
    match &mut leaves.get_mut(index)?.tensor {
        Slot::Borrowed(tensor) => Some(&mut **tensor),
        Slot::Locked(_) => None,
    }
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
    let different = |key: String| vec![LoadProblem::Model(ModelError::Unsteady { key })];
    let count = walk.leaves.len();
    if plan.leaf_count() != count {
        return Err(different(
            plan.leaf(count).map_or(String::new(), |leaf| spell(plan, leaf.key)),
        ));
    }
    // The names are stored alike where the calls are; other calls may still make the same keys.
    let alike = plan.keys.extends(&walk.keys);
    let (mut expected, mut shown) = (plan.keys.speller(), walk.keys.speller());
    let mut same_key = |a: Key, b: Key| {
        if alike { a == b } else { expected.spell(a) == shown.spell(b) }
    };
    for (leaf, shown) in plan.leaves().zip(walk.leaves.iter()) {
        if !same_key(leaf.key, shown.key)
            || leaf.kind != shown.kind
            || leaf.dtype != shown.tensor.dtype()
            || *leaf.sizes() != *shown.tensor.shape()
        {
            return Err(different(spell(plan, leaf.key)));
        }
    }
    let expected = plan.extras.iter().map(|extra| spell(plan, extra.key));
    let shown = walk.extras.iter().map(|extra| walk.keys.spell(extra.key));
    if expected.clone().ne(shown.clone()) {
        let differing = expected.clone().zip(shown).find(|(expected, shown)| expected != shown);
        let first = differing.map(|(expected, _)| expected).or_else(|| expected.clone().next());
        return Err(different(first.unwrap_or_else(|| "_extra_state".to_owned())));
    }
    Ok(())
}

fn spell(plan: &Plan, key: Key) -> String {
    plan.keys.spell(key)
}
