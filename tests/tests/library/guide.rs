//! The messages in the guide "When a load fails" are what the library says.

use std::fs;
use std::path::{Path, PathBuf};

use statedict::codec::{Limits, ReadOptions};
use statedict::prelude::*;
use statedict::state_map::ModuleMetadata;
use statedict::{Checkpoint, MigrateError, Migration, StateMap};

#[derive(StateDict, Default)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[param]
    bias: Vec<f32>,
}

#[derive(StateDict, Default)]
struct Net {
    fc: Linear,
}

/// A model whose `decoder` is its `encoder`.
#[derive(StateDict, Default)]
#[alias(decoder = encoder)]
struct Tied {
    encoder: Linear,
}

#[derive(StateDict, Default)]
#[version(2)]
#[migrate(to = 2, with = split)]
struct Newer {
    #[param]
    query: Vec<f32>,
}

fn split(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
    migration.rename("in_proj", "query")
}

fn net() -> Net {
    Net { fc: Linear { weight: vec![0.0; 2], bias: vec![0.0; 1] } }
}

/// A state dict of float32 tensors of one dimension.
fn map(entries: &[(&str, usize)]) -> StateMap<'static> {
    let mut map = StateMap::new();
    for &(key, len) in entries {
        map.insert(key, TensorView::from_vec(vec![0.5f32; len], [len]).unwrap());
    }
    map
}

/// Where the files of the cases are; their messages leave it out.
struct Folder(statedict_tests::TempDir);

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn saved(&self, map: &StateMap<'_>) -> PathBuf {
        let path = self.path("model.pt");
        map.save(&path).unwrap();
        path
    }

    fn written(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// What loading the file into the model says.
    fn fails(&self, mut model: impl StateDict, path: &Path) -> String {
        let message = model.load(path).unwrap_err().to_string();
        self.short(message)
    }

    /// A message as it is with the file in the current folder, and the model in a crate of its own.
    fn short(&self, message: String) -> String {
        let folder = statedict_tests::fixture("read/whole_model.zip.pt");
        let folders = [self.0.path(), folder.parent().unwrap()];
        let message = folders.iter().fold(message, |message, folder| {
            message.replace(&format!("{}/", folder.display()), "")
        });
        message.replace("library::guide", "my_crate")
    }
}

/// Mistakes, in the guide's order.
fn messages() -> Vec<String> {
    let folder = Folder(statedict_tests::temp_dir());
    let mut messages = Vec::new();
    let mut case = |message: String| messages.push(message);

    // Keys.
    case(folder.fails(net(), &folder.saved(&map(&[("fc.weigth", 2), ("fc.bias", 1)]))));
    case(
        folder.fails(net(), &folder.saved(&map(&[("module.fc.weight", 2), ("module.fc.bias", 1)]))),
    );
    let ema = map(&[("n_averaged", 1), ("module.fc.weight", 2), ("module.fc.bias", 1)]);
    case(folder.fails(net(), &folder.saved(&ema)));
    // Forms.
    case(folder.fails(net(), &folder.saved(&map(&[("fc.weight", 3), ("fc.bias", 1)]))));
    let mut wide = map(&[("fc.weight", 2)]);
    wide.insert("fc.bias", TensorView::from_vec(vec![0.5f64], [1]).unwrap());
    case(folder.fails(net(), &folder.saved(&wide)));
    // Ties.
    let mut untied = map(&[("encoder.weight", 2), ("encoder.bias", 1), ("decoder.bias", 1)]);
    untied.insert("decoder.weight", TensorView::from_vec(vec![0.25f32; 2], [2]).unwrap());
    let tied = Tied { encoder: net().fc };
    case(folder.fails(tied, &folder.saved(&untied)));
    // Versions.
    let mut newer = map(&[("query", 2)]);
    newer.metadata_mut().get_or_insert_default().insert("", ModuleMetadata::with_version(3));
    case(folder.fails(Newer { query: vec![0.0; 2] }, &folder.saved(&newer)));
    case(folder.fails(Newer { query: vec![0.0; 2] }, &folder.saved(&map(&[("query", 2)]))));
    // Places.
    let mut gan = Checkpoint::new();
    gan.set_state_map("generator", &map(&[("fc.weight", 2)])).unwrap();
    gan.set_state_map("discriminator", &map(&[("fc.weight", 2)])).unwrap();
    gan.save(folder.path("gan.pt")).unwrap();
    case(folder.fails(net(), &folder.path("gan.pt")));
    // Other files.
    case(folder.fails(net(), &statedict_tests::fixture("read/whole_model.zip.pt")));
    case(folder.fails(net(), &folder.written("page.pt", b"<!DOCTYPE html><html></html>")));
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    case(folder.fails(net(), &folder.written("lfs.pt", pointer)));
    // Damage.
    let whole = fs::read(folder.saved(&map(&[("fc.weight", 2), ("fc.bias", 1)]))).unwrap();
    case(folder.fails(net(), &folder.written("cut.pt", &whole[..whole.len() - 40])));
    let mut flipped = whole.clone();
    let at = whole.windows(4).position(|bytes| bytes == 0.5f32.to_le_bytes()).unwrap();
    flipped[at] ^= 1;
    case(folder.fails(net(), &folder.written("damaged.pt", &flipped)));
    // Limits.
    let options = ReadOptions::new().limits(Limits::default().memory(100));
    let error =
        Checkpoint::open_with(folder.saved(&map(&[("fc.weight", 2)])), &options).unwrap_err();
    case(folder.short(error.to_string()));
    messages
}

#[test]
fn messages_in_the_guide_are_real() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../statedict/doc/failures.md");
    let guide = fs::read_to_string(&path).expect("the guide");
    let mut parts = guide.split("```text\n");
    let mut real = parts.next().unwrap_or_default().to_owned();
    let mut messages = messages().into_iter();
    for part in parts {
        let (_, rest) = part.split_once("\n```").expect("the end of the message");
        real += &format!("```text\n{}\n```{rest}", messages.next().expect("a case for each"));
    }
    assert_eq!(messages.next(), None, "the guide has fewer messages");
    // The guide must say what the library says; to accept a change, as CONTRIBUTING.md has it.
    if std::env::var_os("STATEDICT_BLESS").is_some() {
        fs::write(path, &real).expect("the guide is written");
    } else {
        assert_eq!(guide, real);
    }
}
