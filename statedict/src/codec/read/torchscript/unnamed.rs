//! The tensors of a program that are no part of its state dict.

use foldhash::{HashSet, HashSetExt};

use crate::codec::read::error::ReadError;
use crate::codec::read::module::{ModuleProblem, Named};
use crate::codec::read::root;
use crate::codec::read::torchscript::classes::{Classes, attributes};
use crate::codec::read::warning::Warning;
use crate::value::raw::{Identity, Raw};
use crate::value::{Full, Graph, Value};

/// Values that hold tensors without names, each with the path to it.
#[derive(Default)]
pub(super) struct Unnamed {
    found: Vec<(String, Raw)>,
    count: usize,
}

impl Unnamed {
    /// Finds the attributes of modules with tensors that the state dict does not name. A module is looked at once.
    /// Their paths are kept where a limit of their length is given.
    pub(super) fn find(
        module: Value<'_>,
        named: &[Named<'_>],
        classes: &Classes,
        paths: Option<u64>,
    ) -> Result<Self, ReadError> {
        let mut cost = 0u64;
        let graph = module.graph();
        let mut this = Unnamed::default();
        let mut seen: HashSet<Identity> = HashSet::new();
        seen.extend(named.iter().filter_map(|named| named.value?.raw().identity()));
        seen.extend(module.raw().identity());
        let mut waiting = vec![(module, String::new())];
        while let Some((module, prefix)) = waiting.pop() {
            let first = waiting.len();
            for (key, value) in attributes(module).into_iter().flat_map(|dict| dict.iter()) {
                let mut path = || match paths {
                    None => Ok(String::new()),
                    Some(limit) => {
                        let path = format!("{prefix}{}", key.text().unwrap_or_default());
                        let len = u64::try_from(path.len()).unwrap_or(u64::MAX);
                        cost = cost.saturating_add(len).saturating_add(16);
                        match cost > limit {
                            true => Err(ModuleProblem::TooMany { needed: cost }
                                .at("the file's root", limit)),
                            false => Ok(path),
                        }
                    }
                };
                if classes.of(value).is_some() {
                    if value.raw().identity().is_some_and(|identity| seen.insert(identity)) {
                        waiting.push((value, path()? + "."));
                    }
                } else {
                    let count = count(graph, value.raw(), &mut seen);
                    if count > 0 {
                        this.count += count;
                        if paths.is_some() {
                            this.found.push((path()?, value.raw()));
                        }
                    }
                }
            }
            // What a module that restores itself is made of.
            if attributes(module).is_none() {
                let mut parts = Vec::new();
                graph.push_parts(module.raw(), &mut parts);
                for part in parts {
                    this.count += count(graph, part, &mut seen);
                }
            }
            if let Some(children) = waiting.get_mut(first..) {
                children.reverse();
            }
        }
        Ok(this)
    }

    /// All tensors of a value.
    pub(super) fn all(graph: &Graph<'_>, value: Raw) -> Self {
        Unnamed { found: Vec::new(), count: count(graph, value, &mut HashSet::new()) }
    }

    pub(super) fn warning(&self, attribute: &'static str) -> Option<Warning> {
        (self.count > 0).then_some(Warning::Unnamed { attribute, count: self.count })
    }

    /// Adds the attributes that show what was found, and the constants of the program.
    pub(super) fn add_to(
        &self,
        graph: &mut Graph<'_>,
        constants: Raw,
        attributes: &mut Vec<Raw>,
    ) -> Result<(), Full> {
        let mut entries = Vec::new();
        for (path, value) in &self.found {
            entries.extend([root::text(graph, path)?, *value]);
        }
        for (name, value) in [("constants", constants), ("attributes", graph.add_dict(&entries)?)] {
            attributes.extend([root::text(graph, name)?, value]);
        }
        Ok(())
    }
}

/// Counts the tensors that a value holds and that were not met before.
fn count(graph: &Graph<'_>, value: Raw, seen: &mut HashSet<Identity>) -> usize {
    let mut count = 0;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        if value.identity().is_some_and(|identity| !seen.insert(identity)) {
            continue;
        }
        if matches!(value, Raw::Tensor(_) | Raw::Composite(_) | Raw::Refused(_)) {
            count += 1;
        } else {
            graph.push_parts(value, &mut waiting);
        }
    }
    count
}
