//! Checkpoints that are members of an archive, by the path that names both.

use std::path::PathBuf;

use statedict::StateMap;
use statedict::codec::{Document, ReadOptions, Source};

use super::zip_builder::{Member, archive, archive_of};

/// The bytes of a fixture, and the keys of its state dict.
fn checkpoint() -> (Vec<u8>, Vec<String>) {
    let path = statedict_tests::fixture("read/state_dict.pt");
    let keys = StateMap::load(&path).unwrap().keys().map(str::to_owned).collect();
    (std::fs::read(path).unwrap(), keys)
}

/// A tar archive of one file.
pub(crate) fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut file = vec![0u8; 512];
    file[..name.len()].copy_from_slice(name.as_bytes());
    file[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    file[156] = b'0';
    file[257..262].copy_from_slice(b"ustar");
    file[148..156].fill(b' ');
    let sum: u32 = file.iter().map(|&byte| u32::from(byte)).sum();
    file[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    file[154] = 0;
    file.extend(content);
    file.resize(file.len().next_multiple_of(512) + 1024, 0);
    file
}

#[test]
fn a_member_is_read_as_the_file_that_it_is() {
    let (content, keys) = checkpoint();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let stored = archive(&[("readme.txt", b"x"), ("a/model.pt", &content)]);
    let deflated = archive_of(&[Member::new("a/model.pt", &content).deflated()]);
    let outer = archive(&[("inner.zip", &stored)]);
    let nemo = tar("./model_weights.ckpt", &content);
    let files = [
        (write("stored.zip", &stored), "a/model.pt"),
        (write("deflated.zip", &deflated), "a/model.pt"),
        (write("outer.zip", &outer), "inner.zip!a/model.pt"),
        (write("model.nemo", &nemo), "model_weights.ckpt"),
        (write("with!mark.zip", &stored), "a/model.pt"),
    ];
    for (path, member) in &files {
        let whole = format!("{}!{member}", path.display());
        for options in
            [ReadOptions::new(), ReadOptions::new().mmap(false), ReadOptions::new().in_memory(true)]
        {
            let map = StateMap::load_with(&whole, &options).unwrap();
            assert!(map.keys().eq(&keys), "{whole}");
            let alone = Document::read(Source::bytes(content.clone())).unwrap();
            for (key, tensor) in alone.state_map().unwrap().iter() {
                tensor.storage().verify().unwrap();
                let found = map.get(key).unwrap();
                found.storage().verify().unwrap();
                assert_eq!(found.bytes().unwrap(), tensor.bytes().unwrap(), "{whole}: {key}");
            }
        }
    }
    // The mark in the name of a file that is there leads nowhere else.
    let plain = write("plain!model.pt", &content);
    assert_eq!(StateMap::load(plain).unwrap().len(), keys.len());
}

#[test]
fn a_member_that_is_not_there_is_named_with_those_that_are() {
    let (content, _) = checkpoint();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("models.zip");
    std::fs::write(&path, archive(&[("a.pt", &content), ("b.pt", &content)])).unwrap();
    let of = |member: &str| {
        let path = format!("{}!{member}", path.display());
        StateMap::load(path).unwrap_err().to_string()
    };
    let error = of("c.pt");
    assert!(error.contains("models.zip!c.pt") && error.contains("a.pt, b.pt"), "{error}");
    assert!(of("../a.pt").contains("a.pt, b.pt"));
    assert!(of("a.pt!data.pkl!x").contains("data.pkl"));
    // Without a member the error says how one is named.
    let error = StateMap::load(&path).unwrap_err().to_string();
    assert!(error.contains("models.zip!a.pt"), "{error}");
    let absent = directory.path().join("absent.zip!a.pt");
    let error = StateMap::load(absent).unwrap_err().to_string();
    assert!(error.contains("absent.zip!a.pt"), "{error}");
    // A member that is larger than its archive explains.
    let mut member = Member::new("a.pt", &[0; 64]).deflated();
    member.size = 1 << 30;
    std::fs::write(&path, archive_of(&[member])).unwrap();
    assert!(of("a.pt").contains("inflated_bytes"), "{}", of("a.pt"));
}
