//! Maps: `torch.nn.ModuleDict`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use indexmap::IndexMap;

use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// Returns the table of a map from names to modules `M`.
const fn table<T: ?Sized, M: StateDict>() -> &'static FieldTable {
    const {
        &FieldTable {
            info: ModuleInfo::new("ModuleDict").of_type::<T>(),
            fields: &[Field::children(M::describe)],
        }
    }
}

/// A child under its key's text.
fn child<'n, M: StateDict>(name: &'n str) -> Field<'n> {
    Field::child(name, M::describe)
}

/// The children are named by the keys' text, in the map's order.
macro_rules! module_dict {
    ($([$($generics:tt)*] $map:ty),* $(,)?) => { $(
        impl<$($generics)*> StateDict for $map {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.begin(&table::<Self, M>().info);
                for (key, module) in self {
                    visitor.field(&child::<M>(&key.to_string()), Content::child(module));
                }
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.begin(&table::<Self, M>().info);
                for (key, module) in self {
                    visitor.field(&child::<M>(&key.to_string()), Content::child_mut(module));
                }
            }

            fn describe() -> Description {
                Description::Module(table::<Self, M>())
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
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&table::<Self, M>().info);
        let mut modules: Vec<(String, &M)> =
            self.iter().map(|(key, module)| (key.to_string(), module)).collect();
        modules.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, module) in modules {
            visitor.field(&child::<M>(&key), Content::child(module));
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&table::<Self, M>().info);
        let mut modules: Vec<(String, &mut M)> =
            self.iter_mut().map(|(key, module)| (key.to_string(), module)).collect();
        modules.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, module) in modules {
            visitor.field(&child::<M>(&key), Content::child_mut(module));
        }
    }

    fn describe() -> Description {
        Description::Module(table::<Self, M>())
    }
}
