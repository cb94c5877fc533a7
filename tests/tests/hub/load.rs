//! `load_checkpoint`: found, unwrapped, stripped, loaded, and reported in mmcv's words.

use std::path::{Path, PathBuf};

use statedict::hub::{self, HubError, Options, mismatch_report};
use statedict::prelude::*;
use statedict::value::Graph;
use statedict::{Error, KeyMap, LoadOptions, WriteOptions};

use statedict_tests::server::{Server, options};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[param]
    bias: Vec<f32>,
}

#[derive(StateDict)]
struct Wrapped {
    module: Linear,
}

fn linear() -> Linear {
    Linear { weight: vec![0.0; 2], bias: vec![0.0; 1] }
}

/// A state dict of a linear layer below a prefix.
fn map(prefix: &str) -> StateMap<'static> {
    let entries = [("weight", vec![1.0f32, 2.0]), ("bias", vec![3.0])];
    entries
        .into_iter()
        .map(|(key, values)| {
            let shape = [values.len()];
            (format!("{prefix}{key}"), TensorView::from_vec(values, shape).unwrap())
        })
        .collect()
}

/// A checkpoint with state dicts under names, and an epoch.
fn checkpoint(folder: &Path, parts: &[(&str, &StateMap<'_>)]) -> PathBuf {
    let path = folder.join("checkpoint.pth");
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    graph.set(root, "epoch", 5).unwrap();
    for (name, map) in parts {
        let map = graph.state_map(map);
        graph.put(root, name, map).unwrap();
    }
    graph.save_with(&path, &WriteOptions::default()).unwrap();
    path
}

#[test]
fn an_mmcv_checkpoint_from_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = checkpoint(folder.path(), &[("state_dict", &map("module."))]);
    let server = Server::of(std::fs::read(path).unwrap());
    let mut model = linear();
    let options = options(&folder.path().join("cache"));
    let report =
        hub::load_checkpoint_with(&mut model, server.url("/epoch_12.pth"), &options).unwrap();
    assert_eq!((model.weight, model.bias), (vec![1.0, 2.0], vec![3.0]));
    assert_eq!(report.loaded, ["weight", "bias"]);
    assert_eq!(report.renamed[0], ("module.weight".into(), "weight".into()));
    assert_eq!(mismatch_report(&report), None);
}

#[test]
fn a_plain_state_dict_and_a_named_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.pth");
    map("").save(&path).unwrap();
    let mut model = linear();
    hub::load_checkpoint_with(&mut model, &path, &Options::new()).unwrap();
    assert_eq!(model.bias, [3.0]);

    let path = checkpoint(folder.path(), &[("generator", &map("")), ("other", &map("x."))]);
    let mut model = linear();
    assert!(hub::load_checkpoint_with(&mut model, &path, &Options::new()).is_err());
    let options = Options::new().state_dict("generator");
    hub::load_checkpoint_with(&mut model, &path, &options).unwrap();
    assert_eq!(model.bias, [3.0]);
}

#[test]
fn prefixes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pth");
    let load = |model: &mut dyn StateDict, prefix: &str, options: &Options| {
        map(prefix).save(&path).unwrap();
        hub::load_checkpoint_with(model, &path, options).map(|report| report.renamed.len())
    };
    let options = Options::new();
    assert_eq!(load(&mut linear(), "", &options).unwrap(), 0);
    assert_eq!(load(&mut linear(), "module.", &options).unwrap(), 2);
    // The model's own.
    let mut wrapped = Wrapped { module: linear() };
    assert_eq!(load(&mut wrapped, "module.", &options).unwrap(), 0);
    assert!(load(&mut wrapped, "module.module.", &options).is_err());
    let strip = options.clone().strip_prefix("module.");
    assert_eq!(load(&mut wrapped, "module.module.", &strip).unwrap(), 2);
    assert!(load(&mut linear(), "module.", &options.clone().keep_prefix()).is_err());
    let both = options.clone().strip_prefix("_orig_mod.").strip_prefix("model");
    assert_eq!(load(&mut linear(), "_orig_mod.model.", &both).unwrap(), 2);
    // The user's own rules come after.
    let keys = LoadOptions::new().map_keys(KeyMap::new().strip_prefix("net"));
    let report = load(&mut linear(), "module.net.", &options.load_options(keys));
    assert_eq!(report.unwrap(), 2);
}

#[test]
fn strict_unless_it_is_asked_to_be_as_mmcv() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pth");
    let mut map = map("module.");
    map.remove("module.bias");
    map.insert("module.fc.weight", TensorView::from_vec(vec![0.5f32], [1]).unwrap());
    map.insert("module.weight", TensorView::from_vec(vec![0.5f32; 6], [3, 2]).unwrap());
    map.save(&path).unwrap();

    let mut model = linear();
    let error = hub::load_checkpoint_with(&mut model, &path, &Options::new()).unwrap_err();
    let Error::Load { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.problems.len(), 3, "{source}");
    assert_eq!(model.weight, [0.0; 2]);

    let report = hub::load_checkpoint_with(&mut model, &path, &Options::mmcv()).unwrap();
    assert_eq!(
        mismatch_report(&report).unwrap(),
        "The model and loaded state dict do not match exactly\n\n\
         unexpected key in source state_dict: fc.weight\n\n\
         missing keys in source state_dict: bias\n\n\
         these keys have mismatched shape:\n\
         +--------+-----------------+--------------------+\n\
         | key    | expected shape  | loaded shape       |\n\
         +--------+-----------------+--------------------+\n\
         | weight | torch.Size([2]) | torch.Size([3, 2]) |\n\
         +--------+-----------------+--------------------+"
    );
}

#[derive(StateDict)]
struct Norm {
    #[buffer]
    num_batches_tracked: i64,
}

#[test]
fn mmcv_does_not_miss_counters() {
    let mut model = Norm { num_batches_tracked: 7 };
    let options = LoadOptions::new().strict(false);
    let report = model.load_state_dict_with(&StateMap::new(), &options).unwrap();
    assert_eq!(report.missing, ["num_batches_tracked"]);
    assert_eq!(mismatch_report(&report), None);
}

#[test]
fn errors_say_where() {
    let mut model = linear();
    let error = hub::load_checkpoint_with(&mut model, "nowhere.pth", &Options::new()).unwrap_err();
    assert_eq!(error.to_string(), "nowhere.pth is not a checkpoint file");
    let Error::Location(source) = error else { panic!("{error}") };
    assert!(matches!(source.downcast_ref(), Some(HubError::NotAFile { .. })));
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("no checkpoint");
    let error = hub::load_checkpoint_with(&mut model, server.url("/a.pt"), &options(folder.path()));
    let Err(Error::Read { path, .. }) = error else { panic!("{error:?}") };
    assert_eq!(path, folder.path().join("a.pt"));
}
