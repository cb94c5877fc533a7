//! Standard output: colours where they are wanted, and how wide a line may be.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// When to print in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set; elsewhere where CLICOLOR_FORCE is
    Auto,
    Always,
    Never,
}

/// What is printed in which colour; plain where there are none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Palette {
    /// What a line is about.
    pub(crate) title: Style,
    /// Words that say what follows.
    pub(crate) label: Style,
    /// What is less important.
    pub(crate) faint: Style,
    /// What was added, or is well.
    pub(crate) good: Style,
    /// What was removed, or is damaged.
    pub(crate) bad: Style,
    /// What was changed, or deserves a look.
    pub(crate) notable: Style,
    /// Ties.
    pub(crate) tie: Style,
}

impl Palette {
    fn colourful() -> Self {
        let color = |color: AnsiColor| color.on_default();
        Palette {
            title: Style::new().bold(),
            label: color(AnsiColor::Cyan),
            faint: Style::new().dimmed(),
            good: color(AnsiColor::Green),
            bad: color(AnsiColor::Red).bold(),
            notable: color(AnsiColor::Yellow),
            tie: color(AnsiColor::Magenta),
        }
    }
}

/// Text in a style.
pub(crate) struct Painted<T>(Style, T);

/// `text` in `style`.
pub(crate) fn paint<T: fmt::Display>(style: Style, text: T) -> Painted<T> {
    Painted(style, text)
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Painted(style, text) = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// Standard output.
pub(crate) struct Screen {
    out: BufWriter<Stdout>,
    palette: Palette,
    width: Option<usize>,
}

impl Screen {
    pub(crate) fn new(when: ColorWhen) -> Self {
        let out = io::stdout();
        let is_colourful = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => AutoStream::choice(&out) != ColorChoice::Never,
        };
        let palette = if is_colourful { Palette::colourful() } else { Palette::default() };
        let width = if out.is_terminal() { width() } else { None };
        Screen { out: BufWriter::with_capacity(1 << 16, out), palette, width }
    }

    pub(crate) fn palette(&self) -> Palette {
        self.palette
    }

    /// How many columns a terminal has; `None` for files and pipes, whose lines are never cut.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The width of the terminal; COLUMNS where it is set.
fn width() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let found = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(found).filter(|&width| width >= 20)
}

/// The text, shortened in the middle to `width` columns: the ends of a key say most.
pub(crate) fn shorten(text: String, width: usize) -> String {
    let len = text.chars().count();
    if len <= width || width == 0 {
        return text;
    }
    let (head, tail) = ((width - 1) / 2, width - 1 - (width - 1) / 2);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(len - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(shorten("layers.0.weight".to_owned(), 9), "laye…ight");
        assert_eq!(shorten("bias".to_owned(), 9), "bias");
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(paint(Palette::default().bad, "text").to_string(), "text");
        assert_ne!(paint(Palette::colourful().bad, "text").to_string(), "text");
    }
}
