//! Filling containers, and giving objects their state.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::raw::{ContainerKind, Extra, Object, Raw};

/// What values are put into.
#[derive(Clone, Copy, PartialEq)]
enum Filling {
    /// Elements one after the other.
    Items,
    /// Keys and values in turn.
    Entries,
}

impl<R: StorageResolver> Machine<'_, R> {
    pub(super) fn append(&mut self) -> Result<(), Fault> {
        let value = self.pop()?;
        let target = self.top()?;
        self.put_into(target, &[value], Filling::Items)
    }

    pub(super) fn set_item(&mut self) -> Result<(), Fault> {
        let (value, key) = (self.pop()?, self.pop()?);
        let target = self.top()?;
        self.put_into(target, &[key, value], Filling::Entries)
    }

    pub(super) fn appends(&mut self) -> Result<(), Fault> {
        self.fill_target(Filling::Items)
    }

    pub(super) fn set_items(&mut self) -> Result<(), Fault> {
        self.fill_target(Filling::Entries)
    }

    pub(super) fn add_items(&mut self) -> Result<(), Fault> {
        self.fill_target(Filling::Items)
    }

    /// Fills the value below the last mark with the values above it.
    fn fill_target(&mut self, filling: Filling) -> Result<(), Fault> {
        let start = self.pop_mark()?;
        let below = start.checked_sub(1).filter(|&below| below >= self.fence());
        match below.and_then(|below| self.stack.get(below)) {
            Some(&target) => self.fill(target, start, filling),
            None => Err(Fault::expected("a value on the stack", "none")),
        }
    }

    /// Fills a value with the values from a height of the stack on.
    fn fill(&mut self, target: Raw, start: usize, filling: Filling) -> Result<(), Fault> {
        // Set aside while they are read, so that they need not be copied.
        let mut stack = std::mem::take(&mut self.stack);
        let filled = self.put_into(target, stack.get(start..).unwrap_or_default(), filling);
        stack.truncate(start);
        self.stack = stack;
        filled
    }

    /// Fills a new container with the values from a height of the stack on.
    pub(super) fn fill_from(&mut self, container: Raw, start: usize) -> Result<(), Fault> {
        let filling = match container {
            Raw::Container(index)
                if self.graph.container(index).is_some_and(|found| found.kind.is_dict()) =>
            {
                Filling::Entries
            }
            _ => Filling::Items,
        };
        self.fill(container, start, filling)
    }

    fn put_into(&mut self, target: Raw, values: &[Raw], filling: Filling) -> Result<(), Fault> {
        if filling == Filling::Entries && values.len() % 2 == 1 {
            return Err(Fault::expected("a value for each key", "a key without one"));
        }
        let index = match target {
            Raw::Container(index) => index,
            Raw::Object(index) => return self.put_into_object(index, values, filling),
            other => return self.not_fillable(other, filling),
        };
        match self.graph.container(index) {
            Some(container) if container.kind.is_dict() == (filling == Filling::Entries) => {
                Ok(self.graph.extend(index, values)?)
            }
            _ => self.not_fillable(target, filling),
        }
    }

    fn not_fillable(&self, target: Raw, filling: Filling) -> Result<(), Fault> {
        let expected = match filling {
            Filling::Items => "a list or set",
            Filling::Entries => "a dict",
        };
        Err(Fault::expected(expected, self.describe(target)))
    }

    /// Keeps what is put into a value of an unknown class.
    fn put_into_object(
        &mut self,
        index: u32,
        values: &[Raw],
        filling: Filling,
    ) -> Result<(), Fault> {
        let Some(mut object) = self.graph.object(index) else { return Ok(()) };
        let (place, kind) = match filling {
            Filling::Items => (&mut object.items, ContainerKind::List),
            Filling::Entries => (&mut object.entries, ContainerKind::Dict),
        };
        if *place == Raw::None {
            *place = self.graph.add_container(kind)?;
        }
        let container = *place;
        self.graph.set_object(index, object);
        self.put_into(container, values, filling)
    }

    /// BUILD: gives the value on top of the stack a state.
    pub(super) fn build(&mut self) -> Result<(), Fault> {
        let state = self.pop()?;
        match self.top()? {
            Raw::Object(index) => {
                if let Some(object) = self.graph.object(index) {
                    self.graph.set_object(index, Object { state, ..object });
                }
                Ok(())
            }
            Raw::Container(index) => self.build_container(index, state),
            Raw::Tensor(index) => self.build_tensor(index, state),
            Raw::NumPy(index) => {
                self.graph.note_state(Raw::NumPy(index), state);
                self.build_numpy(index, state)
            }
            // What it would have been is not represented, so neither is its state.
            Raw::Refused(_) => Ok(()),
            other => Err(Fault::expected(
                "an OrderedDict or an object to give a state to",
                self.describe(other),
            )),
        }
    }

    /// Gives a dict or set of a class with attributes some, as `_metadata` of a state dict.
    fn build_container(&mut self, index: u32, state: Raw) -> Result<(), Fault> {
        let kind = self.graph.container(index).map(|container| container.kind);
        if matches!(kind, None | Some(ContainerKind::Dict | ContainerKind::List)) {
            let found = self.describe(Raw::Container(index));
            return Err(Fault::expected("an OrderedDict or an object to give a state to", found));
        }
        let added = match state {
            Raw::Container(added) => self.graph.container(added),
            _ => None,
        };
        let Some(added) = added.filter(|added| added.kind.is_dict()) else {
            return Err(Fault::expected("a dict of attributes", self.describe(state)));
        };
        let extra =
            self.graph.extra(index).unwrap_or(Extra { attributes: Raw::None, factory: Raw::None });
        match extra.attributes {
            Raw::Container(known) => {
                self.work(added.run.len as usize)?;
                Ok(self.graph.extend_from(known, added.run)?)
            }
            _ => Ok(self.graph.set_extra(index, Extra { attributes: state, ..extra })?),
        }
    }
}
