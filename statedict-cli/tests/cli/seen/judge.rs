//! What `statedict` says of a pair of files, and whether it is right.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

/// A file of a few kilobytes takes milliseconds.
const LIMIT: Duration = Duration::from_secs(20);

/// A pair of files that differ in one thing.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) number: u64,
    /// What was changed.
    pub(super) about: String,
    pub(super) container: String,
    /// Whether there is an object of a class that torch does not know.
    opaque: bool,
    /// Where it may be told.
    pub(super) places: Vec<Place>,
    /// The nodes of the value.
    #[serde(default)]
    pub(super) ids: Vec<u64>,
    a: PathBuf,
    b: PathBuf,
    /// The object of `a`, saved once more.
    again: PathBuf,
    /// Another object like it, in a container of any kind.
    anew: PathBuf,
}

/// Where a change may be told: `tests/torch/seen/places.py` has the rules.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    path: Vec<Value>,
    below: bool,
    but: Vec<Value>,
    since: usize,
}

/// How the program is wrong about a pair.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)
    }
}

fn fault(kind: &'static str, text: impl fmt::Display) -> Fault {
    Fault { kind, text: text.to_string() }
}

impl Place {
    fn covers(&self, path: &[Value]) -> bool {
        let pairs = || self.path.iter().zip(path);
        if !pairs().all(|(expected, found)| is_segment(expected, found)) {
            return false;
        }
        match path.get(self.path.len()) {
            Some(next) => self.below && !self.but.iter().any(|other| is_segment(other, next)),
            None => path.len() >= self.since,
        }
    }
}

/// Whether a segment is the expected one; null stands for any that is spelled as an object. A key may also be told
/// with its place.
fn is_segment(expected: &Value, found: &Value) -> bool {
    let is_key = || expected.get("key").is_some() && expected.get("key") == found.get("key");
    expected == found || (expected.is_null() && found.is_object()) || is_key()
}

impl Case {
    pub(super) fn remove(&self) {
        for path in [&self.a, &self.b, &self.again, &self.anew] {
            // They may be one file.
            let _ = std::fs::remove_file(path);
        }
    }

    fn diff(&self, b: &Path) -> Result<Vec<Value>, Fault> {
        let mut args = vec!["diff".as_ref(), self.a.as_os_str(), b.as_os_str(), "--json".as_ref()];
        if self.opaque {
            args.push("--opaque".as_ref());
        }
        let (status, output) = run(&args)?;
        let mut object: Value =
            serde_json::from_slice(&output).map_err(|error| fault("no JSON", error))?;
        let differences = match object["differences"].take() {
            Value::Array(differences) => differences,
            other => return Err(fault("no JSON", other)),
        };
        let same = differences.is_empty();
        if object["same"] != same || (status == 0) != same {
            return Err(fault("contradicts itself", format!("exit status {status}: {object}")));
        }
        Ok(differences)
    }

    fn is_silent(&self, kind: &'static str, b: &Path) -> Result<(), Fault> {
        let differences = self.diff(b)?;
        match differences.first() {
            Some(first) => Err(fault(kind, format!("{} differences: {first}", differences.len()))),
            None => Ok(()),
        }
    }
}

/// Runs the program: its exit status, and what it printed.
pub(super) fn run(args: &[&std::ffi::OsStr]) -> Result<(i32, Vec<u8>), Fault> {
    let output = tempfile::NamedTempFile::new().unwrap();
    let errors = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_statedict"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(output.reopen().unwrap())
        .stderr(errors.reopen().unwrap())
        .spawn()
        .unwrap();
    let end = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(fault("takes too long", format!("{args:?}")));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let errors = std::fs::read_to_string(errors.path()).unwrap();
    match status.code() {
        Some(code @ (0 | 1)) if errors.is_empty() => {
            Ok((code, std::fs::read(output.path()).unwrap()))
        }
        _ => Err(fault("fails", format!("{status}: {}", errors.trim_end()))),
    }
}

/// Judges what the program says of a pair.
pub(super) fn judge(case: &Case) -> Result<(), Fault> {
    case.is_silent("tells of the same object saved again", &case.again)?;
    case.is_silent("tells of the same value made anew", &case.anew)?;
    let converted = case.a.with_extension("converted.pt");
    let to = if case.container == "legacy" { "legacy" } else { "zip" };
    let args = ["convert".as_ref(), case.a.as_os_str(), converted.as_os_str(), "--to".as_ref()];
    let done = run(&[&args[..], &[to.as_ref()]].concat())
        .and_then(|_| case.is_silent("tells of what convert wrote", &converted));
    let _ = std::fs::remove_file(converted);
    done?;
    let differences = case.diff(&case.b)?;
    if differences.is_empty() {
        return Err(fault("is not seen", ""));
    }
    let elsewhere = differences.iter().find(|difference| {
        let path = difference["path"].as_array().map_or(&[][..], Vec::as_slice);
        !case.places.iter().any(|place| place.covers(path))
    });
    match elsewhere {
        Some(difference) => Err(fault("is told elsewhere", difference)),
        None => Ok(()),
    }
}
