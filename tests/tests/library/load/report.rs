//! What a load says: to people, to programs, in PyTorch's words, in mmcv's.

use serde_json::{Value, json};
use statedict::load::{IncompatibleKeys, LoadProblem};
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{DType, DTypePolicy, KeyMap, LoadError, LoadOptions, LoadReport};

#[derive(StateDict, Clone, Debug, PartialEq)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[param]
    bias: Vec<f32>,
}

#[derive(StateDict, Clone, Debug, PartialEq)]
struct Net {
    layers: Vec<Linear>,
    head: Linear,
}

fn net(layers: usize, classes: usize) -> Net {
    let linear = |size| Linear { weight: vec![1.0; size], bias: vec![2.0; size] };
    Net { layers: vec![linear(2); layers], head: linear(classes) }
}

fn state(layers: usize, classes: usize) -> StateMap<'static> {
    net(layers, classes).state_dict().unwrap().into_owned().unwrap()
}

fn refused(map: &StateMap<'_>, model: &Net) -> LoadError {
    model.check_state_dict_with(map, &LoadOptions::new()).unwrap_err()
}

#[test]
fn one_prefix_explains_a_hundred_keys() {
    let wrapped = state(60, 3).add_prefix("module").unwrap();
    let error = refused(&wrapped, &net(60, 3));
    let guess = error.guess.as_ref().unwrap();
    assert_eq!((&*guess.prefix, guess.strip, guess.explained), ("module.", true, 122));
    let hint = "hint        all 122 unexpected keys begin with `module.`, and are the model's without it: \
                load with `model.load_with(path, \
                &LoadOptions::new().map_keys(KeyMap::new().strip_prefix(\"module.\")))`";
    // It stands instead of the 244 lines that it explains.
    let header = "244 problems loading the state dict of `Net`; nothing was written";
    assert_eq!(error.to_string(), format!("{header}\n  {hint}"));
    assert_eq!(error.problems.len(), 244);

    let part = state(3, 3).strip_prefix("layers").unwrap();
    let error = refused(&part, &net(3, 3));
    assert_eq!(
        error.guess.map(|guess| (guess.prefix, guess.strip)),
        Some(("layers.".into(), false))
    );
    assert_eq!(refused(&state(2, 3), &net(3, 3)).guess, None);
}

/// Runs a load that a hint names, and checks that the hint has just these words.
macro_rules! pasted {
    ($error:expr, $map:expr, $model:ident.load_with($path:ident, $options:expr)) => {{
        let directory = tempfile::tempdir().unwrap();
        let $path = directory.path().join("file.pt");
        $map.save(&$path).unwrap();
        let words = concat!("`", stringify!($model.load_with($path, $options)), "`");
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        assert!(bare(&$error.to_string()).contains(&bare(words)), "{words}\n{}", $error);
        $model.load_with(&$path, $options).unwrap()
    }};
}

#[test]
fn what_a_hint_names_works_when_it_is_pasted() {
    let mut model = net(2, 3);
    let error = |model: &Net, map: &StateMap<'_>| refused(map, model);
    let wrapped = state(2, 3).add_prefix("module.").unwrap();
    let refusal = error(&model, &wrapped);
    let report: LoadReport = pasted!(
        refusal,
        wrapped,
        model.load_with(path, &LoadOptions::new().map_keys(KeyMap::new().strip_prefix("module.")))
    );
    assert_eq!(report.loaded.len(), 6);
    // Beside other keys the part is selected.
    let mut averaged = wrapped.clone();
    averaged.insert("n_averaged", TensorView::full(3i64, []).unwrap());
    let refusal = error(&model, &averaged);
    let report = pasted!(
        refusal,
        averaged,
        model.load_with(path, &LoadOptions::new().map_keys(KeyMap::new().select_prefix("module.")))
    );
    assert_eq!(report.dropped, ["n_averaged"]);
    let doubles: StateMap<'_> = state(2, 3)
        .iter()
        .map(|(key, tensor)| (key.to_owned(), tensor.cast(DType::F64).unwrap()))
        .collect();
    let refusal = error(&model, &doubles);
    pasted!(refusal, doubles, model.load_with(path, &LoadOptions::new().dtype(DTypePolicy::Cast)));
    let larger = state(2, 10);
    let refusal = error(&model, &larger);
    let report = pasted!(
        refusal,
        larger,
        model.load_with(path, &LoadOptions::new().ignore_mismatched(true))
    );
    assert_eq!(report.mismatched.len(), 2);
    let mut newer = state(2, 3);
    newer.metadata_mut().insert(Metadata::default()).insert("", ModuleMetadata::with_version(9));
    let refusal = error(&model, &newer);
    pasted!(refusal, newer, model.load_with(path, &LoadOptions::new().allow_newer_versions(true)));
}

#[test]
fn a_key_that_may_be_missing_counts_as_explained() {
    #[derive(StateDict)]
    #[version(2)]
    struct Counter {
        #[param]
        weight: i64,
        #[param]
        bias: i64,
        #[buffer]
        #[since(2)]
        steps: i64,
    }
    let mut model = Counter { weight: 1, bias: 2, steps: 3 };
    let mut map = model.state_dict().unwrap().into_owned().unwrap().add_prefix("module").unwrap();
    *map.metadata_mut() = None;
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("all 3 unexpected keys begin with `module.`"), "{error}");
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
    // What is not strict says it as well, where nothing was loaded.
    let report = model.load_state_dict_with(&map, &LoadOptions::new().strict(false)).unwrap();
    assert!(report.loaded.is_empty());
    assert!(report.to_string().contains("all 3 unexpected keys begin with `module.`"), "{report}");
    assert_eq!(report.to_string().lines().count(), 3, "{report}");
}

#[test]
fn a_key_of_a_buffer_that_is_not_persistent_is_called_that() {
    #[derive(StateDict)]
    struct Attention {
        #[param]
        weight: Vec<f32>,
        #[persistent(false)]
        mask: Vec<f32>,
    }
    #[derive(StateDict)]
    struct Layers {
        layers: Vec<Attention>,
    }
    let attention = || Attention { weight: vec![0.0; 2], mask: vec![9.0; 3] };
    let mut model = Layers { layers: vec![attention(), attention()] };
    let mut map = model.state_dict().unwrap().into_owned().unwrap();
    for key in ["layers.0.mask", "layers.1.mask"] {
        map.insert(key, TensorView::full(1.0f32, [3]).unwrap());
    }
    let said = "unexpected  layers.1.mask: float32 [3], which the model has as a non-persistent buffer; \
                PyTorch does not save these";
    let hint = "hint        2 unexpected keys are non-persistent buffers of the model: leave them out with `";
    let read: statedict::Schema = Layers::schema().to_string().parse().unwrap();
    let options = LoadOptions::new();
    let errors = [
        model.check_state_dict_with(&map, &options).unwrap_err(),
        Layers::schema().check(&map).unwrap_err(),
        read.check(&map).unwrap_err(),
        model.check_state_dict_with(&map, &LoadOptions::torch()).unwrap_err(),
        model.load_state_dict(&map).unwrap_err(),
    ];
    for error in &errors {
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(hint), "{text}");
        assert!(error.unexpected_keys().eq(["layers.0.mask", "layers.1.mask"]));
    }
    let report = pasted!(
        errors[0],
        map,
        model.load_with(
            path,
            &LoadOptions::new().post_load(|keys| keys.unexpected_keys.retain(|key| ![
                "layers.0.mask",
                "layers.1.mask"
            ]
            .contains(&key.as_str())))
        )
    );
    assert!(report.unexpected.is_empty());
    assert_eq!(model.layers[0].mask, [9.0; 3]);
    // What is not strict tells the same, of these keys only.
    map.insert("other", TensorView::full(1.0f32, [3]).unwrap());
    let lenient = LoadOptions::new().strict(false);
    for report in [
        model.load_state_dict_with(&map, &lenient).unwrap(),
        read.check_with(&map, &lenient).unwrap(),
    ] {
        assert_eq!(report.non_persistent, ["layers.0.mask", "layers.1.mask"]);
        let text = report.to_string();
        assert!(
            text.contains("unexpected  layers.0.mask: a non-persistent buffer of the model\n"),
            "{text}"
        );
        assert!(text.ends_with("unexpected  other"), "{text}");
    }
}

#[test]
fn other_names_of_a_tensor_are_counted() {
    #[derive(StateDict)]
    struct Tied {
        fc: Linear,
        #[alias(fc)]
        tail: statedict::Alias<Linear>,
    }
    let linear = Linear { weight: vec![1.0], bias: vec![2.0] };
    let mut model = Tied { fc: linear, tail: statedict::Alias::default() };
    let _ = &model.tail;
    let map = model.state_dict().unwrap().into_owned().unwrap();
    let report = model.load_state_dict(&map).unwrap();
    assert_eq!(report.other_names, ["tail.weight", "tail.bias"]);
    assert_eq!(report.to_string(), "Tied: loaded 2 tensors and 2 more names of these");
}

#[test]
fn a_state_dict_stands_for_its_model() {
    let (model, mut map) = (state(1, 3), state(1, 3));
    let options = LoadOptions::new();
    assert_eq!(model.check_state_dict_with(&map, &options).unwrap().loaded.len(), 4);
    // It says what the model says, but for names that only a model knows.
    map.insert("head.weight", TensorView::from_vec(vec![0.0f64; 3], [3]).unwrap());
    map.insert("head.bias", TensorView::from_vec(vec![half::f16::ONE; 3], [3]).unwrap());
    map.insert("extra", TensorView::full(1i64, []).unwrap());
    let (by_map, by_model) =
        (model.check_state_dict_with(&map, &options).unwrap_err(), refused(&map, &net(1, 3)));
    assert_eq!(by_map.to_string().replace("`model`", "`Net`"), by_model.to_string());
    let wide = LoadOptions::new().dtype(DTypePolicy::Cast).strict(false);
    let (by_map, by_model) = (
        model.check_state_dict_with(&map, &wide).unwrap(),
        net(1, 3).check_state_dict_with(&map, &wide).unwrap(),
    );
    assert_eq!(by_map.to_string().replace("model:", "Net:"), by_model.to_string());
    // Two names of one tensor stand for an alias.
    let mut tied = StateMap::new();
    let tensor = TensorView::from_vec(vec![1.0f32; 2], [2]).unwrap();
    tied.insert("embed", tensor.clone());
    tied.insert("head", tensor.clone());
    let mut one = StateMap::new();
    one.insert("head", tensor);
    let report = tied.check_state_dict_with(&one, &options).unwrap();
    assert_eq!(report.satisfied_by_alias, [("embed".to_owned(), "head".to_owned())]);
}

#[test]
fn a_check_writes_nothing_and_says_what_a_load_would() {
    let (model, map) = (net(1, 3), state(1, 3));
    let checked = model.check_state_dict_with(&map, &LoadOptions::new()).unwrap();
    let mut loaded = Net { head: Linear { weight: vec![0.0; 3], bias: vec![0.0; 3] }, ..model };
    let before = loaded.clone();
    assert_eq!(loaded.check_state_dict_with(&map, &LoadOptions::new()).unwrap(), checked);
    assert_eq!(loaded, before);
    assert_eq!(loaded.load_state_dict(&map).unwrap(), checked);
    assert_ne!(loaded, before);
}

#[test]
fn mismatched_shapes_are_listed_where_that_is_asked_for() {
    let mut map = state(1, 1000);
    map.remove("layers.0.bias");
    let mut model = net(1, 10);
    model.layers[0].weight = vec![0.0; 2];
    let options = LoadOptions::new().ignore_mismatched(true);
    // A missing key is still an error.
    assert!(model.check_state_dict_with(&map, &options).is_err());
    let report = model.load_state_dict_with(&map, &options.strict(false)).unwrap();
    let listed: Vec<_> =
        report.mismatched.iter().map(|it| (it.key.as_str(), &*it.expected, &*it.found)).collect();
    assert_eq!(listed, [("head.weight", &[10][..], &[1000][..]), ("head.bias", &[10], &[1000])]);
    assert_eq!(report.loaded, ["layers.0.weight"]);
    assert_eq!(report.missing, ["layers.0.bias"]);
    assert_eq!(model, net(1, 10));
    let table = report.mismatch_table().unwrap();
    assert!(table.contains("| head.weight | torch.Size([10]) | torch.Size([1000]) |"), "{table}");
    assert!(
        report.to_string().contains("shape       head.bias: the model has [10], the file [1000]")
    );

    let error = refused(&state(1, 1000), &net(1, 10));
    assert_eq!(error.mismatch_table(), Some(table));
}

#[test]
fn json_holds_what_the_text_says() {
    let mut map = state(1, 3);
    let bias = map.remove("head.bias").unwrap();
    map.insert("head.bais", bias);
    map.insert("head.weight", TensorView::from_vec(vec![0.0f64; 4], [4]).unwrap());
    let error = refused(&map, &net(1, 3));
    let value: Value = serde_json::from_str(&error.to_json()).unwrap();
    let problems = value["problems"].as_array().unwrap();
    let kinds: Vec<&str> =
        problems.iter().map(|problem| problem["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["missing", "unexpected", "shape", "dtype"]);
    assert_eq!(problems[0]["key"], "head.bias");
    assert_eq!(problems[0]["nearest"], "head.bais");
    assert_eq!(problems[0]["expected"], json!({"dtype": "float32", "shape": [3]}));
    assert_eq!(problems[1]["nearest"], "head.bias");
    assert_eq!(problems[2]["found"], json!([4]));
    assert_eq!(problems[3]["expected"], "float32");
    assert_eq!((&value["model"], &value["nothing_was_written"]), (&json!("Net"), &json!(true)));
    for problem in problems {
        let text = problem["text"].as_str().unwrap();
        assert!(error.to_string().contains(text), "{text}");
    }

    let report = net(1, 3).load_state_dict(&state(1, 3)).unwrap();
    let value: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(value["loaded"], json!(report.loaded.iter().collect::<Vec<_>>()));
    assert_eq!(value["migrations"], json!([]));
}

#[test]
fn lists_are_shown_as_python_shows_them() {
    let map = StateMap::new();
    let mut model = net(0, 1);
    let report = model.load_state_dict_with(&map, &LoadOptions::new().strict(false)).unwrap();
    assert_eq!(
        report.incompatible_keys().to_string(),
        "_IncompatibleKeys(missing_keys=['head.weight', 'head.bias'], unexpected_keys=[])"
    );
}

#[test]
fn hooks_work_without_torchs_rules_as_well() {
    let options = LoadOptions::new()
        .pre_load_at("head", |load| {
            assert_eq!((load.path(), load.prefix()), ("head", "head.".to_owned()));
            let bias = load.state_dict().remove("head.b").expect("the old name");
            load.state_dict().insert("head.bias", bias);
        })
        .post_load(|keys| keys.missing_keys.retain(|key| !key.starts_with("layers.")));
    let mut map = state(1, 3);
    let bias = map.remove("head.bias").unwrap();
    map.insert("head.b", bias);
    map.remove("layers.0.bias");
    let report = net(1, 3).load_state_dict_with(&map, &options).unwrap();
    assert_eq!(report.loaded, ["layers.0.weight", "head.weight", "head.bias"]);
}

#[test]
fn a_hook_that_reports_or_strays_makes_the_load_fail() {
    let map = state(1, 3);
    let refused =
        |options: LoadOptions| net(1, 3).load_state_dict_with(&map, &options).unwrap_err();
    let error = refused(LoadOptions::new().pre_load_at("head", |load| {
        let tensor = load.state_dict().get("head.bias").unwrap().clone();
        load.state_dict().insert("elsewhere", tensor);
    }));
    assert!(
        error.to_string().contains("hook        head: its pre-hook added `elsewhere`"),
        "{error}"
    );
    let error = refused(LoadOptions::new().pre_load(|load| load.error("not today")));
    assert!(
        matches!(&error.problems[..], [LoadProblem::Hook { message, .. }] if message == "not today")
    );
    let error = refused(LoadOptions::new().post_load_at("nowhere", |_| {}));
    assert!(error.to_string().contains("nowhere: a hook is for this path"), "{error}");
    let error = refused(LoadOptions::new().post_load(|keys: &mut IncompatibleKeys| {
        keys.missing_keys.push("invented".to_owned());
        keys.unexpected_keys.push("too".to_owned());
    }));
    assert_eq!(error.missing_keys().collect::<Vec<_>>(), ["invented"]);
    assert_eq!(error.unexpected_keys().collect::<Vec<_>>(), ["too"]);
}

#[test]
fn what_a_load_does_not_look_at_is_told() {
    use statedict::value::Graph;
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    // One dict of attributes belongs to all tensors, and is too large to be told for each.
    let shared = graph.dict();
    for name in 0..3000 {
        graph.set(shared, &format!("attribute {name}"), 1).unwrap();
    }
    for (key, attributes) in [("weight", true), ("bias", false)] {
        let view = TensorView::from_vec(vec![0.5f32; 2], [2]).unwrap();
        let value = graph.parameter(view.with_requires_grad(true));
        if attributes {
            graph.set_attributes(value, shared).unwrap();
        }
        graph.put(root, key, value).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.pt");
    graph.save_with(&path, &statedict::WriteOptions::new()).unwrap();
    let mut linear = Linear { weight: vec![0.0; 2], bias: vec![0.0; 2] };
    let report = linear.load(&path).unwrap();
    let told = report.not_kept.iter().count();
    assert_eq!(told + report.not_kept.more(), 3000 + 2, "{told}");
    let said = "\n  not loaded  weight@attribute 0, weight@attribute 1, weight@attribute 2, \
                weight@attribute 3, weight@attribute 4, weight@attribute 5 and 2996 more";
    assert!(report.to_string().ends_with(said), "{report}");
}
