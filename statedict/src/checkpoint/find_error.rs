//! Why the state dict of a checkpoint is not found.

use std::fmt::{self, Write as _};

use crate::contents::{Segment, ValuePath};
use crate::escape::OneLine;
use crate::plain_debug::debug_is_display;

/// The keys under which a checkpoint's state dict is found without being named: those of PyTorch's
/// tutorials and of the libraries that follow them.
pub(super) const NAMES: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// So many are listed in a message.
const LISTED: usize = 8;

/// A value of a checkpoint that could be a model's state dict: a dict of str to tensor.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its path.
    pub path: ValuePath,
    /// How many tensors it has.
    pub tensors: usize,
}

/// Which state dict of a checkpoint is meant cannot be told.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct FindError {
    /// Those that could be meant by their names; none or several.
    pub fitting: Vec<Candidate>,
    /// The values that have one of these names and are not state dicts, with the reasons.
    pub unfit: Vec<(ValuePath, String)>,
    /// All there are.
    pub candidates: Vec<Candidate>,
    /// Why the checkpoint is not a state dict itself.
    pub root: String,
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        let list = |f: &mut OneLine<'_, '_>, candidates: &[Candidate]| {
            for (index, candidate) in candidates.iter().take(LISTED).enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                let s = if candidate.tensors == 1 { "" } else { "s" };
                write!(f, "{comma}`{}` ({} tensor{s})", candidate.path, candidate.tensors)?;
            }
            match candidates.len().checked_sub(LISTED) {
                None | Some(0) => Ok(()),
                Some(more) => write!(f, " and {more} more"),
            }
        };
        if self.fitting.is_empty() {
            write!(f, "the checkpoint is no state dict ({})", self.root)?;
            for (path, reason) in &self.unfit {
                write!(f, ", nor is its `{path}` ({reason})")?;
            }
            let Some(first) = self.candidates.first() else {
                return write!(f, ", and there is none in it");
            };
            write!(f, ", and it has none under ")?;
            for (index, name) in NAMES.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(f, "{comma}`{name}`")?;
            }
            let place = argument(&first.path);
            write!(
                f,
                "; name the one you mean, such as `Checkpoint::open(path)?.state_dict({place})?`"
            )?;
            write!(f, ": there are ")?;
            return list(&mut f, &self.candidates);
        }
        write!(f, "several state dicts could be meant; name one")?;
        if let Some(first) = self.fitting.first() {
            write!(f, " as in `Checkpoint::open(path)?.state_dict({})?`", argument(&first.path))?;
        }
        write!(f, ": ")?;
        list(&mut f, &self.fitting)
    }
}

/// A path as it is written in Rust.
fn argument(path: &ValuePath) -> String {
    let segments = path.segments().iter().map(|segment| match segment {
        Segment::Key(key) => Some(format!("{key:?}")),
        Segment::Index(index) => Some(index.to_string()),
        _ => None,
    });
    match segments.collect::<Option<Vec<_>>>().as_deref() {
        Some([only]) => only.clone(),
        Some(all) => format!("({})", all.join(", ")),
        // A text is understood too.
        None => format!("{:?}", path.to_string()),
    }
}

debug_is_display!(FindError);

impl std::error::Error for FindError {}
