//! Names as a terminal may see them.

use std::fmt;

/// Text of one line in which nothing can control a terminal or turn the reading direction.
pub(crate) struct Printable<'t>(&'t str);

/// The text with what could do harm escaped as Rust writes it: `\u{1b}`.
pub(crate) fn printable(text: &str) -> Printable<'_> {
    Printable(text)
}

/// Control characters, and those that reorder, hide or join what is around them.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(is_harmful) {
            let (plain, from) = rest.split_at(at);
            f.write_str(plain)?;
            let mut chars = from.chars();
            if let Some(char) = chars.next() {
                write!(f, "{}", char.escape_default())?;
            }
            rest = chars.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_could_control_it() {
        let text = "a\u{1b}[31mb\nc\u{202e}d é ◆";
        assert_eq!(printable(text).to_string(), "a\\u{1b}[31mb\\nc\\u{202e}d é ◆");
    }
}
