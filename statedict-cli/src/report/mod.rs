//! `inspect --report`: one page to look at, which needs nothing but a browser.

mod contents;
mod page;

use std::path::PathBuf;

use crate::failure::Failure;
use crate::opened::Opened;
use crate::outputs::Overwriting;

/// What to write: arguments of `inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Reporting {
    /// Write one HTML page that shows the file: sizes, distributions, ties, versions
    #[arg(long, value_name = "OUT", conflicts_with_all = ["json", "plot"])]
    report: Option<PathBuf>,
    /// With --report: of so many tensors, the largest, show how the elements are distributed
    #[arg(long, value_name = "N", requires = "report", default_value = "200")]
    histograms: usize,
    #[command(flatten)]
    overwriting: Overwriting,
}

impl Reporting {
    pub(crate) fn is_asked_for(&self) -> bool {
        self.report.is_some()
    }

    pub(crate) fn run(&self, opened: &Opened) -> Result<(), Failure> {
        let Some(out) = &self.report else { return Ok(()) };
        self.overwriting.check(out)?;
        let contents = contents::of(opened, self.histograms)?;
        let page = page::page(&opened.input.short_name(), &contents);
        self.overwriting.write(out, |file| Ok(file.write_all(page.as_bytes())?))
    }
}
