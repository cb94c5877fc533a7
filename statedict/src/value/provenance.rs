//! How a file made its values, as far as that is not in the values: for writing them again.

use foldhash::{HashMap, HashSet};

use crate::value::graph::Graph;
use crate::value::raw::{Raw, Text};

/// A kind of value and its index: of those kinds that are kept in another form than they are made in.
type CallKey = (u8, u32);

fn call_key(value: Raw) -> Option<CallKey> {
    match value {
        Raw::Refused(index) => Some((0, index)),
        Raw::Composite(index) => Some((1, index)),
        Raw::NumPy(index) => Some((2, index)),
        _ => None,
    }
}

/// What a value is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct MadeBy {
    pub(super) function: Raw,
    pub(super) args: Raw,
    pub(super) state: Raw,
}

/// How the values of an arena were made.
#[derive(Debug, Default)]
pub(super) struct Provenance {
    calls: HashMap<CallKey, MadeBy>,
    /// Strings that are constants of PyTorch's code: the writer's, which values may be one object with.
    constants: Vec<Text>,
    /// Texts of which a value that was built has one string each, as Python of its programs' names.
    interned: HashSet<String>,
    /// The texts that single bytes beyond ASCII were given as, by where the bytes are.
    encoded: HashMap<u32, Text>,
}

impl Graph {
    /// Notes what a value is made with that is kept in another form: a function and its arguments.
    pub(crate) fn note_call(&mut self, value: Raw, function: Raw, args: Raw) {
        if let Some(key) = call_key(value) {
            let made = MadeBy { function, args, state: Raw::None };
            self.provenance.calls.entry(key).or_insert(made);
        }
    }

    /// Notes the state that such a value is given.
    pub(crate) fn note_state(&mut self, value: Raw, state: Raw) {
        if let Some(made) = call_key(value).and_then(|key| self.provenance.calls.get_mut(&key)) {
            made.state = state;
        }
    }

    pub(super) fn made_by(&self, value: Raw) -> Option<MadeBy> {
        self.provenance.calls.get(&call_key(value)?).copied()
    }

    /// Notes a string that persistent ids have in common.
    pub(crate) fn note_constant(&mut self, text: Text) {
        let constants = &mut self.provenance.constants;
        // A writer has two or three. One that has more makes them anew each time.
        if constants.len() < 16 && !constants.contains(&text) {
            constants.push(text);
        }
    }

    pub(super) fn constants(&self) -> &[Text] {
        &self.provenance.constants
    }

    /// Notes the texts that are interned.
    pub(crate) fn note_interned<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        self.provenance.interned.extend(texts.map(str::to_owned));
    }

    pub(super) fn is_interned(&self, text: &str) -> bool {
        self.provenance.interned.contains(text)
    }

    /// Notes which text a single byte beyond ASCII was given as: as bytes it is another run of bytes.
    pub(crate) fn note_encoded(&mut self, bytes: Text, text: Text) {
        self.provenance.encoded.insert(bytes.start, text);
    }

    /// The text that a single byte was given as.
    pub(crate) fn encoded_from(&self, bytes: Text) -> Text {
        self.provenance.encoded.get(&bytes.start).copied().unwrap_or(bytes)
    }
}
