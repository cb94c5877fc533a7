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
use crate::value::{Kind, Value};

/// So many readings of a text are looked for, and so many are named.
const READINGS: usize = 8;
const NAMED: usize = 4;
/// So many bytes of paths are looked at for one that is like what was typed.
const SEARCHED: u64 = 1 << 24;

/// A path that leads nowhere, or to several things.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct NoSuchPath {
    /// What was typed.
    pub text: String,
    /// What it may mean; none where it leads nowhere.
    pub readings: Vec<ValuePath>,
    /// Where it leads nowhere: what is there under a like name.
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
}

impl ValuePath {
    /// The steps that the path takes from `root`, and the value that it leads to.
    pub fn steps<'g>(&self, root: Value<'g>) -> Option<(Vec<Step<'g>>, Value<'g>)> {
        let mut value = root;
        let mut steps = Vec::new();
        for segment in self.segments() {
            let part = segment.find(value)?;
            let parts = Parts::of(value);
            let places = || (0..).map_while(|index| parts.get(index));
            let (step, _) = places()
                .find(|(step, found)| found.same_as(part) && Segment::from(step) == *segment)
                .or_else(|| places().find(|(_, found)| found.same_as(part)))?;
            steps.push(step);
            value = part;
        }
        Some((steps, value))
    }
}

impl Segment {
    /// The part of `value` that the segment leads to.
    pub fn find<'g>(&self, value: Value<'g>) -> Option<Value<'g>> {
        let parts = Parts::of(value);
        match (self, parts.elements()) {
            (Segment::Attribute(name), _) => {
                let mut named = parts.named().iter().rev();
                named
                    .find(|(step, _)| matches!(step, Step::Attribute(known) if known == name))
                    .map(|found| found.1)
            }
            (Segment::Key(key), Some(Elements::Entries(dict))) => dict.get(key),
            (&Segment::Index(key), Some(Elements::Entries(dict))) => {
                let found = dict.iter().filter(|(known, _)| known.as_i64() == Some(key));
                found.last().map(|(_, value)| value)
            }
            (&Segment::Index(index), Some(Elements::Items(items) | Elements::Members(items))) => {
                match usize::try_from(index) {
                    Ok(index) => items.get(index),
                    Err(_) => {
                        let back = usize::try_from(index.unsigned_abs()).ok()?;
                        items.get(items.len().checked_sub(back)?)
                    }
                }
            }
            (Segment::Literal(key), Some(Elements::Entries(dict))) => {
                let is_key = |known: Value<'_>| spell_key(known).is_some_and(|known| known == *key);
                dict.iter().filter(|(known, _)| is_key(*known)).last().map(|(_, value)| value)
            }
            (&Segment::Member(place), Some(Elements::Members(items))) => items.get(place),
            (Segment::Key(_) | Segment::Literal(_), None) => {
                let Kind::Object(object) = value.kind() else { return None };
                self.find(Some(object.entries()).filter(|entries| entries.as_dict().is_some())?)
            }
            (&Segment::Member(place), Some(Elements::Entries(dict))) => {
                Some(dict.get_index(place)?.0)
            }
            (&Segment::Entry(place), Some(Elements::Entries(dict))) => {
                Some(dict.get_index(place)?.1)
            }
            _ => None,
        }
    }
}

/// Everything that a text can mean.
fn readings(root: Value<'_>, text: &str) -> Vec<ValuePath> {
    let mut found: Vec<ValuePath> = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(root, text, ValuePath::root())];
    while let Some((value, rest, path)) = open.pop() {
        if rest.is_empty() {
            found.push(path);
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
        if let Ok(Some((segment, len))) = special(rest)
            && let Some(part) = segment.find(value)
        {
            open.push((part, rest.get(len..).unwrap_or_default(), path.join(segment)));
        }
        // The root's own name has no dot before it.
        let named = if path.is_root() { Some(rest) } else { rest.strip_prefix('.') };
        if let Some(named) = named {
            let parts = Parts::of(value);
            let steps = (0..).map_while(|index| parts.get(index));
            for (step, part) in steps {
                let segment = Segment::from(&step);
                let after = match &segment {
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
        let (Found::Value(_), Some(step)) = (found, contents.steps().last()) else { continue };
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
