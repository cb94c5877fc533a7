//! `statedict verify`.

use std::collections::HashSet;
use std::io::Write;

use serde_json::{Value as Json, json};
use statedict::codec::{self, ContainerKind, Members, Source, Warning};
use statedict::tensor::{Storage, StorageError};
use statedict::value::Kind;

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain, for_each, refused};
use crate::inputs::{Files, Input};
use crate::numbers::{Allowance, not_finite};
use crate::opened::{Opened, Opening};
use crate::printable::printable;
use crate::progress::Progress;
use crate::sizes::{bytes, plural};
use crate::terminal::{Screen, paint};
use crate::walk::{Found, walk};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 all files are whole; 1 one is not, or cannot be read; 2 wrong usage."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Also find NaN and infinity in tensors of floating point
    #[arg(long)]
    finite: bool,
    /// Print one JSON object for each file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

/// So many bytes are read at a time.
const PIECE: usize = 1 << 20;

/// Something that is not as it should be.
struct Problem {
    kind: &'static str,
    place: String,
    text: String,
}

/// What was looked at.
#[derive(Default)]
struct Verified {
    container: Option<String>,
    members: usize,
    tensors: usize,
    nbytes: u64,
    problems: Vec<Problem>,
}

impl Verified {
    fn add(&mut self, kind: &'static str, place: impl Into<String>, text: impl Into<String>) {
        self.problems.push(Problem { kind, place: place.into(), text: text.into() });
    }
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    for_each(&arguments.files.inputs()?, |input| {
        let verified = verify(arguments, input)?;
        match arguments.json {
            true => write_json(input, &verified, screen)?,
            false => write(input, &verified, screen)?,
        }
        Ok(Outcome::found(!verified.problems.is_empty()))
    })
}

/// Looks at everything, and collects what is wrong.
fn verify(arguments: &Arguments, input: &Input) -> Result<Verified, Failure> {
    let mut verified = Verified::default();
    // What comes from a pipe can be read once only.
    let (input, _kept) = crate::inputs::on_disk(input)?;
    let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
    let (source, len) = arguments.opening.reading.source(&input).map_err(|error| about(&error))?;
    members(source, len, &mut verified);
    let opened = match Opened::open(&input, &arguments.opening) {
        Ok(opened) => opened,
        Err(error) => {
            let text = error.to_string();
            let text = text.strip_prefix(&format!("{input}: ")).unwrap_or(&text);
            // The same damage was found in the archive already.
            if verified.problems.iter().all(|problem| !text.contains(&problem.text)) {
                verified.add("content", "", text);
            }
            return Ok(verified);
        }
    };
    verified.container = Some(opened.container());
    // There may be several objects in such a file.
    if opened.document.container() == ContainerKind::Legacy {
        let (source, len) =
            arguments.opening.reading.source(&input).map_err(|error| about(&error))?;
        match codec::Document::read_all_with(source, &arguments.opening.options()) {
            Ok(documents) => {
                for document in documents {
                    let allowed = arguments.opening.allowed(len);
                    let opened = Opened { document, input: input.clone(), len, allowed };
                    unread(&opened, &mut verified);
                    tensors(&opened, arguments.finite, &mut verified)?;
                }
            }
            Err(error) => verified.add("content", "", chain(&error)),
        }
    } else {
        unread(&opened, &mut verified);
        tensors(&opened, arguments.finite, &mut verified)?;
    }
    Ok(verified)
}

/// Bytes that nothing reads.
fn unread(opened: &Opened, verified: &mut Verified) {
    for warning in opened.document.warnings() {
        if let Warning::TrailingBytes { .. } = warning {
            verified.add("trailing", "", warning.to_string());
        }
    }
}

/// The members of an archive: what its two directories say, and checksums.
fn members(source: Source, len: u64, verified: &mut Verified) {
    let members = match Members::read(source) {
        Ok(members) => members,
        Err(error) => return verified.add("container", "", chain(&error)),
    };
    verified.container = Some(members.container().to_string());
    verified.members = members.len();
    let progress = Progress::new();
    let mut done = 0u64;
    for index in 0..members.len() {
        if let Err(error) = members.verify(index) {
            verified.add("member", members.name(index), chain(&error));
        }
        done = done.saturating_add(members.nbytes(index));
        progress.tell(done, len.max(done));
    }
    verified.nbytes = done;
}

/// The tensors: all can be represented, their bytes are there, and on request their numbers are finite.
fn tensors(opened: &Opened, finite: bool, verified: &mut Verified) -> Result<(), Failure> {
    let progress = Progress::new();
    let (mut done, mut seen) = (0u64, HashSet::new());
    let mut elements = Allowance::of(opened.allowed);
    walk(opened, |place, found| {
        let name = || place.name();
        match found {
            Found::Refused(refusal) => verified.add("refused", name(), refused(refusal)),
            Found::Tensor(tensor, _) => {
                verified.tensors += 1;
                let is_new = seen.insert(tensor.storage().identity());
                let nbytes = u64::try_from(tensor.storage().nbytes())?;
                if tensor.location() == "meta" {
                    return Ok(());
                }
                // The members of an archive were all looked at; elsewhere this reads the bytes.
                if verified.members == 0 && is_new {
                    if let Err(error) = read_through(tensor.storage()) {
                        verified.add("storage", name(), chain(&error));
                    }
                    verified.nbytes = verified.nbytes.saturating_add(nbytes);
                }
                if finite {
                    match elements.read(&tensor).and_then(|()| not_finite(&tensor)) {
                        Ok(0) => {}
                        Ok(count) => {
                            let of = tensor.numel();
                            verified.add(
                                "finite",
                                name(),
                                format!("{count} of {of} are NaN or infinite"),
                            );
                        }
                        Err(error) => verified.add("storage", name(), error.to_string()),
                    }
                }
                done = done.saturating_add(nbytes);
                progress.tell(done, opened.len.max(done));
            }
            Found::Container(value) => {
                if let Kind::Sparse(sparse) = value.kind()
                    && let Err(error) = sparse.check()
                {
                    verified.add("sparse", name(), chain(&error));
                }
            }
            _ => {}
        }
        Ok(())
    })
}

/// Checks a storage against its checksum, where it has one, and that all of its bytes can be read.
fn read_through(storage: &Storage<'_>) -> Result<(), StorageError> {
    storage.verify()?;
    let mut piece = vec![0; storage.nbytes().min(PIECE)];
    let mut at = 0;
    while at < storage.nbytes() {
        let len = piece.len().min(storage.nbytes() - at);
        storage.read_at(at, &mut piece[..len])?;
        at += len;
    }
    Ok(())
}

fn write(input: &Input, verified: &Verified, screen: &mut Screen) -> Result<(), Failure> {
    let palette = screen.palette();
    let name = input.to_string();
    let verdict = match verified.problems.len() {
        0 => paint(palette.good, "ok".to_owned()),
        count => paint(palette.bad, plural(count, "problem")),
    };
    let tensors = plural(verified.tensors, "tensor");
    let size = bytes(verified.nbytes);
    let container = verified.container.as_deref().unwrap_or("not a checkpoint");
    let title = paint(palette.title, printable(&name));
    writeln!(screen, "{title}   {verdict} · {container} · {tensors} · {size} checked")?;
    for Problem { kind, place, text } in &verified.problems {
        let kind = paint(palette.bad, format!("{kind:<9}"));
        let separator = if place.is_empty() { "" } else { ": " };
        writeln!(screen, "  {kind} {}{separator}{}", printable(place), printable(text))?;
    }
    Ok(())
}

fn write_json(input: &Input, verified: &Verified, screen: &mut Screen) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "verify")?;
    object.field("file", &input.to_string())?;
    object.field("ok", &verified.problems.is_empty())?;
    object.field("container", &verified.container)?;
    object.field("members", &verified.members)?;
    object.field("tensors", &verified.tensors)?;
    object.field("nbytes", &verified.nbytes)?;
    let problem = |Problem { kind, place, text }: &Problem| -> Json {
        json!({"kind": kind, "place": place, "text": text})
    };
    object.field("problems", &verified.problems.iter().map(problem).collect::<Vec<_>>())?;
    object.end()
}
