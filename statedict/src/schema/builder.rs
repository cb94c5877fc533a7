//! Takes what a model type reports of itself.

use std::any::type_name;

use crate::key;
use crate::schema::pattern::{rest_below, segments};
use crate::schema::{SchemaEntry, SchemaItem, SchemaModule, SchemaUnknown, UnknownReason};
use crate::traits::StateDict;
use crate::visit::{Change, Kind, ModuleInfo};

/// Takes what a model type says of itself in [`StateDict::describe`]: the calls are those of a
/// [`Visitor`](crate::Visitor), with types in the place of values.
///
/// ```
/// use statedict::{ModuleInfo, Schema, SchemaBuilder, StateDict, Visitor, VisitorMut};
///
/// struct Linear {
///     weight: Vec<f32>,
/// }
///
/// impl StateDict for Linear {
///     fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
///         visitor.module(ModuleInfo::new("Linear"));
///         visitor.parameter("weight", &self.weight);
///     }
///
///     fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
///         visitor.module(ModuleInfo::new("Linear"));
///         visitor.parameter("weight", &mut self.weight);
///     }
///
///     fn describe(schema: &mut SchemaBuilder) {
///         schema.module(ModuleInfo::new("Linear").with_rust_type(std::any::type_name::<Self>()));
///         schema.parameter("weight", false);
///     }
/// }
///
/// let schema = Schema::of::<Linear>();
/// assert_eq!(schema.to_string(), "module (root): Linear\nparameter weight\n");
/// # let _ = Linear { weight: vec![] };
/// ```
pub struct SchemaBuilder {
    items: Vec<Item>,
    frames: Vec<Frame>,
    /// How many modules there were.
    modules: usize,
    /// The types that are described and are no modules of their own.
    open: Vec<&'static str>,
    /// How many segments lead to the innermost module that may be absent.
    optional: Option<usize>,
    /// Whether a part without a segment of its own may be absent: then each of its entries may.
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
    /// Whether it adds no segment to the keys.
    flat: bool,
    /// Whether other modules are flattened into it.
    merged: bool,
    /// Whether it contains itself: the rest of it is known already.
    ended: bool,
    changes: &'static [Change],
    start: usize,
}

impl SchemaBuilder {
    pub(super) fn new() -> Self {
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

    /// The module that is being described: the first call of every module. A module of the same Rust
    /// type as one around it is that module again, and the schema ends there.
    pub fn module(&mut self, info: ModuleInfo) {
        let recursive = self.frames.iter().any(|frame| frame.rust_type == Some(info.rust_type()));
        let Some(frame) = self.frames.last_mut().filter(|frame| !frame.ended) else { return };
        let (path, flat) = (frame.path.clone(), frame.flat);
        if recursive {
            frame.ended = true;
            return self.add_unknown(path, UnknownReason::Recursive);
        }
        frame.rust_type = Some(info.rust_type());
        frame.changes = info.changes();
        if !flat {
            let optional = self.optional_at(&path);
            self.add(SchemaItem::Module(SchemaModule { path, info, optional, alias_of: None }));
        }
    }

    /// A parameter; `optional` where it may be `None`.
    pub fn parameter(&mut self, name: &str, optional: bool) {
        self.add_leaf(name, Kind::Parameter, optional);
    }

    /// A buffer; one that is not persistent is no part of the state dict.
    pub fn buffer(&mut self, name: &str, optional: bool, persistent: bool) {
        self.add_leaf(name, Kind::of_buffer(persistent), optional);
    }

    /// The module's extra state, which comes after its leaves and before its children.
    pub fn extra_state(&mut self) {
        self.add_leaf(key::EXTRA_STATE, Kind::ExtraState, false);
    }

    /// A child module, of the type whose [`describe`](StateDict::describe) this is.
    pub fn child(&mut self, name: &str, describe: fn(&mut SchemaBuilder)) {
        let Some(path) = self.path_of(name) else { return };
        let loose = std::mem::take(&mut self.loose);
        let optional = self.optional;
        if loose {
            self.optional = Some(segments(&path).count());
        }
        let open = std::mem::take(&mut self.open);
        self.begin(path, false);
        describe(self);
        self.end();
        (self.open, self.optional, self.loose) = (open, optional, loose);
    }

    /// Any number of child modules of one type, named by a value: `*` in patterns.
    pub fn children(&mut self, describe: fn(&mut SchemaBuilder)) {
        self.child("*", describe);
    }

    /// A module whose keys are this module's own.
    pub fn flatten(&mut self, describe: fn(&mut SchemaBuilder)) {
        let Some(frame) = self.frames.last().filter(|frame| !frame.ended) else { return };
        let path = frame.path.clone();
        let open = std::mem::take(&mut self.open);
        self.begin(path, true);
        describe(self);
        self.end();
        self.open = open;
    }

    /// What is described here may be absent, as in an `Option`.
    pub fn optional(&mut self, describe: fn(&mut SchemaBuilder)) {
        let (optional, loose) = (self.optional, self.loose);
        match self.frames.last() {
            Some(frame) if frame.flat => self.loose = true,
            Some(frame) => self.optional = Some(segments(&frame.path).count()),
            None => {}
        }
        describe(self);
        (self.optional, self.loose) = (optional, loose);
    }

    /// The module is of another type, which adds nothing; `rust_type` is its name.
    pub fn content(&mut self, rust_type: &'static str, describe: fn(&mut SchemaBuilder)) {
        // A type within itself at the same path adds nothing to what it has there anyway.
        if self.open.contains(&rust_type) {
            return;
        }
        self.open.push(rust_type);
        describe(self);
        self.open.pop();
    }

    /// The module is one of several, as an `enum`, whose name is `rust_type`. What not all of them
    /// have is optional.
    pub fn alternatives(&mut self, rust_type: &'static str, variants: &[fn(&mut SchemaBuilder)]) {
        self.open.push(rust_type);
        let start = self.items.len();
        let mut merged: Vec<(Item, usize)> = Vec::new();
        for describe in variants {
            self.variant(*describe);
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

    /// Each variant may call [`module`](Self::module) anew.
    fn variant(&mut self, describe: fn(&mut SchemaBuilder)) {
        let Some(frame) = self.frames.last_mut() else { return };
        let (rust_type, changes, ended) = (frame.rust_type, frame.changes, frame.ended);
        describe(self);
        if let Some(frame) = self.frames.last_mut() {
            (frame.rust_type, frame.changes, frame.ended) = (rust_type, changes, ended);
        }
    }

    /// `name` is another name of `target`; both are paths from this module.
    pub fn alias(&mut self, name: &str, target: &str) {
        let (Some(name), Some(target)) = (self.path_of(name), self.path_of(target)) else { return };
        self.push(Part::Alias { name, target });
    }

    /// Only a value knows what is here.
    pub fn unknown(&mut self) {
        let Some(frame) = self.frames.last().filter(|frame| !frame.ended) else { return };
        let path = frame.path.clone();
        self.add_unknown(path, UnknownReason::Opaque);
    }

    /// Another type's description, which adds nothing of its own.
    pub(crate) fn same_as<M: StateDict>(&mut self) {
        self.content(type_name::<M>(), M::describe);
    }

    pub(super) fn finish(mut self) -> Vec<SchemaItem> {
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
        let Some(frame) = self.frames.pop() else { return };
        if frame.flat {
            // A flattened one may hold others: all are parts of the module around.
            if let Some(around) = self.frames.last_mut() {
                around.merged = true;
            }
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
        let frame = self.frames.last().map_or(0, |frame| frame.number);
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
    /// Whether two variants of an enum have the same.
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
