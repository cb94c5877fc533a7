//! The program `statedict migrate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use statedict::codec::{self, ReadOptions};
use statedict::{StateMap, TensorView, WriteOptions, value};
use statedict_tests::histories::{History, Random};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// Runs the program: its exit status, what it printed, and what it complained about.
fn migrate(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let output = command.arg("migrate").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What the second generation's `Block` did in its version 3, and the root in its version 2, as data.
const RULES: &str = r#"
[[step]]
rename = { from = "first", to = "stem" }

[[step]]
rename_regex = { from = '^(stem|blocks\.\d+)\.ln\.', to = '$1.norm.' }

[[step]]
rename_regex = { from = '\.old_gate$', to = '.gate' }

[[step]]
remove_regex = { name = '\.scale$' }

[[step]]
split = { key = "stem.in_proj_weight", dim = 0, into = [
    { name = "stem.q", size = 4 }, { name = "stem.k", size = 4 }, { name = "stem.v", size = 4 },
] }

[[step]]
transpose = { key = "stem.gate", dims = [0, 1] }

[[step]]
fill = { key = "stem.bias", value = 0.5, dtype = "float32", shape = [4] }

[versions]
"" = 2
"stem" = 3
"#;

fn paths(directory: &Path) -> (String, String, String) {
    let name = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    std::fs::write(directory.join("rules.toml"), RULES).unwrap();
    let input = fixtures().join("generations/v1.pt").to_str().unwrap().to_owned();
    (input, name("out.pt"), name("rules.toml"))
}

#[test]
fn the_rules_make_the_same_tensors_as_the_steps_of_code() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    let (status, printed, complaint) = migrate(&[&input, &output, "--map", &rules]);
    assert_eq!((status, complaint.as_str()), (0, ""));
    assert!(printed.contains("rename     first -> stem\n"), "{printed}");
    assert!(printed.contains("split      stem.in_proj_weight -> stem.q, stem.k, stem.v\n"));
    let (old, new) = (StateMap::load(&input).unwrap(), StateMap::load(&output).unwrap());
    let floats = |map: &StateMap<'_>, key: &str| map.get(key).unwrap().to_vec::<f32>().unwrap();
    assert_eq!(floats(&new, "stem.k"), floats(&old, "first.in_proj_weight")[16..32]);
    let gate = floats(&old, "first.old_gate");
    let transposed: Vec<f32> = (0..4).flat_map(|row| [gate[row], gate[4 + row]]).collect();
    assert_eq!(floats(&new, "stem.gate"), transposed);
    assert_eq!(floats(&new, "blocks.1.norm.bias"), floats(&old, "blocks.1.ln.bias"));
    assert_eq!(floats(&new, "stem.bias"), [0.5; 4]);
    assert!(!new.contains_key("stem.scale") && !new.contains_key("blocks.0.scale"));
    assert_eq!((new.version(""), new.version("stem")), (Some(2), Some(3)));
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    let (status, printed, _) = migrate(&[&input, &output, "--map", &rules, "--dry-run"]);
    assert_eq!(status, 0);
    assert!(printed.ends_with("keys; nothing was written\n"), "{printed}");
    assert!(!Path::new(&output).exists());
    let (status, alone, _) = migrate(&[&input, "--map", &rules, "--dry-run"]);
    assert_eq!((status, alone), (0, printed));
}

#[test]
fn what_cannot_be_done_is_said_with_the_step_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    for (text, complaint) in [
        ("[[step]]\nremove = { name = 'none' }", "step 1 (remove): there is no `none`"),
        (
            "[[step]]\nrename = { from = 'first', to = 'blocks.0' }",
            "line 1, column 1: step 1 (rename): the keys `first.",
        ),
        ("[[step]]\nrename_regex = { from = 'x{', to = '' }", "rules.toml: "),
        ("[[step]]\nshuffle = {}", "unknown variant `shuffle`"),
        ("[[step]]\nrename_regex = { from = '^none', to = '' }", "no key matches `^none`"),
        (
            "[[step]]\nfill = { key = 'a', value = 0.5, dtype = 'int64', shape = [1] }",
            "int64 cannot hold 0.5",
        ),
    ] {
        std::fs::write(&rules, text).unwrap();
        let (status, _, error) = migrate(&[&input, &output, "--map", &rules]);
        assert_eq!(status, 1, "{text}");
        assert!(error.contains(complaint), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!Path::new(&output).exists());
    }
    std::fs::write(&output, "precious").unwrap();
    let (status, _, error) = migrate(&[&input, &output, "--map", &rules]);
    assert!(status == 1 && error.contains("--force replaces it"), "{error}");
    assert_eq!(std::fs::read(&output).unwrap(), b"precious");
    let (status, _, _) = migrate(&[&input, "--map", &rules]);
    assert_eq!(status, 2);
}

#[test]
fn the_rest_of_a_checkpoint_stays() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("in.pt"), name("out.pt"), name("rules.toml"));
    let mut map = StateMap::new();
    map.insert("old", TensorView::from_vec(vec![1.0f32, 2.0], [2]).unwrap());
    let mut graph = value::Graph::new();
    let (root, model) = (graph.dict(), graph.state_map(&map));
    graph.set_root(root);
    graph.set(root, "epoch", 7i64).unwrap();
    graph.put(root, "model", model).unwrap();
    graph.save_with(&input, &WriteOptions::default()).unwrap();
    std::fs::write(&rules, "[[step]]\nrename = { from = 'old', to = 'new' }").unwrap();

    let (status, _, error) = migrate(&[&input, &output, "--map", &rules, "--at", "model"]);
    assert_eq!((status, error.as_str()), (0, ""));
    let document = codec::Document::open_with(&output, &ReadOptions::default()).unwrap();
    assert_eq!(document.root().get("epoch").and_then(|epoch| epoch.as_i64()), Some(7));
    let map = document.state_map_at(&["model"]).unwrap();
    assert_eq!(map.get("new").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);

    // Without the place, what is there is said.
    let (status, _, error) = migrate(&[&input, &name("other.pt"), "--map", &rules]);
    assert!(status == 1 && error.contains("use `--at \"model\"`"), "{error}");
}

/// Runs rules on a map: what was complained about, or the new map and what was printed.
fn migrated(map: &StateMap<'_>, text: &str) -> Result<(StateMap<'static>, String), String> {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    map.save(name("in.pt")).unwrap();
    std::fs::write(name("rules.toml"), text).unwrap();
    let args = [&name("in.pt"), &name("out.pt"), "--map", &name("rules.toml")];
    let (status, printed, complaint) = migrate(&args.map(|arg| arg as &str));
    assert_eq!(status == 0, complaint.is_empty());
    assert_eq!(Path::new(&name("out.pt")).exists(), status == 0, "{complaint}");
    if status != 0 {
        return Err(complaint);
    }
    Ok((StateMap::load(name("out.pt")).unwrap().into_owned().unwrap(), printed))
}

fn map_of(keys: &[&str]) -> StateMap<'static> {
    let mut map = StateMap::new();
    for (number, key) in (0i64..).zip(keys) {
        map.insert(*key, TensorView::full(number, []).unwrap());
    }
    map
}

fn keys(map: &StateMap<'_>) -> Vec<String> {
    map.keys().map(str::to_owned).collect()
}

#[test]
fn every_match_is_replaced_and_groups_are_written_in_both_ways() {
    let map = map_of(&["_orig_mod.module.blocks.0._orig_mod.fc.weight", "enc.1.LayerNorm.gamma"]);
    for (from, to, expected) in [
        (r"(^|\.)(?:_orig_mod\.|module\.)+", "$1", ["blocks.0.fc.weight", "enc.1.LayerNorm.gamma"]),
        (
            r"(^|\.)(?:_orig_mod\.|module\.)+",
            r"\1",
            ["blocks.0.fc.weight", "enc.1.LayerNorm.gamma"],
        ),
        (
            r"^enc\.(\d+)\.LayerNorm",
            r"block.\1.norm",
            ["_orig_mod.module.blocks.0._orig_mod.fc.weight", "block.1.norm.gamma"],
        ),
        (
            r"^enc\.(?P<n>\d+)\.LayerNorm",
            "block.${n}.norm",
            ["_orig_mod.module.blocks.0._orig_mod.fc.weight", "block.1.norm.gamma"],
        ),
    ] {
        let rules = format!("[[step]]\nrename_regex = {{ from = '{from}', to = '{to}' }}");
        assert_eq!(keys(&migrated(&map, &rules).unwrap().0), expected, "{from} {to}");
    }
    for to in [r"\2", "$2", r"\g<name>", "${name}", "$1_x"] {
        let rules = format!("[[step]]\nrename_regex = {{ from = '(enc)', to = '{to}' }}");
        let error = migrated(&map, &rules).unwrap_err();
        assert!(error.contains("it names the group `"), "{error}");
        assert!(error.contains("the pattern `(enc)` has 1 group"), "{error}");
    }
}

#[test]
fn the_renames_of_a_step_happen_at_once_and_versions_go_along() {
    let mut map = map_of(&["a.w", "b.w", "c.w"]);
    let metadata = map.metadata_mut().insert(Default::default());
    for (version, path) in [(1, ""), (2, "a"), (3, "b"), (4, "c")] {
        metadata.insert(path, statedict::state_map::ModuleMetadata::with_version(version));
    }
    let cycle = "[[step]]\nrename_all = [{ from = 'a', to = 'b' }, { from = 'c', to = 'a' }, { from = 'b', to = 'c' }]";
    let (cycled, _) = migrated(&map, cycle).unwrap();
    assert_eq!(keys(&cycled), ["b.w", "c.w", "a.w"]);
    let version = |path| cycled.version(path).unwrap();
    assert_eq!([version(""), version("b"), version("c"), version("a")], [1, 2, 3, 4]);
    // The pattern does not see the module's path by itself.
    let rules = r"[[step]]
rename_regex = { from = '^(a)\.w$', to = '\1new.weight' }
[[step]]
rename_regex = { from = 'b\.(w)$', to = 'B.\1' }";
    let (renamed, _) = migrated(&map, rules).unwrap();
    assert_eq!(keys(&renamed), ["anew.weight", "B.w", "c.w"]);
    assert_eq!((renamed.version("B"), renamed.version("b")), (Some(3), None));
    let error = migrated(&map, "\n[[step]]\nrename = { from = 'a', to = 'b' }").unwrap_err();
    let expected =
        "line 2, column 1: step 1 (rename): the keys `a.w` and `b.w` would both become `b.w`";
    assert!(error.trim_end().ends_with(expected), "{error}");
}

#[test]
fn wrong_rules_are_named_with_their_place_and_fields() {
    for (text, complaint) in [
        (
            "[[step]]\nremove = { name = 'a' }\n[[step]]\n  remove_regex = 'x'",
            r#"line 4, column 18: invalid type: string "x", expected a table; write `remove_regex = { name = '\.scale$' }`"#,
        ),
        (
            "[[step]]\nnarrow = { key = 'a', dim = 0 }",
            "line 2, column 10: missing field `start`; write `narrow = {",
        ),
        (
            "[[step]]\nremove_regex = { key = 'a' }",
            "line 2, column 18: unexpected keys in table: key, available keys: name; write",
        ),
        ("[[step]]\nshuffle = {}", "line 2, column 1: unknown variant `shuffle`"),
        ("[[step]]\nremove_regex = { name = 'x{' }", "line 2, column 25: "),
        ("[step", "line 1, column 6: "),
    ] {
        let error = migrated(&map_of(&["a"]), text).unwrap_err();
        assert!(error.contains(complaint), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_tied_tensor_is_changed_under_all_of_its_names() {
    let mut map = StateMap::new();
    let table = TensorView::from_vec(vec![1.0f32; 6], [3, 2]).unwrap();
    map.insert("embed", table.clone());
    map.insert("head", table);
    let narrow = "[[step]]\nnarrow = { key = 'head', dim = 0, start = 0, end = 2 }\n";
    let (changed, printed) = migrated(&map, narrow).unwrap();
    assert!(printed.contains("narrow     embed, another name of head\n"), "{printed}");
    assert_eq!(changed.get("embed").unwrap().shape(), &[2, 2]);
    assert!(changed.get("embed").unwrap().same_as(changed.get("head").unwrap()));
    let cast = "[[step]]\ncast_regex = { key = '.*', dtype = 'float64' }\n";
    let (changed, _) = migrated(&map, &format!("{narrow}{cast}")).unwrap();
    assert_eq!(changed.get("head").unwrap().dtype(), statedict::DType::F64);
    assert!(changed.get("embed").unwrap().same_as(changed.get("head").unwrap()));
    let again = narrow.replace("head", "embed");
    let error = migrated(&map, &format!("{narrow}{again}")).unwrap_err();
    assert!(error.contains("`embed` is another name of `head`, and an earlier step"), "{error}");
}

#[test]
fn versions_keep_the_rest_of_a_module_and_remove_regex_takes_extra_states() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("in.pt"), name("out.pt"), name("rules.toml"));
    let five = value::Graph::of(5);
    let five = value::SharedValue::of(five.root()).unwrap();
    let mut module = statedict::state_map::ModuleMetadata::with_version(1);
    module.insert_extra("hook", five.clone());
    let mut metadata = statedict::state_map::Metadata::default();
    metadata.insert("m", module);
    let mut map = StateMap::new();
    map.insert("m.weight", TensorView::from_vec(vec![0.5f32], [1]).unwrap());
    map.insert_value("m._extra_state", five);
    *map.metadata_mut() = Some(metadata);
    map.save(&input).unwrap();

    let text = "[[step]]\nremove_regex = { name = '_extra_state$' }\n[versions]\n\"m\" = 2\n";
    std::fs::write(&rules, text).unwrap();
    let (status, told, trouble) = migrate(&[&input, &output, "--map", &rules]);
    assert_eq!((status, trouble.as_str()), (0, ""), "{told}");
    let found = StateMap::load(&output).unwrap();
    assert_eq!((found.len(), found.values().len()), (1, 0));
    let module = found.metadata().unwrap().get("m").unwrap();
    assert_eq!((module.version(), module.extra().len()), (Some(2), 1));
}

#[test]
fn what_no_step_touches_is_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("in.pt"), name("out.pt"), name("rules.toml"));
    let view = |value: f32| TensorView::from_vec(vec![value; 4], [2, 2]).unwrap();
    let mut graph = value::Graph::new();
    let root = graph.root().value_id();
    // A plain dict of a parameter with an attribute, and twice one tensor.
    let parameter = graph.parameter(view(1.0).with_requires_grad(true));
    let attributes = graph.dict();
    graph.set(attributes, "lr_scale", 3i64).unwrap();
    graph.set_attributes(parameter, attributes).unwrap();
    let tied = graph.add(view(3.0));
    for (key, value) in [("p", parameter), ("a", tied), ("b", tied)] {
        graph.put(root, key, value).unwrap();
    }
    graph.save_with(&input, &WriteOptions::new()).unwrap();
    let run = |text: &str, output: &str| {
        std::fs::write(&rules, text).unwrap();
        let _ = std::fs::remove_file(output);
        migrate(&[&input, output, "--map", &rules])
    };
    let open = |path: &str| codec::Document::open_with(path, &ReadOptions::new()).unwrap();

    let (status, printed, told) = run(
        "[[step]]\nrename = { from = 'p', to = 'q' }\n[[step]]\nnarrow = { key = 'a', dim = 0, start = 0, end = 1 }",
        &output,
    );
    assert_eq!((status, told.as_str()), (0, ""), "{printed}");
    let document = open(&output);
    let root = document.root();
    assert_eq!(root.type_name(), "dict");
    let value::Kind::Tensor(parameter) = root.get("q").unwrap().kind() else { panic!() };
    assert!(parameter.is_parameter() && parameter.view().unwrap().requires_grad());
    assert_eq!(parameter.attributes().unwrap().get("lr_scale").unwrap().as_i64(), Some(3));
    assert!(root.get("a").unwrap().same_as(root.get("b").unwrap()));
    assert_eq!(root.get("a").unwrap().as_tensor().unwrap().shape(), &[1, 2]);

    // A changed parameter is one; what a part of it is made of, and a dict that becomes another, is told.
    let (_, _, told) = run("[[step]]\ntranspose = { key = 'p', dims = [0, 1] }", &output);
    assert_eq!(told, "");
    let document = open(&output);
    let value::Kind::Tensor(parameter) = document.root().get("p").unwrap().kind() else { panic!() };
    assert!(parameter.is_parameter() && parameter.attributes().is_some());
    let split = "[[step]]\nsplit = { key = 'p', dim = 0, into = [{ name = 'x', size = 1 }, { name = 'p', size = 1 }] }";
    let (status, _, told) = run(split, &output);
    assert!(
        status == 0 && told.contains("not kept: the attributes of the tensor that `x` is made of"),
        "{told}"
    );
    let (status, printed, told) = run("[versions]\n\"\" = 2", &output);
    assert_eq!((status, told.as_str()), (0, ""));
    assert!(printed.contains("type       dict -> OrderedDict"), "{printed}");
    assert_eq!(StateMap::load(&output).unwrap().version(""), Some(2));
    let (status, _, told) =
        run("[[step]]\nrename = { from = 'p', to = 'q' }", &name("out.safetensors"));
    assert!(status == 0 && told.contains("not kept: p@lr_scale, p@parameter"), "{told}");
}

#[test]
fn a_dict_under_two_names_is_changed_under_both_and_all_keys_count() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("in.pt"), name("out.pt"), name("rules.toml"));
    let five = value::Graph::of(5);
    let mut map = map_of(&["old"]);
    map.insert_value("m._extra_state", value::SharedValue::of(five.root()).unwrap());
    let mut graph = value::Graph::new();
    let (root, model) = (graph.root().value_id(), graph.state_map(&map));
    graph.put(root, "model", model).unwrap();
    graph.put(root, "ema", model).unwrap();
    graph.save_with(&input, &WriteOptions::new()).unwrap();
    std::fs::write(&rules, "[[step]]\nrename = { from = 'old', to = 'new' }").unwrap();
    let (status, printed, told) = migrate(&[&input, &output, "--map", &rules, "--at", "model"]);
    assert_eq!((status, told.as_str()), (0, ""));
    assert!(printed.contains("shared     ema is the dict that is changed\n"), "{printed}");
    assert!(printed.contains("2 keys; wrote"), "{printed}");
    let document = codec::Document::open_with(&output, &ReadOptions::new()).unwrap();
    let [model, ema] = ["model", "ema"].map(|key| document.root().get(key).unwrap());
    assert!(model.same_as(ema) && model.get("new").is_some() && model.get("old").is_none());
    assert_eq!(model.get("m._extra_state").unwrap().as_i64(), Some(5));

    let (status, _, error) =
        migrate(&[&input, &name("a.safetensors"), "--map", &rules, "--at", "model"]);
    assert!(status == 1 && error.contains("`statedict convert --at`"), "{error}");
    let (status, _, error) = migrate(&[&input, "-", "--map", &rules, "--at", "model"]);
    assert!(status == 1 && error.contains("in place of `-`"), "{error}");
    for (text, complaint) in [
        (
            "[[step]]\nrename = { from = '', to = 'x' }",
            "a name is empty; `rename_regex = { from = '^'",
        ),
        ("[[step]]\ncat = { keys = ['old', 'old'], dim = 0, into = 'x' }", "`old` is named twice"),
    ] {
        std::fs::write(&rules, text).unwrap();
        let (status, _, error) =
            migrate(&[&input, &output, "--map", &rules, "--at", "model", "--force"]);
        assert!(status == 1 && error.contains(complaint), "{error}");
    }
}

/// What a struct declares of each version, written as rules, does the same.
#[test]
fn rules_of_random_histories_do_what_a_load_does() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("old.pt"), name("new.pt"), name("rules.toml"));
    let mut runs = 0;
    for seed in 2000..2012 {
        let history = History::new(seed);
        let mut random = Random(!seed);
        let newest = history.versions_at(usize::MAX);
        for from in 1..=newest[0] {
            let versions: Vec<usize> = [&[from], &newest[1..]].concat();
            let old = history.file(&versions, &mut random);
            old.map.save(&input).unwrap();
            std::fs::write(&rules, history.rules(from)).unwrap();
            let (status, _, complaint) = migrate(&[&input, &output, "--map", &rules, "--force"]);
            assert_eq!((status, complaint.as_str()), (0, ""), "history {seed} from {from}");
            let migrated = StateMap::load(&output).unwrap();
            let found: BTreeMap<String, i64> =
                migrated.iter().map(|(key, view)| (key.to_owned(), view.item().unwrap())).collect();
            let expected = old.expected.into_iter();
            let expected: BTreeMap<String, i64> =
                expected.filter_map(|(key, value)| Some((key, value?))).collect();
            assert_eq!(found, expected, "history {seed} from {from}");
            // The children's versions went with them.
            let ends =
                |key: &String| key.match_indices('.').map(|(end, _)| end).collect::<Vec<_>>();
            for path in found.keys().flat_map(|key| ends(key).into_iter().map(|end| &key[..end])) {
                assert!(migrated.version(path).is_some(), "history {seed} from {from}: {path}");
            }
            runs += 1;
        }
    }
    assert!(runs > 20);
}
