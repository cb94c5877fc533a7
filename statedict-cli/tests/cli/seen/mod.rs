//! `statedict diff` sees everything: of two files that Python pickled and that differ in one thing, whatever it is, it
//! says so, says where, and says nothing else.
//!
//! `tests/torch/seen` makes the files; each pair follows from its number. `STATEDICT_SEEN=1000..6000` (or
//! `17,23`) makes other pairs than those that are always tested.

mod judge;
mod shrink;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use serde_json::json;
use statedict_tests::{Torch, temp_dir};

use judge::{Case, Fault};

/// The pairs that are always tested.
const NUMBERS: Range<u64> = 0..400;
/// How many pairs are written at a time.
const BATCH: usize = 20;
/// How many of the faults are made as small as they can be, and told in full.
const TOLD: usize = 6;

fn numbers() -> Vec<u64> {
    let Ok(text) = std::env::var("STATEDICT_SEEN") else { return NUMBERS.collect() };
    let number = |text: &str| text.parse::<u64>().expect("STATEDICT_SEEN has numbers and ranges");
    let range = |text: &str| match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    };
    text.split(',').flat_map(range).collect()
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn one_change_of_anything_is_seen_where_it_is_and_nothing_else() {
    let torch = Torch::start();
    let numbers = numbers();
    let folder = temp_dir();
    let faults: Mutex<Vec<(Case, Fault)>> = Mutex::default();
    let (sender, receiver) = sync_channel::<Case>(200);
    let receiver = Mutex::new(receiver);
    let judge_all = || {
        // The lock is for the next case alone.
        let next = || receiver.lock().unwrap().recv();
        while let Ok(case) = next() {
            let fault = judge::judge(&case);
            case.remove();
            if let Err(fault) = fault {
                faults.lock().unwrap().push((case, fault));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(judge_all);
        }
        for batch in numbers.chunks(BATCH) {
            let cases: Vec<Case> = torch.get("seen.files.write_all", json!([folder.path(), batch]));
            cases.into_iter().for_each(|case| sender.send(case).unwrap());
        }
        drop(sender);
    });
    let mut faults = faults.into_inner().unwrap();
    faults.sort_by_key(|(case, _)| case.number);
    let line = |(case, fault): &(Case, Fault)| format!("{}: {}: {fault}", case.number, case.about);
    let mut words: Vec<String> = faults.iter().map(line).collect();
    for (case, _) in faults.iter().take(TOLD) {
        words.push(shrink::smallest(&torch, folder.path(), case));
    }
    let (wrong, all) = (faults.len(), numbers.len());
    assert!(faults.is_empty(), "{wrong} of {all} pairs\n{}", words.join("\n"));
}

fn faults_of_named(pairs: &str, least: usize) {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: Vec<Case> = torch.get("seen.named.write_all", json!([folder.path(), pairs]));
    assert!(cases.len() >= least, "{}", cases.len());
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.about, judge::judge(case).err()?)))
        .collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn pairs_that_were_once_called_identical_are_told_apart() {
    faults_of_named("NAMED", 20);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_is_shared_without_end_is_compared_once() {
    faults_of_named("SHARED", 4);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn views_of_other_numbers_are_not_ties() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("lazy.pt");
    torch.call("seen.named.write_lazy", json!([path]));
    let (_, output) = judge::run(&["ls".as_ref(), path.as_os_str(), "--json".as_ref()]).unwrap();
    let object: serde_json::Value = serde_json::from_slice(&output).unwrap();
    let tensors = object["tensors"].as_array().unwrap();
    let is_tied: Vec<bool> = tensors.iter().map(|tensor| !tensor["tie"].is_null()).collect();
    assert_eq!(is_tied, [true, false, false, true], "{object}");
}
