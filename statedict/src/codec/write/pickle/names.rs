//! Names of which there is one object in a pickle, and where each is in the memo.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::codec::write::pickle::encoder::Memo;

/// So many are looked through one by one: what a model has is a handful.
const FEW: usize = 16;

/// The names in the memo, most used first: a module and a name in it, or an empty module and a text.
#[derive(Default)]
pub(super) struct Names {
    all: Vec<(Box<str>, Box<str>, Memo)>,
    /// Those after the first few, by their hash.
    others: HashTable<usize>,
    state: RandomState,
}

impl Names {
    pub(super) fn get(&self, module: &str, name: &str) -> Option<Memo> {
        let is_it = |entry: &&(Box<str>, Box<str>, Memo)| *entry.1 == *name && *entry.0 == *module;
        let mut found = self.all.iter().take(FEW).find(is_it);
        if found.is_none() && self.all.len() > FEW {
            let at = |place: &usize| self.all.get(*place).filter(is_it);
            let hash = self.state.hash_one((module, name));
            found = self.others.find(hash, |place| at(place).is_some()).and_then(at);
        }
        found.map(|&(_, _, memo)| memo)
    }

    /// Adds a name that is not among them.
    pub(super) fn add(&mut self, module: &str, name: &str, memo: Memo) {
        let place = self.all.len();
        self.all.push((module.into(), name.into(), memo));
        if place >= FEW {
            let (all, state) = (&self.all, &self.state);
            let hash =
                |place: &usize| all.get(*place).map_or(0, |(m, n, _)| state.hash_one((&**m, &**n)));
            self.others.insert_unique(hash(&place), place, hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_others_are_found() {
        let mut names = Names::default();
        for number in 0..100 {
            let name = format!("n{number}");
            assert_eq!(names.get("m", &name), None);
            names.add("m", &name, Memo::of_number(number));
            assert_eq!(names.get("m", &name), Some(Memo::of_number(number)));
            assert_eq!(names.get("", &name), None);
        }
        assert_eq!(names.get("m", "n0"), Some(Memo::of_number(0)));
        assert_eq!(names.get("m", "n50"), Some(Memo::of_number(50)));
    }
}
