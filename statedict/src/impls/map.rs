//! Maps: `torch.nn.ModuleDict`.

use std::any::type_name;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use indexmap::IndexMap;

use crate::schema::SchemaBuilder;
use crate::traits::StateDict;
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

fn info<T: ?Sized>() -> ModuleInfo {
    ModuleInfo::new("ModuleDict").with_rust_type(type_name::<T>())
}

/// The children are named by the keys' text, in the map's order.
macro_rules! module_dict {
    ($([$($generics:tt)*] $map:ty),* $(,)?) => { $(
        impl<$($generics)*> StateDict for $map {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module(info::<Self>());
                for (key, module) in self {
                    visitor.child(&key.to_string(), module);
                }
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module(info::<Self>());
                for (key, module) in self {
                    visitor.child(&key.to_string(), module);
                }
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module(info::<Self>());
                schema.children(M::describe);
            }
        }
    )* };
}

module_dict! {
    [K: Display, M: StateDict] BTreeMap<K, M>,
    [K: Display, M: StateDict, S] IndexMap<K, M, S>,
}

/// The children are named by the keys' text and sorted by it: the map has no order of its own, and
/// the same model must have the same state dict.
impl<K: Display, M: StateDict, S> StateDict for HashMap<K, M, S> {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visitor.module(info::<Self>());
        let mut modules: Vec<(String, &M)> =
            self.iter().map(|(key, module)| (key.to_string(), module)).collect();
        modules.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, module) in modules {
            visitor.child(&key, module);
        }
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        visitor.module(info::<Self>());
        let mut modules: Vec<(String, &mut M)> =
            self.iter_mut().map(|(key, module)| (key.to_string(), module)).collect();
        modules.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, module) in modules {
            visitor.child(&key, module);
        }
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.module(info::<Self>());
        schema.children(M::describe);
    }
}
