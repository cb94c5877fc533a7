//! How long a strict load of a flat model takes, from 1,000 to 100,000 children.
#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use statedict::LoadOptions;
use statedict::prelude::*;

const COUNTS: [usize; 7] = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
/// The best of so many.
const RUNS: usize = 5;

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [[f32; 2]; 2],
    #[param]
    bias: [f32; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<usize> =
        std::env::args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let counts = if given.is_empty() { &COUNTS[..] } else { &given };
    let torch = torch_times(counts)?;
    println!("children    strict  a key   torch()  a key     torch");
    for &count in counts {
        let mut model: Vec<Linear> =
            (0..count).map(|_| Linear { weight: [[0.5; 2]; 2], bias: [0.25; 2] }).collect();
        let map = model.state_dict()?.into_owned()?;
        let ours = time(&mut model, &map, &LoadOptions::new())?;
        let rules = time(&mut model, &map, &LoadOptions::torch())?;
        let torch = torch.get(&count).map_or("-".to_owned(), |seconds| format!("{seconds:.3} s"));
        println!("{count:>8}  {}  {}  {torch:>8}", row(ours, count), row(rules, count));
    }
    Ok(())
}

fn time(
    model: &mut Vec<Linear>,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let begin = Instant::now();
        let report = model.load_state_dict_with(map, options)?;
        best = best.min(begin.elapsed());
        assert_eq!(report.loaded.len(), map.len());
    }
    Ok(best)
}

/// The time in milliseconds, and in nanoseconds for each of the two keys of a child.
fn row(time: Duration, count: usize) -> String {
    let keys = u128::try_from(2 * count).unwrap_or(1);
    format!("{:>5.1} ms {:>4} ns", time.as_secs_f64() * 1e3, time.as_nanos() / keys)
}

/// What torch needs, in seconds by the number of children; nothing where no Python is named.
fn torch_times(counts: &[usize]) -> Result<HashMap<usize, f64>, Box<dyn Error>> {
    let Some(python) = std::env::var_os("STATEDICT_PYTHON") else { return Ok(HashMap::new()) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/flat_load.py");
    let output =
        Command::new(python).arg(script).args(counts.iter().map(usize::to_string)).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut times = HashMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let (count, seconds) = line.split_once(' ').ok_or("torch printed something else")?;
        times.insert(count.parse()?, seconds.parse()?);
    }
    Ok(times)
}
