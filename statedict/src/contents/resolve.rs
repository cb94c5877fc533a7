//! What a path that someone typed means in a file.

use std::fmt::{self, Write as _};

use foldhash::{HashSet, HashSetExt};

use crate::contents::parse::special;
use crate::contents::parts::{Elements, Parts, Step};
use crate::contents::path::{Segment, ValuePath};
use crate::contents::spelling::spell_key;
use crate::contents::walk::{Contents, Found};
use crate::escape::OneLine;
use crate::key;
use crate::plain_debug::debug_is_display;
use crate::value::{Dict, Items, Kind, Value};

/// So many readings of a text are looked for, and so many are named.
const READINGS: usize = 8;
const NAMED: usize = 4;
/// So many bytes of paths are looked at for one that is like what was typed.
const SEARCHED: u64 = 1 << 24;

/// A path that leads nowhere, or to several things.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct NoSuchPath {
    /// The text that was typed.
    pub text: String,
    /// The paths that it may mean; none where it leads nowhere.
    pub readings: Vec<ValuePath>,
    /// The paths of a like name, where it leads nowhere.
    pub similar: Vec<ValuePath>,
}

impl fmt::Display for NoSuchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        let list = |f: &mut OneLine<'_, '_>, paths: &[String], last: &str| {
            for (index, path) in paths.iter().take(NAMED).enumerate() {
                let comma = match index {
                    0 => "",
                    _ if index + 1 == paths.len() => last,
                    _ => ", ",
                };
                write!(f, "{comma}`{path}`")?;
            }
            Ok(())
        };
        let text = &self.text;
        let readings: Vec<String> = self.readings.iter().map(ToString::to_string).collect();
        // A key by itself is found without brackets too.
        let similar = self.similar.iter().map(|path| match path.segments() {
            [Segment::Key(key)] if !key.contains(['[', '@', '{']) => key.clone(),
            _ => path.to_string(),
        });
        let similar: Vec<String> = similar.collect();
        match (self.readings.is_empty(), self.similar.is_empty()) {
            (false, _) => {
                write!(f, "`{text}` may mean ")?;
                list(&mut f, &readings, " or ")
            }
            (true, true) => write!(f, "there is no `{text}`"),
            (true, false) => {
                write!(f, "there is no `{text}`; there is ")?;
                list(&mut f, &similar, ", ")
            }
        }
    }
}

debug_is_display!(NoSuchPath);

impl std::error::Error for NoSuchPath {}

/// Finds what a path that someone typed means under `root`.
///
/// A path as [`ValuePath`] writes it means what it says. Otherwise dots may stand between keys that have dots
/// themselves, indices and names of attributes: of `{"model": {"fc.weight": …}}`, `model.fc.weight` means
/// `model["fc.weight"]`.
///
/// # Errors
/// Where it leads nowhere, or could mean several things: all of them are named as they must be written.
pub fn resolve(root: Value<'_>, text: &str) -> Result<ValuePath, NoSuchPath> {
    if let Ok(path) = text.parse::<ValuePath>()
        && path.to_string() == text
        && path.find(root).is_some()
    {
        return Ok(path);
    }
    let mut readings = readings(root, text);
    if readings.len() == 1
        && let Some(path) = readings.pop()
    {
        return Ok(path);
    }
    let similar = if readings.is_empty() { similar(root, text) } else { Vec::new() };
    Err(NoSuchPath { text: text.to_owned(), readings, similar })
}

impl ValuePath {
    /// The value that the path leads to from `root`.
    pub fn find<'g>(&self, root: Value<'g>) -> Option<Value<'g>> {
        self.segments().iter().try_fold(root, |value, segment| segment.find(value))
    }

    /// The steps that the path takes from `root`, and the value that it leads to.
    pub fn steps<'g>(&self, root: Value<'g>) -> Option<(Vec<Step<'g>>, Value<'g>)> {
        let mut steps = Vec::new();
        let lead = |value, segment: &Segment| segment.lead(value, &mut steps);
        let value = self.segments().iter().try_fold(root, lead)?;
        Some((steps, value))
    }
}

impl Segment {
    /// The part of `value` that the segment leads to. A name leads to an attribute of an object too, where the object
    /// has no entry of that name.
    pub fn find<'g>(&self, value: Value<'g>) -> Option<Value<'g>> {
        self.lead(value, &mut Vec::new())
    }

    /// Returns the part of `value` that the segment leads to, and notes the steps that it takes.
    fn lead<'g>(&self, value: Value<'g>, steps: &mut Vec<Step<'g>>) -> Option<Value<'g>> {
        let parts = Parts::of(value);
        if let Some((step, part)) = self.part(&parts) {
            steps.push(step);
            return Some(part);
        }
        let Kind::Object(_) = value.kind() else { return None };
        if let Some((step, data)) = user_dict(value, &parts)
            && let Some((inner, part)) = self.part(&Parts::of(data))
        {
            steps.extend([step, inner]);
            return Some(part);
        }
        let Segment::Key(name) = self else { return None };
        let (step, part) = attribute(&parts, name)?;
        steps.push(step);
        Some(part)
    }

    /// Returns the part that the segment means, and its step.
    fn part<'g>(&self, parts: &Parts<'g>) -> Option<(Step<'g>, Value<'g>)> {
        if let Segment::Attribute(name) = self {
            return attribute(parts, name);
        }
        match (self, parts.elements()?) {
            (&Segment::Index(index), Elements::Items(items)) => {
                let index = place_of(items, index)?;
                Some((Step::Index(index), items.get(index)?))
            }
            (&Segment::Index(index), Elements::Members(items)) => {
                let index = place_of(items, index)?;
                Some((Step::Member(index), items.get(index)?))
            }
            (&Segment::Member(place), Elements::Members(items)) => {
                Some((Step::Member(place), items.get(place)?))
            }
            (&Segment::Member(place), Elements::Entries(dict)) => {
                Some((Step::Member(place), dict.get_index(place)?.0))
            }
            (_, Elements::Entries(dict)) => {
                let place = self.position(dict)?;
                let (key, part) = dict.get_index(place)?;
                Some((Step::of_entry(key, place), part))
            }
            _ => None,
        }
    }

    /// Returns the entry of a dict that the segment means: of several with one key the last, as Python has it.
    pub(crate) fn position(&self, dict: Dict<'_>) -> Option<usize> {
        match self {
            Segment::Key(wanted) => dict.position(|key| key.is_text(wanted)),
            Segment::Index(wanted) => dict.position(|key| key.as_i64() == Some(*wanted)),
            Segment::Literal(wanted) => {
                dict.position(|key| spell_key(key).is_some_and(|key| key == *wanted))
            }
            &Segment::Entry(place) => Some(place).filter(|&place| place < dict.len()),
            Segment::Attribute(_) | Segment::Member(_) => None,
        }
    }
}

/// Returns the attribute that holds the entries of a `UserDict`.
fn user_dict<'g>(value: Value<'g>, parts: &Parts<'g>) -> Option<(Step<'g>, Value<'g>)> {
    let is_one = parts.elements().is_none() && value.as_mapping().is_some();
    attribute(parts, "data").filter(|_| is_one)
}

fn attribute<'g>(parts: &Parts<'g>, name: &str) -> Option<(Step<'g>, Value<'g>)> {
    let mut named = parts.named().rev();
    named.find(|(step, _)| matches!(step, Step::Attribute(known) if *known == name))
}

/// Returns the item that an index means: one below zero counts from the end.
fn place_of(items: Items<'_>, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// Everything that a text can mean.
fn readings(root: Value<'_>, text: &str) -> Vec<ValuePath> {
    let mut found: Vec<ValuePath> = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(root, text, ValuePath::root())];
    while let Some((value, rest, path)) = open.pop() {
        if rest.is_empty() {
            if !found.contains(&path) {
                found.push(path);
            }
            if found.len() >= READINGS {
                break;
            }
            continue;
        }
        // From one value the same rest leads to the same.
        if value.identity().is_some_and(|identity| !seen.insert((identity, rest.len()))) {
            continue;
        }
        let from = open.len();
        let mut steps = Vec::new();
        if let Ok(Some((segment, len))) = special(rest)
            && let Some(part) = segment.lead(value, &mut steps)
        {
            let path = steps.iter().fold(path.clone(), |path, step| path.join(Segment::from(step)));
            open.push((part, rest.get(len..).unwrap_or_default(), path));
        }
        if let Some((step, data)) = user_dict(value, &Parts::of(value)) {
            open.push((data, rest, path.join(Segment::from(&step))));
        }
        // The root's own name has no dot before it.
        let named = if path.is_root() { Some(rest) } else { rest.strip_prefix('.') };
        if let Some(named) = named {
            let parts = Parts::of(value);
            let steps = (0..).map_while(|index| parts.get(index));
            for (step, part) in steps {
                let segment = Segment::from(&step);
                // What Python takes for a str goes by its text too.
                let text = match step {
                    Step::Key(key) | Step::Entry(_, key) => key.text(),
                    _ => None,
                };
                let by_text = text.and_then(|text| after(named, &text));
                let after = match &segment {
                    _ if by_text.is_some() => by_text,
                    Segment::Key(key) | Segment::Literal(key) | Segment::Attribute(key) => {
                        after(named, key)
                    }
                    Segment::Index(index) => after(named, &index.to_string()),
                    _ => None,
                };
                if let Some(rest) = after {
                    open.push((part, rest, path.join(segment)));
                }
            }
        }
        // The first of the file comes first.
        if let Some(new) = open.get_mut(from..) {
            new.reverse();
        }
    }
    found
}

/// What follows a name at the start of a text, where it is a segment there.
fn after<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(['.', '[', '@', '{'])).then_some(rest)
}

/// What is there under a name like the last one of a text.
fn similar(root: Value<'_>, text: &str) -> Vec<ValuePath> {
    let last = |text: &str| {
        text.rsplit(['.', '[', '@']).next().map(|word| word.trim_end_matches(['"', ']']).to_owned())
    };
    let wanted = last(text).unwrap_or_default();
    let (mut same, mut near) = (Vec::new(), None);
    let mut contents = Contents::of(root).budget(SEARCHED);
    while let Ok(Some(found)) = contents.advance() {
        let (Found::Value(_) | Found::Long(_), Some(step)) = (found, contents.steps().last())
        else {
            continue;
        };
        let name = match Segment::from(step) {
            Segment::Key(name) | Segment::Attribute(name) => name,
            _ => continue,
        };
        if last(&name).is_some_and(|name| name == wanted) {
            same.push(contents.path());
            if same.len() >= NAMED - 1 {
                break;
            }
        } else if near.is_none() && key::nearest(text, [name.as_str()]).is_some() {
            near = Some(contents.path());
        }
    }
    if same.is_empty() { near.into_iter().collect() } else { same }
}
