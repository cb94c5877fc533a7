//! What Python takes for a `str`.

use std::borrow::Cow;

use crate::value::handle::Value;
use crate::value::kind::Kind;
use crate::value::numpy::{NumPy, NumPyForm};
use crate::value::parts::Object;
use crate::value::raw::Raw;

impl<'g> Value<'g> {
    /// Returns the text of what is a `str` to Python: one, an object of a class that is made from `str`, or a `numpy.str_`;
    /// `None` where no Rust text can hold it.
    pub fn text(self) -> Option<Cow<'g, str>> {
        match (self.raw(), self.kind()) {
            (Raw::Str(_), Kind::Str(text)) => Some(text.into()),
            (_, Kind::Object(object)) => made_from_str(object).map(Cow::Borrowed),
            (_, Kind::NumPy(value)) => numpy_text(value).map(Cow::Owned),
            _ => None,
        }
    }

    /// Returns `true` if Python takes the value for the str `text`.
    pub(crate) fn is_text(self, text: &str) -> bool {
        match self.raw() {
            Raw::Str(_) => self.is_str(text),
            Raw::Object(_) | Raw::NumPy(_) => self.text().is_some_and(|found| found == text),
            _ => false,
        }
    }
}

/// Returns the text of an object of a class that is made from `str`: one that `__new__` makes of a text, and nothing else.
fn made_from_str(object: Object<'_>) -> Option<&str> {
    let parts = [object.kwargs(), object.items(), object.entries()];
    let args = object.args().as_items().filter(|_| parts.iter().all(|part| part.is_none()))?;
    let name = |value: Value<'_>| match value.kind() {
        Kind::Global(name) => name.to_string(),
        _ => String::new(),
    };
    let class = name(object.class());
    match (args.len(), object.is_new()) {
        (1, true) if !class.is_empty() => args.get(0)?.as_str(),
        // How protocols 0 and 1 make an object of any class.
        (3, false) if class == "copyreg._reconstructor" && name(args.get(1)?) == "builtins.str" => {
            args.get(2)?.as_str()
        }
        _ => None,
    }
}

/// Returns the text of a `numpy.str_`, which is four bytes a character and padded with zeros.
fn numpy_text(value: NumPy<'_>) -> Option<String> {
    if value.form() != NumPyForm::Scalar || !value.type_code().starts_with('U') {
        return None;
    }
    let (chars, rest) = value.data().as_bytes()?.as_chunks::<4>();
    let number = |bytes: &[u8; 4]| match value.is_big_endian() {
        true => u32::from_be_bytes(*bytes),
        false => u32::from_le_bytes(*bytes),
    };
    let text: String =
        chars.iter().map(|char| char::from_u32(number(char))).collect::<Option<_>>()?;
    rest.is_empty().then(|| text.trim_end_matches('\0').to_owned())
}
