//! Which parts of two values belong to each other.

use std::collections::HashMap;

use statedict::contents::{Digests, Elements, Parts, Segment, Step};
use statedict::value::Value;

/// A part with the step that leads to it.
pub(super) type Part<'g> = (Step<'g>, Value<'g>);

/// A part of one value, and the part of the other that belongs to it.
pub(super) enum Pair<'g> {
    Both(Part<'g>, Part<'g>),
    Removed(Part<'g>),
    Added(Part<'g>),
}

/// The parts of two values.
pub(super) struct Pairs<'g> {
    pairs: std::vec::IntoIter<Pair<'g>>,
    /// Elements that are paired one by one, since they belong to each other by their places.
    rest: Option<(Elements<'g>, Elements<'g>, usize)>,
    /// Whether what both have comes in the same order.
    pub(super) is_ordered: bool,
}

/// The pairs of two values while they are found.
struct Pairing<'g> {
    pairs: Vec<Pair<'g>>,
    is_ordered: bool,
}

/// Checks that elements belong to each other by their places: those of lists, and of dicts with the same keys of
/// str in the same order.
pub(super) fn is_lazy(a: &Parts<'_>, b: &Parts<'_>) -> bool {
    match (a.elements(), b.elements()) {
        (Some(Elements::Items(_)), Some(Elements::Items(_))) => true,
        (Some(Elements::Entries(a)), Some(Elements::Entries(b))) => {
            let is_same = |(a, b): (Value<'_>, Value<'_>)| match (a.as_str(), b.as_str()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            };
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((a, _), (b, _))| is_same((a, b)))
        }
        _ => false,
    }
}

impl<'g> Iterator for Pairs<'g> {
    type Item = Pair<'g>;

    fn next(&mut self) -> Option<Pair<'g>> {
        if let Some(pair) = self.pairs.next() {
            return Some(pair);
        }
        let (a, b, index) = self.rest.as_mut()?;
        let part = |elements: &Elements<'g>| match elements {
            Elements::Entries(dict) => {
                dict.get_index(*index).map(|(key, value)| (Step::Key(key), value))
            }
            Elements::Items(items) | Elements::Members(items) => {
                items.get(*index).map(|item| (Step::Index(*index), item))
            }
        };
        let pair = match (part(a), part(b)) {
            (Some(a), Some(b)) => Some(Pair::Both(a, b)),
            (Some(a), None) => Some(Pair::Removed(a)),
            (None, b) => b.map(Pair::Added),
        };
        *index += 1;
        pair
    }
}

/// By what a part is found in the other file.
#[derive(PartialEq, Eq, Hash)]
enum Name<'g> {
    Text(&'g str),
    Other(Segment),
    /// Of a member, or of a key without a spelling.
    Content(u64),
}

impl<'g> Pairs<'g> {
    pub(super) fn of(a: &Parts<'g>, b: &Parts<'g>, digests: &mut [Digests; 2]) -> Self {
        let mut pairs = Pairing { pairs: Vec::new(), is_ordered: true };
        let attributes = |parts: &Parts<'g>| -> Vec<(Name<'g>, Part<'g>)> {
            let attributes = parts.named().filter_map(|(step, value)| match step {
                Step::Attribute(name) => Some((Name::Text(name), (step, value))),
                _ => None,
            });
            attributes.collect()
        };
        pairs.named(attributes(a), attributes(b));
        let rest = match (a.elements(), b.elements()) {
            (Some(x), Some(y)) if is_lazy(a, b) => Some((x, y, 0)),
            (x, y) => {
                let [of_a, of_b] = digests;
                pairs.named(elements(x, of_a), elements(y, of_b));
                None
            }
        };
        let Pairing { pairs, is_ordered } = pairs;
        Pairs { pairs: pairs.into_iter(), rest, is_ordered }
    }
}

impl<'g> Pairing<'g> {
    /// Pairs two parts, and the keys that they are under where these have no spelling.
    fn both(&mut self, a: Part<'g>, b: Part<'g>) {
        self.pairs.push(Pair::Both(a, b));
        if let (Step::Entry(place, a), Step::Entry(_, b)) = (a.0, b.0) {
            let step = Step::Member(place);
            self.pairs.push(Pair::Both((step, a), (step, b)));
        }
    }

    /// Pairs what has the same name; what has none that the other knows, in its order.
    fn named(&mut self, a: Vec<(Name<'g>, Part<'g>)>, b: Vec<(Name<'g>, Part<'g>)>) {
        let mut places: HashMap<&Name<'g>, std::collections::VecDeque<usize>> = HashMap::new();
        let is_same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0);
        if is_same {
            return a.into_iter().zip(b).for_each(|((_, a), (_, b))| self.both(a, b));
        }
        for (place, (name, _)) in b.iter().enumerate() {
            places.entry(name).or_default().push_back(place);
        }
        let mut partners: Vec<Option<usize>> = a
            .iter()
            .map(|(name, _)| places.get_mut(name).and_then(std::collections::VecDeque::pop_front))
            .collect();
        let mut is_taken = vec![false; b.len()];
        let mut last = 0;
        for &partner in partners.iter().flatten() {
            is_taken[partner] = true;
            // Members of a set have no order.
            self.is_ordered &= partner >= last || matches!(b[partner].1.0, Step::Member(_));
            last = partner;
        }
        // What has no name but its content has changed in its place.
        let is_nameless = |name: &Name<'_>| matches!(name, Name::Content(_));
        let mut rest = (0..b.len()).filter(|&place| !is_taken[place] && is_nameless(&b[place].0));
        for (partner, (name, _)) in partners.iter_mut().zip(&a) {
            if partner.is_none() && is_nameless(name) {
                *partner = rest.next();
            }
        }
        for &partner in partners.iter().flatten() {
            is_taken[partner] = true;
        }
        for ((_, part), partner) in a.iter().zip(&partners) {
            match partner {
                Some(partner) => self.both(*part, b[*partner].1),
                None => self.pairs.push(Pair::Removed(*part)),
            }
        }
        let added = b.iter().zip(is_taken).filter(|(_, is_taken)| !is_taken);
        self.pairs.extend(added.map(|((_, part), _)| Pair::Added(*part)));
    }
}

/// The entries of a dict, the members of a set, or the items of a list where the other value is no list.
fn elements<'g>(
    elements: Option<Elements<'g>>,
    digests: &mut Digests,
) -> Vec<(Name<'g>, Part<'g>)> {
    match elements {
        None => Vec::new(),
        Some(Elements::Items(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (Name::Other(index.into()), (Step::Index(index), item)))
            .collect(),
        Some(Elements::Members(items)) => items
            .iter()
            .enumerate()
            .map(|(place, item)| (Name::Content(digests.of(item)), (Step::Member(place), item)))
            .collect(),
        Some(Elements::Entries(dict)) => {
            let mut entries = Vec::with_capacity(dict.len());
            for (place, (key, value)) in dict.iter().enumerate() {
                let step = Step::of_entry(key, place);
                let name = match step {
                    Step::Key(key) => match key.as_str() {
                        Some(key) => Name::Text(key),
                        None => Name::Other(Segment::from(&step)),
                    },
                    _ => Name::Content(digests.of(key)),
                };
                entries.push((name, (step, value)));
            }
            entries
        }
    }
}
