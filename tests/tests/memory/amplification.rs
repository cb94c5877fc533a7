//! The search for amplification: whatever is done again and again with something large must not cost more than
//! the file's size explains.
//!
//! Every piece of `fuzz/src/amplify.rs` is read, walked, digested and scanned at three sizes. What it allocates must
//! stay within the bounds that the documentation promises, and grow no faster than the file. Looking at bytes
//! allocates nothing, so which limit refuses which piece is compared with `amplification.txt`: without the counter
//! of a loop, the pieces that it refused are read instead. To accept a change: `STATEDICT_BLESS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use statedict::codec::{self, ReadError, ReadOptions, Source};
use statedict::contents::{Contents, Digests};

use crate::counting::{Cost, Turn};
use crate::fuzz::amplify::{self, OPERANDS};
use crate::fuzz::large;

const SIZES: [usize; 3] = [3_000, 6_000, 12_000];
/// What reading costs, whatever the file is.
const SLACK: usize = 500_000;

/// How a file was taken: read, or refused by a limit or as malformed.
fn outcome(error: &ReadError) -> String {
    match error {
        ReadError::Limit { limit, .. } => (*limit).to_owned(),
        _ => "malformed".to_owned(),
    }
}

/// Does with a file everything that does not read tensors.
fn take(file: &[u8]) -> String {
    let options = ReadOptions::default().opaque(true);
    let mut words = match codec::Document::read_with(Source::bytes(file.to_vec()), &options) {
        Ok(document) => {
            let budget = u64::try_from(file.len()).unwrap() * 16;
            let mut walks = BTreeSet::new();
            for contents in [
                Contents::of(document.root()).budget(budget),
                Contents::of(document.root()).under_each_path().budget(budget),
            ] {
                let mut contents = contents;
                let end = loop {
                    match contents.advance() {
                        Ok(Some(_)) => {}
                        Ok(None) => break None,
                        Err(error) => break Some(error.limit()),
                    }
                };
                walks.extend(end.map(|limit| format!("walk {limit}")));
            }
            Digests::default().of(document.root());
            let _ = document.state_map_partial(&[]);
            let _ = format!("{document:?}");
            std::iter::once("read".to_owned()).chain(walks).collect::<Vec<_>>().join(", ")
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 2 * file.len() + 4000 && !text.contains('\n'), "{text}");
            outcome(&error)
        }
    };
    let scan = codec::scan(Source::bytes(file.to_vec())).unwrap();
    if scan.pickles().iter().any(|pickle| pickle.problem().is_some()) {
        words.push_str(", scan stops");
    }
    let named = scan.pickles().iter().flat_map(|pickle| pickle.globals());
    let printed: usize = named.map(|global| global.module().len() + global.name().len()).sum();
    assert!(printed <= file.len() * 4 + (1 << 16), "{printed} bytes of names");
    words
}

/// What a piece costs at one size, and how it was taken.
fn measure(turn: &Turn, file: &[u8], about: &str) -> (Cost, String) {
    let (outcome, cost) = turn.measure(|| take(file));
    let allowed = (32 << 20) + 16 * file.len();
    assert!(cost.peak <= allowed, "{about}: {cost} for a file of {}", file.len());
    (cost, outcome)
}

/// Returns `true` if the cost of a file that is twice as large is more than twice as much.
fn has_grown(now: &Cost, before: &Cost) -> bool {
    let grown = |now: usize, before: usize| now * 10 > before * 23 + 10 * SLACK;
    grown(now.peak, before.peak) || grown(now.total, before.total)
}

#[test]
fn pickles_that_mean_more_than_they_say_cost_no_more() {
    let turn = Turn::wait();
    let [_, small, size] = SIZES;
    for ((name, pickle), (_, larger)) in large::pickles(small).into_iter().zip(large::pickles(size))
    {
        for deflates in [false, true] {
            let [before, now] = [&pickle, &larger]
                .map(|pickle| measure(&turn, &amplify::checkpoint(pickle, deflates), name).0);
            assert!(!has_grown(&now, &before), "{name}: {before}, and at {size} {now}");
        }
    }
}

#[test]
fn nothing_costs_more_than_its_file_explains() {
    let turn = Turn::wait();
    let mut outcomes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut worst = (0, String::new());
    let mut failures = Vec::new();
    for statement in amplify::statements() {
        for operand in OPERANDS {
            let about = format!("{}, {operand}", statement.name);
            for keeps in [false, true] {
                let mut before: Option<Cost> = None;
                let mut last = String::new();
                for size in SIZES {
                    let pickle = amplify::pickle(operand, &statement, size, keeps);
                    let file = amplify::checkpoint(&pickle, false);
                    let (cost, outcome) = measure(&turn, &file, &about);
                    // Of the smallest, the minimums of limits may explain it.
                    if let Some(before) = before.filter(|_| size > SIZES[1])
                        && has_grown(&cost, &before)
                    {
                        failures.push(format!("{about}, {keeps}: {before}, and at {size} {cost}"));
                    }
                    worst = worst.max((cost.peak / file.len(), about.clone()));
                    (before, last) = (Some(cost), outcome);
                    // What is refused at its first use is not used again.
                    if last.starts_with("malformed") {
                        break;
                    }
                }
                outcomes.entry(last).or_default().insert(about.clone());
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} grow faster than their files:\n{}",
        failures.len(),
        failures.join("\n")
    );
    println!("the most was {} bytes of memory a byte: {}", worst.0, worst.1);
    compare(&outcomes);
}

/// Compares which limit refused what with what is known.
fn compare(outcomes: &BTreeMap<String, BTreeSet<String>>) {
    let mut found = String::new();
    for (outcome, pieces) in outcomes {
        if outcome == "malformed" || outcome == "read" {
            continue;
        }
        found.push_str(&format!("## {outcome}\n"));
        pieces.iter().for_each(|piece| found.push_str(&format!("{piece}\n")));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/memory/amplification.txt");
    if std::env::var_os("STATEDICT_BLESS").is_some() {
        return std::fs::write(&path, found).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let (was, is) = (by_piece(&known), by_piece(&found));
    let missing: Vec<&str> = was.difference(&is).map(String::as_str).collect();
    let new: Vec<&str> = is.difference(&was).map(String::as_str).collect();
    assert!(
        known == found,
        "refused no more:\n{}\nrefused now:\n{}",
        missing.join("\n"),
        new.join("\n")
    );
}

/// What is known of each piece, a line each.
fn by_piece(text: &str) -> BTreeSet<String> {
    let mut outcome = "";
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("## ") {
            Some(words) => outcome = words,
            None => drop(lines.insert(format!("{line}: {outcome}"))),
        }
    }
    lines
}
