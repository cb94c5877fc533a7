//! The lines of a schema.

use std::fmt;

use crate::schema::pattern::first;
use crate::visit::{Kind, ModuleInfo};

/// A line of a [`Schema`](crate::Schema).
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

/// A parameter or buffer of a [`Schema`](crate::Schema).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaEntry {
    pub(super) key: String,
    pub(super) kind: Kind,
    /// How many segments of the key lead to what may be absent.
    pub(super) optional: Option<usize>,
    pub(super) alias_of: Option<String>,
    /// The module's path and its version.
    pub(super) since: Vec<(String, u64)>,
}

/// A module of a [`Schema`](crate::Schema).
#[derive(Debug, Clone)]
pub struct SchemaModule {
    pub(super) path: String,
    pub(super) info: ModuleInfo,
    pub(super) optional: Option<usize>,
    pub(super) alias_of: Option<String>,
}

/// A place of a [`Schema`](crate::Schema) whose content only a value knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaUnknown {
    pub(super) path: String,
    pub(super) reason: UnknownReason,
}

/// Why a [`Schema`](crate::Schema) ends at a place.
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
    pub(super) fn text(self) -> &'static str {
        match self {
            UnknownReason::Opaque => "known only by a value",
            UnknownReason::Recursive => "a module that contains itself",
            UnknownReason::Alias => "an alias of what only a value knows",
        }
    }
}

/// The module that an entry is in.
pub(super) fn parent(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(parent, _)| parent)
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

    /// Returns `true` if it is a part of the state dict.
    pub fn is_persistent(&self) -> bool {
        self.kind.is_persistent()
    }

    /// Returns `true` if it, or a module that it is in, may be absent.
    pub fn is_optional(&self) -> bool {
        self.optional.is_some()
    }

    /// The entry that this is another name of.
    pub fn alias_of(&self) -> Option<&str> {
        self.alias_of.as_deref()
    }

    pub(crate) fn optional_segments(&self) -> Option<usize> {
        self.optional
    }

    /// The modules that had a version without it, with the first version that has it.
    pub(crate) fn first_versions(&self) -> impl Iterator<Item = (&str, u64)> {
        self.since.iter().map(|(module, version)| (module.as_str(), *version))
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

    /// Returns `true` if it, or a module that it is in, may be absent.
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

/// By what [`Schema`](crate::Schema) shows: path, class, version, whether it may be absent, and what it is an alias of.
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
