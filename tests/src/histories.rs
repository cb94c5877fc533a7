//! Random histories of models: what each version of a few classes had, the files that those versions wrote, and the
//! newest model, which is made at run time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::visit::{
    ByMut, ByRef, Change, Content, Describe, Description, Field, FieldTable, ModuleInfo, Visitor,
};

/// How many classes a model has; each has children of later classes only.
pub const CLASSES: usize = 3;

/// Few names, so that they are taken over by others again and again.
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// All versions of the classes of one model; the first is the root's.
#[derive(Debug)]
pub struct History {
    classes: Vec<Class>,
}

/// What each version of a class had.
#[derive(Debug)]
struct Class {
    versions: Vec<Vec<Slot>>,
}

/// Something that a class has for some versions, by changing names.
#[derive(Debug, Clone)]
struct Slot {
    id: usize,
    name: &'static str,
    /// The class of the child; `None` for a tensor.
    child: Option<usize>,
}

/// A file of an older version, and what the newest model holds once it is loaded.
pub struct Old {
    /// The state dict.
    pub map: StateMap<'static>,
    /// Each key of the newest model with its value; `None` where the file is older than it.
    pub expected: BTreeMap<String, Option<i64>>,
}

/// Numbers that follow from a seed: SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits") % end
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Brings `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

impl History {
    /// Makes the history that follows from `seed`.
    pub fn new(seed: u64) -> History {
        let mut random = Random(seed);
        History { classes: (0..CLASSES).map(|class| Class::new(class, &mut random)).collect() }
    }

    /// The highest version of a class.
    pub fn newest(&self) -> usize {
        self.classes.iter().map(|class| class.versions.len()).max().unwrap_or(1)
    }

    /// The version of each class at a time: at most its last.
    pub fn versions_at(&self, time: usize) -> Vec<usize> {
        self.classes.iter().map(|class| class.versions.len().min(time)).collect()
    }

    /// Any version of each class.
    pub fn any_versions(&self, random: &mut Random) -> Vec<usize> {
        self.classes.iter().map(|class| 1 + random.below(class.versions.len())).collect()
    }

    /// Writes a file of these versions, with its keys in some order, and says what should become of it.
    ///
    /// # Panics
    /// Where the history is none.
    pub fn file(&self, versions: &[usize], random: &mut Random) -> Old {
        let (mut leaves, mut records) = (Vec::new(), Vec::new());
        self.list(0, versions, ("", ""), &mut leaves, &mut records);
        let known: BTreeMap<&str, i64> =
            leaves.iter().map(|(_, identity)| (&**identity, value(identity))).collect();
        let newest = self.versions_at(usize::MAX);
        let mut now = Vec::new();
        self.list(0, &newest, ("", ""), &mut now, &mut Vec::new());
        let expected = now.into_iter().map(|(key, identity)| (key, known.get(&*identity).copied()));
        let expected = expected.collect();
        random.shuffle(&mut leaves);
        let tensor = |identity: &str| TensorView::full(value(identity), []).expect("a number");
        let mut map: StateMap<'static> =
            leaves.iter().map(|(key, identity)| (key.clone(), tensor(identity))).collect();
        let mut metadata = Metadata::default();
        for (path, version) in records {
            metadata.insert(path, ModuleMetadata::with_version(version));
        }
        *map.metadata_mut() = Some(metadata);
        Old { map, expected }
    }

    /// Lists the leaves of a class's version with their keys and identities, and the records of its modules.
    fn list(
        &self,
        class: usize,
        versions: &[usize],
        (path, identity): (&str, &str),
        leaves: &mut Vec<(String, String)>,
        records: &mut Vec<(String, u64)>,
    ) {
        let version = versions[class];
        records.push((path.to_owned(), u64::try_from(version).expect("small")));
        for slot in &self.classes[class].versions[version - 1] {
            let key = if path.is_empty() {
                slot.name.to_owned()
            } else {
                format!("{path}.{}", slot.name)
            };
            let identity = format!("{identity}/{}", slot.id);
            match slot.child {
                Some(child) => self.list(child, versions, (&key, &identity), leaves, records),
                None => leaves.push((key, identity)),
            }
        }
    }

    /// Makes the newest model with zeros, whose changes are declared in some order.
    pub fn model(&self, random: &mut Random) -> Node<0> {
        let tables = (0..CLASSES).map(|class| self.table(class, random)).collect();
        TABLES.set(tables);
        Node::new(self)
    }

    fn table(&self, class: usize, random: &mut Random) -> &'static FieldTable {
        let name: &str = format!("C{class}").leak();
        let mut changes = self.classes[class].changes();
        random.shuffle(&mut changes);
        let version = u64::try_from(self.classes[class].versions.len()).expect("small");
        let info = ModuleInfo::new(name).with_version(version).with_changes(changes.leak());
        let field = |slot: &Slot| match slot.child {
            Some(child) => Field::child(slot.name, DESCRIBE[child]),
            None => Field::buffer(slot.name),
        };
        let fields: Vec<Field<'static>> =
            self.classes[class].ordered().into_iter().map(field).collect();
        Box::leak(Box::new(FieldTable { info, fields: fields.leak() }))
    }

    /// Writes the newest model as structs that derive, with fields and attributes in some order.
    pub fn source(&self, random: &mut Random) -> String {
        let mut text = String::new();
        for (number, class) in self.classes.iter().enumerate() {
            text += "    #[derive(StateDict, Default)]\n";
            let changes = class.changes();
            let mut attributes = vec![format!("#[version({})]", class.versions.len())];
            attributes.extend(changes.iter().filter_map(|change| match change {
                Change::Removed { since, name } => {
                    Some(format!("#[removed(since = {since}, \"{name}\")]"))
                }
                _ => None,
            }));
            random.shuffle(&mut attributes);
            writeln!(text, "    {}\n    pub(super) struct C{number} {{", attributes.concat())
                .expect("a string takes it");
            let mut slots = class.ordered();
            random.shuffle(&mut slots);
            for slot in slots {
                let mut attributes = class.attributes(slot);
                let ty = match slot.child {
                    Some(child) => format!("C{child}"),
                    None => {
                        attributes.push("#[buffer]".to_owned());
                        "i64".to_owned()
                    }
                };
                random.shuffle(&mut attributes);
                writeln!(text, "        {} {}: {ty},", attributes.concat(), slot.name)
                    .expect("a string takes it");
            }
            text += "    }\n\n";
        }
        text
    }

    /// Writes what the root has changed since a version as rules of `statedict migrate`. What a rule names must be
    /// there, so a name is only in the rules of the versions that had it.
    ///
    /// # Panics
    /// Where the history is none.
    pub fn rules(&self, from: usize) -> String {
        let class = &self.classes[0];
        let changes = class.changes();
        let mut names: Vec<&str> = class.versions[from - 1].iter().map(|slot| slot.name).collect();
        let mut text = String::new();
        for version in from + 1..=class.versions.len() {
            let here =
                changes.iter().filter(|change| usize::try_from(change.since()) == Ok(version));
            let mut renamed = Vec::new();
            for change in here {
                match *change {
                    Change::Removed { name, .. } if names.contains(&name) => {
                        names.retain(|known| *known != name);
                        writeln!(text, "[[step]]\nremove = {{ name = \"{name}\" }}")
                            .expect("a string takes it");
                    }
                    Change::Renamed { from, to, .. } => renamed.push((from, to)),
                    _ => {}
                }
            }
            renamed.retain(|(from, _)| names.contains(from));
            if !renamed.is_empty() {
                names.retain(|known| !renamed.iter().any(|(from, _)| from == known));
                names.extend(renamed.iter().map(|(_, to)| to));
                let pairs: Vec<String> = renamed
                    .iter()
                    .map(|(from, to)| format!("{{ from = \"{from}\", to = \"{to}\" }}"))
                    .collect();
                writeln!(text, "[[step]]\nrename_all = [{}]", pairs.join(", "))
                    .expect("a string takes it");
            }
        }
        text
    }

    /// Describes the newest classes and their changes for Python.
    pub fn json(&self) -> Value {
        let class = |class: &Class| {
            let fields: Vec<Value> =
                class.ordered().iter().map(|slot| json!([slot.name, slot.child])).collect();
            let changes: Vec<Value> = class
                .changes()
                .iter()
                .map(|change| match *change {
                    Change::Added { since, name } => json!(["added", since, name]),
                    Change::Removed { since, name } => json!(["removed", since, name]),
                    Change::Renamed { since, from, to } => json!(["renamed", since, from, to]),
                    _ => unreachable!("no step of code is in a history"),
                })
                .collect();
            json!({"version": class.versions.len(), "fields": fields, "changes": changes})
        };
        self.classes.iter().map(class).collect()
    }
}

/// The value of a leaf: it follows from what the leaf is, whatever it is called.
fn value(identity: &str) -> i64 {
    let hash = identity.bytes().fold(0xcbf2_9ce4u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) % (1 << 40)
    });
    i64::try_from(hash).expect("40 bits") + 1
}

impl Class {
    fn new(number: usize, random: &mut Random) -> Class {
        let mut next = 0;
        let mut slot = |name: &'static str, random: &mut Random| {
            let is_child = number + 1 < CLASSES && random.chance(40);
            let child = is_child.then(|| number + 1 + random.below(CLASSES - number - 1));
            next += 1;
            Slot { id: next - 1, name, child }
        };
        let mut free = NAMES.to_vec();
        random.shuffle(&mut free);
        let count = 1 + random.below(4);
        let first: Vec<Slot> = free
            .drain(..count)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|name| slot(name, random))
            .collect();
        let mut versions = vec![first];
        for _ in 0..random.below(5) {
            let mut now = versions.last().cloned().unwrap_or_default();
            now.retain(|_| !random.chance(20));
            let renamed: Vec<bool> = now.iter().map(|_| random.chance(50)).collect();
            let kept = now.iter().zip(&renamed).filter(|(_, renamed)| !**renamed);
            let kept: Vec<&str> = kept.map(|(slot, _)| slot.name).collect();
            let mut free: Vec<&'static str> =
                NAMES.into_iter().filter(|name| !kept.contains(name)).collect();
            random.shuffle(&mut free);
            for (slot, _) in now.iter_mut().zip(&renamed).filter(|(_, renamed)| **renamed) {
                slot.name = free.pop().expect("as many names as slots");
            }
            for _ in 0..random.below(3) {
                now.extend(free.pop().map(|name| slot(name, random)));
            }
            random.shuffle(&mut now);
            versions.push(now);
        }
        Class { versions }
    }

    /// The newest version in PyTorch's order: tensors before children.
    fn ordered(&self) -> Vec<&Slot> {
        let mut slots: Vec<&Slot> = self.versions.last().into_iter().flatten().collect();
        slots.sort_by_key(|slot| slot.child.is_some());
        slots
    }

    /// The names of a slot, each with its first version and the first without it.
    fn periods(&self, id: usize) -> Vec<(&'static str, u64, u64)> {
        let mut periods: Vec<(&'static str, u64, u64)> = Vec::new();
        for (version, slots) in (1u64..).zip(&self.versions) {
            let Some(slot) = slots.iter().find(|slot| slot.id == id) else { continue };
            match periods.last_mut().filter(|(name, ..)| *name == slot.name) {
                Some((_, _, end)) => *end = version + 1,
                None => periods.push((slot.name, version, version + 1)),
            }
        }
        periods
    }

    /// What a struct of the newest version declares. What is gone was removed under each of its names.
    fn changes(&self) -> Vec<Change> {
        let ids =
            self.versions.iter().flatten().map(|slot| slot.id).max().map_or(0, |last| last + 1);
        let mut changes = Vec::new();
        for id in 0..ids {
            let periods = self.periods(id);
            if !self.versions.last().into_iter().flatten().any(|slot| slot.id == id) {
                let removed =
                    periods.iter().map(|&(name, _, end)| Change::Removed { since: end, name });
                changes.extend(removed);
                continue;
            }
            let name = periods.last().map_or("", |(name, ..)| name);
            match periods.first() {
                Some(&(_, since, _)) if since > 1 => changes.push(Change::Added { since, name }),
                _ => {}
            }
            for pair in periods.windows(2) {
                let ((from, ..), (to, since, _)) = (pair[0], pair[1]);
                changes.push(Change::Renamed { since, from, to });
            }
        }
        changes
    }

    /// The attributes that say where a slot's keys come from.
    fn attributes(&self, slot: &Slot) -> Vec<String> {
        let periods = self.periods(slot.id);
        let since = periods.first().filter(|(_, since, _)| *since > 1);
        let since = since.map(|(_, since, _)| format!("#[since({since})]"));
        let renamed = periods
            .windows(2)
            .map(|pair| format!("#[renamed(since = {}, from = \"{}\")]", pair[1].1, pair[0].0));
        since.into_iter().chain(renamed).collect()
    }
}

thread_local! {
    /// The tables of the classes whose model is being tested.
    static TABLES: RefCell<Vec<&'static FieldTable>> = const { RefCell::new(Vec::new()) };
}

const DESCRIBE: [Describe; CLASSES] =
    [Node::<0>::describe, Node::<1>::describe, Node::<2>::describe];

/// A module of class `C` of the newest version.
pub struct Node<const C: usize> {
    leaves: Vec<i64>,
    children: Vec<Box<dyn StateDict>>,
}

impl<const C: usize> Node<C> {
    fn new(history: &History) -> Self {
        let slots = history.classes[C].ordered();
        let child = |class| -> Box<dyn StateDict> {
            match class {
                1 => Box::new(Node::<1>::new(history)),
                _ => Box::new(Node::<2>::new(history)),
            }
        };
        Node {
            leaves: slots.iter().filter(|slot| slot.child.is_none()).map(|_| 0).collect(),
            children: slots.iter().filter_map(|slot| slot.child).map(child).collect(),
        }
    }
}

impl<const C: usize> StateDict for Node<C> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        let leaves = self.leaves.iter().map(|leaf| Content::tensor(leaf));
        let mut contents: Vec<_> =
            leaves.chain(self.children.iter().map(|child| Content::child(child))).collect();
        visitor.module(Self::describe().table(), &mut contents);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        let leaves = self.leaves.iter_mut().map(|leaf| Content::tensor_mut(leaf));
        let mut contents: Vec<_> =
            leaves.chain(self.children.iter_mut().map(|child| Content::child_mut(child))).collect();
        visitor.module(Self::describe().table(), &mut contents);
    }

    fn describe() -> Description {
        Description::Module(TABLES.with_borrow(|tables| tables[C]))
    }
}
