//! Training checkpoints with PyTorch: it writes, we read every leaf, edit and write, and it reads the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use statedict::codec::{self, ReadOptions};
use statedict::prelude::*;
use statedict::{Checkpoint, LoadOptions, MapLocation};
use statedict_tests::{Description, Torch, lines, temp_dir};

/// A path in a folder of its own: the file's name is in the bytes.
fn path_in(folder: &Path, inner: &str, name: &str) -> std::path::PathBuf {
    fs::create_dir_all(folder.join(inner)).unwrap();
    folder.join(inner).join(name)
}

fn our_lines(path: &Path) -> Vec<String> {
    lines(&codec::Document::open_with(path, &ReadOptions::default()).unwrap())
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn every_leaf_is_read_and_what_is_only_read_is_written_as_it_was() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = path_in(folder.path(), "theirs", "whole_training.pt");
    let expected: Vec<String> = torch.get("whole_training.save", json!({"path": theirs}));
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(our_lines(&theirs), expected);

    let bytes = fs::read(&theirs).unwrap();
    let ours = path_in(folder.path(), "ours", "whole_training.pt");
    let checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == bytes, "opened and saved, the files differ");
    let mut checkpoint = checkpoint;
    checkpoint.graph_mut();
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == bytes, "as a graph of copies, the files differ");
    // An edit that is undone leaves no trace either.
    let epoch: i64 = checkpoint.get("epoch").unwrap();
    checkpoint.set("epoch", epoch + 1).unwrap();
    checkpoint.set("epoch", epoch).unwrap();
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == bytes, "edited and edited back, the files differ");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn an_edited_checkpoint_resumes_torchs_own_objects() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = path_in(folder.path(), "theirs", "whole_training.pt");
    let ours = path_in(folder.path(), "ours", "whole_training.pt");
    let before: Vec<String> = torch.get("whole_training.save", json!({"path": theirs}));
    let resumed: Json = torch.call("whole_training.resume", json!({"path": theirs}));

    let mut checkpoint = Checkpoint::open(&theirs).unwrap();
    assert_eq!(checkpoint.get::<u64>("global_step").unwrap(), 1 << 40);
    assert_eq!(checkpoint.get::<(f64, f64)>(("config", "betas")).unwrap(), (0.9, 0.999));
    checkpoint.set("epoch", 4).unwrap();
    checkpoint.set(("config", "fc.weight", "decay"), 0.125).unwrap();
    checkpoint.set(("schedulers", "StepLR", "last_epoch"), 10).unwrap();
    checkpoint.set(("config", "new"), vec![Some(1), None]).unwrap();
    checkpoint.remove(("config", 3)).unwrap();
    checkpoint.set(("losses", 0), 2.0).unwrap();
    checkpoint.save(&ours).unwrap();

    let after: Vec<String> = torch.get("whole_training.read", json!({"path": ours}));
    assert_eq!(our_lines(&ours), after);
    let expected: Vec<String> = before
        .iter()
        .filter(|line| !line.starts_with("[\"config\"]{int 3}\t"))
        .flat_map(|line| match line.as_str() {
            "[\"epoch\"]\tint 3" => vec!["[\"epoch\"]\tint 4".to_owned()],
            "[\"config\"][\"fc.weight\"][\"decay\"]\tfloat 0000000000000000" => {
                vec!["[\"config\"][\"fc.weight\"][\"decay\"]\tfloat 3fc0000000000000".to_owned()]
            }
            "[\"schedulers\"][\"StepLR\"][\"last_epoch\"]\tint 3" => {
                vec!["[\"schedulers\"][\"StepLR\"][\"last_epoch\"]\tint 10".to_owned()]
            }
            // One list under two keys: the second is only named.
            "[\"losses\"][0]\tfloat 3fe0000000000000" => {
                vec!["[\"losses\"][0]\tfloat 4000000000000000".to_owned()]
            }
            "[\"config\"][\"complex\"]\tcomplex 3ff8000000000000c000000000000000" => vec![
                line.clone(),
                "[\"config\"][\"new\"]\tlist of 2".to_owned(),
                "[\"config\"][\"new\"][0]\tint 1".to_owned(),
                "[\"config\"][\"new\"][1]\tNone".to_owned(),
            ],
            _ => vec![line.clone()],
        })
        .collect();
    assert_eq!(after, expected);
    assert!(after.contains(&"[\"same_losses\"]\tagain [\"losses\"]".to_owned()));

    let again: Json = torch.call("whole_training.resume", json!({"path": ours}));
    let mut wanted = resumed.clone();
    wanted["epoch"] = json!(4);
    wanted["last_epochs"]["StepLR"] = json!(10);
    assert_eq!(again, wanted);
    assert_eq!(resumed["last_epochs"]["StepLR"], json!(3));
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Config {
    lr: f64,
    betas: (f64, f64),
    layers: Vec<u32>,
    note: Option<String>,
    nested: Nested,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Nested {
    mode: Mode,
    deep: Vec<Vec<bool>>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Min,
}

/// A `bytes`.
struct Raw(&'static [u8]);

impl Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_is_built_with_serde_is_what_torch_saves_and_is_read_back() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = path_in(folder.path(), "theirs", "built.pt");
    let ours = path_in(folder.path(), "ours", "built.pt");
    torch.call("whole_training.save_built", json!([theirs]));
    let file = Checkpoint::open(&theirs).unwrap();

    let config = Config {
        lr: 0.5,
        betas: (0.9, 0.999),
        layers: vec![64, 10],
        note: None,
        nested: Nested { mode: Mode::Min, deep: vec![vec![true, false], vec![]] },
    };
    let model = file.state_dict("model_state_dict").unwrap();
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("epoch", 5u8).unwrap();
    checkpoint.set("loss", 0.25f32).unwrap();
    checkpoint.set_state_map("model_state_dict", &model).unwrap();
    checkpoint.set("seed", u64::MAX).unwrap();
    checkpoint.set("small", -(1i128 << 100)).unwrap();
    checkpoint.set("config", &config).unwrap();
    checkpoint.set("widened", 0.1f32).unwrap();
    checkpoint.set("best", BTreeMap::from([(3, "first.pt"), (7, "second.pt")])).unwrap();
    let empty: ([u8; 0], Vec<u8>, BTreeMap<u8, u8>, &str) = ([], vec![], BTreeMap::new(), "");
    checkpoint.set("empty", Vec::<u8>::new()).unwrap();
    let graph = checkpoint.graph_mut();
    let values = [graph.tuple([]), graph.list([]), graph.dict(), graph.key("")];
    let list = graph.list(values);
    graph.put(graph.root().value_id(), "empty", list).unwrap();
    checkpoint.set("raw", Raw(b"\x00\xff\xc3")).unwrap();
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == fs::read(&theirs).unwrap(), "the files differ");

    for checkpoint in [&checkpoint, &file] {
        assert_eq!(checkpoint.get::<Config>("config").unwrap(), config);
        assert_eq!(checkpoint.get::<u64>("seed").unwrap(), u64::MAX);
        assert_eq!(checkpoint.get::<i128>("small").unwrap(), -(1i128 << 100));
        assert_eq!(checkpoint.get::<f32>("widened").unwrap(), 0.1);
        let best: BTreeMap<u8, &str> = checkpoint.get("best").unwrap();
        assert_eq!(best, BTreeMap::from([(3, "first.pt"), (7, "second.pt")]));
        let found: ([u8; 0], Vec<u8>, BTreeMap<u8, u8>, &str) = checkpoint.get("empty").unwrap();
        assert_eq!(found, empty);
        assert_eq!(checkpoint.get::<&[u8]>("raw").unwrap(), b"\x00\xff\xc3");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn two_models_in_one_file_there_and_back() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = path_in(folder.path(), "theirs", "gan.pt");
    let ours = path_in(folder.path(), "ours", "gan.pt");
    torch.call("whole_training.save_gan", json!([theirs]));
    let file = Checkpoint::open(&theirs).unwrap();
    assert!(file.find_state_dict().is_err());
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("epoch", 7).unwrap();
    let keys = ["modelA_state_dict", "modelB_state_dict"];
    for key in keys {
        checkpoint.set_state_map(key, &file.state_dict(key).unwrap()).unwrap();
    }
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == fs::read(&theirs).unwrap(), "the files differ");
    let loaded: Json = torch.call("whole_training.load_gan", json!([ours]));
    for key in keys {
        let found: Description = serde_json::from_value(loaded[key].clone()).unwrap();
        Description::of(&file.state_dict(key).unwrap()).assert_is(&found);
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn locations_are_mapped_and_saved_as_torch_maps_and_sees_them() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = path_in(folder.path(), "theirs", "tagged.pt");
    let ours = path_in(folder.path(), "ours", "tagged.pt");
    let tags = ["cuda:0", "cuda:1", "cuda:0", "mps"];
    torch.call("whole_training.save_tagged", json!({"path": theirs, "tags": tags}));
    let seen =
        |path: &Path| -> Vec<String> { torch.get("whole_training.tags", json!({"path": path})) };
    assert_eq!(seen(&theirs), tags);

    // None: the tags stay, and are saved.
    let checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.save(&ours).unwrap();
    assert!(fs::read(&ours).unwrap() == fs::read(&theirs).unwrap(), "the files differ");
    let located = |path: &Path, map: Json| -> Json {
        torch.call("whole_training.locate", json!({"path": path, "map_location": map}))
    };
    assert!(located(&theirs, Json::Null).as_str().unwrap().contains("CUDA"));

    // A str, a dict, a function: what PyTorch then has is what our file says.
    let table = [("cuda:0", "cpu"), ("cuda:1", "cpu"), ("mps", "cpu")];
    let forms = [
        (MapLocation::to("cpu"), json!("cpu")),
        (MapLocation::table(table), json!(BTreeMap::from(table))),
        (MapLocation::with(|_| Some("cpu".to_owned())), json!(table)),
    ];
    for (ours_form, theirs_form) in forms {
        let mut checkpoint = Checkpoint::open(&theirs).unwrap();
        checkpoint.map_location(&ours_form).unwrap();
        checkpoint.save(&ours).unwrap();
        assert_eq!(seen(&ours), ["cpu"; 4]);
        assert_eq!(located(&ours, Json::Null), located(&theirs, theirs_form));
    }
    // What a dict does not list, and where a function gives `None`, stays: PyTorch has no such device here.
    let some = [
        (MapLocation::table([("cuda:0", "cpu")]), json!({"cuda:0": "cpu"})),
        (
            MapLocation::with(|tag| (tag == "cuda:0").then(|| "cpu".to_owned())),
            json!([["cuda:0", "cpu"]]),
        ),
    ];
    for (ours_form, theirs_form) in some {
        let mut checkpoint = Checkpoint::open(&theirs).unwrap();
        checkpoint.map_location(&ours_form).unwrap();
        checkpoint.save(&ours).unwrap();
        assert_eq!(seen(&ours), ["cpu", "cuda:1", "cpu", "mps"]);
        assert_eq!(located(&ours, Json::Null), located(&theirs, theirs_form));
    }
    // To devices that are not here: only the tags can be seen.
    let mut checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.map_location(&MapLocation::to("cuda:3")).unwrap();
    checkpoint.save(&ours).unwrap();
    assert_eq!(seen(&ours), ["cuda:3"; 4]);
    // To `meta`: PyTorch gives tensors there, of our file as of its own.
    let mut checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.map_location(&MapLocation::to("meta")).unwrap();
    checkpoint.save(&ours).unwrap();
    assert_eq!(located(&ours, Json::Null), located(&theirs, json!("meta")));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_we_refuse_as_a_location_torch_cannot_restore() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("tagged.pt");
    torch.call("whole_training.save_tagged", json!({"path": path, "tags": ["cuda:0"]}));
    for wrong in ["cpu:0", "meta:0", "", "Cpu", "cuda:x", "cuda:-1", "cuda:01", "cuda:128"] {
        let args = json!({"path": path, "map_location": wrong});
        let error: String = torch.get("whole_training.locate", args);
        assert!(MapLocation::to(wrong).of("cuda:0").is_err(), "{wrong}: {error}");
        // It says more of a device that there could be.
        let unknown =
            ["don't know how to restore", "Invalid device string", "must not be negative"];
        assert!(unknown.iter().any(|text| error.contains(text)), "{wrong}: {error}");
    }
}

#[derive(StateDict)]
struct Net {
    #[param]
    a: Vec<f32>,
    #[param]
    b: Vec<f32>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_checkpoint_of_another_device_loads_into_host_memory() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("tagged.pt");
    torch.call("whole_training.save_tagged", json!({"path": path, "tags": ["cuda:0", "mps"]}));
    for options in [LoadOptions::new(), LoadOptions::new().map_location(MapLocation::to("cpu"))] {
        let mut net = Net { a: vec![0.0; 2], b: vec![9.0; 3] };
        net.load_with(&path, &options).unwrap();
        assert_eq!(
            (net.a.as_slice(), net.b.as_slice()),
            ([1.0; 2].as_slice(), [0.0; 3].as_slice())
        );
    }
}
