//! Where in a checkpoint a value is.

use std::fmt;
use std::str::FromStr;

/// Where in a checkpoint a value is: the keys and indices that lead to it from the root.
///
/// Keys may hold anything, dots too, so a path is made of segments: a text is *one* key as it is, a tuple is
/// several segments.
///
/// ```
/// use statedict::checkpoint::ValuePath;
///
/// let epoch = ValuePath::from("epoch");
/// let rate = ValuePath::from(("optimizer_state_dict", "param_groups", 0, "lr"));
/// let weight = ValuePath::from(["model_state_dict", "fc.weight"]);
/// assert_eq!(epoch.to_string(), "epoch");
/// assert_eq!(rate.to_string(), "optimizer_state_dict.param_groups[0].lr");
/// assert_eq!(weight.to_string(), r#"model_state_dict["fc.weight"]"#);
/// ```
///
/// What [`Display`](fmt::Display) writes, [`str::parse`] reads: for paths that people type.
///
/// ```
/// # use statedict::checkpoint::ValuePath;
/// let rate: ValuePath = "optimizer_state_dict.param_groups[0].lr".parse()?;
/// assert_eq!(rate, ("optimizer_state_dict", "param_groups", 0, "lr").into());
/// # Ok::<(), statedict::checkpoint::PathSyntax>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ValuePath(Vec<Segment>);

/// One step of a [`ValuePath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// What a dict has under a str.
    Key(String),
    /// What a list or tuple has at an index, from its end where it is negative; or what a dict has under an
    /// int.
    Index(i64),
}

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSyntax {
    /// The byte of the text at which it is none.
    pub at: usize,
    /// What should be there.
    pub expected: &'static str,
}

impl ValuePath {
    /// The path of the root.
    pub fn root() -> Self {
        ValuePath::default()
    }

    /// The segments in order.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether it is the root's.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of a part of what is at this one.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.clone();
        path.0.push(segment.into());
        path
    }

    /// The path of the container, and the segment within it; of the root, `None`.
    pub(super) fn split_last(&self) -> Option<(ValuePath, &Segment)> {
        let (last, parents) = self.0.split_last()?;
        Some((ValuePath(parents.to_vec()), last))
    }

    /// The first `len` segments.
    pub(super) fn first(&self, len: usize) -> ValuePath {
        ValuePath(self.0.iter().take(len).cloned().collect())
    }
}

/// Whether a key can stand in a text without quotes.
fn is_plain(key: &str) -> bool {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    !key.is_empty() && key.chars().all(word)
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_plain(key) => {
                    let dot = if index > 0 { "." } else { "" };
                    write!(f, "{dot}{key}")?;
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for PathSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} of the path should be {}", self.at, self.expected)
    }
}

impl std::error::Error for PathSyntax {}

impl FromStr for ValuePath {
    type Err = PathSyntax;

    /// Keys with dots between them; a key in brackets and quotes may hold anything, and a number in brackets is
    /// an index: `model["fc.weight"]`, `param_groups[0].lr`. An empty text is the root.
    fn from_str(text: &str) -> Result<Self, PathSyntax> {
        let mut reader = Reader { text, at: 0 };
        let mut segments = Vec::new();
        while !reader.rest().is_empty() {
            let segment = match reader.rest().strip_prefix('[') {
                Some(_) => reader.bracket()?,
                None => {
                    if !segments.is_empty() && !reader.take('.') {
                        return Err(reader.expected("`.` or `[`"));
                    }
                    reader.bare()?
                }
            };
            segments.push(segment);
        }
        Ok(ValuePath(segments))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> PathSyntax {
        PathSyntax { at: self.at, expected }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn bare(&mut self) -> Result<Segment, PathSyntax> {
        let len = self.rest().find(['.', '[']).unwrap_or(self.rest().len());
        let (key, _) = self.rest().split_at(len);
        if key.is_empty() {
            return Err(self.expected("a key"));
        }
        self.at += len;
        Ok(Segment::Key(key.to_owned()))
    }

    fn bracket(&mut self) -> Result<Segment, PathSyntax> {
        self.take('[');
        let segment = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => {
                let len = self.rest().find(']').unwrap_or(self.rest().len());
                let (number, _) = self.rest().split_at(len);
                let index =
                    number.parse().map_err(|_| self.expected("a number or a quoted key"))?;
                self.at += len;
                Segment::Index(index)
            }
        };
        match self.take(']') {
            true => Ok(segment),
            false => Err(self.expected("`]`")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Segment, PathSyntax> {
        self.next();
        let mut key = String::new();
        loop {
            match self.next() {
                None => return Err(self.expected("the end of the quoted key")),
                Some(char) if char == quote => return Ok(Segment::Key(key)),
                Some('\\') => key.push(self.escaped()?),
                Some(char) => key.push(char),
            }
        }
    }

    /// What Rust writes after a backslash in a quoted text.
    fn escaped(&mut self) -> Result<char, PathSyntax> {
        let start = self.at;
        let wrong = PathSyntax { at: start, expected: "an escaped character" };
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('0') => Ok('\0'),
            Some(same @ ('\\' | '"' | '\'')) => Ok(same),
            Some('u') if self.take('{') => {
                let len = self.rest().find('}').ok_or_else(|| wrong.clone())?;
                let (digits, _) = self.rest().split_at(len);
                let number = u32::from_str_radix(digits, 16).map_err(|_| wrong.clone())?;
                self.at += len + 1;
                char::from_u32(number).ok_or(wrong)
            }
            _ => Err(wrong),
        }
    }
}

macro_rules! segment_from {
    ($($from:ty => |$value:ident| $segment:expr),* $(,)?) => {
        $(impl From<$from> for Segment {
            fn from($value: $from) -> Self {
                $segment
            }
        })*
    };
}

segment_from! {
    &str => |key| Segment::Key(key.to_owned()),
    String => |key| Segment::Key(key),
    &String => |key| Segment::Key(key.clone()),
    i32 => |index| Segment::Index(index.into()),
    i64 => |index| Segment::Index(index),
    // No container has so many.
    usize => |index| Segment::Index(i64::try_from(index).unwrap_or(i64::MAX)),
}

macro_rules! path_from_one {
    ($($from:ty),*) => {
        $(impl From<$from> for ValuePath {
            fn from(segment: $from) -> Self {
                ValuePath(vec![segment.into()])
            }
        })*
    };
}

path_from_one!(&str, String, &String, i32, i64, usize, Segment);

impl From<&ValuePath> for ValuePath {
    fn from(path: &ValuePath) -> Self {
        path.clone()
    }
}

impl From<Vec<Segment>> for ValuePath {
    fn from(segments: Vec<Segment>) -> Self {
        ValuePath(segments)
    }
}

impl From<()> for ValuePath {
    /// The root.
    fn from((): ()) -> Self {
        ValuePath::root()
    }
}

impl<S: Into<Segment>, const N: usize> From<[S; N]> for ValuePath {
    fn from(segments: [S; N]) -> Self {
        ValuePath(segments.into_iter().map(Into::into).collect())
    }
}

impl<S: Clone + Into<Segment>> From<&[S]> for ValuePath {
    fn from(segments: &[S]) -> Self {
        ValuePath(segments.iter().cloned().map(Into::into).collect())
    }
}

macro_rules! path_from_tuple {
    ($($name:ident)*) => {
        impl<$($name: Into<Segment>),*> From<($($name,)*)> for ValuePath {
            #[allow(non_snake_case)] // The names of the types serve as those of the values.
            fn from(($($name,)*): ($($name,)*)) -> Self {
                ValuePath(vec![$($name.into()),*])
            }
        }
    };
}

path_from_tuple!(A);
path_from_tuple!(A B);
path_from_tuple!(A B C);
path_from_tuple!(A B C D);
path_from_tuple!(A B C D E);
path_from_tuple!(A B C D E F);
path_from_tuple!(A B C D E F G);
path_from_tuple!(A B C D E F G H);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        let keys = ["a", "", "fc.weight", "0", "a b", "[", "\"", "\\", "\n\0\u{7f}é", "'", "a]"];
        for first in keys {
            for second in keys {
                for path in [
                    ValuePath::from([first, second]),
                    ValuePath::from((first, -3, second)),
                    ValuePath::from((i64::MIN, first)),
                ] {
                    assert_eq!(path.to_string().parse(), Ok(path));
                }
            }
        }
        assert_eq!("".parse(), Ok(ValuePath::root()));
        assert_eq!("a-b['x.y'].c".parse(), Ok(ValuePath::from(["a-b", "x.y", "c"])));
    }

    #[test]
    fn what_is_no_path_is_refused_where_it_is_none() {
        for (text, at) in
            [("a.", 2), (".a", 0), ("a..b", 2), ("a[", 2), ("a[x]", 2), ("a[0", 3), ("a[\"b]", 5)]
        {
            assert_eq!(text.parse::<ValuePath>().map_err(|error| error.at), Err(at), "{text}");
        }
        for text in ["a[0]b", "[\"\\q\"]", "[\"\\u{zz}\"]", "[\"\\u{d800}\"]", "[\"\\u{12"] {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }
}
