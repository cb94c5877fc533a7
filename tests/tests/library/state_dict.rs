//! `state_dict` and the ways to look at a model.

use statedict::prelude::*;
use statedict::visit::{ByMut, ByRef, Content, Field, Kind, ModelError, ModuleInfo, Visitor};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [[f32; 3]; 2],
    #[param]
    bias: Option<[f32; 2]>,
}

impl Linear {
    fn new(value: f32, bias: bool) -> Self {
        Linear { weight: [[value; 3]; 2], bias: bias.then_some([value; 2]) }
    }
}

#[derive(StateDict)]
#[version(3)]
struct Block {
    fc: Linear,
    #[buffer]
    mean: [f64; 2],
    #[param]
    scale: f32,
    #[persistent(false)]
    cache: Vec<u8>,
}

#[derive(StateDict)]
#[alias("tied" = "block.fc", "head.weight" = "block.fc.weight")]
struct Net {
    block: Block,
    layers: Vec<Linear>,
    extra: Option<Linear>,
    head: Head,
}

#[derive(StateDict)]
struct Head {
    #[param]
    bias: [f32; 2],
}

fn net() -> Net {
    Net {
        block: Block { fc: Linear::new(1.0, true), mean: [2.0; 2], scale: 3.0, cache: vec![0; 4] },
        layers: vec![Linear::new(4.0, false), Linear::new(5.0, true)],
        extra: None,
        head: Head { bias: [6.0; 2] },
    }
}

#[test]
fn keys_come_in_torchs_order() {
    let net = net();
    let map = net.state_dict().unwrap();
    let keys: Vec<&str> = map.keys().collect();
    assert_eq!(
        keys,
        [
            "block.scale",
            "block.mean",
            "block.fc.weight",
            "block.fc.bias",
            "layers.0.weight",
            "layers.1.weight",
            "layers.1.bias",
            "head.bias",
            "tied.weight",
            "tied.bias",
            "head.weight",
        ]
    );
}

#[test]
fn metadata_names_every_module_with_its_version() {
    let net = net();
    let map = net.state_dict().unwrap();
    let modules: Vec<(&str, Option<u64>)> =
        map.metadata().unwrap().iter().map(|(path, entry)| (path, entry.version())).collect();
    assert_eq!(
        modules,
        [
            ("", Some(1)),
            ("block", Some(3)),
            ("block.fc", Some(1)),
            ("layers", Some(1)),
            ("layers.0", Some(1)),
            ("layers.1", Some(1)),
            ("head", Some(1)),
            ("tied", Some(1)),
        ]
    );
}

#[test]
fn an_alias_is_the_same_storage() {
    let net = net();
    let map = net.state_dict().unwrap();
    let of = |key: &str| map.get(key).unwrap();
    assert!(of("tied.weight").same_as(of("block.fc.weight")));
    assert!(of("head.weight").same_as(of("block.fc.weight")));
    assert!(!of("layers.0.weight").storage().same_as(of("layers.1.weight").storage()));

    let owned = map.into_owned().unwrap();
    let of = |key: &str| owned.get(key).unwrap();
    assert!(of("tied.weight").same_as(of("block.fc.weight")));
    assert!(!of("tied.bias").storage().same_as(of("tied.weight").storage()));
}

#[test]
fn a_state_dict_borrows_the_model() {
    let net = net();
    let map = net.state_dict().unwrap();
    let bytes = map.get("block.mean").unwrap().bytes().unwrap();
    assert_eq!(bytes.as_ptr().addr(), net.block.mean.as_ptr().addr());
}

#[test]
fn names_leave_out_aliases_and_none() {
    let net = net();
    let parameters: Vec<String> = net.named_parameters().into_iter().map(|(key, _)| key).collect();
    assert_eq!(
        parameters,
        [
            "block.scale",
            "block.fc.weight",
            "block.fc.bias",
            "layers.0.weight",
            "layers.1.weight",
            "layers.1.bias",
            "head.bias",
        ]
    );
    assert_eq!(net.num_parameters(), 1 + 6 + 2 + 6 + 6 + 2 + 2);
    let buffers: Vec<String> = net.named_buffers().into_iter().map(|(key, _)| key).collect();
    assert_eq!(buffers, ["block.mean", "block.cache"]);
    let children: Vec<String> = net.named_children().into_iter().map(|(name, _)| name).collect();
    assert_eq!(children, ["block", "layers", "head"]);
    let modules = net.named_modules();
    let modules: Vec<(&str, &str)> =
        modules.iter().map(|(path, info)| (path.as_str(), info.name())).collect();
    assert_eq!(
        modules,
        [
            ("", "Net"),
            ("block", "Block"),
            ("block.fc", "Linear"),
            ("layers", "ModuleList"),
            ("layers.0", "Linear"),
            ("layers.1", "Linear"),
            ("head", "Head"),
        ]
    );
}

/// A module written by hand, with whatever names it is told.
struct ByHand {
    names: Vec<&'static str>,
    alias: Option<(&'static str, &'static str)>,
    value: f32,
}

impl StateDict for ByHand {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&ModuleInfo::new("ByHand"));
        for name in &self.names {
            visitor.field(&Field::parameter(name), Content::leaf(&self.value));
        }
        if let Some((name, target)) = self.alias {
            visitor.field(&Field::alias(name, target), Content::None);
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&ModuleInfo::new("ByHand"));
        if let Some(name) = self.names.first() {
            visitor.field(&Field::parameter(name), Content::leaf_mut(&mut self.value));
        }
    }
}

fn model_errors(names: &[&'static str], alias: Option<(&'static str, &'static str)>) -> String {
    let model = ByHand { names: names.to_vec(), alias, value: 0.0 };
    model.state_dict().unwrap_err().to_string()
}

#[test]
fn names_that_cannot_be_keys_are_errors() {
    assert!(model_errors(&["a.b"], None).contains("cannot contain `.`"));
    assert!(model_errors(&[""], None).contains("cannot be empty"));
    assert!(model_errors(&["a", "a"], None).contains("two leaves with the key `a`"));
    let text = model_errors(&["weight"], Some(("tied", "wieght")));
    assert!(text.contains("did you mean `weight`?"), "{text}");
    assert!(model_errors(&["a"], Some(("a", "a"))).contains("two leaves with the key `a`"));
}

#[test]
fn all_that_is_wrong_with_the_names_is_in_one_error() {
    let text = model_errors(&["a", "a", "b.c"], Some(("d", "e")));
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn a_model_that_shows_other_leaves_for_writing_is_refused() {
    let mut model = ByHand { names: vec!["a", "b"], alias: None, value: 1.0 };
    let map = model.state_dict().unwrap().into_owned().unwrap();
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("do not report the same leaves"), "{error}");
}

/// A module with a lock that only writing takes, and a second leaf that has none.
struct LockedForWriting {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl StateDict for LockedForWriting {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&ModuleInfo::new("LockedForWriting"));
        visitor.field(&Field::parameter("weight"), Content::leaf(&self.weight));
        visitor.field(&Field::parameter("bias"), Content::leaf(&self.bias));
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&ModuleInfo::new("LockedForWriting"));
        visitor.locked(&mut |visitor| {
            visitor.field(&Field::parameter("weight"), Content::leaf_mut(&mut self.weight));
        });
        visitor.field(&Field::parameter("bias"), Content::leaf_mut(&mut self.bias));
    }
}

#[test]
fn a_lock_that_only_writing_takes_is_written_through() {
    let saved = LockedForWriting { weight: vec![1.0, 2.0], bias: vec![3.0] };
    let mut model = LockedForWriting { weight: vec![0.0; 2], bias: vec![0.0] };
    let report = model.load_state_dict(&saved.state_dict().unwrap()).unwrap();
    assert_eq!(report.loaded, ["weight", "bias"]);
    assert_eq!((model.weight, model.bias), (saved.weight, saved.bias));
}

#[test]
fn kinds_and_errors_print_as_words() {
    assert_eq!(Kind::NonPersistentBuffer.to_string(), "non-persistent buffer");
    let error = ModelError::AliasCycle { name: "a".into() };
    assert_eq!(error.to_string(), "`a` is an alias of itself");
}
