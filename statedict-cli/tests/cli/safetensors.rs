//! Safetensors files in every command, whatever the length of their header.

use std::path::Path;
use std::process::Command;

use statedict::{StateMap, TensorView};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_statedict")).args(arguments).output().unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text += std::str::from_utf8(&output.stderr).unwrap();
    (output.status.code(), text)
}

/// A file whose header is `len` bytes long, padded as the format allows.
fn write(path: &Path, len: usize) {
    let mut header =
        br#"{"__metadata__":{"owner":"me"},"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#
            .to_vec();
    assert!(header.len() <= len);
    header.resize(len, b' ');
    let mut file = u64::try_from(len).unwrap().to_le_bytes().to_vec();
    file.extend(header);
    file.extend([1, 2]);
    std::fs::write(path, file).unwrap();
}

#[test]
fn every_command_reads_headers_that_look_like_pickles_and_archives() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (a, b, plain) = (name("a.safetensors"), name("b.safetensors"), name("plain.safetensors"));
    write(Path::new(&plain), 200);
    // The starts of a pickle of each protocol, and `PK`.
    for len in [0x80, 0x180, 0x0280, 0x0480, 0x0580, 0x4b50] {
        write(Path::new(&a), len);
        let (out, back) = (name("out.pt"), b.clone());
        let commands: [(&[&str], &str); 9] = [
            (&["inspect", &a], "safetensors"),
            (&["ls", &a], "w"),
            (&["tree", &a], "w"),
            (&["get", &a, "w"], "1"),
            (&["verify", &a], "ok"),
            (&["scan", &a], "0 pickles"),
            (&["check", &a, "--against", &plain], "fits"),
            (&["diff", &a, &plain], "identical"),
            (&["convert", &a, &out, "--force"], ""),
        ];
        for (arguments, word) in commands {
            let (status, text) = run(arguments);
            assert!(status == Some(0) && text.contains(word), "{len} {arguments:?}: {text}");
        }
        assert_eq!(run(&["convert", &a, &back, "--force"]), (Some(0), String::new()));
        let map = StateMap::load(&back).unwrap();
        assert_eq!(map.file_metadata()["owner"], "me");
        assert_eq!(map.get("w").unwrap().to_vec::<u8>().unwrap(), [1, 2]);
    }
}

#[test]
fn what_verify_cannot_account_for_is_a_problem() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pt");
    let mut map = StateMap::new();
    map.insert("w", TensorView::full(1.0f32, [4]).unwrap());
    map.save(&path).unwrap();
    let file = std::fs::read(&path).unwrap();
    let verify = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        run(&["verify", path.to_str().unwrap()])
    };
    assert_eq!(verify(&file).0, Some(0));
    let (status, text) = verify(&[&file[..], b"rest"].concat());
    assert!(status == Some(1) && text.contains("4 bytes follow the end of the archive"), "{text}");
    let (status, text) = verify(&[&file[..], &file].concat());
    assert!(status == Some(1) && text.contains("2 archives in one file"), "{text}");

    // What is made of the file says so too.
    let rules = directory.path().join("rules.toml");
    std::fs::write(&rules, "[[step]]\nrename = { from = \"w\", to = \"v\" }\n").unwrap();
    let out = directory.path().join("out.pt");
    let [input, out, rules] = [&path, &out, &rules].map(|path| path.to_str().unwrap());
    let options = statedict::WriteOptions::new().layout(statedict::codec::ArchiveLayout::Legacy);
    map.save_with(input, &options).unwrap();
    let stream = std::fs::read(input).unwrap();
    for (bytes, word) in [
        ([&file[..], b"rest"].concat(), "not kept: 4 bytes follow the end of the archive"),
        ([&stream[..], &stream].concat(), "not kept: another object follows at byte"),
    ] {
        std::fs::write(input, bytes).unwrap();
        for command in [
            &["convert", input, out, "--force"][..],
            &["migrate", input, out, "--force", "--map", rules],
        ] {
            let (status, text) = run(command);
            assert!(status == Some(0) && text.contains(word), "{command:?}: {text}");
            let (_, json) = run(&[command, &["--json"]].concat());
            assert!(
                json.contains("\"not_kept\":[\"") || json.contains("\"not_kept\": [\""),
                "{json}"
            );
        }
    }
}

#[test]
fn what_only_safetensors_can_hold_is_named_when_it_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (a, pt, same) = (name("a.safetensors"), name("a.pt"), name("same.safetensors"));
    write(Path::new(&a), 200);
    let (status, text) = run(&["convert", &a, &pt]);
    assert_eq!(status, Some(0));
    assert!(text.contains("not kept") && text.contains("`owner`"), "{text}");
    let (_, text) = run(&["convert", &a, &pt, "--force", "--json"]);
    assert!(text.replace(' ', "").contains(r#""not_kept":["owner"]"#), "{text}");
    let (status, text) = run(&["convert", &a, &same]);
    assert_eq!((status, text.as_str()), (Some(0), ""));
    assert_eq!(StateMap::load(&same).unwrap().file_metadata()["owner"], "me");
}

#[test]
fn diff_tells_of_the_metadata_of_two_files() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (a, b) = (name("a.safetensors"), name("b.safetensors"));
    write(Path::new(&a), 200);
    let mut map = StateMap::load(&a).unwrap();
    map.file_metadata_mut().insert("owner".into(), "you".into());
    map.save(&b).unwrap();
    let (status, text) = run(&["diff", &a, &b, "--json"]);
    assert_eq!(status, Some(1), "{text}");
    let found = text.replace(' ', "");
    assert!(found.contains(r#"[{"attr":"__metadata__"},{"attr":"owner"}]"#), "{text}");
    map.file_metadata_mut().insert("owner".into(), "me".into());
    map.save(&b).unwrap();
    assert_eq!(run(&["diff", &a, &b]).0, Some(0));
}
