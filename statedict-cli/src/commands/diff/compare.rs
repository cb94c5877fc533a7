//! Everything of one file against everything of another.

use std::collections::{HashMap, HashSet};

use statedict::TensorView;
use statedict::contents::{Contents, Digests, Found, Parts, Step};
use statedict::value::{Kind, Value};

use super::budget::Budget;
use super::delta::{self, Compared};
use super::difference::{Difference, Form, What};
use super::pairs::{Pair, Pairs};
use super::sameness::{has_identity, shape};
use crate::failure::{Failure, chain};
use crate::leaf;
use crate::opened::Opened;
use crate::path;
use crate::progress::Progress;
use crate::ties::StorageKey;
use crate::walk::{METADATA, is_flat, tensor};

/// What comparing two files gave.
#[derive(Default)]
pub(super) struct Comparison<'g> {
    pub(super) differences: Vec<Difference<'g>>,
    /// How many tensors, and how many other values, are identical.
    pub(super) tensors: usize,
    pub(super) others: usize,
    /// How many tensors and values differ by no more than the tolerance.
    pub(super) close: usize,
    /// Whether a key is its own name: both files are like state dicts.
    pub(super) is_flat: bool,
}

impl Comparison<'_> {
    pub(super) fn identical(&self) -> usize {
        self.tensors + self.others
    }
}

#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) tolerance: Option<f64>,
    /// Whether tensors are read.
    pub(super) values: bool,
    /// `true` if everything counts; of two formats only what both can hold does: no attributes, no flags.
    pub(super) is_strict: bool,
}

/// Compares everything: what is in either file is the same, or it is a difference.
pub(super) fn compare<'g>(
    a: &'g Opened,
    b: &'g Opened,
    rules: Rules,
) -> Result<Comparison<'g>, Failure> {
    let of_a = Digests::default();
    let of_b = of_a.alike();
    let mut comparer = Comparer {
        comparison: Comparison {
            is_flat: is_flat(a.root()) && is_flat(b.root()),
            ..Comparison::default()
        },
        rules,
        digests: [of_a, of_b],
        frames: Vec::new(),
        steps: Vec::new(),
        met: [HashMap::new(), HashMap::new()],
        known: HashSet::new(),
        origins: Vec::new(),
        storages: [HashMap::new(), HashMap::new()],
        verified: [HashSet::new(), HashSet::new()],
        progress: (Progress::new(), 0, a.len),
        budget: Budget::of(a.allowed.saturating_add(b.allowed)),
    };
    comparer.run(a.root(), b.root())?;
    Ok(comparer.comparison)
}

/// Two values whose parts are being compared.
struct Frame<'g> {
    a: Value<'g>,
    pairs: Pairs<'g>,
    /// Whether one of them is compared again, with another partner: which of its parts are one object was told.
    is_again: bool,
    origin: usize,
    /// The part of the budget that its pairs take.
    held: u64,
}

struct Comparer<'g> {
    comparison: Comparison<'g>,
    rules: Rules,
    digests: [Digests; 2],
    frames: Vec<Frame<'g>>,
    steps: Vec<Step<'g>>,
    /// The values of either file that were met, and where.
    met: [HashMap<u64, usize>; 2],
    known: HashSet<(u64, u64)>,
    /// Where values were met: in what, and by which step.
    origins: Vec<Option<(usize, Step<'g>)>>,
    /// Of each storage the first tensor that shows it: where it was met, and its offset.
    storages: [HashMap<StorageKey, (usize, i128)>; 2],
    /// The storages of either file whose checksums were right.
    verified: [HashSet<StorageKey>; 2],
    progress: (Progress, u64, u64),
    budget: Budget,
}

impl<'g> Comparer<'g> {
    fn run(&mut self, a: Value<'g>, b: Value<'g>) -> Result<(), Failure> {
        self.both(a, b)?;
        while let Some(frame) = self.frames.last_mut() {
            let pair = frame.pairs.next();
            let depth = self.frames.len();
            self.steps.truncate(depth - 1);
            self.budget.pair(pair.as_ref())?;
            match pair {
                None => {
                    if let Some(frame) = self.frames.pop() {
                        self.budget.close(frame.held);
                    }
                }
                Some(Pair::Both((step, a), (_, b))) => {
                    self.steps.push(step);
                    self.both(a, b)?;
                }
                Some(
                    Pair::Removed((Step::Attribute(_), _)) | Pair::Added((Step::Attribute(_), _)),
                ) if !self.rules.is_strict => {}
                Some(Pair::Removed((step, value))) => {
                    self.steps.push(step);
                    self.single(value, |form| What::Removed { was: form })?;
                }
                Some(Pair::Added((step, value))) => {
                    self.steps.push(step);
                    self.single(value, |form| What::Added { is: form })?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, what: What) {
        self.budget.difference(self.steps.len());
        self.comparison.differences.push(Difference { steps: self.steps.clone(), what });
    }

    /// Whether the path, without its last `below` steps, leads to the `_metadata` of a dict.
    fn is_metadata(&self, below: usize) -> bool {
        let depth = self.steps.len().checked_sub(below + 1);
        let step = depth.and_then(|depth| self.steps.get(depth));
        let dict =
            self.frames.len().checked_sub(below + 1).and_then(|index| self.frames.get(index));
        matches!(step, Some(Step::Attribute(METADATA)))
            && dict.is_some_and(|frame| frame.a.as_mapping().is_some())
    }

    /// Tells of everything in what one file has and the other has not.
    fn single(&mut self, value: Value<'g>, what: impl Fn(Form) -> What) -> Result<(), Failure> {
        if self.is_metadata(0)
            && let Some(modules) = value.as_mapping().filter(|modules| !modules.is_empty())
        {
            for (place, (module, entry)) in modules.iter().enumerate() {
                self.steps.push(Step::of_entry(module, place));
                self.add(what(Form::Version(leaf::plain(entry, &self.budget.texts).0)));
                self.steps.pop();
            }
            return Ok(());
        }
        if self.is_metadata(1) {
            self.add(what(Form::Version(leaf::plain(value, &self.budget.texts).0)));
            return Ok(());
        }
        let (depth, told) = (self.steps.len(), self.comparison.differences.len());
        let mut contents = Contents::of(value);
        while let Some(found) = contents.advance()? {
            let value = match found {
                Found::Value(value) => value,
                Found::Long(value) => {
                    self.steps.extend(contents.steps());
                    self.add(what(Form::Leaf(leaf::cut(value))));
                    self.steps.truncate(depth);
                    continue;
                }
                _ => continue,
            };
            let is_told = match value.kind() {
                Kind::List(_)
                | Kind::Tuple(_)
                | Kind::Size(_)
                | Kind::Dict(_)
                | Kind::Object(_) => {
                    let is_empty = Parts::of(value).get(0).is_none();
                    is_empty || matches!(value.kind(), Kind::Object(_))
                }
                Kind::Set(_) | Kind::FrozenSet(_) => {
                    if leaf::leaf(value, &self.budget.texts).1 {
                        contents.skip();
                    }
                    true
                }
                _ => true,
            };
            if is_told {
                self.steps.extend(contents.steps());
                self.add(what(Form::of(value, &self.budget.texts)));
                self.steps.truncate(depth);
            }
        }
        // A value that has nothing but itself in it.
        if self.comparison.differences.len() == told {
            self.add(what(Form::of(value, &self.budget.texts)));
        }
        Ok(())
    }

    fn both(&mut self, a: Value<'g>, b: Value<'g>) -> Result<(), Failure> {
        let above = self.frames.last().map(|frame| (frame.origin, frame.is_again));
        let origin = self.origins.len();
        if a.identity().is_some() || b.identity().is_some() {
            self.budget.value()?;
            self.origins.push(above.map(|(above, _)| above).zip(self.steps.last().copied()));
        }
        let mut is_again = above.is_some_and(|(_, is_again)| is_again);
        if let (Some(x), Some(y)) = (a.identity(), b.identity()) {
            if !self.known.insert((x, y)) {
                // A tensor has several names; everything else was compared where it was met.
                match (tensor(a), tensor(b)) {
                    (Some(x), Some(y)) => {
                        self.budget.dims(x.shape().len().saturating_add(y.shape().len()))?;
                        self.tensors(a, b, (&x, &y), origin);
                    }
                    _ => {
                        self.comparison.others +=
                            usize::from(matches!(a.kind(), Kind::NumPy(_) | Kind::Storage(_)))
                    }
                }
                return Ok(());
            }
            let first = [self.met[0].get(&x).copied(), self.met[1].get(&y).copied()];
            self.met[0].entry(x).or_insert(origin);
            self.met[1].entry(y).or_insert(origin);
            if first != [None, None] && has_identity(a, b) {
                if self.rules.is_strict && !is_again {
                    let [was, is] = first.map(|first| first.map(|first| self.name(first)));
                    self.add(What::Tie { was, is, of_storage: false });
                }
                // That they are one with others was told; where it does not count, they are compared.
                if self.rules.is_strict && first.iter().all(Option::is_some) {
                    return Ok(());
                }
                is_again = true;
            }
        }
        if self.is_metadata(1) && self.versions(a, b) {
            return Ok(());
        }
        if !self.alone(a, b, origin)? {
            return Ok(());
        }
        let (of_a, of_b) = (Parts::of(a), Parts::of(b));
        if of_a.get(0).is_none() && of_b.get(0).is_none() {
            return Ok(());
        }
        let held = self.budget.open(&of_a, &of_b)?;
        let pairs = Pairs::of(&of_a, &of_b, &mut self.digests);
        if !pairs.is_ordered && self.rules.is_strict {
            self.add(What::Order);
        }
        self.frames.push(Frame { a, pairs, is_again, origin, held });
        Ok(())
    }

    /// Compares what `_metadata` says of a module, where JSON has words for all of it.
    fn versions(&mut self, a: Value<'g>, b: Value<'g>) -> bool {
        let ((was, x), (is, y)) =
            (leaf::plain(a, &self.budget.texts), leaf::plain(b, &self.budget.texts));
        let [of_a, of_b] = &mut self.digests;
        if !(x && y) {
            return false;
        }
        if was != is {
            self.add(What::Version { was, is });
            return true;
        }
        let is_same = !self.rules.is_strict || of_a.of(a) == of_b.of(b);
        self.comparison.others += usize::from(is_same);
        is_same
    }

    /// Compares two values without their parts. Whether the parts are to be compared.
    fn alone(&mut self, a: Value<'g>, b: Value<'g>, origin: usize) -> Result<bool, Failure> {
        if let (Some(x), Some(y)) = (tensor(a), tensor(b)) {
            self.budget.dims(x.shape().len().saturating_add(y.shape().len()))?;
            self.tensors(a, b, (&x, &y), origin);
            return Ok(true);
        }
        let changed = || What::Changed {
            was: Form::of(a, &self.budget.texts),
            is: Form::of(b, &self.budget.texts),
        };
        match (a.kind(), b.kind()) {
            (Kind::Refused(x), Kind::Refused(y)) if x.reason() == y.reason() => {
                self.add(What::Trouble { reason: x.to_string() });
                return Ok(false);
            }
            (Kind::Storage(x), Kind::Storage(y)) => {
                let view = |storage: statedict::tensor::Storage<'g>| {
                    TensorView::contiguous(
                        storage.clone(),
                        statedict::DType::U8,
                        [storage.nbytes()],
                        0,
                    )
                };
                if x.dtype() != y.dtype() || x.storage().nbytes() != y.storage().nbytes() {
                    self.add(changed());
                } else if self.rules.values {
                    let (x, y) = (view(x.storage())?, view(y.storage())?);
                    match self.read(&x, &y) {
                        Ok(Compared::Identical) => self.comparison.others += 1,
                        Ok(_) => self.add(What::Values {
                            form: Form::of(a, &self.budget.texts),
                            delta: None,
                        }),
                        Err(error) => self.add(What::Trouble { reason: error.to_string() }),
                    }
                }
                self.ties([x.storage().identity(), y.storage().identity()], [0, 0], origin);
                return Ok(false);
            }
            _ => {}
        }
        let has_parts = |value: Value<'g>| {
            Parts::of(value).elements().is_some()
                || matches!(value.kind(), Kind::Object(_) | Kind::Sparse(_))
        };
        let texts = &self.budget.texts;
        let is_plain_set = |value: Value<'g>| {
            matches!(value.kind(), Kind::Set(_) | Kind::FrozenSet(_)) && leaf::leaf(value, texts).1
        };
        let is_same_type = a.type_name() == b.type_name();
        if is_same_type && is_plain_set(a) && is_plain_set(b) {
            let [of_a, of_b] = &mut self.digests;
            if of_a.of(a) == of_b.of(b) {
                self.comparison.others += 1;
            } else {
                self.add(changed());
            }
            return Ok(false);
        }
        if has_parts(a)
            && has_parts(b)
            && std::mem::discriminant(&shape(a)) == std::mem::discriminant(&shape(b))
        {
            let layout = |value: Value<'g>| match value.kind() {
                Kind::Sparse(sparse) => sparse.layout(),
                _ => "",
            };
            let takes_gradients = |value: Value<'g>| matches!(value.kind(), Kind::Sparse(sparse) if sparse.requires_grad());
            if (!is_same_type && self.rules.is_strict)
                || layout(a) != layout(b)
                || takes_gradients(a) != takes_gradients(b)
            {
                self.add(changed());
            }
            return Ok(true);
        }
        if has_parts(a) || has_parts(b) || !is_same_type {
            self.add(changed());
            return Ok(false);
        }
        let ((x, _), (y, _)) =
            (leaf::leaf(a, &self.budget.texts), leaf::leaf(b, &self.budget.texts));
        if x == y {
            self.comparison.others += 1;
        } else if self.is_close(a, b) {
            self.comparison.close += 1;
        } else {
            self.add(What::Changed { was: Form::Leaf(x), is: Form::Leaf(y) });
        }
        Ok(true)
    }

    /// Whether two plain values are numbers of floating point that are close enough.
    fn is_close(&self, a: Value<'g>, b: Value<'g>) -> bool {
        match (self.rules.tolerance, a.as_f64(), b.as_f64()) {
            (Some(tolerance), Some(a), Some(b)) => {
                (a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan())
            }
            _ => false,
        }
    }

    fn tensors(
        &mut self,
        a: Value<'g>,
        b: Value<'g>,
        (x, y): (&TensorView<'g>, &TensorView<'g>),
        origin: usize,
    ) {
        if x.numel() > 0 && y.numel() > 0 {
            let storages = [x, y].map(|tensor| tensor.storage().identity());
            let offsets = [x, y]
                .map(|tensor| tensor.storage_offset() as i128 * tensor.dtype().size() as i128);
            self.ties(storages, offsets, origin);
        }
        let (was, is) = (Form::of(a, &self.budget.texts), Form::of(b, &self.budget.texts));
        if x.shape() != y.shape() {
            return self.add(What::Resized { was, is });
        }
        let has_moved = self.rules.is_strict
            && (x.location() != y.location()
                || x.requires_grad() != y.requires_grad()
                || a.type_name() != b.type_name()
                || std::mem::discriminant(&a.kind()) != std::mem::discriminant(&b.kind())
                || x.strides() != y.strides()
                || (x.is_conj(), x.is_neg()) != (y.is_conj(), y.is_neg()));
        if has_moved {
            self.add(What::Changed {
                was: Form::of(a, &self.budget.texts),
                is: Form::of(b, &self.budget.texts),
            });
        }
        let has_bytes = x.location() != "meta" && y.location() != "meta";
        let compared = match self.rules.values && has_bytes {
            true => match self.read(x, y) {
                Ok(compared) => Some(compared),
                Err(error) => return self.add(What::Trouble { reason: error.to_string() }),
            },
            false => None,
        };
        let (progress, done, total) = &mut self.progress;
        *done = done.saturating_add(x.nbytes() as u64);
        progress.tell(*done, (*total).max(*done));
        let delta = match &compared {
            Some(Compared::Numbers(delta)) => Some(*delta),
            _ => None,
        };
        if x.dtype() != y.dtype() {
            return self.add(What::Retyped { was, is, delta });
        }
        match compared {
            None | Some(Compared::Identical) => {
                self.comparison.tensors += usize::from(!has_moved);
            }
            Some(Compared::Bytes) => self.add(What::Values { form: was, delta }),
            Some(Compared::Numbers(found)) => match self.rules.tolerance {
                Some(tolerance) if found.max_abs <= tolerance => self.comparison.close += 1,
                _ => self.add(What::Values { form: was, delta }),
            },
        }
    }

    /// Compares bytes, and trusts none whose checksum is wrong.
    fn read(&mut self, a: &TensorView<'g>, b: &TensorView<'g>) -> Result<Compared, Failure> {
        for (tensor, verified) in [a, b].into_iter().zip(&mut self.verified) {
            self.budget.elements.read(tensor)?;
            if !verified.contains(&tensor.storage().identity()) {
                tensor.storage().verify().map_err(|error| chain(&error))?;
                verified.insert(tensor.storage().identity());
            }
        }
        delta::compare(a, b)
    }

    /// Finds whether two tensors, one of each file, share their storages with the same others.
    fn ties(&mut self, storages: [StorageKey; 2], offsets: [i128; 2], origin: usize) {
        let mut firsts = [(0, 0); 2];
        for side in 0..2 {
            let first = self.storages[side].entry(storages[side]);
            firsts[side] = *first.or_insert((origin, offsets[side]));
        }
        let [(was, from_a), (is, from_b)] = firsts;
        if was != is {
            let [was, is] = [was, is].map(|first| (first != origin).then(|| self.name(first)));
            self.add(What::Tie { was, is, of_storage: true });
        } else if self.rules.is_strict && offsets[0] - from_a != offsets[1] - from_b {
            let name = |from: i128, offset: i128| {
                Some(format!("{}, {} bytes on", self.name(was), offset - from))
            };
            let (was, is) = (name(from_a, offsets[0]), name(from_b, offsets[1]));
            self.add(What::Tie { was, is, of_storage: true });
        }
    }

    /// The name of where something was met.
    fn name(&self, mut origin: usize) -> String {
        let mut steps = Vec::new();
        while let Some(&Some((above, step))) = self.origins.get(origin) {
            steps.push(step);
            origin = above;
        }
        steps.reverse();
        path::name(&steps, self.comparison.is_flat)
    }
}
