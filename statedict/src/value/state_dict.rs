//! A state dict as a value.

use foldhash::HashMap;

use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::value::owned::{DictNode, NodeId, Tree};
use crate::value::owned_graph::Known;
use crate::value::parts::DictKind;
use crate::value::shared::SharedValue;

/// The nodes of what was copied from each file.
type Files = HashMap<usize, Known>;

impl<'a> Tree<'a> {
    /// A state dict: an `OrderedDict` of tensors, and of extra states, with its `_metadata`.
    pub fn state_map(&mut self, map: &StateMap<'a>) -> NodeId {
        let mut files = Files::default();
        let mut dict = DictNode::new(DictKind::OrderedDict);
        let mut values = map.values().peekable();
        for (index, (key, view)) in map.iter().enumerate() {
            while let Some((key, value)) =
                values.next_if(|(key, _)| map.value_position(key).is_some_and(|at| at <= index))
            {
                dict.entries.push((self.key_of_state(key), self.shared(value, &mut files)));
            }
            let key = self.key_of_state(key);
            dict.entries.push((key, self.add(view.clone())));
        }
        for (key, value) in values {
            dict.entries.push((self.key_of_state(key), self.shared(value, &mut files)));
        }
        if let Some(metadata) = map.metadata() {
            let modules = self.metadata(metadata, &mut files);
            let mut attributes = DictNode::new(DictKind::Dict);
            attributes.entries.push((self.key("_metadata"), modules));
            dict.attributes = Some(self.add(attributes));
        }
        self.add(dict)
    }

    /// A key of the root is an attribute's name, which Python interns; the others are put together.
    fn key_of_state(&mut self, key: &str) -> NodeId {
        match key.contains('.') {
            true => self.add(key.to_owned()),
            false => self.key(key),
        }
    }

    fn shared(&mut self, value: &SharedValue, files: &mut Files) -> NodeId {
        let value = value.value();
        let file = std::ptr::from_ref(value.graph()).addr();
        self.copy_known(value, files.entry(file).or_default())
    }

    fn metadata(&mut self, metadata: &Metadata, files: &mut Files) -> NodeId {
        let mut modules = DictNode::new(DictKind::OrderedDict);
        for (path, module) in metadata.iter() {
            // CPython has one object for each string of at most one character.
            let path = match path.chars().count() {
                0 | 1 => self.key(path),
                _ => self.add(path.to_owned()),
            };
            let entry = self.module_metadata(module, files);
            modules.entries.push((path, entry));
        }
        self.add(modules)
    }

    fn module_metadata(&mut self, module: &ModuleMetadata, files: &mut Files) -> NodeId {
        let mut entry = DictNode::new(DictKind::Dict);
        if let Some(version) = module.version() {
            entry.entries.push((self.key("version"), self.add(version)));
        }
        for (key, value) in module.extra() {
            entry.entries.push((self.key(key), self.shared(value, files)));
        }
        self.add(entry)
    }
}
