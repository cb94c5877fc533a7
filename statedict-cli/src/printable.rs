//! Names as a terminal may see them.

use std::fmt;

/// Text of one line in which nothing can control a terminal or turn the reading direction.
pub(crate) struct Printable<'t>(&'t str);

/// The text with what could do harm escaped as Rust writes it: `\u{1b}`.
pub(crate) fn printable(text: &str) -> Printable<'_> {
    Printable(text)
}

/// Control characters, those that reorder or join what is around them, and those that nobody sees, by which two
/// keys can look the same: what Unicode calls `Bidi_Control` and `Default_Ignorable_Code_Point`, and the separators
/// of lines and paragraphs.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
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
        for invisible in [
            '\u{ad}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0001}',
            '\u{e01ef}',
        ] {
            let text = format!("a{invisible}b");
            let shown = format!("a\\u{{{:x}}}b", u32::from(invisible));
            assert_eq!(printable(&text).to_string(), shown);
        }
    }
}
