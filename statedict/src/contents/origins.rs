//! The places where values were first met. A file may have very many values, so each takes few bytes.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::contents::parts::Step;
use crate::value::{Full, Graph, Kind, Memory, Value};

/// The memory of a place in a table that has just doubled, with the table before it.
const MAPPED: usize = 18;
/// The number of what is not within anything.
const ROOT: u32 = u32::MAX;
/// How many bits of a step are a place; those above say of what.
const PLACE: u32 = 29;

const INDEX: u32 = 0;
const MEMBER: u32 = 1;
const KEY: u32 = 2;
const ENTRY: u32 = 3;
const OTHER: u32 = 4;

/// Values by their identity, each with the value in which it was first met and the step that led to it.
#[derive(Debug, Default)]
pub(super) struct Origins<'g> {
    state: RandomState,
    /// The numbers of values, by the hash of their identity.
    numbers: HashTable<u32>,
    all: Vec<Origin>,
    /// The steps that a place does not say.
    others: Vec<Step<'g>>,
}

#[derive(Debug, Clone, Copy)]
struct Origin {
    identity: u64,
    /// The number of the value that this one was met in.
    above: u32,
    step: u32,
}

impl<'g> Origins<'g> {
    /// Returns the number of a value that was met.
    pub(super) fn number(&self, identity: u64) -> Option<u32> {
        let hash = self.state.hash_one(identity);
        let is_it = |number: &u32| self.identity(*number) == Some(identity);
        self.numbers.find(hash, is_it).copied()
    }

    fn identity(&self, number: u32) -> Option<u64> {
        self.all.get(number as usize).map(|origin| origin.identity)
    }

    /// Notes a value, which was not met before, with the number of what it is in, its place among the parts of that,
    /// and the step that leads to it.
    pub(super) fn add(
        &mut self,
        identity: u64,
        origin: Option<(u32, usize, Step<'g>)>,
        memory: &mut Memory,
    ) -> Result<(), Full> {
        let number = u32::try_from(self.all.len()).ok().filter(|&number| number < ROOT);
        let number = number.ok_or(Full::Indices)?;
        memory.take(MAPPED)?;
        let (above, step) = match origin {
            None => (ROOT, 0),
            Some((above, place, step)) => (above, self.packed(place, step, memory)?),
        };
        memory.push(&mut self.all, Origin { identity, above, step })?;
        let (state, all) = (&self.state, &self.all);
        let hash = |number: &u32| {
            let origin = all.get(*number as usize);
            state.hash_one(origin.map_or(0, |origin| origin.identity))
        };
        let room = self.numbers.try_reserve(1, hash);
        room.map_err(|_| memory.full(MAPPED))?;
        self.numbers.insert_unique(state.hash_one(identity), number, hash);
        Ok(())
    }

    fn packed(&mut self, place: usize, step: Step<'g>, memory: &mut Memory) -> Result<u32, Full> {
        let (kind, place) = match step {
            Step::Index(index) => (INDEX, index),
            Step::Member(place) => (MEMBER, place),
            Step::Key(_) => (KEY, place),
            Step::Entry(place, _) => (ENTRY, place),
            Step::Attribute(_) => (OTHER, usize::MAX),
        };
        let bits = |place: usize| u32::try_from(place).ok().filter(|place| place >> PLACE == 0);
        if let Some(place) = bits(place) {
            return Ok(kind << PLACE | place);
        }
        let place = bits(self.others.len()).ok_or(Full::Indices)?;
        memory.push(&mut self.others, step)?;
        Ok(OTHER << PLACE | place)
    }

    /// The steps to where a value was met.
    pub(super) fn steps(&self, value: Value<'g>) -> Option<Vec<Step<'g>>> {
        let mut origin = self.all.get(self.number(value.identity()?)? as usize)?;
        let mut steps = Vec::new();
        while let Some(above) = self.all.get(origin.above as usize) {
            steps.push(self.step(origin.step, above.identity, value.graph())?);
            origin = above;
        }
        steps.reverse();
        Some(steps)
    }

    fn step(&self, step: u32, above: u64, graph: &'g Graph<'g>) -> Option<Step<'g>> {
        let place = (step & ((1 << PLACE) - 1)) as usize;
        let key = || {
            let dict = match Value::with_identity(graph, above)?.kind() {
                Kind::Dict(dict) => dict,
                Kind::Object(object) => object.entries().as_dict()?,
                _ => return None,
            };
            Some(dict.get_index(place)?.0)
        };
        Some(match step >> PLACE {
            INDEX => Step::Index(place),
            MEMBER => Step::Member(place),
            KEY => Step::Key(key()?),
            ENTRY => Step::Entry(place, key()?),
            _ => *self.others.get(place)?,
        })
    }
}
