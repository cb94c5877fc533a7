//! What a model type says of itself, without a value of it.

mod builder;
mod check;
mod parse;
mod pattern;

use std::fmt;

pub use check::SchemaMismatch;
pub use parse::SchemaParseError;
pub(crate) use pattern::{Paths, Patterns, first};

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

/// A line of a [`Schema`].
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaItem {
    /// A parameter or buffer.
    Entry(SchemaEntry),
    /// A module.
    Module(SchemaModule),
    /// A place whose content only a value knows.
    Unknown(SchemaUnknown),
}

/// A parameter or buffer of a [`Schema`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaEntry {
    key: String,
    kind: Kind,
    /// How many segments of the key lead to what may be absent.
    optional: Option<usize>,
    alias_of: Option<String>,
    /// The module's path and its version.
    since: Vec<(String, u64)>,
}

/// A module of a [`Schema`].
#[derive(Debug, Clone)]
pub struct SchemaModule {
    path: String,
    info: ModuleInfo,
    optional: Option<usize>,
    alias_of: Option<String>,
}

/// A place of a [`Schema`] whose content only a value knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaUnknown {
    path: String,
    reason: UnknownReason,
}

/// Why a [`Schema`] ends at a place.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownReason {
    /// The type does not describe itself: a `dyn StateDict`, or an implementation by hand.
    Opaque,
    /// The type contains itself.
    Recursive,
    /// An alias of something that only a value knows.
    Alias,
}

impl UnknownReason {
    fn text(self) -> &'static str {
        match self {
            UnknownReason::Opaque => "known only by a value",
            UnknownReason::Recursive => "a module that contains itself",
            UnknownReason::Alias => "an alias of what only a value knows",
        }
    }
}

/// The module that an entry is in.
fn parent(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(parent, _)| parent)
}

impl Schema {
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

impl SchemaEntry {
    /// The key; a `*` stands for one segment.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Parameter or buffer.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it is a part of the state dict.
    pub fn is_persistent(&self) -> bool {
        self.kind.is_persistent()
    }

    /// Whether it, or a module that it is in, may be absent.
    pub fn is_optional(&self) -> bool {
        self.optional.is_some()
    }

    /// The entry that this is another name of.
    pub fn alias_of(&self) -> Option<&str> {
        self.alias_of.as_deref()
    }

    /// The first version that has it, of the innermost module that says so.
    pub fn since(&self) -> Option<u64> {
        self.since.first().map(|&(_, version)| version)
    }
}

impl SchemaModule {
    /// The path, empty for the root; a `*` stands for one segment.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The module's class, version and history.
    pub fn info(&self) -> &ModuleInfo {
        &self.info
    }

    /// Whether it, or a module that it is in, may be absent.
    pub fn is_optional(&self) -> bool {
        self.optional.is_some()
    }

    /// The module that this is another name of.
    pub fn alias_of(&self) -> Option<&str> {
        self.alias_of.as_deref()
    }

    pub(crate) fn optional_segments(&self) -> Option<usize> {
        self.optional
    }
}

/// By what [`Schema`] shows: path, class, version, whether it may be absent, and what it is an alias of.
impl PartialEq for SchemaModule {
    fn eq(&self, other: &Self) -> bool {
        let shown = |module: &Self| (module.info.name(), module.info.version(), module.optional);
        self.path == other.path && shown(self) == shown(other) && self.alias_of == other.alias_of
    }
}

impl SchemaUnknown {
    /// The path, empty for the root; a `*` stands for one segment.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why the schema ends here.
    pub fn reason(&self) -> UnknownReason {
        self.reason
    }
}

/// One line for each key and module. What is not saved is left out: it is no part of the format.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            match item {
                SchemaItem::Entry(entry) if !entry.is_persistent() => {}
                item => writeln!(f, "{item}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for SchemaItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |path: &str| if path.is_empty() { "(root)".to_owned() } else { path.to_owned() };
        let (path, optional, alias_of) = match self {
            SchemaItem::Entry(entry) => {
                let kind = match entry.kind {
                    Kind::Parameter => "parameter",
                    Kind::Buffer | Kind::NonPersistentBuffer => "buffer",
                    Kind::ExtraState => "extra state",
                };
                write!(f, "{kind} {}", entry.key)?;
                if !entry.is_persistent() {
                    f.write_str(", not saved")?;
                }
                for (module, version) in &entry.since {
                    write!(f, ", since version {version}")?;
                    if module != parent(&entry.key) {
                        write!(f, " of {}", place(module))?;
                    }
                }
                (&entry.key, entry.optional, &entry.alias_of)
            }
            SchemaItem::Module(module) => {
                write!(f, "module {}: {}", place(&module.path), module.info.name())?;
                if module.info.version() != 1 {
                    write!(f, ", version {}", module.info.version())?;
                }
                (&module.path, module.optional, &module.alias_of)
            }
            SchemaItem::Unknown(unknown) => {
                let reason = unknown.reason.text();
                write!(f, "unknown {}: {reason}", place(&unknown.path))?;
                (&unknown.path, None, &None)
            }
        };
        if let Some(depth) = optional {
            f.write_str(", optional")?;
            let with = first(path, depth);
            if with != path {
                write!(f, " with {}", place(with))?;
            }
        }
        if let Some(target) = alias_of {
            write!(f, ", alias of {target}")?;
        }
        Ok(())
    }
}
