//! A process that is killed while it saves leaves the whole old file or the whole new one.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use statedict::{StateMap, TensorView, WriteOptions};
use statedict_tests::test_as_process;

const PATH: &str = "STATEDICT_CRASH_TEST_PATH";

/// Enough that writing takes several calls.
fn map(byte: u8) -> StateMap<'static> {
    (0..4)
        .map(|i| (format!("t{i}"), TensorView::from_vec(vec![byte; 700_000], [700_000]).unwrap()))
        .collect()
}

fn file(byte: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    map(byte).write_with(&mut bytes, &WriteOptions::default().root("model")).unwrap();
    bytes
}

/// Not a test of its own: what the other runs as a process, and kills.
#[test]
#[ignore = "run by the other test"]
fn save_for_ever() {
    let Some(path) = env::var_os(PATH).map(PathBuf::from) else { return };
    let maps = [map(1), map(2)];
    for map in maps.iter().cycle() {
        map.save_with(&path, &WriteOptions::default()).unwrap();
    }
}

fn saving(path: &Path) -> Child {
    test_as_process(save_for_ever)
        .env(PATH, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How long it takes until the second file is there, on this machine as it is now, and half as long.
fn time_of_two_files(path: &Path, second: &[u8]) -> Duration {
    let start = Instant::now();
    let mut child = saving(path);
    while fs::read(path).unwrap() != second && start.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_micros(200));
    }
    let span = start.elapsed() * 3 / 2;
    child.kill().unwrap();
    child.wait().unwrap();
    span
}

#[test]
fn killed_at_200_points() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.pt");
    let whole = [file(1), file(2)];
    fs::write(&path, &whole[0]).unwrap();
    let span = time_of_two_files(&path, &whole[1]);
    let (mut new, mut most) = (0, 0);
    for point in 0..200 {
        let mut child = saving(&path);
        // From before the first write to well into the third file.
        std::thread::sleep(span * point / 200);
        child.kill().unwrap();
        child.wait().unwrap();
        let now = fs::read(&path).unwrap();
        assert!(whole.contains(&now), "after {point}: {} bytes of neither file", now.len());
        new += usize::from(now == whole[1]);
        // What the process before left, this one has removed, if it came so far.
        let files = fs::read_dir(directory.path()).unwrap().count();
        most = most.max(files);
    }
    println!("{new} of 200 times the second file was there, {most} files at most");
    map(1).save_with(&path, &WriteOptions::default()).unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}
