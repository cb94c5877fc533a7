//! The walk over everything that a value holds.

use std::fmt;

use foldhash::{HashSet, HashSetExt};

use crate::contents::origins::Origins;
use crate::contents::parts::{Parts, Step};
use crate::contents::path::ValuePath;
use crate::plain_debug::debug_is_display;
use crate::value::{Kind, Memory, Value};

/// So many bytes all paths and texts may have together, unless another number is asked for: in a file of its own
/// size and times its own size.
const BUDGET: u64 = 1 << 22;
const TIMES: u64 = 64;
/// As many times the file all texts may be told of.
const TEXTS: u64 = 16;
/// A text of so many bytes may be told of at any rate.
const SHORT: u64 = 160;
/// What a file's graph has left of its memory is for walking it, and so much more.
const MEMORY: usize = 4 << 20;

/// The thing under a path.
#[derive(Debug, Clone, Copy)]
pub enum Found<'g> {
    /// A value, before its parts.
    Value(Value<'g>),
    /// A value with parts that has been told of under another path: [`Contents::first_path`] has it.
    Same(Value<'g>),
    /// A value within itself.
    Cycle(Value<'g>),
    /// A text, bytes or a number that is too long to be looked at again: the file uses it so often that all such
    /// texts together are far larger than the file.
    Long(Value<'g>),
}

/// The paths and texts of what is in a value would be longer than allowed, all together, or knowing which values
/// were told of would take more memory.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct TooManyPaths {
    /// How many bytes are allowed.
    pub allowed: u64,
    what: &'static str,
}

impl TooManyPaths {
    /// Returns what would be too much: `"paths and texts"`, or `"memory"`.
    pub fn limit(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for TooManyPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "going through the values needs more than {} bytes of {}; if you trust the file, raise it with `{}`",
            self.allowed,
            self.what,
            if self.what == "memory" { "Limits::memory" } else { "Contents::budget" }
        )
    }
}

debug_is_display!(TooManyPaths);

impl std::error::Error for TooManyPaths {}

/// Everything that a value holds: entries and items, members of sets, keys that have no spelling, attributes of
/// objects, dicts and tensors, and the parts of sparse and quantized tensors and of NumPy's arrays.
///
/// A value that is used several times is entered once, so that the number of steps is at most that of what the
/// file has. [`under_each_path`](Self::under_each_path) enters it under each path.
///
/// ```
/// use statedict::contents::{Contents, Found};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.pt");
/// # let mut checkpoint = statedict::Checkpoint::new();
/// # checkpoint.set_value("epoch", 5)?;
/// # checkpoint.save(&path)?;
/// let document = statedict::codec::Document::open_with(&path, &Default::default())?;
/// let mut contents = Contents::of(document.root());
/// while let Some(found) = contents.advance()? {
///     if let Found::Value(value) = found {
///         println!("{}: {}", contents.path(), value.type_name());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Contents<'g> {
    /// What comes next, where no frame says it: the root, or the parts of what was told of last.
    waiting: Option<Value<'g>>,
    is_started: bool,
    frames: Vec<Frame<'g>>,
    steps: Vec<Step<'g>>,
    /// The values that were told of, and where each was met.
    origins: Origins<'g>,
    /// Those that are being gone through.
    within: HashSet<u64>,
    each_path: bool,
    /// The bytes of the current path.
    length: u64,
    allowed: u64,
    left: u64,
    texts: u64,
    memory: Memory,
}

/// A value whose parts are being told of.
#[derive(Debug)]
struct Frame<'g> {
    value: Value<'g>,
    parts: Parts<'g>,
    next: usize,
    number: u32,
}

impl<'g> Contents<'g> {
    /// Everything that `root` holds, and itself.
    pub fn of(root: Value<'g>) -> Self {
        let (len, memory) = root.graph().room_for_walks(MEMORY);
        let allowed = len.saturating_mul(TIMES).saturating_add(BUDGET);
        Contents {
            waiting: Some(root),
            is_started: false,
            frames: Vec::new(),
            steps: Vec::new(),
            origins: Origins::default(),
            within: HashSet::new(),
            each_path: false,
            length: 0,
            allowed,
            left: allowed,
            texts: allowed / TEXTS,
            memory,
        }
    }

    /// Enters a value that is used several times under each of its paths. A small file can have very many.
    #[must_use]
    pub fn under_each_path(mut self) -> Self {
        self.each_path = true;
        self
    }

    /// Sets how many bytes all paths may have together, and sixteen times as many as all texts. By default 4 MiB and 64 times the
    /// file.
    #[must_use]
    pub fn budget(mut self, bytes: u64) -> Self {
        (self.allowed, self.left, self.texts) = (bytes, bytes, bytes / TEXTS);
        self
    }

    /// The next thing; `None` after the last.
    ///
    /// # Errors
    /// Where the paths would become longer than [`budget`](Self::budget) allows.
    pub fn advance(&mut self) -> Result<Option<Found<'g>>, TooManyPaths> {
        if !self.is_started {
            self.is_started = true;
            return self.waiting.map(|root| self.tell(root)).transpose();
        }
        if let Some(value) = self.waiting.take() {
            self.enter(value);
        }
        loop {
            self.leave_steps(self.frames.len().saturating_sub(1));
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            if let Some((step, value)) = frame.parts.get(frame.next) {
                frame.next += 1;
                self.length = self.length.saturating_add(step.length());
                self.steps.push(step);
                return self.tell(value).map(Some);
            }
            if let Some(identity) = frame.value.identity() {
                self.within.remove(&identity);
            }
            self.frames.pop();
        }
    }

    fn leave_steps(&mut self, depth: usize) {
        while self.steps.len() > depth {
            if let Some(step) = self.steps.pop() {
                self.length = self.length.saturating_sub(step.length());
            }
        }
    }

    fn tell(&mut self, value: Value<'g>) -> Result<Found<'g>, TooManyPaths> {
        let cost = self.length.saturating_add(1);
        let what = "paths and texts";
        let too_many = TooManyPaths { allowed: self.allowed, what };
        self.left = self.left.checked_sub(cost).ok_or(too_many.clone())?;
        let text = u64::try_from(value.text_len()).unwrap_or(u64::MAX);
        match self.texts.checked_sub(text) {
            Some(left) => self.texts = left,
            None if text <= SHORT => {}
            None if value.identity().is_none() => {
                self.waiting = None;
                return Ok(Found::Long(value));
            }
            // Leaving out a part of a value would be taken for there being none.
            None => return Err(too_many),
        }
        self.waiting = None;
        let Some(identity) = value.identity() else {
            return Ok(Found::Value(value));
        };
        if self.within.contains(&identity) {
            return Ok(Found::Cycle(value));
        }
        let is_new = self.origins.number(identity).is_none();
        if is_new {
            let above = self.frames.last().zip(self.steps.last());
            let origin =
                above.map(|(frame, step)| (frame.number, frame.next.saturating_sub(1), *step));
            let kept = self.origins.add(identity, origin, &mut self.memory);
            kept.map_err(|full| TooManyPaths { allowed: full.allowed(), what: "memory" })?;
        }
        if is_new || self.each_path {
            self.waiting = Some(value);
        } else if !is_single(value) {
            return Ok(Found::Same(value));
        }
        Ok(Found::Value(value))
    }

    fn enter(&mut self, value: Value<'g>) {
        let Some(identity) = value.identity() else { return };
        let parts = Parts::of(value);
        if parts.get(0).is_some()
            && let Some(number) = self.origins.number(identity)
        {
            self.within.insert(identity);
            self.frames.push(Frame { value, parts, next: 0, number });
        }
    }

    /// Leaves out the parts of what was told of last.
    pub fn skip(&mut self) {
        self.waiting = None;
    }

    /// The steps from the root to what was told of last.
    pub fn steps(&self) -> &[Step<'g>] {
        &self.steps
    }

    /// The path of what was told of last.
    pub fn path(&self) -> ValuePath {
        self.steps.iter().collect()
    }

    /// The value that what was told of last is a part of; of the root, `None`.
    pub fn parent(&self) -> Option<Value<'g>> {
        self.frames.last().map(|frame| frame.value)
    }

    /// The steps to where a value with parts was first told of.
    pub fn first_steps(&self, value: Value<'g>) -> Option<Vec<Step<'g>>> {
        self.origins.steps(value)
    }

    /// The path under which a value with parts was first told of.
    pub fn first_path(&self, value: Value<'g>) -> Option<ValuePath> {
        Some(self.first_steps(value)?.iter().collect())
    }
}

/// Returns `true` for what is told of under each of its names, as it is short: a tensor, a storage, an array.
fn is_single(value: Value<'_>) -> bool {
    matches!(
        value.kind(),
        Kind::Tensor(_)
            | Kind::Quantized(_)
            | Kind::Storage(_)
            | Kind::NumPy(_)
            | Kind::ByteArray(_)
    )
}
