//! A module's entry in `_metadata`: a dict with its version.

use crate::codec::pickle::entry::Rest;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::opcode as op;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::raw::{ContainerKind, Raw};

impl<R: StorageResolver> Machine<'_, R> {
    /// A dict of one text, which others have too, and an integer; after the opcode that makes it.
    pub(super) fn module(&mut self, rest: &mut Rest<'_>) -> Option<Raw> {
        self.put_for_nothing(rest)?;
        let key @ Raw::Str(_) = self.got(rest)? else { return None };
        let version = Raw::Int(rest.int()?);
        rest.pass(&[op::SETITEM])?;
        let entry = [key, version];
        // Nearly all modules have the same version.
        let module = match self.module {
            Some(module) if self.graph.run(module) == entry => {
                self.graph.add_container_of(ContainerKind::Dict, module)
            }
            _ => self.graph.add_dict(&entry),
        };
        let module = module.ok()?;
        if let Raw::Container(index) = module {
            self.module = self.graph.container(index).map(|container| container.run);
        }
        Some(module)
    }
}
