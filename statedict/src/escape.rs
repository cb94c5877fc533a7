//! Messages of one line, whatever the names in a file are.

use std::fmt::{self, Write};

/// Writes text on one line: what would end the line or control a terminal is escaped.
pub(crate) struct OneLine<'f, 'b>(pub(crate) &'f mut fmt::Formatter<'b>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(char::is_control) {
            let (plain, from) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = from.chars();
            for char in chars.by_ref().take(1) {
                write!(self.0, "{}", char.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Writes a line of its own below others, whatever the names in it are.
pub(crate) fn line(f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    f.write_str("\n  ")?;
    OneLine(f).write_fmt(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Message(&'static str);

    impl fmt::Display for Message {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(OneLine(f), "{} and é", self.0)
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Message("a\nb\u{1b}[1m").to_string(), "a\\nb\\u{1b}[1m and é");
    }
}
