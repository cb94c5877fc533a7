//! A state dict as a value.

use foldhash::HashMap;

use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::value::copy::Copies;
use crate::value::id::ValueId;
use crate::value::parts::DictKind;
use crate::value::raw::Raw;
use crate::value::shared::SharedValue;
use crate::value::store::Graph;

/// The values that were copied from each graph, by the address of the graph.
type Graphs = HashMap<usize, Copies>;

impl<'a> Graph<'a> {
    /// A state dict: an `OrderedDict` of tensors, and of extra states, with its `_metadata`.
    pub fn state_map(&mut self, map: &StateMap<'a>) -> ValueId {
        let mut graphs = Graphs::default();
        let mut entries: Vec<Raw> = Vec::with_capacity(map.len() * 2);
        let mut values = map.values().peekable();
        for (index, (key, view)) in map.iter().enumerate() {
            while let Some((key, value)) =
                values.next_if(|(key, _)| map.value_position(key).is_some_and(|at| at <= index))
            {
                entries.extend([self.key_of_state(key).0, self.shared(value, &mut graphs).0]);
            }
            let tensor = match view.requires_grad() && view.dtype().needs_parameter() {
                true => self.parameter(view.clone()),
                false => self.add(view.clone()),
            };
            entries.extend([self.key_of_state(key).0, tensor.0]);
        }
        for (key, value) in values {
            entries.extend([self.key_of_state(key).0, self.shared(value, &mut graphs).0]);
        }
        let dict = self.dict_of(DictKind::OrderedDict);
        self.extend_raw(dict.0, &entries);
        if let Some(metadata) = map.metadata() {
            let modules = self.metadata(metadata, &mut graphs);
            let attributes = self.dict();
            let key = self.key("_metadata");
            self.extend_raw(attributes.0, &[key.0, modules.0]);
            self.set_attributes(dict, attributes)
                .expect("invariant: an OrderedDict has attributes");
        }
        dict
    }

    /// A key of the root is an attribute's name, which Python interns; the others are put together.
    fn key_of_state(&mut self, key: &str) -> ValueId {
        match key.contains('.') {
            true => self.add_str(key),
            false => self.key(key),
        }
    }

    fn shared(&mut self, value: &SharedValue, graphs: &mut Graphs) -> ValueId {
        let graph = value.graph();
        let known = graphs.entry(std::ptr::from_ref(graph).addr()).or_default();
        self.copy_known(graph, value.value().value_id(), known)
    }

    fn metadata(&mut self, metadata: &Metadata, graphs: &mut Graphs) -> ValueId {
        let mut entries = Vec::new();
        for (path, module) in metadata.iter() {
            // CPython has one object for each string of at most one character.
            let path = match path.chars().count() {
                0 | 1 => self.key(path),
                _ => self.add_str(path),
            };
            entries.extend([path.0, self.module_metadata(module, graphs).0]);
        }
        let modules = self.dict_of(DictKind::OrderedDict);
        self.extend_raw(modules.0, &entries);
        modules
    }

    fn module_metadata(&mut self, module: &ModuleMetadata, graphs: &mut Graphs) -> ValueId {
        let mut entries = Vec::new();
        if let Some(version) = module.version() {
            entries.extend([self.key("version").0, self.add(version).0]);
        }
        for (key, value) in module.extra() {
            entries.extend([self.key(key).0, self.shared(value, graphs).0]);
        }
        let entry = self.dict();
        self.extend_raw(entry.0, &entries);
        entry
    }
}
