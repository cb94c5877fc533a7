//! `statedict fetch`.

use std::path::Path;
use std::process::{Command, Output};

use statedict_tests::server::{Server, files};

/// The SHA-256 of `abc` begins so.
const ABC: &str = "ba7816bf";

fn fetch(cache: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.arg("fetch").args(arguments).arg("--directory").arg(cache).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_path_is_printed_and_the_second_call_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let path = folder.path().join(format!("net-{ABC}.pth"));
    let address = server.url(&format!("/net-{ABC}.pth"));
    for arguments in [&[address.as_str()][..], &[&address, "--offline"]] {
        let output = fetch(folder.path(), arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), format!("{}\n", path.display()));
        // Nobody watches, so there is no bar.
        assert_eq!(text(&output.stderr), "");
    }
    assert_eq!(server.count(), 1);

    let output = fetch(folder.path(), &[&address, "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["command"], "fetch");
    assert_eq!(object["path"], path.to_str().unwrap());
    assert_eq!(object["nbytes"], 3);
}

#[test]
fn names_of_schemes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let schemes = folder.path().join("schemes.json");
    let names = serde_json::json!({"lab": {"net": server.url("/a.pth")}});
    std::fs::write(&schemes, names.to_string()).unwrap();
    let cache = folder.path().join("cache");
    let output = fetch(&cache, &["lab://net", "--schemes", schemes.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(files(&cache), ["a.pth"]);
}

#[test]
fn what_is_not_the_file_is_refused_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let output = fetch(folder.path(), &[&server.url("/a.pth"), "--sha256", "00000000"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).contains("00000000"), "{}", text(&output.stderr));
    assert!(!folder.path().join("a.pth").exists());

    let output = fetch(folder.path(), &[&server.url("/b.pth"), "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.count(), 1);
}

#[test]
fn the_limits_are_options() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let address = server.url("/a.pth");
    let output = fetch(folder.path(), &[&address, "--max-size", "2"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).ends_with("3 bytes, of which 2 are allowed (`--max-size`)\n"));
    let output = fetch(folder.path(), &[&address, "--timeout", "0"]);
    assert!(text(&output.stderr).ends_with("not done within 0 s (`--timeout`)\n"));
    assert!(files(folder.path()).is_empty() && server.count() == 1);
    assert!(fetch(folder.path(), &[&address, "--max-size", "3"]).status.success());
}
