//! The rounds: each visits everything once, in an order of its own.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::Outcome;
use crate::options::Options;
use crate::plan::Measurement;

/// What one process measured.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) round: usize,
    pub(crate) seconds: Vec<f64>,
    pub(crate) peak: u64,
    pub(crate) anonymous: u64,
    pub(crate) faults: u64,
}

/// Everything that was measured, in the order of the plan.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) samples: Vec<(Measurement, Vec<Sample>)>,
    /// How often opening the file asked the system for something, where that could be counted.
    pub(crate) calls_of_open: Option<usize>,
}

impl Results {
    pub(crate) fn get(&self, who: &str, what: &str, of: &str) -> &[Sample] {
        let found = self.samples.iter().find(|(measurement, _)| {
            measurement.who == who && measurement.what == what && measurement.of == of
        });
        found.map_or(&[], |(_, samples)| samples)
    }
}

pub(crate) fn run(options: &Options, measurements: &[Measurement]) -> Outcome<Results> {
    let mut samples: HashMap<&Measurement, Vec<Sample>> = HashMap::new();
    let mut state = 1u64;
    for round in 0..options.rounds {
        let begin = Instant::now();
        let mut order: Vec<&Measurement> = measurements.iter().collect();
        for last in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(last, usize::try_from(state >> 33)? % (last + 1));
        }
        for measurement in order {
            eprint!(".");
            match measure(measurement, round) {
                Ok(sample) => samples.entry(measurement).or_default().push(sample),
                Err(error) => {
                    let Measurement { who, what, of, .. } = measurement;
                    eprintln!("{who}: {what} of {of} failed: {error}");
                }
            }
        }
        eprintln!(" round {} took {:.0} s", round + 1, begin.elapsed().as_secs_f64());
    }
    let take = |measurement: &Measurement| {
        (measurement.clone(), samples.remove(measurement).unwrap_or_default())
    };
    let samples: Vec<_> = measurements.iter().map(take).collect();
    let opened = samples.iter().find(|(it, _)| it.who == "ours" && it.what == "open");
    let calls_of_open = opened.and_then(|(measurement, _)| calls_of_open(&measurement.path));
    Ok(Results { samples, calls_of_open })
}

fn measure(measurement: &Measurement, round: usize) -> Outcome<Sample> {
    let this = std::env::current_exe()?;
    let Measurement { who, what, path, calls, primed, .. } = measurement;
    let prime = ["--child", "limit", "prime", ".", &primed.to_string()];
    Command::new(&this).args(prime).stdout(Stdio::null()).status()?;
    warm(path)?;
    let calls = calls.to_string();
    let mut command = if *who == "torch" {
        let python = std::env::var_os("STATEDICT_PYTHON").ok_or("no Python")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/torch_calls.py");
        let mut command = Command::new(python);
        command.arg(script).arg(what).arg(path).arg(&calls);
        command
    } else {
        let mut command = Command::new(&this);
        command.args(["--child", who, what]).arg(path).arg(&calls);
        command
    };
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().filter(|_| output.status.success());
    let line = line.ok_or_else(|| errors.lines().last().unwrap_or("no output").to_owned())?;
    let value: Value = serde_json::from_str(line)?;
    let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    let seconds = value.get("seconds").and_then(Value::as_array).ok_or("no times")?;
    Ok(Sample {
        round,
        seconds: seconds.iter().filter_map(Value::as_f64).collect(),
        peak: number("peak"),
        anonymous: number("anonymous"),
        faults: number("faults"),
    })
}

/// Reads a file, so that it is in the system's cache.
fn warm(path: &Path) -> Outcome<()> {
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    let mut buffer = vec![0; 1 << 20];
    while file.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Counts, with strace where it is there, the calls that name the file.
fn calls_of_open(path: &Path) -> Option<usize> {
    let traced =
        "open,openat,read,pread64,readv,preadv,lseek,fstat,stat,statx,newfstatat,mmap,close";
    let this = std::env::current_exe().ok()?;
    let output = Command::new("strace")
        .args(["-f", "-y", "-e", &format!("trace={traced}")])
        .arg(this)
        .args(["--child", "ours", "open"])
        .arg(path)
        .arg("1")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let name = path.display().to_string();
    let calls = text.lines().filter(|line| line.contains(&name) && !line.contains("execve("));
    Some(calls.count()).filter(|&count| count > 0)
}
