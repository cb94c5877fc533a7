//! Values in a few words, for messages.

use std::fmt::{self, Write as _};

use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::Value;
use crate::value::raw::Raw;

/// The first characters of a text.
struct Words {
    text: String,
    left: usize,
}

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let cut = text.char_indices().nth(self.left).map(|(place, _)| place);
        self.text.push_str(text.get(..cut.unwrap_or(text.len())).unwrap_or_default());
        if cut.is_some() {
            self.text.push('…');
            return Err(fmt::Error);
        }
        self.left = self.left.saturating_sub(text.chars().count());
        Ok(())
    }
}

impl<R: StorageResolver> Machine<'_, R> {
    /// A value in a few words.
    pub(super) fn describe(&self, value: Raw) -> String {
        let mut words = Words { text: String::new(), left: 80 };
        // It fails where there are more words.
        let _ = write!(words, "{:?}", Value::new(&self.graph, value));
        words.text
    }
}
