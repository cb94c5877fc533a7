//! Which classes and functions the pickles of a file name, whether the file can be read or not.

use std::sync::Arc;

use crate::codec::pickle::{self, PickleScan, ScanLimits, ScannedGlobal, Verdict};
use crate::codec::read::container;
use crate::codec::read::detect::detect;
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::limits::Limits;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::codec::read::tar;
use crate::codec::read::zip::{Archive, Directory};

/// A pickle of a file that was scanned.
#[derive(Debug)]
pub struct ScannedPickle {
    name: String,
    offset: Option<u64>,
    nbytes: u64,
    globals: Vec<ScannedGlobal>,
    problem: Option<String>,
    /// The files within it, and where in it they are loaded.
    nested: Vec<(usize, Vec<u8>)>,
}

impl ScannedPickle {
    /// The member of the archive that holds it; of other files, which pickle it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its start in the file, in bytes; `None` where it is compressed, or in a file within a pickle.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// Its size in bytes.
    pub fn nbytes(&self) -> u64 {
        self.nbytes
    }

    /// Returns the classes and functions that it names, in order, each time that it does.
    pub fn globals(&self) -> &[ScannedGlobal] {
        &self.globals
    }

    /// Why it could not be scanned to its end; what comes after is unknown then.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub(super) fn new(name: impl Into<String>, offset: Option<u64>, found: PickleScan) -> Self {
        let PickleScan { globals, len, problem, nested } = found;
        let nbytes = len.try_into().unwrap_or(u64::MAX);
        ScannedPickle { name: name.into(), offset, nbytes, globals, problem, nested }
    }

    /// Returns what stands for those that were not scanned any more.
    pub(super) fn too_many(name: &str) -> Self {
        let error = ReadError::Foreign {
            found: "more pickles than a file of its size has a use for".into(),
            advice: "those that follow were not scanned".into(),
        };
        ScannedPickle::unread(name, &error)
    }

    fn unread(name: impl Into<String>, problem: &ReadError) -> Self {
        let problem = Some(problem.to_string());
        let (globals, name) = (Vec::new(), name.into());
        ScannedPickle { name, offset: None, nbytes: 0, globals, problem, nested: Vec::new() }
    }
}

/// The pickles of a file, and what they name.
#[derive(Debug)]
pub struct Scan {
    container: ContainerKind,
    pickles: Vec<ScannedPickle>,
}

impl Scan {
    /// Returns the kind of the file.
    pub fn container(&self) -> ContainerKind {
        self.container
    }

    /// All its pickles, in the file's order.
    pub fn pickles(&self) -> &[ScannedPickle] {
        &self.pickles
    }

    /// The worst of all verdicts; a pickle that could not be scanned counts as hidden.
    pub fn verdict(&self) -> Verdict {
        let of = |pickle: &ScannedPickle| {
            let unknown = pickle.problem.as_ref().map(|_| Verdict::Hidden);
            pickle.globals.iter().map(ScannedGlobal::verdict).chain(unknown).max()
        };
        self.pickles.iter().filter_map(of).max().unwrap_or(Verdict::Known)
    }
}

/// Lists every class and function that the pickles of a file name. Nothing is imported or run, no value is
/// made, and no tensor is read: what [`Document::read`](crate::codec::Document::read) refuses can be scanned too.
///
/// ```
/// use statedict::codec::{self, Source, Verdict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scan = codec::scan(Source::bytes(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."))?;
/// let global = &scan.pickles()[0].globals()[0];
/// assert_eq!((global.module(), global.name(), global.offset()), ("os", "system", 2));
/// assert_eq!(scan.verdict(), Verdict::Dangerous);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where the file cannot be read, or its container is damaged or none. A pickle that is damaged is none:
/// see [`ScannedPickle::problem`].
pub fn scan(source: Source) -> Result<Scan, ReadError> {
    let mut limits = ScanLimits::for_file(source.len());
    scan_within(source, DEPTH, &mut limits)
}

/// How deep files within pickles are looked for: `pickle.dump` has them one deep.
const DEPTH: usize = 3;

/// Scans a file, and the files within it and its pickles down to a depth.
fn scan_within(source: Source, depth: usize, limits: &mut ScanLimits) -> Result<Scan, ReadError> {
    let mut container = detect(&source)?;
    let mut files = None;
    let found = match container {
        ContainerKind::Zip | ContainerKind::TorchScript | ContainerKind::Exported => {
            let OfZip { archive, pickles, files: found } = of_zip(source, limits)?;
            container = archive.kind();
            files = Some((archive, found));
            pickles
        }
        ContainerKind::Legacy => of_stream(source, limits)?,
        ContainerKind::Tar => tar::scan(&source, limits)?,
        ContainerKind::Pickle => of_pickle(&source, limits)?,
        ContainerKind::Safetensors => Vec::new(),
    };
    let mut pickles = Vec::with_capacity(found.len());
    for mut pickle in found {
        let nested = std::mem::take(&mut pickle.nested);
        let name = pickle.name.clone();
        pickles.push(pickle);
        for (offset, file) in nested {
            let name = format!("{name}, file at byte {offset}");
            if !of_file(name, Source::bytes(file), depth, (&mut pickles, limits)) {
                return Ok(Scan { container, pickles });
            }
        }
    }
    let Some((archive, files)) = files else { return Ok(Scan { container, pickles }) };
    let mut left = Limits::default().for_file(archive.source.len()).inflated_bytes;
    for (name, index) in files {
        match archive.member(index, left) {
            Ok(file) => {
                // What is compressed is expanded for this.
                let expanded = if archive.stored_at(index).is_none() { file.len() } else { 0 };
                left = left.saturating_sub(expanded);
                if !of_file(name, file, depth, (&mut pickles, limits)) {
                    break;
                }
            }
            Err(error) => pickles.push(ScannedPickle::unread(name, &error)),
        }
    }
    Ok(Scan { container, pickles })
}

/// Scans a file within a file. Returns `false` if there were too many already.
fn of_file(
    name: String,
    file: Source,
    depth: usize,
    (pickles, limits): (&mut Vec<ScannedPickle>, &mut ScanLimits),
) -> bool {
    let within = depth.checked_sub(1).map(|depth| scan_within(file, depth, limits));
    if !limits.pickle(&name) {
        pickles.push(ScannedPickle::too_many(&name));
        return false;
    }
    match within {
        Some(Ok(within)) => pickles.extend(within.pickles.into_iter().map(|pickle| {
            let name = format!("{name}: {}", pickle.name);
            ScannedPickle { name, offset: None, ..pickle }
        })),
        Some(Err(error)) => pickles.push(ScannedPickle::unread(name, &error)),
        None => pickles.push(ScannedPickle::unread(
            name,
            &ReadError::Foreign {
                found: "a file within files within a file".into(),
                advice: "torch.save writes none".into(),
            },
        )),
    }
    true
}

/// The first byte of pickles, from protocol 2 on.
const PROTO: u8 = 0x80;

/// The members of a ZIP archive that can name something.
struct OfZip {
    archive: Archive,
    pickles: Vec<ScannedPickle>,
    /// The members that are files by themselves, with their names.
    files: Vec<(String, u32)>,
}

/// All members that are pickles or checkpoints by their name or their first bytes, but storages, which nobody unpickles.
fn of_zip(source: Source, limits: &mut ScanLimits) -> Result<OfZip, ReadError> {
    let limit = Limits::default().for_file(source.len()).pickle_bytes;
    let directory = Directory::read_any(&source)?;
    let archive = Archive { source: Arc::new(source), directory };
    let (mut pickles, mut files) = (Vec::new(), Vec::new());
    // All at once: one by one, each would be looked for among all.
    let names = archive.directory.names();
    for index in archive.directory.named() {
        let Some(name) = names.get(index as usize) else { continue };
        let inner = match archive.directory.root() {
            "" => name,
            _ => name.split_once('/').map_or("", |(_, inner)| inner),
        };
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".pt", ".pth", ".ckpt", ".bin"]) {
            files.push((name.clone(), index));
            continue;
        }
        let is_storage = ["data/", "constants/"].iter().any(|at| inner.starts_with(at));
        let is_called_so = ends(&[".pkl", ".pickle", ".pck"]);
        if !is_called_so && (is_storage || !archive.may_start_with(index, PROTO)) {
            continue;
        }
        match archive.read_member(index, limit, "pickle_bytes") {
            Ok(bytes) if !is_called_so && bytes.first() != Some(&PROTO) => {}
            Ok(bytes) => {
                let offset = archive.stored_at(index);
                all_of(name, offset, &bytes, (&mut pickles, limits));
            }
            Err(error) => pickles.push(ScannedPickle::unread(name, &error)),
        }
    }
    Ok(OfZip { archive, pickles, files })
}

/// The pickle at the start of `bytes`, and those that follow it right away.
fn all_of(
    name: &str,
    offset: Option<u64>,
    bytes: &[u8],
    (pickles, limits): (&mut Vec<ScannedPickle>, &mut ScanLimits),
) {
    let mut rest = bytes;
    loop {
        if !limits.pickle(name) {
            return pickles.push(ScannedPickle::too_many(name));
        }
        let found = pickle::scan(rest, limits);
        let start = bytes.len().saturating_sub(rest.len());
        let start = u64::try_from(start).unwrap_or(u64::MAX);
        let is_ended = found.problem.is_none();
        rest = rest.get(found.len..).unwrap_or(&[]);
        pickles.push(ScannedPickle::new(
            name,
            offset.map(|offset| offset.saturating_add(start)),
            found,
        ));
        // What follows and is no pickle, nobody loads.
        if !is_ended || rest.first() != Some(&PROTO) {
            return;
        }
    }
}

/// A pickle by itself.
fn of_pickle(source: &Source, limits: &mut ScanLimits) -> Result<Vec<ScannedPickle>, ReadError> {
    let limit = Limits::default().for_file(source.len()).pickle_bytes;
    let bytes = whole(source, (0, source.len()), limit)?;
    let mut pickles = Vec::new();
    all_of("the pickle", Some(0), &bytes, (&mut pickles, limits));
    Ok(pickles)
}

/// The bytes of a range, at most `limit` of them.
pub(super) fn whole(
    source: &Source,
    (start, end): (u64, u64),
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let needed = end.saturating_sub(start);
    let len = usize::try_from(needed).unwrap_or(usize::MAX);
    if needed > limit {
        let what = format!("the pickle in `{}`", source.name());
        return Err(ReadError::Limit { what, limit: "pickle_bytes", allowed: limit, needed });
    }
    source.read_vec(start, len).map_err(|error| source.failed(error))
}

/// The name of each pickle of a stream.
const PARTS: [&str; 5] = ["magic number", "protocol version", "system", "object", "storage keys"];

/// The five pickles of each object; the storages come after them.
fn of_stream(source: Source, limits: &mut ScanLimits) -> Result<Vec<ScannedPickle>, ReadError> {
    let source = Arc::new(source);
    let mut pickles: Vec<ScannedPickle> = Vec::new();
    let mut position = 0;
    loop {
        for part in PARTS {
            if !limits.pickle(part) {
                pickles.push(ScannedPickle::too_many(part));
                return Ok(pickles);
            }
            let found = next(&source, position, limits)?;
            let is_ended = found.problem.is_none();
            let len = u64::try_from(found.len).unwrap_or(u64::MAX);
            pickles.push(ScannedPickle::new(part, Some(position), found));
            if !is_ended {
                return Ok(pickles);
            }
            position = position.saturating_add(len);
        }
        // Where the storages end, only reading tells.
        let start = pickles.iter().rev().nth(PARTS.len() - 1).and_then(|first| first.offset);
        let options = ReadOptions::default().opaque(true);
        match container::read_object(&source, start.unwrap_or(0), &options) {
            Ok((_, Some(next))) => position = next,
            Ok((_, None)) => return Ok(pickles),
            Err(error) => {
                pickles.push(ScannedPickle::unread("what follows the storages", &error));
                return Ok(pickles);
            }
        }
    }
}

/// The pickle at `start` of the file.
pub(super) fn next(
    source: &Source,
    start: u64,
    limits: &mut ScanLimits,
) -> Result<PickleScan, ReadError> {
    let left = source.len().saturating_sub(start);
    if let Some(bytes) = source.slice(start, usize::try_from(left).unwrap_or(usize::MAX)) {
        return Ok(pickle::scan(bytes, limits));
    }
    let mut size = 4096u64.min(left);
    loop {
        let found =
            pickle::scan(&whole(source, (start, start.saturating_add(size)), size)?, limits);
        if found.problem.is_none() || size == left {
            return Ok(found);
        }
        size = size.saturating_mul(8).min(left);
    }
}
