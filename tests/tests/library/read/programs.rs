//! TorchScript archives and exported programs made by hand: what no program of torch's writes.

use std::fmt::Write as _;

use statedict::codec::{self, ContainerKind, Document, Limits, ReadError, ReadOptions, Source};
use statedict::value::Kind;

use super::zip_builder::archive;

const CODE: &[u8] = b"class Net(Module):\n  __parameters__ = [\"w\", \"absent\", ]\n  \
    __buffers__ = [\"b\", ]\nclass Kept:\n  x : Tensor\n";

fn open(file: Vec<u8>) -> Result<Document, ReadError> {
    codec::Document::read_with(Source::bytes(file), &ReadOptions::new())
}

fn refused(file: Vec<u8>) -> String {
    open(file).expect_err("refused").to_string()
}

fn text(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"X".as_slice(), &len, text.as_bytes()].concat()
}

/// The pickle of a tensor of two floats, the storage of that key.
fn tensor(key: &str) -> Vec<u8> {
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n((".as_slice(),
        &text("storage"),
        b"ctorch\nFloatStorage\n",
        &text(key),
        &text("cpu"),
        b"K\x02tQK\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR",
    ]
    .concat()
}

/// The pickle of an object of a class of the code, with attributes.
fn object(class: &str, attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut pickle = [b"c__torch__\n", class.as_bytes(), b"\n)\x81}("].concat();
    for (name, value) in attributes {
        pickle.extend(text(name));
        pickle.extend(value);
    }
    pickle.extend(b"ub");
    pickle
}

fn torchscript(code: &[u8], root: &[u8]) -> Vec<u8> {
    let pickle = [b"\x80\x02", root, b"."].concat();
    archive(&[
        ("x/data.pkl", &pickle),
        ("x/data/0", &[0, 0, 128, 63, 0, 0, 0, 64]),
        ("x/data/1", &[0; 8]),
        ("x/code/__torch__.py", code),
        ("x/constants.pkl", b"\x80\x02)."),
        ("x/version", b"3\n"),
    ])
}

#[test]
fn a_class_names_what_is_in_the_state_dict_and_in_which_order() {
    let child = object("Net", &[("w", tensor("1")), ("training", b"\x89".to_vec())]);
    let root = object(
        "Net",
        &[
            ("child", child),
            ("b", tensor("1")),
            ("absent", b"N".to_vec()),
            ("w", tensor("0")),
            ("plain", tensor("1")),
            ("kept", object("Kept", &[("x", tensor("0"))])),
        ],
    );
    let document = open(torchscript(CODE, &root)).unwrap();
    assert_eq!(document.container(), ContainerKind::TorchScript);
    let map = document.state_map().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["w", "b", "child.w"]);
    assert_eq!(map.get("w").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
    assert!(map.get("b").unwrap().storage().same_as(map.get("child.w").unwrap().storage()));
    assert_eq!(document.is_parameter("child.w"), Some(true));
    assert_eq!(document.is_parameter("b"), Some(false));
    let warnings: Vec<String> = document.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("2 tensors are neither parameter nor buffer"), "{warnings:?}");

    let options = ReadOptions::new().unnamed_tensors(true);
    let document =
        codec::Document::read_with(Source::bytes(torchscript(CODE, &root)), &options).unwrap();
    let Kind::Dict(dict) = document.root().kind() else { panic!("{document:?}") };
    let found = dict.attributes().unwrap().get("attributes").unwrap().as_dict().unwrap();
    let names: Vec<_> = found.iter().filter_map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["plain", "kept"]);
}

#[test]
fn a_program_that_contradicts_itself_is_refused() {
    let net = object("Net", &[("w", tensor("0"))]);
    let own = b"c__torch__\nNet\n)\x81q\x01}(X\x01\0\0\0mh\x01ub";
    let cases: [(Vec<u8>, &str); 7] = [
        (torchscript(b"class Other(Module):\n", &net), "a class `Net`"),
        (torchscript(b"class Net(Module):\n  __parameters__ = [w]\n", &net), "names in quotes"),
        (torchscript(b"class Net(Module):\nclass Net:\n", &net), "different names"),
        (torchscript(b"class \xff(Module):\n", &net), "a class and its name"),
        (torchscript(CODE, own), "a module that does not contain itself"),
        (torchscript(CODE, &object("Kept", &[])), "a module"),
        (torchscript(CODE, b"cos\nsystem\nX\x02\0\0\0ls\x85R"), "os.system"),
    ];
    for (file, expected) in cases {
        let error = refused(file);
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
    }
    // The names of modules that are not there, and that lead elsewhere.
    for module in ["__torch__.absent", "__torch__.../../etc.passwd", "__torch__..a"] {
        let pickle = [b"c".as_slice(), module.as_bytes(), b"\nNet\n)\x81}b"].concat();
        let error = refused(torchscript(CODE, &pickle));
        assert!(error.contains("has no member") || error.contains("lacks"), "{error}");
    }
}

#[test]
fn modules_under_very_many_names_are_a_matter_of_limits() {
    // Each module has the one below under two names.
    let mut module = object("Net", &[("w", tensor("0"))]);
    for level in 0..40u8 {
        let first = [module, vec![b'q', level]].concat();
        module = object("Net", &[("a", first), ("b", vec![b'h', level])]);
    }
    let file = torchscript(CODE, &module);
    let error = open(file).unwrap_err();
    assert!(matches!(&error, ReadError::Limit { limit: "name_bytes", .. }), "{error}");
}

#[test]
fn a_million_classes_cost_what_their_text_costs() {
    let mut code = String::new();
    for number in 0..200_000 {
        writeln!(code, "class C{number}(Module):\n  __parameters__ = [\"w\", ]").unwrap();
    }
    code.push_str("class Net(Module):\n  __parameters__ = [\"w\", ]\n");
    let root = object("Net", &[("w", tensor("0"))]);
    let document = open(torchscript(code.as_bytes(), &root)).unwrap();
    assert_eq!(document.state_map().unwrap().len(), 1);
    let limits = Limits::default().pickle_bytes(1 << 12);
    let options = ReadOptions::new().limits(limits);
    let error =
        codec::Document::read_with(Source::bytes(torchscript(code.as_bytes(), &root)), &options);
    let error = error.unwrap_err();
    assert!(matches!(&error, ReadError::Limit { limit: "pickle_bytes", .. }), "{error}");
}

const META: &str = r#""sizes":[{"as_int":2}],"strides":[{"as_int":1}],"storage_offset":{"as_int":0},"requires_grad":true,"device":{"type":"cpu","index":null},"layout":7"#;

fn entry(name: &str, record: &str, rest: &str) -> String {
    format!(r#""{name}":{{"path_name":"{record}","is_param":true,"use_pickle":false,{rest}}}"#)
}

fn exported(weights: &str, model: &str) -> Vec<u8> {
    let config = format!(r#"{{"config":{{{weights}}}}}"#);
    archive(&[
        ("x/archive_format", b"pt2"),
        ("x/models/model.json", model.as_bytes()),
        ("x/data/weights/model_weights_config.json", config.as_bytes()),
        ("x/data/weights/weight_0", &[0, 0, 128, 63, 0, 0, 0, 64]),
        ("x/version", b"6\n"),
    ])
}

const MODEL: &str = r#"{"graph_module":{"signature":{"input_specs":[
    {"parameter":{"arg":{"name":"p"},"parameter_name":"b"}},{"user_input":{"arg":{}}},
    {"parameter":{"arg":{"name":"p"},"parameter_name":"a"}}]}}}"#;

#[test]
fn the_order_is_that_of_the_inputs() {
    let meta = format!(r#""tensor_meta":{{"dtype":7,{META}}}"#);
    let entries = ["rest", "a", "b"].map(|name| entry(name, "weight_0", &meta)).join(",");
    let document = open(exported(&entries, MODEL)).unwrap();
    assert_eq!(document.container(), ContainerKind::Exported);
    let map = document.state_map().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["b", "a", "rest"]);
    assert!(map.iter().all(|(_, tensor)| tensor.to_vec::<f32>().unwrap() == [1.0, 2.0]));
    assert!(map.iter().all(|(_, tensor)| !tensor.requires_grad()));
}

#[test]
fn an_exported_program_that_contradicts_itself_is_refused() {
    let of = |dtype: u32, meta: &str| format!(r#""tensor_meta":{{"dtype":{dtype},{meta}}}"#);
    let changed = |from: &str, to: &str| of(7, &META.replacen(from, to, 1));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let twice = [entry("a", "weight_0", &of(7, META)), entry("a", "weight_0", &of(7, META))];
    let cases: [(String, &str, &str); 10] = [
        (entry("a", "weight_1", &of(7, META)), MODEL, "x/data/weights/weight_1"),
        (entry("a", "../../etc/passwd", &of(7, META)), MODEL, "x/data/weights/../../etc/passwd"),
        (entry("a", "weight_0", &of(8, META)), MODEL, "within its storage"),
        (entry("a", "weight_0", &changed("\"as_int\":2", "\"as_int\":-2")), MODEL, "from 0 on"),
        (entry("a", "weight_0", &changed("\"as_int\":2", "\"as_expr\":2")), MODEL, "from 0 on"),
        (
            entry("a", "weight_0", &changed("\"as_int\":2", "\"as_int\":9223372036854775807")),
            MODEL,
            "within its storage",
        ),
        (entry("a", "weight_0", "\"tensor_meta\":5"), MODEL, "the JSON of an exported program"),
        (twice.join(","), MODEL, "the key \"a\" comes twice"),
        (String::new(), &deep, "x/models/model.json"),
        (String::new(), "{", "x/models/model.json"),
    ];
    for (weights, model, expected) in cases {
        let error = refused(exported(&weights, model));
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
    }
    // What is only no plain tensor is refused by itself.
    let sparse = changed("\"layout\":7", "\"layout\":1");
    let entries = [
        entry("a", "weight_0", &of(7, META)),
        entry("b", "weight_0", &of(99, META)),
        entry("c", "weight_0", &sparse),
        entry("d", "weight_0", "\"tensor_meta\":null"),
        entry("e", "weight_0", &of(7, META)).replace("\"use_pickle\":false", "\"use_pickle\":true"),
    ];
    let document = open(exported(&entries.join(","), MODEL)).unwrap();
    let (map, refused) = document.state_map_partial(&[]).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        refused.iter().map(|refused| &*refused.key).collect::<Vec<_>>(),
        ["b", "c", "d", "e"]
    );
}

/// The names and the bytes of an archive's members.
type Members<'m> = &'m [(&'m str, &'m [u8])];

#[test]
fn archives_of_other_kinds_are_named() {
    let cases: [(Members<'_>, &str); 4] = [
        (&[("x/.data/extern_modules", b"torch\n"), ("x/m/model.pkl", b"")], "torch.package"),
        (&[("x/model.json", b"{}"), ("x/tensors/0", b"")], "before 1.3"),
        (&[("x/archive_format", b"pt2"), ("x/data/aotinductor/model/m.so", b"")], "AOTInductor"),
        (&[("x/archive_format", b"pt2"), ("x/version", b"6")], "x/models/model.json"),
    ];
    for (members, expected) in cases {
        let error = refused(archive(members));
        assert!(error.contains(expected), "{error}");
    }
}
