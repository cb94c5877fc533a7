//! Noting how a file made its values, and asking for it when they are written again.

use crate::value::memory::Full;
use crate::value::provenance::{MadeBy, call_key};
use crate::value::raw::{Raw, Text};
use crate::value::store::Graph;
use crate::value::tables::MAPPED;

impl Graph<'_> {
    /// Notes what a value is made with that is kept in another form: a function and its arguments.
    pub(crate) fn note_call(&mut self, value: Raw, function: Raw, args: Raw) -> Result<(), Full> {
        if let Some(key) = call_key(value) {
            let made = MadeBy { function, args, state: Raw::None };
            self.memory.take(MAPPED + size_of::<MadeBy>())?;
            self.provenance.calls.entry(key).or_insert(made);
        }
        Ok(())
    }

    /// Notes the state that such a value is given.
    pub(crate) fn note_state(&mut self, value: Raw, state: Raw) {
        if let Some(made) = call_key(value).and_then(|key| self.provenance.calls.get_mut(&key)) {
            made.state = state;
        }
    }

    pub(crate) fn made_by(&self, value: Raw) -> Option<MadeBy> {
        self.provenance.calls.get(&call_key(value)?).copied()
    }

    /// Returns whether a sparse or quantized tensor that is an `nn.Parameter` takes gradients; `None` of any other.
    pub(super) fn parameter_gradient(&self, tensor: Raw) -> Option<bool> {
        let made = self.made_by(tensor)?;
        let Raw::Global(function) = made.function else { return None };
        let function = self.global_name(function)?;
        let is_parameter = self.str(function.module) == "torch._utils"
            && self.str(function.name).starts_with("_rebuild_parameter");
        let Raw::Tuple(arguments) = made.args else { return None };
        let requires_grad = self.run(arguments).get(1) == Some(&Raw::Bool(true));
        is_parameter.then_some(requires_grad)
    }

    /// Notes a string that persistent ids have in common.
    pub(crate) fn note_constant(&mut self, text: Text) {
        let constants = &mut self.provenance.constants;
        // A writer has two or three. One that has more makes them anew each time.
        if constants.len() < 16 && !constants.contains(&text) {
            constants.push(text);
        }
    }

    /// Notes that the copies of another graph's constants are constants too.
    pub(super) fn copy_constants(&mut self, of: &Graph<'_>, copy: impl Fn(Text) -> Option<Text>) {
        let constants = &mut self.provenance.constants;
        for text in of.provenance.constants.iter().filter_map(|&text| copy(text)) {
            if !constants.contains(&text) {
                constants.push(text);
            }
        }
    }

    /// Whether a string is the interned one of its text.
    pub(super) fn is_key(&self, text: Text) -> bool {
        self.interned.get(self.str(text)) == Some(&text)
    }

    /// Whether a string may be one object with a constant of PyTorch's code.
    pub(crate) fn is_constant(&self, text: Text) -> bool {
        self.provenance.constants.contains(&text) || self.is_key(text)
    }

    /// Notes which text a single byte beyond ASCII was given as: as bytes it is another run of bytes.
    pub(crate) fn note_encoded(&mut self, bytes: Text, text: Text) -> Result<(), Full> {
        self.memory.take(MAPPED + size_of::<Text>())?;
        self.provenance.encoded.insert(bytes.start, text);
        Ok(())
    }

    /// The text that a single byte was given as.
    pub(crate) fn encoded_from(&self, bytes: Text) -> Text {
        self.provenance.encoded.get(&bytes.start).copied().unwrap_or(bytes)
    }

    /// The `str` that a `bytes` is one object with when it is written as text: CPython has one object for each
    /// string of one character.
    pub(crate) fn text_of(&self, bytes: Text) -> Option<Text> {
        let text = (bytes.len == 1).then(|| self.encoded_from(bytes))?;
        std::str::from_utf8(self.text(text)).is_ok().then_some(text)
    }
}
