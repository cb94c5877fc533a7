//! The results as tables and as JSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::Outcome;
use crate::goals::{Bound, Row, Unit, median};
use crate::machine;
use crate::rounds::{Results, Sample};

pub(crate) fn print(rows: &[Row], results: &Results) {
    println!("| goal | work | compared | measured | floor | ambition | reached |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let value = row.value.map_or("-".to_owned(), |value| number(value, row.unit));
        let (floor, ambition) = (bound(row.floor, row.unit), bound(row.ambition, row.unit));
        let Row { goal, work, compared, .. } = row;
        let verdict = row.verdict();
        println!("| {goal} | {work} | {compared} | {value} | {floor} | {ambition} | {verdict} |");
    }
    println!("\n| who | what | of | first call | later calls | peak MiB | own MiB | page faults |");
    println!("|---|---|---|---|---|---|---|---|");
    for (measurement, samples) in &results.samples {
        let of = |value: fn(&Sample) -> u64| {
            let values = samples.iter().filter_map(|sample| u32::try_from(value(sample)).ok());
            median(values.map(f64::from).collect())
        };
        let mib = |value: fn(&Sample) -> u64| {
            let values =
                samples.iter().filter_map(|sample| u32::try_from(value(sample) >> 10).ok());
            let kib = median(values.map(f64::from).collect());
            kib.map_or("-".to_owned(), |kib| format!("{:.1}", kib / 1024.0))
        };
        let faults = of(|sample| sample.faults).map_or("-".to_owned(), |it| format!("{it:.0}"));
        let (first, later) = times(samples);
        let [first, later] = [first, later].map(|it| it.map_or("-".to_owned(), duration));
        let (peak, own) = (mib(|sample| sample.peak), mib(|sample| sample.anonymous));
        let (who, what, of) = (measurement.who, measurement.what, &measurement.of);
        println!("| {who} | {what} | {of} | {first} | {later} | {peak} | {own} | {faults} |");
    }
}

/// The medians of the first and of the later calls.
fn times(samples: &[Sample]) -> (Option<f64>, Option<f64>) {
    let first = samples.iter().filter_map(|sample| sample.seconds.first().copied());
    let later = samples.iter().flat_map(|sample| sample.seconds.iter().skip(1).copied());
    (median(first.collect()), median(later.collect()))
}

fn duration(seconds: f64) -> String {
    match seconds {
        0.1.. => format!("{seconds:.3} s"),
        0.001.. => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{:.0} µs", seconds * 1e6),
    }
}

fn number(value: f64, unit: Unit) -> String {
    let precise = |value: f64| match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    match unit {
        Unit::Times => format!("{}x", precise(value)),
        Unit::Milliseconds => format!("{} ms", precise(value)),
        Unit::MiB => format!("{} MiB", precise(value)),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Count => format!("{value:.0}"),
    }
}

fn bound(bound: Bound, unit: Unit) -> String {
    match bound {
        Bound::AtLeast(value) if value > 0.0 => format!("≥ {}", number(value, unit)),
        Bound::AtMost(value) if value.is_finite() => format!("≤ {}", number(value, unit)),
        _ => "-".to_owned(),
    }
}

pub(crate) fn write_json(path: &Path, rows: &[Row], results: &Results) -> Outcome<()> {
    let goals: Vec<Value> = rows
        .iter()
        .map(|row| {
            let Row { goal, work, compared, value, .. } = row;
            let (floor, ambition) = (bound(row.floor, row.unit), bound(row.ambition, row.unit));
            json!({
                "goal": goal, "work": work, "compared": compared, "value": value,
                "floor": floor, "ambition": ambition, "reached": row.verdict(),
            })
        })
        .collect();
    let measured: Vec<Value> = results
        .samples
        .iter()
        .map(|(measurement, samples)| {
            let samples: Vec<Value> = samples
                .iter()
                .map(|sample| {
                    let Sample { round, seconds, peak, anonymous, faults } = sample;
                    json!({
                        "round": round, "seconds": seconds, "peak": peak,
                        "anonymous": anonymous, "faults": faults,
                    })
                })
                .collect();
            let (who, what, of) = (measurement.who, measurement.what, &measurement.of);
            json!({"who": who, "what": what, "of": of, "samples": samples})
        })
        .collect();
    let all = json!({
        "huge_pages": machine::huge_pages(),
        "calls_of_open": results.calls_of_open,
        "goals": goals,
        "measured": measured,
    });
    Ok(std::fs::write(path, serde_json::to_string_pretty(&all)?)?)
}
