//! Typed indices: a number of a leaf is never taken for that of a module.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index, IndexMut, Range};

/// Narrows an index to `u32`; `u32::MAX` is never one.
///
/// # Panics
/// For more leaves, modules or bytes of names than that: a wrong number would be a wrong key.
#[inline]
pub(crate) fn narrow(number: usize) -> u32 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    assert!(number < u32::MAX, "a model has less than 2^32 leaves, modules, and bytes of names");
    number
}

/// The same number for indexing. No platform with `std` has an address space of less than 32 bits.
#[inline]
pub(crate) fn wide(number: u32) -> usize {
    usize::try_from(number).expect("an address space has at least 32 bits")
}

/// An index into one kind of [`List`].
pub(crate) trait Id: Copy {
    fn new(index: usize) -> Self;
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $id(u32);

        impl Id for $id {
            #[inline]
            fn new(index: usize) -> Self {
                $id(narrow(index))
            }

            #[inline]
            fn index(self) -> usize {
                wide(self.0)
            }
        }
    )* };
}

ids! {
    /// A parameter or buffer of a walk.
    LeafId;
    /// A module of a walk.
    ModuleId;
    /// The class of a module.
    ClassId;
    /// An extra state of a walk.
    ExtraId;
    /// A child of a walk, also one that holds no module. The model itself is the first.
    ChildId;
    /// A thing that a walk met, in order.
    ItemId;
    /// An alias that was declared.
    AliasId;
    /// A place where a handle was met again.
    AgainId;
}

impl ChildId {
    /// The child that is the model itself.
    pub(super) const ROOT: ChildId = ChildId(0);
}

/// Values by an index of their own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct List<I, T> {
    values: Vec<T>,
    index: PhantomData<I>,
}

impl<I: Id, T> List<I, T> {
    pub(crate) const fn new() -> Self {
        List { values: Vec::new(), index: PhantomData }
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        List { values: Vec::with_capacity(capacity), index: PhantomData }
    }

    /// The index that the next value will have.
    #[inline]
    pub(crate) fn next_id(&self) -> I {
        I::new(self.values.len())
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) -> I {
        let id = self.next_id();
        self.values.push(value);
        id
    }

    /// All values with their indices.
    pub(crate) fn enumerated(
        &self,
    ) -> impl ExactSizeIterator<Item = (I, &T)> + DoubleEndedIterator {
        self.values.iter().enumerate().map(|(index, value)| (I::new(index), value))
    }

    pub(super) fn range(&self, range: &Range<I>) -> &[T] {
        &self.values[range.start.index()..range.end.index()]
    }
}

impl<I, T> Deref for List<I, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values
    }
}

impl<I, T> DerefMut for List<I, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<I: Id, T> Index<I> for List<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: I) -> &T {
        &self.values[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for List<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.values[id.index()]
    }
}

impl<I: Id, T> FromIterator<T> for List<I, T> {
    fn from_iter<V: IntoIterator<Item = T>>(values: V) -> Self {
        List { values: values.into_iter().collect(), index: PhantomData }
    }
}
