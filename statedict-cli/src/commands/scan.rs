//! `statedict scan`.

use std::io::Write;

use serde_json::json;
use statedict::codec::{self, Scan, ScannedPickle, Verdict};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain, for_each};
use crate::inputs::{Files, Input};
use crate::opened::Reading;
use crate::printable::printable;
use crate::sizes::plural;
use crate::terminal::{Palette, Screen, paint};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Verdicts: known (reading gives it a meaning, and runs nothing), unknown (Python would import it), hidden (the \
name is made while the pickle is loaded), dangerous (it runs commands or code).

Exit status: 0 all is known; 1 something is not, or a file was refused; 2 wrong usage.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// List only what is not known
    #[arg(long)]
    quiet: bool,
    /// Print one JSON object for each file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    for_each(&arguments.files.inputs()?, |input| {
        let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
        let (source, _) = arguments.reading.source(input).map_err(|error| about(&error))?;
        let scan = codec::scan(source).map_err(|error| about(&error))?;
        match arguments.json {
            true => write_json(input, &scan, screen)?,
            false => write(input, &scan, arguments.quiet, screen)?,
        }
        Ok(Outcome::found(scan.verdict() != Verdict::Known))
    })
}

fn style(palette: Palette, verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Known => palette.good,
        Verdict::Unknown => palette.notable,
        _ => palette.bad,
    }
}

fn write(input: &Input, scan: &Scan, quiet: bool, screen: &mut Screen) -> Result<(), Failure> {
    let palette = screen.palette();
    let globals = || scan.pickles().iter().flat_map(ScannedPickle::globals);
    let total = globals().count();
    let count = |verdict| globals().filter(|global| global.verdict() == verdict).count();
    let parts: Vec<String> =
        [Verdict::Dangerous, Verdict::Hidden, Verdict::Unknown, Verdict::Known]
            .into_iter()
            .map(|verdict| (count(verdict), verdict))
            .filter(|&(count, _)| count > 0)
            .map(|(count, verdict)| format!("{count} {}", paint(style(palette, verdict), verdict)))
            .collect();
    let name = input.to_string();
    let title = paint(palette.title, printable(&name));
    let (found, total) = (plural(scan.pickles().len(), "pickle"), plural(total, "global"));
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    writeln!(screen, "{title}   {found}, {total}{parts}")?;
    for pickle in scan.pickles() {
        let shown = |verdict| !quiet || verdict != Verdict::Known;
        let any = pickle.globals().iter().any(|global| shown(global.verdict()));
        if !any && pickle.problem().is_none() {
            continue;
        }
        let place = pickle.offset().map_or_else(String::new, |at| format!(" at byte {at}"));
        let label = paint(palette.label, printable(pickle.name()));
        writeln!(screen, "  {label}{place}, {} bytes", pickle.nbytes())?;
        for global in pickle.globals().iter().filter(|global| shown(global.verdict())) {
            let verdict =
                paint(style(palette, global.verdict()), format!("{:<9}", global.verdict()));
            let name = match global.verdict() {
                Verdict::Hidden => "(not in plain text)".to_owned(),
                _ => format!("{}.{}", global.module(), global.name()),
            };
            let (offset, opcode) = (global.offset(), global.opcode());
            writeln!(screen, "    {offset:>8}  {opcode:<12}  {verdict}  {}", printable(&name))?;
        }
        if let Some(problem) = pickle.problem() {
            let label = paint(palette.bad, "not scanned to its end");
            writeln!(screen, "    {label}: {}", printable(problem))?;
        }
    }
    Ok(())
}

fn write_json(input: &Input, scan: &Scan, screen: &mut Screen) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "scan")?;
    object.field("file", &input.to_string())?;
    object.field("container", &scan.container().to_string())?;
    object.field("verdict", &scan.verdict().to_string())?;
    let mut list = object.list("pickles")?;
    for pickle in scan.pickles() {
        let globals: Vec<_> = pickle
            .globals()
            .iter()
            .map(|global| {
                json!({
                    "module": global.module(),
                    "name": global.name(),
                    "offset": global.offset(),
                    "opcode": global.opcode(),
                    "verdict": global.verdict().to_string(),
                })
            })
            .collect();
        list.add(&json!({
            "name": pickle.name(),
            "offset": pickle.offset(),
            "nbytes": pickle.nbytes(),
            "globals": globals,
            "problem": pickle.problem(),
        }))?;
    }
    list.end()?;
    object.end()
}
