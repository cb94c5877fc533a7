//! Where in a file a value is.

/// The place of a value in a file: the steps that lead to it from the root.
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
/// assert_eq!(rate.to_string(), r#"optimizer_state_dict["param_groups"][0]["lr"]"#);
/// assert_eq!(weight.to_string(), r#"model_state_dict["fc.weight"]"#);
/// ```
///
/// What [`Display`](std::fmt::Display) writes, [`str::parse`] reads. People may also type keys with dots between
/// them: [`resolve`](crate::contents::resolve) finds what they mean in a file.
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
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// The value of a dict under a str: `["fc.weight"]`.
    Key(String),
    /// The item of a list or tuple at an index, from its end where it is negative; or the value of a dict under an
    /// int: `[0]`.
    Index(i64),
    /// The value of a dict under another key, as Python writes it: `[(1, "a")]`, `[b"a"]`, `[None]`.
    Literal(String),
    /// An attribute of an object, dict or tensor, or a part that has a name: `@lr`.
    Attribute(String),
    /// The member of a set at a place, or the key that a dict has there: `{0}`.
    Member(usize),
    /// The value of a dict under the key at a place: `[{0}]`.
    Entry(usize),
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

    /// Returns `true` if it is the root's.
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
    pub(crate) fn split_last(&self) -> Option<(ValuePath, &Segment)> {
        let (last, parents) = self.0.split_last()?;
        Some((ValuePath(parents.to_vec()), last))
    }

    /// The first `len` segments.
    pub(crate) fn first(&self, len: usize) -> ValuePath {
        ValuePath(self.0.iter().take(len).cloned().collect())
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
