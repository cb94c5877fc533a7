//! Sequences: `torch.nn.ModuleList` and `torch.nn.Sequential`.

use std::collections::VecDeque;

use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// Counts children from 0, in decimal.
struct Number(String);

impl Number {
    fn zero() -> Self {
        Number("0".to_owned())
    }

    /// Adds one in place: a sequence of a million children would otherwise format a million numbers.
    fn increase(&mut self) {
        let mut nines = 0;
        let last = loop {
            match self.0.pop().and_then(|digit| digit.to_digit(10)) {
                Some(9) => nines += 1,
                other => break other.unwrap_or(0),
            }
        };
        self.0.push(char::from_digit(last + 1, 10).expect("a digit below 9 has a next one"));
        (0..nines).for_each(|_| self.0.push('0'));
    }
}

/// The class of a sequence.
const fn class<L: ?Sized>() -> ModuleInfo {
    ModuleInfo::new("ModuleList").of_type::<L>()
}

/// Sequences are `torch.nn.ModuleList`: the children `0`, `1`, …
macro_rules! module_list {
    ($([$($generics:tt)*] $list:ty $(, $children:expr)?;)*) => { $(
        impl<$($generics)*> StateDict for $list {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.begin(const { &class::<Self>() });
                let mut number = Number::zero();
                for module in self.iter() {
                    visitor.field(&Field::child(&number.0, M::describe), Content::child(module));
                    number.increase();
                }
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.begin(const { &class::<Self>() });
                let mut number = Number::zero();
                for module in self.iter_mut() {
                    visitor.field(&Field::child(&number.0, M::describe), Content::child_mut(module));
                    number.increase();
                }
            }

            $(fn describe() -> Description {
                Description::Module(const {
                    &FieldTable { info: class::<Self>(), fields: &[$children] }
                })
            })?
        }
    )* };
}

module_list! {
    [M: StateDict] Vec<M>, Field::children(M::describe);
    [M: StateDict] VecDeque<M>, Field::children(M::describe);
    [M: StateDict, const N: usize] [M; N], Field::numbered(N, M::describe);
    // Behind a `Box`, `Rc` or `Arc`.
    [M: StateDict] [M];
}

/// Tuples are `torch.nn.Sequential`: the children `0`, `1`, … of different types.
///
/// `do_not_recommend`, or every message about a missing derive would list all tuples.
macro_rules! sequential {
    ($([$($module:ident $index:tt $name:literal),+])*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($module: StateDict),+> StateDict for ($($module,)+) {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.module(Self::describe().table(), &mut [$(Content::child(&self.$index)),+]);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.module(Self::describe().table(), &mut [$(Content::child_mut(&mut self.$index)),+]);
            }

            fn describe() -> Description {
                Description::Module(const {
                    &FieldTable { info: ModuleInfo::new("Sequential").of_type::<Self>(), fields: &[$(Field::child($name, $module::describe)),+] }
                })
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
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7", I 8 "8"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7", I 8 "8", J 9 "9"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7", I 8 "8", J 9 "9", K 10 "10"]
    [A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7", I 8 "8", J 9 "9", K 10 "10", L 11 "11"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_in_decimal() {
        let mut number = Number::zero();
        for expected in 0..100_001 {
            assert_eq!(number.0, i32::to_string(&expected));
            number.increase();
        }
    }
}
