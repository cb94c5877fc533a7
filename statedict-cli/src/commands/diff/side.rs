//! One of the files that are compared: everything in it, by where it is.

use indexmap::IndexMap;
use serde_json::Value as Json;
use statedict::TensorView;
use statedict::value::{Kind, Value};

use crate::failure::Failure;
use crate::leaf;
use crate::opened::Opened;
use crate::path;
use crate::walk::Found;

/// How the path of a module's version goes on from the path of the state dict.
pub(super) const METADATA: &str = "a9:_metadata";

/// Something in a file.
#[derive(Debug)]
pub(super) enum Entry<'o> {
    Tensor(TensorView<'o>),
    Leaf(Json),
    Refused(String),
    /// A container, by the name of its type.
    Container {
        kind: String,
        is_empty: bool,
    },
    /// What `_metadata` says of a module.
    Version(Json),
}

/// Everything in a file.
pub(super) struct Side<'o> {
    /// By the identity of its path.
    pub(super) entries: IndexMap<String, Entry<'o>>,
}

impl<'o> Side<'o> {
    /// Reads no tensor. `with_root` is whether the type of the root is compared.
    pub(super) fn of(opened: &'o Opened, with_root: bool) -> Result<Self, Failure> {
        let mut side = Side { entries: IndexMap::new() };
        opened.walk(|segments, found| {
            let identity = path::identity(segments);
            let entry = match found {
                Found::Tensor(tensor, _) => Entry::Tensor(tensor),
                Found::Refused(refusal) => Entry::Refused(refusal.to_string()),
                Found::Leaf(value) => Entry::Leaf(leaf::leaf(value)),
                Found::Float(value) => Entry::Leaf(leaf::float(value)),
                Found::Int(value) => Entry::Leaf(leaf::int(value)),
                Found::Cycle => Entry::Leaf(serde_json::json!({"type": "cycle"})),
                Found::Container(value) if with_root || !segments.is_empty() => {
                    Entry::Container { kind: value.type_name(), is_empty: is_empty(value) }
                }
                Found::Container(_) => return Ok(()),
                Found::Metadata(metadata) => {
                    side.versions(&identity, metadata);
                    return Ok(());
                }
            };
            side.add(identity, entry);
            Ok(())
        })?;
        Ok(side)
    }

    /// A dict can have one key twice; then the second is another entry.
    fn add(&mut self, identity: String, entry: Entry<'o>) {
        let mut place = identity;
        while self.entries.contains_key(&place) {
            place.push_str("a6:second");
        }
        self.entries.insert(place, entry);
    }

    fn versions(&mut self, identity: &str, metadata: Value<'_>) {
        for (module, entry) in metadata.as_dict().into_iter().flat_map(|dict| dict.iter()) {
            let module = module.as_str().map_or_else(|| format!("{module:?}"), str::to_owned);
            let place = format!("{identity}{METADATA}k{}:{module}", module.len());
            self.add(place, Entry::Version(leaf::plain(entry)));
        }
    }
}

fn is_empty(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Dict(dict) => dict.is_empty(),
        _ => value.as_items().is_some_and(|items| items.is_empty()),
    }
}
