//! What is in a checkpoint, as a list and as a tree to look at.

use std::fmt::{self, Write as _};

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::shape::{Shape, described};
use crate::codec::read::{is_tensor, unfit};
use crate::contents::{self, Segment, Step, ValuePath};
use crate::escape::OneLine;
use crate::value::text::quoted;
use crate::value::{Dict, Items, Kind, Value};

/// The limits of what is shown: levels, entries of one container, lines in all, and
/// characters of a text.
const LEVELS: usize = 8;
const SHOWN: usize = 16;
const LINES: usize = 1000;
const TEXT: usize = 60;

/// A part of a container in a checkpoint.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its path.
    pub path: ValuePath,
    /// Its type's name in Python.
    pub type_name: String,
    /// How many entries or items it has, where it is a container.
    pub len: Option<usize>,
    /// How many tensors it has, where it could be a state dict; of a tensor, one.
    pub tensors: usize,
    /// The size of these tensors' elements in bytes. Those of tensors that share a storage count each.
    pub nbytes: u64,
}

impl Checkpoint<'_> {
    /// Lists the parts of the container at a path, in order. No tensor is read.
    ///
    /// ```
    /// use statedict::{Checkpoint, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("epoch", 5)?;
    /// checkpoint.set_value("mask", TensorView::from_vec(vec![true; 6], [6])?)?;
    /// for listed in checkpoint.list(())? {
    ///     println!("{}: {} of {} bytes", listed.path, listed.type_name, listed.nbytes);
    /// }
    /// # assert_eq!(checkpoint.list(())?[1].nbytes, 6);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is nothing at the path, or no container.
    pub fn list(&self, path: impl Into<ValuePath>) -> Result<Vec<Listed>, CheckpointError> {
        let path = self.meant(path.into())?;
        let part = self.part(&path)?;
        let Some(parts) = Parts::of(part) else {
            return Err(CheckpointError::Unfit {
                path,
                expected: "a container",
                found: described(part),
                advice: String::new(),
            });
        };
        let listed = (0..parts.len()).filter_map(|index| {
            let (name, part) = parts.get(index)?;
            let (tensors, nbytes) = tensors(part).unwrap_or_default();
            Some(Listed {
                path: path.join(Segment::from(&name)),
                type_name: part.type_name(),
                len: Parts::of(part).map(|parts| parts.len()),
                tensors,
                nbytes,
            })
        });
        Ok(listed.collect())
    }
}

/// The parts of a container.
enum Parts<'c> {
    Entries(Dict<'c>),
    Items(Items<'c>),
    Attributes(Vec<(Step<'c>, Value<'c>)>),
}

impl<'c> Parts<'c> {
    fn of(part: Value<'c>) -> Option<Self> {
        match Shape::of(part) {
            Shape::Dict(entries) => Some(Parts::Entries(entries)),
            Shape::Object(Some(_)) => {
                Some(Parts::Attributes(contents::Parts::of(part).named().collect()))
            }
            Shape::Items(items) => Some(Parts::Items(items)),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Parts::Entries(entries) => entries.len(),
            Parts::Items(items) => items.len(),
            Parts::Attributes(attributes) => attributes.len(),
        }
    }

    fn get(&self, index: usize) -> Option<(Step<'c>, Value<'c>)> {
        match self {
            Parts::Entries(entries) => {
                let (key, value) = entries.get_index(index)?;
                Some((Step::of_entry(key, index), value))
            }
            Parts::Items(items) => Some((Step::Index(index), items.get(index)?)),
            Parts::Attributes(attributes) => attributes.get(index).copied(),
        }
    }
}

/// How many tensors a tensor or a dict of tensors has, and of how many bytes.
fn tensors(part: Value<'_>) -> Option<(usize, u64)> {
    let size = |part: Value<'_>| {
        let nbytes = match (part.as_tensor(), part.kind()) {
            (Some(view), _) => view.nbytes(),
            (None, Kind::NumPy(array)) => array.data().as_bytes().map_or(0, <[u8]>::len),
            _ => 0,
        };
        is_tensor(part).then(|| u64::try_from(nbytes).unwrap_or(u64::MAX))
    };
    match part.as_mapping() {
        Some(entries) if !entries.is_empty() && unfit(entries, false).is_none() => {
            let sizes = entries.iter().filter_map(|(_, value)| size(value));
            Some(sizes.fold((0, 0), |(count, all), nbytes| (count + 1, all.saturating_add(nbytes))))
        }
        _ => size(part).map(|nbytes| (1, nbytes)),
    }
}

impl fmt::Display for Checkpoint<'_> {
    /// A tree of what is in it: keys, types, plain values, numbers of entries, sizes of tensors. State dicts
    /// are one line; of long or deep containers only the beginning is shown, and what is left out is counted.
    ///
    /// ```
    /// use statedict::{Checkpoint, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("epoch", 5)?;
    /// checkpoint.set_state_map("model", &map)?;
    /// assert_eq!(
    ///     checkpoint.to_string(),
    ///     "dict of 2\n  epoch: int 5\n  model: collections.OrderedDict, 1 tensor of 24 bytes\n"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root();
        write_value(f, root)?;
        // The containers that are being shown, each with the next of its parts.
        let mut open: Vec<(Parts<'_>, usize)> = shown(root).into_iter().map(|p| (p, 0)).collect();
        let mut lines = 0;
        while let Some((parts, next)) = open.last_mut() {
            let index = *next;
            *next += 1;
            let len = parts.len();
            let part = if index < SHOWN { parts.get(index) } else { None };
            let indent = open.len() * 2;
            let Some((name, part)) = part else {
                if let Some(more) = len.checked_sub(SHOWN).filter(|&more| more > 0) {
                    writeln!(f, "{:indent$}… {more} more", "")?;
                }
                open.pop();
                continue;
            };
            lines += 1;
            if lines > LINES {
                return writeln!(f, "{:indent$}… and what follows", "");
            }
            write!(f, "{:indent$}", "")?;
            match (&name, Segment::from(&name)) {
                (_, Segment::Key(key) | Segment::Attribute(key)) => write!(OneLine(f), "{key}: ")?,
                (Step::Key(_), Segment::Index(key)) => write!(f, "{key}: ")?,
                (_, segment) => write!(OneLine(f), "{}: ", ValuePath::from(segment))?,
            }
            write_value(f, part)?;
            match shown(part) {
                Some(_) if open.len() >= LEVELS => writeln!(f, "{:indent$}  …", "")?,
                Some(parts) => open.push((parts, 0)),
                None => {}
            }
        }
        Ok(())
    }
}

/// The parts of a value that have lines of their own: not those of a state dict or of a short list.
fn shown<'c>(part: Value<'c>) -> Option<Parts<'c>> {
    if tensors(part).is_some() || short(part).is_some() {
        return None;
    }
    Parts::of(part).filter(|parts| parts.len() > 0)
}

/// A list or the like of a few numbers, as one text.
fn short(part: Value<'_>) -> Option<String> {
    let Shape::Items(items) = Shape::of(part) else { return None };
    if items.len() > SHOWN {
        return None;
    }
    let mut texts = Vec::with_capacity(items.len());
    for index in 0..items.len() {
        texts.push(plain(items.get(index)?)?);
    }
    let text = texts.join(", ");
    (text.chars().count() <= TEXT).then_some(text)
}

/// A value without parts, as Python prints it.
fn plain(part: Value<'_>) -> Option<String> {
    Some(match Shape::of(part) {
        Shape::None => "None".to_owned(),
        Shape::Bool(value) => if value { "True" } else { "False" }.to_owned(),
        Shape::Int(value) => value.to_string(),
        Shape::Float(value) => format!("{value:?}"),
        Shape::Complex(re, im) => format!("{re:?}{im:+?}j"),
        Shape::Surrogates(bytes) => {
            let text = quoted(bytes);
            let rest = if text.chars().nth(TEXT).is_some() { "…" } else { "" };
            text.chars().take(TEXT).collect::<String>() + rest
        }
        Shape::Str(text) => {
            let mut chars = text.chars();
            let start: String = chars.by_ref().take(TEXT).collect();
            let rest = if chars.next().is_some() { "…" } else { "" };
            format!("{start:?}{rest}")
        }
        Shape::Bytes(bytes) => format!("of {}", bytes.len()),
        Shape::Name(name) => name,
        _ => return None,
    })
}

/// The line of a value, after its name.
fn write_value(f: &mut fmt::Formatter<'_>, part: Value<'_>) -> fmt::Result {
    let mut f = OneLine(f);
    let name = part.type_name();
    match (part.as_tensor(), tensors(part), plain(part), short(part)) {
        (Some(view), ..) => {
            let location = match view.location() {
                "cpu" => String::new(),
                location => format!(" on {location}"),
            };
            write!(f, "{name} {} {}{location}", view.dtype(), view.shape())?;
        }
        (_, Some((count, nbytes)), ..) if Parts::of(part).is_some() => {
            let s = if count == 1 { "" } else { "s" };
            write!(f, "{name}, {count} tensor{s} of {}", Size(nbytes))?;
        }
        (_, _, Some(text), _) if name == "NoneType" => write!(f, "{text}")?,
        (_, _, Some(text), _) => write!(f, "{name} {text}")?,
        (_, _, _, Some(text)) => match &*name {
            "list" => write!(f, "list [{text}]")?,
            _ => write!(f, "{name} ({text})")?,
        },
        _ => match Parts::of(part) {
            Some(parts) => write!(f, "{name} of {}", parts.len())?,
            None => write!(f, "{name}")?,
        },
    }
    f.0.write_char('\n')
}

/// A number of bytes for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["KiB", "MiB", "GiB", "TiB"];
        let mut unit = None;
        // In tenths, and in whole numbers: no float rounds them up to the next unit.
        let mut tenths = self.0.saturating_mul(10);
        for name in units {
            if tenths < 10_240 {
                break;
            }
            tenths /= 1024;
            unit = Some(name);
        }
        match unit {
            None if self.0 == 1 => f.write_str("1 byte"),
            None => write!(f, "{} bytes", self.0),
            Some(unit) => write!(f, "{}.{} {unit}", tenths / 10, tenths % 10),
        }
    }
}
