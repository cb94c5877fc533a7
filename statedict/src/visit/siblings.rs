//! Whether names that stand side by side are different, without a look at whole keys.

use std::cmp::Ordering;

use crate::visit::ids::wide;

/// The names within the children that are being visited, outermost first.
///
/// Where all names of every child differ, all keys do: so that only models in which a name comes
/// twice need a comparison of all keys.
#[derive(Default)]
pub(super) struct Siblings {
    /// The place of each name in the text of all names.
    names: Vec<(u32, u32)>,
    /// The start of those of the innermost child.
    start: usize,
    /// `true` if each of them is greater than the one before: shorter ones first, those of one
    /// length in the order of their bytes. So the numbers of a sequence are.
    ascending: bool,
    /// `true` if a name was found twice, or may be elsewhere.
    pub(super) repeated: bool,
}

/// The state to return to when a child has been visited.
pub(super) struct OuterSiblings {
    start: usize,
    ascending: bool,
}

/// Up to so many names each is compared with each.
const FEW: usize = 8;

impl Siblings {
    pub(super) fn new() -> Self {
        Siblings { ascending: true, ..Siblings::default() }
    }

    /// Takes a name of the innermost child.
    #[inline]
    pub(super) fn add(&mut self, text: &str, name: (u32, u32)) {
        if let Some(&last) = self.names[self.start..].last() {
            self.ascending &= order(text, last, name).is_lt();
        }
        self.names.push(name);
    }

    /// Returns `true` if a name of the innermost child is one that `name` is below.
    pub(super) fn has_above(&self, text: &str, name: &str) -> bool {
        let names = &self.names[self.start..];
        let mut above = name.match_indices('.').map(|(end, _)| &name.as_bytes()[..end]);
        above.any(|above| names.iter().any(|&known| bytes(text, known) == above))
    }

    pub(super) fn enter(&mut self) -> OuterSiblings {
        let outer = OuterSiblings { start: self.start, ascending: self.ascending };
        (self.start, self.ascending) = (self.names.len(), true);
        outer
    }

    pub(super) fn leave(&mut self, text: &str, outer: OuterSiblings) {
        self.close(text);
        self.names.truncate(self.start);
        (self.start, self.ascending) = (outer.start, outer.ascending);
    }

    /// Compares the names of the innermost child.
    pub(super) fn close(&mut self, text: &str) {
        let names = &mut self.names[self.start..];
        if self.ascending || self.repeated {
            return;
        }
        if names.len() <= FEW {
            let mut rest = &*names;
            while let Some((name, others)) = rest.split_first() {
                self.repeated |= others.iter().any(|other| order(text, *other, *name).is_eq());
                rest = others;
            }
        } else {
            names.sort_unstable_by(|a, b| order(text, *a, *b));
            let mut pairs = names.windows(2);
            self.repeated |=
                pairs.any(|pair| matches!(pair, [a, b] if order(text, *a, *b).is_eq()));
        }
    }
}

/// Shorter names are less; the bytes are only looked at where the lengths are equal.
#[inline]
fn order(text: &str, a: (u32, u32), b: (u32, u32)) -> Ordering {
    a.1.cmp(&b.1).then_with(|| bytes(text, a).cmp(bytes(text, b)))
}

#[inline]
fn bytes(text: &str, (start, len): (u32, u32)) -> &[u8] {
    let start = wide(start);
    &text.as_bytes()[start..start + wide(len)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `true` if one of these names, which are a child's within another, comes twice.
    fn repeated(names: &[&str]) -> bool {
        let text = names.concat();
        let (mut siblings, mut start) = (Siblings::new(), 0);
        let outer = siblings.enter();
        for name in names {
            let len = u32::try_from(name.len()).unwrap();
            siblings.add(&text, (start, len));
            start += len;
        }
        siblings.leave(&text, outer);
        assert!(siblings.names.is_empty() && siblings.ascending);
        siblings.repeated
    }

    #[test]
    fn a_name_that_comes_twice_is_found() {
        assert!(!repeated(&[]));
        assert!(!repeated(&["weight", "bias"]));
        assert!(repeated(&["weight", "weight"]));
        assert!(repeated(&["weight", "bias", "weight"]));
        let numbers: Vec<String> = (0..120).map(|number: i32| number.to_string()).collect();
        let mut names: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert!(!repeated(&names));
        names.reverse();
        assert!(!repeated(&names));
        names.push("119");
        assert!(repeated(&names));
        names.swap(3, 120);
        assert!(repeated(&names));
    }
}
