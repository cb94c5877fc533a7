//! The classes and functions that a pickle names and that mean nothing here.

use foldhash::{HashSet, HashSetExt};

use crate::codec::pickle::decoded::Unknown;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::codec::pickle::verdict::{is_of_program, runs_code};
use crate::value::modern;
use crate::value::raw::{Global, Text};

/// So many are named, so many bytes of each of the two names.
const MOST: usize = 16;
const LONGEST: usize = 200;

impl<R: StorageResolver> Machine<'_, R> {
    /// Returns `true` if a class or function that is not known is kept inert.
    pub(super) fn keeps(&self, module: Text, name: Text) -> bool {
        if self.program && is_of_program(self.graph.text(module)) {
            return true;
        }
        match self.unknown {
            Unknown::Refused => false,
            Unknown::AllInert => true,
            Unknown::Inert => {
                let short = |text: Text| usize::try_from(text.len).is_ok_and(|len| len <= LONGEST);
                !short(module)
                    || !short(name)
                    || !runs_code(self.graph.str(module), self.graph.str(name))
            }
        }
    }

    /// Returns the first few of them.
    pub(super) fn unknown_names(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut found: Vec<String> = Vec::new();
        let unknown = (0..).zip(&self.meanings).filter(|(_, meaning)| meaning.is_none());
        for Global { module, name } in
            unknown.filter_map(|(index, _)| self.graph.global_name(index))
        {
            // A name that is used many times is looked at once.
            if !seen.insert([module.start, module.len, name.start, name.len]) {
                continue;
            }
            if self.program && is_of_program(self.graph.text(module)) {
                continue;
            }
            let cut = |text: Text| {
                let text = self.graph.text(text);
                String::from_utf8_lossy(text.get(..LONGEST).unwrap_or(text)).into_owned()
            };
            let (module, name) = (cut(module), cut(name));
            let (module, name) = modern(&module, &name);
            let class = format!("{module}.{name}");
            if !found.contains(&class) {
                found.push(class);
            }
            if found.len() == MOST {
                break;
            }
        }
        found
    }
}
