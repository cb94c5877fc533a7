//! The program on files of very many keys and of very many bytes: what it does not need, it does not read.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use statedict::tensor::Storage;
use statedict::{DType, StateMap, TensorView, WriteOptions};

/// How many bytes the four storages of the file have together: 100 GB.
const TOTAL: u64 = 100_000_000_000;

/// The pickle of a dict of four float32 tensors, each of a storage of its own, as torch.save writes it.
fn pickle(numel: u64) -> Vec<u8> {
    let mut pickle = b"\x80\x02}(".to_vec();
    let long = |out: &mut Vec<u8>, number: u64| {
        out.extend([0x8a, 8]);
        out.extend(number.to_le_bytes());
    };
    let text = |out: &mut Vec<u8>, text: &str| {
        out.push(b'X');
        out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        out.extend(text.as_bytes());
    };
    for index in 0..4 {
        text(&mut pickle, &format!("layers.{index}.weight"));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &index.to_string());
        text(&mut pickle, "cpu");
        long(&mut pickle, numel);
        pickle.extend(b"tQK\0");
        long(&mut pickle, numel);
        pickle.extend(b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    pickle
}

/// An archive whose storages are holes: as large as it says, and hardly anything on the disk.
fn write_sparse(path: &Path) {
    let numel = TOTAL / 16;
    let pickle = pickle(numel);
    let mut members: Vec<(String, u64, Vec<u8>)> = vec![
        ("archive/data.pkl".to_owned(), u64::try_from(pickle.len()).unwrap(), pickle),
        ("archive/version".to_owned(), 2, b"3\n".to_vec()),
    ];
    members.extend((0..4).map(|index| (format!("archive/data/{index}"), numel * 4, Vec::new())));
    let mut file = File::create(path).unwrap();
    let mut directory = Vec::new();
    let mut at = 0u64;
    for (name, size, content) in &members {
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let extra = [&[1u8, 0, 16, 0][..], &size.to_le_bytes(), &size.to_le_bytes()].concat();
        let mut header = b"PK\x03\x04\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend([0xff; 8]);
        header.extend(name_len);
        header.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        header.extend(name.as_bytes());
        header.extend(&extra);
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&header).unwrap();
        file.write_all(content).unwrap();

        let wide =
            [&[1u8, 0, 24, 0][..], &size.to_le_bytes(), &size.to_le_bytes(), &at.to_le_bytes()]
                .concat();
        directory.extend(b"PK\x01\x02\x2d\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend([0xff; 8]);
        directory.extend(name_len);
        directory.extend(u16::try_from(wide.len()).unwrap().to_le_bytes());
        directory.extend([0; 10]);
        directory.extend([0xff; 4]);
        directory.extend(name.as_bytes());
        directory.extend(wide);
        at += u64::try_from(header.len()).unwrap() + size;
    }
    let count = u64::try_from(members.len()).unwrap();
    let size = u64::try_from(directory.len()).unwrap();
    let mut end = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0".to_vec();
    for number in [count, count, size, at] {
        end.extend(number.to_le_bytes());
    }
    end.extend(b"PK\x06\x07\0\0\0\0");
    end.extend((at + size).to_le_bytes());
    end.extend(b"\x01\0\0\0PK\x05\x06\0\0\0\0");
    end.extend([0xff; 12]);
    end.extend([0, 0]);
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&directory).unwrap();
    file.write_all(&end).unwrap();
}

/// What a run of the program printed and took.
#[cfg(target_os = "linux")]
struct Run {
    text: String,
    /// How many bytes it read.
    read: u64,
    /// How many pages it touched first.
    pages: u64,
}

/// Runs the program as the only child of a shell, which tells what its children took: those of this process
/// are other tests' too.
#[cfg(target_os = "linux")]
fn run(args: &[&str]) -> Run {
    let script = "\"$0\" \"$@\" || exit; cat /proc/$$/io /proc/$$/stat >&2";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_statedict")]).args(args);
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {told}");
    let read = told.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap();
    // After the name, which is in brackets: the 9th number is of their minor faults, the 11th of their major ones.
    let numbers: Vec<&str> = told.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let faults = |at: usize| numbers[at].parse::<u64>().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Run { text, read, pages: faults(8) + faults(10) }
}

#[test]
#[cfg(target_os = "linux")]
fn of_100_gb_only_the_directory_and_the_pickle_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pt");
    write_sparse(&path);
    assert!(std::fs::metadata(&path).unwrap().len() > TOTAL);
    let path = path.to_str().unwrap();
    let commands: [&[&str]; 9] = [
        &["inspect", path],
        &["inspect", path, "--json"],
        &["tree", path],
        &["ls", path, "--long"],
        &["scan", path],
        &["diff", path, path, "--no-values"],
        &["check", path, "--against", path],
        &["get", path, "layers"],
        &["get", path, "layers.2.weight", "--slice", "5:8"],
    ];
    for args in &commands[..8] {
        let Run { text, read, pages } = run(args);
        assert!(!text.is_empty());
        assert!(pages > 0, "{args:?}: nothing was counted");
        // What the program itself and its libraries take; the file has 24 million pages.
        assert!(read < 4 << 20 && pages < 4000, "{args:?}: {read} bytes, {pages} pages");
    }
    assert_eq!(run(commands[8]).text, "layers.2.weight  float32 [3]\n0  0  0\n");
    assert!(run(&["inspect", path]).text.contains("93.1 GiB"));
}

/// The program with so many KiB of memory.
fn run_within(kib: u64, args: &[&str]) -> Output {
    let script = format!("ulimit -v {kib}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_statedict")]).args(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn many_keys_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.pt");
    let storage = Storage::from_bytes(vec![0u8; 200_000]);
    let mut map = StateMap::with_capacity(50_000);
    for index in 0..50_000usize {
        let view = TensorView::contiguous(storage.clone(), DType::F32, [1], index).unwrap();
        map.insert(format!("layers.{}.experts.{}.weight", index / 1000, index % 1000), view);
    }
    map.save_with(&path, &WriteOptions::default().sync(false)).unwrap();
    drop(map);
    let len = std::fs::metadata(&path).unwrap().len();
    let path = path.to_str().unwrap();
    // The file itself is mapped and its pickle read; what is beyond is less than 1 KiB for each key.
    let kib = 2 * len / 1024 + 50_000 + 64_000;
    for args in [
        &["inspect", path][..],
        &["inspect", path, "--json"],
        &["tree", path],
        &["ls", path, "--json"],
        &["ls", path, "--sort", "size"],
        &["scan", path],
    ] {
        let output = run_within(kib, args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?} within {kib} KiB: {text}");
    }
}
