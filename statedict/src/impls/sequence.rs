//! Sequences: `torch.nn.ModuleList` and `torch.nn.Sequential`.

use std::any::type_name;
use std::collections::VecDeque;
use std::fmt::Write;

use crate::schema::SchemaBuilder;
use crate::traits::StateDict;
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

/// The numbers of children, in one buffer.
#[derive(Default)]
struct Number(String);

impl Number {
    fn of(&mut self, index: usize) -> &str {
        self.0.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{index}");
        &self.0
    }
}

/// Sequences are `torch.nn.ModuleList`: the children `0`, `1`, …
macro_rules! module_list {
    ($([$($generics:tt)*] $list:ty, $describe:expr;)*) => { $(
        impl<$($generics)*> StateDict for $list {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module(ModuleInfo::new("ModuleList").with_rust_type(type_name::<Self>()));
                let mut number = Number::default();
                for (index, module) in self.iter().enumerate() {
                    visitor.child(number.of(index), module);
                }
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module(ModuleInfo::new("ModuleList").with_rust_type(type_name::<Self>()));
                let mut number = Number::default();
                for (index, module) in self.iter_mut().enumerate() {
                    visitor.child(number.of(index), module);
                }
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module(ModuleInfo::new("ModuleList").with_rust_type(type_name::<Self>()));
                let describe: fn(&mut SchemaBuilder) = $describe;
                describe(schema);
            }
        }
    )* };
}

module_list! {
    [M: StateDict] Vec<M>, |schema| schema.children(M::describe);
    [M: StateDict] VecDeque<M>, |schema| schema.children(M::describe);
    [M: StateDict, const N: usize] [M; N], |schema| {
        (0..N).for_each(|index| schema.child(&index.to_string(), M::describe));
    };
}

/// Tuples are `torch.nn.Sequential`: the children `0`, `1`, … of different types.
///
/// `do_not_recommend`, or every message about a missing derive would list the eight tuples.
macro_rules! sequential {
    ($([$($module:ident $index:tt $name:literal),+])*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($module: StateDict),+> StateDict for ($($module,)+) {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module(ModuleInfo::new("Sequential").with_rust_type(type_name::<Self>()));
                $(visitor.child($name, &self.$index);)+
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module(ModuleInfo::new("Sequential").with_rust_type(type_name::<Self>()));
                $(visitor.child($name, &mut self.$index);)+
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module(ModuleInfo::new("Sequential").with_rust_type(type_name::<Self>()));
                $(schema.child($name, $module::describe);)+
            }
        }
    )* };
}

sequential! {
    [A 0 "0"]
    [A 0 "0", B 1 "1"]
    [A 0 "0", B 1 "1", C 2 "2"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7"]
}
