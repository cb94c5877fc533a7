//! What a model type says of itself, without a value of it.

mod builder;
mod item;
mod parse;
mod pattern;

use std::fmt;

pub use item::{SchemaEntry, SchemaItem, SchemaModule, SchemaUnknown, UnknownReason};
pub use parse::SchemaParseError;
pub(crate) use pattern::{Paths, Patterns, first, rest_below};

use crate::map::StateMap;
use crate::visit::{Kind, ModuleInfo};

/// The keys and modules of a model type: its checkpoint format, without shapes and element types,
/// which only a value knows.
///
/// Where the number or the names of children depend on the value, a `*` stands for one segment. As text
/// it is one line for each key and module. Commit that text and compare it in a test, and no
/// change of the format goes unnoticed:
///
/// ```
/// use statedict::Schema;
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Linear {
///     #[param]
///     weight: Vec<f32>,
///     #[param]
///     bias: Option<Vec<f32>>,
/// }
///
/// #[derive(StateDict)]
/// #[version(2)]
/// struct Net {
///     layers: Vec<Linear>,
///     #[buffer]
///     #[since(2)]
///     steps: i64,
/// }
///
/// // In a project: `include_str!("net.schema")`, a file beside the test.
/// let committed = "\
/// module (root): Net, version 2
/// buffer steps, since version 2
/// module layers: ModuleList
/// module layers.*: Linear
/// parameter layers.*.weight
/// parameter layers.*.bias, optional
/// ";
/// assert_eq!(Net::schema().to_string(), committed, "this change alters the checkpoint format");
/// # let _ = Net { layers: vec![Linear { weight: vec![], bias: None }], steps: 0 };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    items: Vec<SchemaItem>,
}

impl Schema {
    /// Returns the schema of another state dict: its keys, and the versions of its modules.
    pub(crate) fn of_map(map: &StateMap<'_>) -> Self {
        let modules = map.metadata().into_iter().flat_map(|metadata| metadata.iter());
        let modules = modules.filter_map(|(path, record)| {
            let info = ModuleInfo::new("").with_version(record.version()?);
            let path = path.to_owned();
            Some(SchemaItem::Module(SchemaModule { path, info, optional: None, alias_of: None }))
        });
        let entries = map.all_keys().map(|(key, tensor)| {
            let kind = if tensor.is_some() { Kind::Parameter } else { Kind::ExtraState };
            let (key, since) = (key.to_owned(), Vec::new());
            SchemaItem::Entry(SchemaEntry { key, kind, optional: None, alias_of: None, since })
        });
        Schema { items: modules.chain(entries).collect() }
    }

    /// The class of the model.
    pub(crate) fn class(&self) -> &'static str {
        match self.modules().next().map(|module| module.info().name()) {
            None | Some("") => "model",
            Some(class) => class,
        }
    }

    /// The paths of all modules and entries.
    pub(crate) fn patterns(&self) -> Patterns<'_> {
        let entries = self.entries().map(SchemaEntry::key);
        Patterns::new(self.modules().map(SchemaModule::path).chain(entries))
    }

    /// All lines in order: each module before its content, each module's keys in PyTorch's order.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &SchemaItem> {
        self.items.iter()
    }

    /// The parameters and buffers in PyTorch's order, those that are not saved included.
    pub fn entries(&self) -> impl Iterator<Item = &SchemaEntry> {
        self.items.iter().filter_map(|item| match item {
            SchemaItem::Entry(entry) => Some(entry),
            _ => None,
        })
    }

    /// The modules, parents before children. Several have one path where an `enum` may be any of them.
    pub fn modules(&self) -> impl Iterator<Item = &SchemaModule> {
        self.items.iter().filter_map(|item| match item {
            SchemaItem::Module(module) => Some(module),
            _ => None,
        })
    }

    /// The places whose content only a value knows.
    pub fn unknown(&self) -> impl Iterator<Item = &SchemaUnknown> {
        self.items.iter().filter_map(|item| match item {
            SchemaItem::Unknown(unknown) => Some(unknown),
            _ => None,
        })
    }
}

/// One line for each key and module, also for buffers that are not saved: a file that has one of these does not fit.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            writeln!(f, "{item}")?;
        }
        Ok(())
    }
}
