//! Collections of parameters: `torch.nn.ParameterList` and `torch.nn.ParameterDict`.

use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;

use crate::leaf::TensorMut;
use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// Parameters named `0`, `1`, …: `torch.nn.ParameterList`. A child module, dereferencing to a `Vec`.
///
/// ```
/// use statedict::ParameterList;
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Net {
///     scales: ParameterList<Vec<f32>>,
/// }
///
/// let net = Net { scales: ParameterList(vec![vec![1.0; 2], vec![1.0; 3]]) };
/// assert_eq!(net.scales.len(), 2);
/// assert_eq!(net.state_dict().unwrap().keys().collect::<Vec<_>>(), ["scales.0", "scales.1"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParameterList<T>(pub Vec<T>);

/// Parameters by name, in the order in which they were inserted: `torch.nn.ParameterDict`.
/// A child module, dereferencing to an `IndexMap`.
///
/// ```
/// use statedict::ParameterDict;
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Net {
///     scales: ParameterDict<Vec<f32>>,
/// }
///
/// let mut net = Net { scales: ParameterDict::default() };
/// net.scales.insert("left".to_owned(), vec![1.0; 2]);
/// assert_eq!(net.state_dict().unwrap().keys().collect::<Vec<_>>(), ["scales.left"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterDict<T>(pub IndexMap<String, T>);

impl<T> Default for ParameterDict<T> {
    fn default() -> Self {
        ParameterDict(IndexMap::new())
    }
}

impl<T: TensorMut> StateDict for ParameterList<T> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&Self::describe().table().info);
        for (index, parameter) in self.0.iter().enumerate() {
            visitor.field(&Field::parameter(&index.to_string()), Content::tensor(parameter));
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&Self::describe().table().info);
        for (index, parameter) in self.0.iter_mut().enumerate() {
            visitor.field(&Field::parameter(&index.to_string()), Content::tensor_mut(parameter));
        }
    }

    fn describe() -> Description {
        Description::Module(
            const {
                &FieldTable {
                    info: ModuleInfo::new("ParameterList").of_type::<Self>(),
                    fields: &[Field::parameter("*")],
                }
            },
        )
    }
}

impl<T: TensorMut> StateDict for ParameterDict<T> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&Self::describe().table().info);
        for (name, parameter) in &self.0 {
            visitor.field(&Field::parameter(name), Content::tensor(parameter));
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&Self::describe().table().info);
        for (name, parameter) in &mut self.0 {
            visitor.field(&Field::parameter(name), Content::tensor_mut(parameter));
        }
    }

    fn describe() -> Description {
        Description::Module(
            const {
                &FieldTable {
                    info: ModuleInfo::new("ParameterDict").of_type::<Self>(),
                    fields: &[Field::parameter("*")],
                }
            },
        )
    }
}

macro_rules! collection {
    ($([$collection:ident] $inner:ty, $item:ty;)*) => { $(
        impl<T> Deref for $collection<T> {
            type Target = $inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<T> DerefMut for $collection<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<T> FromIterator<$item> for $collection<T> {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                $collection(items.into_iter().collect())
            }
        }
    )* };
}

collection! {
    [ParameterList] Vec<T>, T;
    [ParameterDict] IndexMap<String, T>, (String, T);
}
