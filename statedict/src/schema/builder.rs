//! Builds a schema from the descriptions of types.

use crate::key;
use crate::schema::Schema;
use crate::schema::item::{SchemaEntry, SchemaItem, SchemaModule, SchemaUnknown, UnknownReason};
use crate::schema::pattern::{rest_below, segments};
use crate::visit::{Change, Describe, Description, Field, FieldKind, Kind, ModuleInfo, StateDict};

impl Schema {
    /// Returns the schema of `T`.
    pub fn of<T: StateDict>() -> Self {
        let mut builder = SchemaBuilder::new();
        builder.add_type(Description::same_as::<T>());
        Schema { items: builder.finish() }
    }
}

/// Builds a schema from what types say of themselves in [`StateDict::describe`](crate::StateDict::describe).
struct SchemaBuilder {
    items: Vec<Item>,
    frames: Vec<Frame>,
    /// How many modules there were.
    modules: usize,
    /// The types that are described and are no modules of their own.
    open: Vec<&'static str>,
    /// How many segments lead to the innermost module that may be absent.
    optional: Option<usize>,
    /// `true` if a part without a segment of its own may be absent: then each of its entries may.
    loose: bool,
}

struct Item {
    /// The module that reported it.
    frame: usize,
    item: Part,
}

enum Part {
    Known(SchemaItem),
    Alias { name: String, target: String },
}

/// A child, or what is flattened into one.
struct Frame {
    path: String,
    number: usize,
    rust_type: Option<&'static str>,
    /// `true` if it adds no segment to the keys.
    flat: bool,
    /// `true` if other modules are flattened into it.
    merged: bool,
    /// `true` if it contains itself: the rest of it is known already.
    ended: bool,
    changes: &'static [Change],
    start: usize,
}

impl SchemaBuilder {
    fn new() -> Self {
        let mut builder = SchemaBuilder {
            items: Vec::new(),
            frames: Vec::new(),
            modules: 0,
            open: Vec::new(),
            optional: None,
            loose: false,
        };
        builder.begin(String::new(), false);
        builder
    }

    /// Adds what a type is, at the place that is being described.
    fn add_type(&mut self, description: Description) {
        match description {
            Description::Module(table) => {
                self.add_module(&table.info);
                table.fields.iter().for_each(|field| self.add_field(field));
            }
            Description::OneOf { rust_type, variants } => self.add_variants(rust_type(), variants),
            Description::Same { rust_type, describe } => {
                let rust_type = rust_type();
                // A type within itself at the same path adds nothing to what it has there anyway.
                if !self.open.contains(&rust_type) {
                    self.open.push(rust_type);
                    self.add_type(describe());
                    self.open.pop();
                }
            }
            Description::Optional(describe) => self.add_optional(describe),
            Description::Nothing => {}
            Description::Unknown => {
                let frame = self.frame();
                if !frame.ended {
                    let path = frame.path.clone();
                    self.add_unknown(path, UnknownReason::Opaque);
                }
            }
        }
    }

    /// Adds the module itself. A module of the same Rust type as one around it is that module again, and
    /// the schema ends there.
    fn add_module(&mut self, info: &ModuleInfo) {
        let recursive = self.frames.iter().any(|frame| frame.rust_type == Some(info.rust_type()));
        let frame = self.frame();
        if frame.ended {
            return;
        }
        let (path, flat) = (frame.path.clone(), frame.flat);
        if recursive {
            frame.ended = true;
            return self.add_unknown(path, UnknownReason::Recursive);
        }
        frame.rust_type = Some(info.rust_type());
        frame.changes = info.changes();
        if !flat {
            let optional = self.optional_at(&path);
            let module = SchemaModule { path, info: *info, optional, alias_of: None };
            self.add(SchemaItem::Module(module));
        }
    }

    fn add_field(&mut self, field: &Field<'_>) {
        let &Field { name, kind, optional, .. } = field;
        match kind {
            FieldKind::Parameter => self.add_leaf(name, Kind::Parameter, optional),
            FieldKind::Buffer { persistent } => {
                self.add_leaf(name, Kind::of_buffer(persistent), optional);
            }
            FieldKind::ExtraState => self.add_leaf(name, Kind::ExtraState, false),
            FieldKind::Child(describe) | FieldKind::Children(None, describe) => {
                self.add_child(name, describe);
            }
            FieldKind::Children(Some(count), describe) => {
                (0..count).for_each(|index| self.add_child(&index.to_string(), describe));
            }
            FieldKind::Flattened(describe) => self.add_flattened(describe),
            FieldKind::Alias(target) => {
                if let (Some(name), Some(target)) = (self.path_of(name), self.path_of(target)) {
                    self.push(Part::Alias { name, target });
                }
            }
            FieldKind::Training => {}
        }
    }

    fn add_child(&mut self, name: &str, describe: Describe) {
        let Some(path) = self.path_of(name) else { return };
        let loose = std::mem::take(&mut self.loose);
        let optional = self.optional;
        if loose {
            self.optional = Some(segments(&path).count());
        }
        let open = std::mem::take(&mut self.open);
        self.begin(path, false);
        self.add_type(describe());
        self.end();
        (self.open, self.optional, self.loose) = (open, optional, loose);
    }

    /// Adds a module whose keys are those of the module around it.
    fn add_flattened(&mut self, describe: Describe) {
        let frame = self.frame();
        if frame.ended {
            return;
        }
        let path = frame.path.clone();
        let open = std::mem::take(&mut self.open);
        self.begin(path, true);
        self.add_type(describe());
        self.end();
        self.open = open;
    }

    /// Adds what may be absent, like the content of an `Option`.
    fn add_optional(&mut self, describe: Describe) {
        let (optional, loose) = (self.optional, self.loose);
        let frame = self.frame();
        if frame.flat {
            self.loose = true;
        } else {
            self.optional = Some(segments(&frame.path).count());
        }
        self.add_type(describe());
        (self.optional, self.loose) = (optional, loose);
    }

    /// Adds one of several modules, like an `enum`. What not all of them have is optional.
    fn add_variants(&mut self, rust_type: &'static str, variants: &[Description]) {
        self.open.push(rust_type);
        let start = self.items.len();
        let mut merged: Vec<(Item, usize)> = Vec::new();
        for variant in variants {
            // Each variant may be a module of its own.
            let frame = self.frame();
            let (rust_type, changes, ended) = (frame.rust_type, frame.changes, frame.ended);
            self.add_type(*variant);
            let frame = self.frame();
            (frame.rust_type, frame.changes, frame.ended) = (rust_type, changes, ended);
            for item in self.items.split_off(start) {
                match merged.iter_mut().find(|(known, _)| known.is_same(&item)) {
                    Some((_, count)) => *count += 1,
                    None => merged.push((item, 1)),
                }
            }
        }
        for (mut item, count) in merged {
            if count < variants.len() {
                item.make_optional();
            }
            self.items.push(item);
        }
        self.open.pop();
    }

    /// The module that is being described.
    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the root is described until the schema is finished")
    }

    fn finish(mut self) -> Vec<SchemaItem> {
        self.end();
        let known = |item: Item| match item.item {
            Part::Known(item) => item,
            Part::Alias { name, .. } => {
                SchemaItem::Unknown(SchemaUnknown { path: name, reason: UnknownReason::Alias })
            }
        };
        self.items.into_iter().map(known).collect()
    }

    fn begin(&mut self, path: String, flat: bool) {
        let start = self.items.len();
        // What is flattened is a part of the module around it.
        let number = match self.frames.last_mut().filter(|_| flat) {
            Some(around) => {
                around.merged = true;
                around.number
            }
            None => {
                self.modules += 1;
                self.modules
            }
        };
        let (rust_type, changes) = (None, &[] as &[Change]);
        let (merged, ended) = (false, false);
        self.frames.push(Frame { path, number, rust_type, flat, merged, ended, changes, start });
    }

    fn end(&mut self) {
        let frame = self.frames.pop().expect("what ends was begun");
        if frame.flat {
            // A flattened one may hold others: all are parts of the module around.
            self.frame().merged = true;
            return;
        }
        let mut items = self.items.split_off(frame.start);
        resolve(&mut items);
        if frame.merged {
            items.sort_by_key(|item| match &item.item {
                Part::Known(SchemaItem::Module(module)) if module.path == frame.path => 0,
                Part::Known(SchemaItem::Entry(entry))
                    if item.frame == frame.number && entry.alias_of.is_none() =>
                {
                    match entry.kind {
                        Kind::Parameter => 1,
                        Kind::Buffer | Kind::NonPersistentBuffer => 2,
                        Kind::ExtraState => 3,
                    }
                }
                _ => 4,
            });
        }
        self.items.append(&mut items);
    }

    fn add_leaf(&mut self, name: &str, kind: Kind, optional: bool) {
        let Some(key) = self.path_of(name) else { return };
        let whole = segments(&key).count();
        let optional = if optional { Some(whole) } else { self.optional_at(&key) };
        let mut since = Vec::new();
        for frame in self.frames.iter().rev() {
            for change in frame.changes {
                if let Change::Added { since: version, name } = *change
                    && rest_below(&key, &key::join(&frame.path, name)).is_some()
                {
                    since.push((frame.path.clone(), version));
                }
            }
        }
        self.add(SchemaItem::Entry(SchemaEntry { key, kind, optional, alias_of: None, since }));
    }

    fn optional_at(&self, path: &str) -> Option<usize> {
        if self.loose { Some(segments(path).count()) } else { self.optional }
    }

    /// The path of a part of the module; `None` where the rest of the module is known already.
    fn path_of(&self, name: &str) -> Option<String> {
        let frame = self.frames.last().filter(|frame| !frame.ended)?;
        Some(key::join(&frame.path, name))
    }

    fn add_unknown(&mut self, path: String, reason: UnknownReason) {
        self.add(SchemaItem::Unknown(SchemaUnknown { path, reason }));
    }

    fn add(&mut self, item: SchemaItem) {
        self.push(Part::Known(item));
    }

    fn push(&mut self, item: Part) {
        let frame = self.frame().number;
        self.items.push(Item { frame, item });
    }
}

/// Puts what aliases stand for in their place, until nothing changes: an alias may be one of another.
fn resolve(items: &mut Vec<Item>) {
    let mut again = true;
    while again {
        again = false;
        let mut at = 0;
        while let Some(item) = items.get(at) {
            let Part::Alias { name, target } = &item.item else {
                at += 1;
                continue;
            };
            let frame = item.frame;
            let known = items.iter().filter_map(|item| match &item.item {
                Part::Known(known) => known.under(target, name),
                Part::Alias { .. } => None,
            });
            let found: Vec<Item> =
                known.map(|item| Item { frame, item: Part::Known(item) }).collect();
            let count = found.len();
            if count > 0 {
                items.splice(at..=at, found);
                again = true;
            }
            at += count.max(1);
        }
    }
}

impl Item {
    /// Returns `true` if two variants of an enum have the same.
    fn is_same(&self, other: &Item) -> bool {
        match (&self.item, &other.item) {
            (Part::Known(one), Part::Known(other)) => one == other,
            (
                Part::Alias { name, target },
                Part::Alias { name: other_name, target: other_target },
            ) => name == other_name && target == other_target,
            _ => false,
        }
    }

    fn make_optional(&mut self) {
        match &mut self.item {
            Part::Known(SchemaItem::Entry(entry)) => {
                entry.optional = Some(segments(&entry.key).count());
            }
            Part::Known(SchemaItem::Module(module)) => {
                module.optional = Some(segments(&module.path).count());
            }
            Part::Known(SchemaItem::Unknown(_)) | Part::Alias { .. } => {}
        }
    }
}

impl SchemaItem {
    /// The same under `name`, if it is at `target` or below it.
    fn under(&self, target: &str, name: &str) -> Option<SchemaItem> {
        let moved = |path: &str, to: &str| {
            let rest = rest_below(path, target)?;
            Some(rest.iter().fold(to.to_owned(), |path, segment| key::join(&path, segment)))
        };
        // What may be absent is as far from the end as it was.
        let depth = |optional: Option<usize>, from: &str, to: &str| {
            let (from, to) = (segments(from).count(), segments(to).count());
            optional.map(|depth| to.saturating_sub(from.saturating_sub(depth)))
        };
        Some(match self {
            SchemaItem::Entry(entry) => {
                let key = moved(&entry.key, name)?;
                SchemaItem::Entry(SchemaEntry {
                    optional: depth(entry.optional, &entry.key, &key),
                    key,
                    alias_of: moved(&entry.key, target),
                    ..entry.clone()
                })
            }
            SchemaItem::Module(module) => {
                let path = moved(&module.path, name)?;
                SchemaItem::Module(SchemaModule {
                    optional: depth(module.optional, &module.path, &path),
                    path,
                    alias_of: moved(&module.path, target),
                    ..module.clone()
                })
            }
            SchemaItem::Unknown(unknown) => SchemaItem::Unknown(SchemaUnknown {
                path: moved(&unknown.path, name)?,
                reason: unknown.reason,
            }),
        })
    }
}
