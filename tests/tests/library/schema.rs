//! What a model type says of itself without a value, and what that is good for.

#![allow(dead_code, reason = "of most of the models here, no value is made")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use statedict::load::LoadProblem;
use statedict::prelude::*;
use statedict::schema::UnknownReason;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{Alias, MigrateError, Migration, ParameterDict, ParameterList, Schema};
use statedict_tests::generations::Encoder;
use statedict_tests::{Description, fixtures_folder};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[param]
    bias: Option<Vec<f32>>,
}

#[derive(StateDict)]
#[version(2)]
struct BatchNorm<M = ()> {
    extra: std::marker::PhantomData<M>,
    #[buffer]
    running_mean: Vec<f32>,
    #[buffer]
    #[since(2)]
    num_batches_tracked: i64,
    #[persistent(false)]
    scratch: Vec<f32>,
    #[param]
    weight: Vec<f32>,
}

/// As any model of any author.
trait Layer: StateDict {}

#[derive(StateDict)]
struct Tree {
    #[param]
    value: Vec<f32>,
    left: Option<Box<Self>>,
    rest: Vec<Tree>,
}

#[derive(StateDict)]
enum Norm {
    Layer(Linear),
    Batch(BatchNorm),
    Scale {
        #[param]
        weight: Vec<f32>,
    },
}

#[derive(StateDict)]
enum Nested {
    Leaf(Linear),
    Deep(Box<Nested>),
}

#[derive(StateDict)]
struct Rest {
    #[buffer]
    late: Vec<f32>,
    #[param]
    early: Vec<f32>,
}

#[derive(StateDict)]
struct Wrapper<M, const N: usize> {
    array: [M; N],
}

#[derive(StateDict)]
#[alias("last_scale" = "list.0.weight")]
struct Everything {
    list: Vec<Linear>,
    queue: VecDeque<Option<Linear>>,
    pair: (Linear, Rc<RefCell<BatchNorm<u8>>>),
    generic: Wrapper<Linear, 2>,
    named: BTreeMap<String, Mutex<Linear>>,
    hashed: HashMap<u8, Arc<RwLock<Linear>>>,
    scales: ParameterList<Vec<f32>>,
    tables: ParameterDict<Vec<f32>>,
    once: OnceLock<Linear>,
    downsample: Option<Linear>,
    #[alias(downsample)]
    tied: Alias<Option<Linear>>,
    tree: Tree,
    norm: Norm,
    nested: Nested,
    dynamic: Vec<Box<dyn StateDict>>,
    layer: Rc<dyn Layer>,
    #[flatten]
    rest: Rest,
    #[param]
    last: Vec<f32>,
}

#[test]
fn the_text_is_what_is_committed() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/library/schema.txt");
    let text = Everything::schema().to_string();
    if std::env::var_os("STATEDICT_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap());
    // The text is a schema again, and it asks for the same keys.
    let read: Schema = text.parse().unwrap();
    assert_eq!(read.to_string(), text);
    assert!(read.entries().eq(Everything::schema().entries()));
}

#[test]
fn a_schema_is_data() {
    let schema = Schema::of::<BatchNorm>();
    let keys: Vec<(&str, bool)> =
        schema.entries().map(|entry| (entry.key(), entry.is_persistent())).collect();
    let expected = [
        ("weight", true),
        ("running_mean", true),
        ("num_batches_tracked", true),
        ("scratch", false),
    ];
    assert_eq!(keys, expected);
    assert_eq!(schema.entries().nth(2).unwrap().since(), Some(2));
    assert_eq!(schema, BatchNorm::<()>::schema());
    assert_ne!(schema, Linear::schema());
    let reasons: Vec<UnknownReason> =
        Tree::schema().unknown().map(statedict::schema::SchemaUnknown::reason).collect();
    assert_eq!(reasons, [UnknownReason::Recursive; 2]);
    // A hand-written module and a `dyn` of a trait of one's own are known by a value alone.
    let unknown = Vec::<Box<dyn Layer>>::schema();
    assert_eq!(
        unknown.unknown().map(|unknown| unknown.path().to_owned()).collect::<Vec<_>>(),
        ["*"]
    );
}

/// The keys that a value has are those of the schema, in its order.
#[test]
fn a_value_has_the_keys_of_its_schema_in_that_order() {
    #[derive(StateDict)]
    struct Net {
        one: Linear,
        #[flatten]
        rest: Rest,
        pair: (Linear, BatchNorm),
        #[alias(one)]
        again: Alias<Linear>,
        #[param]
        last: Vec<f32>,
    }
    let linear = || Linear { weight: vec![0.0], bias: Some(vec![0.0]) };
    let norm = BatchNorm {
        extra: std::marker::PhantomData,
        running_mean: vec![0.0],
        num_batches_tracked: 0,
        scratch: vec![],
        weight: vec![0.0],
    };
    let rest = Rest { late: vec![0.0], early: vec![0.0] };
    let net =
        Net { one: linear(), rest, pair: (linear(), norm), again: Alias::new(), last: vec![0.0] };
    let map = net.state_dict().unwrap();
    let schema = Net::schema();
    let entries = schema.entries().filter(|entry| entry.is_persistent());
    let keys: Vec<&str> = entries.map(statedict::schema::SchemaEntry::key).collect();
    assert_eq!(keys, map.keys().collect::<Vec<_>>());
    let modules: Vec<&str> = schema.modules().map(statedict::schema::SchemaModule::path).collect();
    let records: Vec<&str> = map.metadata().unwrap().iter().map(|(path, _)| path).collect();
    assert_eq!(modules, records);
    schema.check(&map).unwrap();
}

fn map_of(keys: &[&str]) -> StateMap<'static> {
    let tensor = || TensorView::full(1.0f32, [1]).unwrap();
    keys.iter().map(|&key| (key.to_owned(), tensor())).collect()
}

#[test]
fn a_check_names_what_is_missing_and_what_is_unexpected() {
    #[derive(StateDict)]
    struct Net {
        list: Vec<Linear>,
        maybe: Option<Linear>,
        norm: BatchNorm,
        head: Box<dyn StateDict>,
    }
    let keys = ["list.0.weight", "list.10.weight", "norm.weight", "norm.running_mean", "head.any"];
    Net::schema().check(&map_of(&keys)).unwrap();
    let error = Net::schema()
        .check(&map_of(&["list.0.bias", "maybe.bias", "norm.scratch", "norm.weight", "lost\n"]))
        .unwrap_err();
    assert!(error.missing_keys().eq(["list.0.weight", "maybe.weight", "norm.running_mean"]));
    assert!(error.unexpected_keys().eq(["norm.scratch", "lost\n"]));
    let last = "\n  unexpected  lost\\n: float32 [1], which the model does not have";
    assert!(error.to_string().ends_with(last), "{error}");
    // What came with a version is missing where the state dict says it has that version.
    let mut map = map_of(&keys);
    let mut metadata = Metadata::default();
    metadata.insert("norm", ModuleMetadata::with_version(2));
    *map.metadata_mut() = Some(metadata);
    let error = Net::schema().check(&map).unwrap_err();
    assert!(error.missing_keys().eq(["norm.num_batches_tracked"]));
}

fn generation(name: &str) -> PathBuf {
    fixtures_folder().join("generations").join(name)
}

#[test]
fn every_generation_is_migrated_without_a_model() {
    let expected = std::fs::read_to_string(generation("expected.json")).unwrap();
    let expected: BTreeMap<String, Description> = serde_json::from_str(&expected).unwrap();
    for name in ["v1.pt", "v2.pt", "v3.pt"] {
        let mut map = StateMap::load(generation(name)).unwrap();
        let done = map.migrate::<Encoder>().unwrap();
        assert!(done.unknown.is_empty());
        let reported = Encoder::zeros().load(generation(name)).unwrap();
        let edits = |modules: &[statedict::load::ModuleMigration]| {
            let mut edits: Vec<String> = modules.iter().map(ToString::to_string).collect();
            edits.sort();
            edits
        };
        assert_eq!(edits(&done.modules), edits(&reported.migrations), "{name}");
        assert_eq!(done.absent.len(), reported.defaulted.len(), "{name}");
        // What only a model has comes from the model.
        let fresh = expected["fresh"].to_map();
        for key in done.absent.iter() {
            map.insert(key, fresh.get(key).unwrap().clone());
        }
        Encoder::schema().check(&map).unwrap();
        let mut model = Encoder::zeros();
        let report = model.load_state_dict(&map).unwrap();
        assert!(report.migrations.is_empty(), "{name}: {report}");
        let saved = model.state_dict().unwrap();
        Description::of(&saved).assert_is(&expected[name]);
        for (path, record) in saved.metadata().unwrap().iter() {
            assert_eq!(map.version(path), record.version(), "{name}: {path}");
        }
    }
}

#[test]
fn a_failed_migration_leaves_the_map_as_it_was() {
    let mut map = StateMap::load(generation("v2.pt")).unwrap();
    map.remove("blocks.1.in_proj_weight");
    let before = (Description::of(&map), map.metadata().cloned());
    let error = map.migrate::<Encoder>().unwrap_err();
    assert!(matches!(&error.problems[..], [
        LoadProblem::Migration { path, to: 3, source: MigrateError::NoSuchKey { .. }, .. },
    ] if path == "blocks.1"));
    Description::of(&map).assert_is(&before.0);
    assert_eq!(map.metadata(), before.1.as_ref());

    let mut metadata = Metadata::default();
    metadata.insert("", ModuleMetadata::with_version(9));
    *map.metadata_mut() = Some(metadata);
    let error = map.migrate::<Encoder>().unwrap_err();
    assert!(error.problems.iter().any(|problem| matches!(
        problem,
        LoadProblem::NewerVersion { path, found: 9, current: 2, .. } if path.is_empty()
    )));
    assert_eq!(map.version(""), Some(9));
}

#[test]
fn what_is_not_migrated_is_reported() {
    #[derive(StateDict)]
    struct Net {
        head: Box<dyn StateDict>,
        norm: Norm,
        maybe: Option<Encoder>,
    }
    let mut map = map_of(&["head.weight", "norm.weight"]);
    let done = map.migrate::<Net>().unwrap();
    assert_eq!(done.unknown, ["head", "norm"]);
    // No steps run for a module that is not there.
    assert!(done.modules.is_empty() && done.absent.is_empty(), "{done}");
    assert_eq!(map.keys().collect::<Vec<_>>(), ["head.weight", "norm.weight"]);
}

#[test]
fn lists_are_found_under_the_name_their_parent_gives_them() {
    fn double(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.change("weight", |weight| weight.map_elements(|x: f32| 2.0 * x))
    }
    #[derive(StateDict)]
    #[version(2)]
    #[migrate(to = 2, with = double)]
    struct Block {
        #[param]
        weight: Vec<f32>,
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "layers")]
        blocks: Vec<Block>,
    }
    let mut map = map_of(&["layers.0.weight", "layers.1.weight"]);
    map.migrate::<Net>().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["blocks.0.weight", "blocks.1.weight"]);
    assert_eq!(map.get("blocks.1.weight").unwrap().to_vec::<f32>().unwrap(), [2.0]);
    assert_eq!(map.version("blocks.1"), Some(2));
}

#[test]
fn values_that_are_no_tensors_follow_their_modules() {
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "old")]
        new: Linear,
    }
    let mut map = map_of(&["old.weight"]);
    let source = StateMap::load(fixtures_folder().join("read/extra_state.pt")).unwrap();
    let (_, value) = source.values().next().unwrap();
    map.insert_value("old._extra_state", value.clone());
    map.migrate::<Net>().unwrap();
    assert_eq!(map.values().map(|(key, _)| key).collect::<Vec<_>>(), ["new._extra_state"]);
    assert_eq!(map.value_position("new._extra_state"), Some(1));
}

#[test]
fn extra_state_is_an_entry_like_a_leaf() {
    #[derive(StateDict)]
    #[state_dict(extra_state)]
    struct Tokenizer {
        words: String,
        #[buffer]
        counts: Vec<i64>,
        embedding: Vec<Embedding>,
    }
    #[derive(StateDict)]
    struct Embedding {
        #[param]
        weight: Vec<f32>,
    }
    impl statedict::ExtraState for Tokenizer {
        fn get_extra_state(&self) -> statedict::value::Graph<'_> {
            statedict::value::Graph::of(self.words.as_str())
        }
        fn set_extra_state(
            &mut self,
            value: statedict::value::Value<'_>,
        ) -> Result<(), statedict::ExtraStateError> {
            self.words = value.as_str().ok_or("the words are a str")?.to_owned();
            Ok(())
        }
    }
    let schema = Tokenizer::schema();
    assert!(schema.to_string().contains("\nextra state _extra_state\n"), "{schema}");
    let keys: Vec<&str> = schema.entries().map(|entry| entry.key()).collect();
    assert_eq!(keys, ["counts", "_extra_state", "embedding.*.weight"]);

    let model = Tokenizer {
        words: "a b".into(),
        counts: vec![1],
        embedding: vec![Embedding { weight: vec![0.5] }],
    };
    let mut map = model.state_dict().unwrap().into_owned().unwrap();
    schema.check(&map).unwrap();
    let value = map.remove_value("_extra_state").unwrap();
    assert!(schema.check(&map).unwrap_err().missing_keys().eq(["_extra_state"]));
    map.insert_value("_extra_state", value.clone());
    map.insert_value("embedding.0._extra_state", value);
    let error = schema.check(&map).unwrap_err();
    assert!(error.unexpected_keys().eq(["embedding.0._extra_state"]));
}

/// A name proves nothing: these are no owners, and describe themselves.
mod mine {
    use statedict::StateDict;

    #[derive(StateDict)]
    pub(super) struct RwLock<M> {
        pub(super) inner: M,
        #[buffer]
        pub(super) steps: i64,
    }

    #[derive(StateDict)]
    pub(super) struct Box<M> {
        pub(super) boxed: M,
    }

    #[derive(StateDict)]
    pub(super) struct Rc<M>(pub(super) M);

    /// An implementation by hand, which only a value describes.
    pub(super) struct Arc<M>(pub(super) M);

    impl<M: StateDict> StateDict for Arc<M> {
        fn visit_fields<'a>(
            &'a self,
            visitor: &mut dyn statedict::visit::Visitor<statedict::visit::ByRef<'a>>,
        ) {
            self.0.visit_fields(visitor);
        }

        fn visit_fields_mut<'a>(
            &'a mut self,
            visitor: &mut dyn statedict::visit::Visitor<statedict::visit::ByMut<'a>>,
        ) {
            self.0.visit_fields_mut(visitor);
        }
    }
}

#[test]
fn modules_named_like_owners_have_their_own_schema() {
    #[derive(StateDict)]
    struct Plain {
        #[param]
        w: f32,
    }
    #[derive(StateDict)]
    struct Net {
        a: mine::RwLock<Plain>,
        b: Box<mine::Box<Rc<Plain>>>,
        c: Vec<mine::Rc<Box<Plain>>>,
        d: Option<mine::Arc<Plain>>,
        e: Mutex<RefCell<Plain>>,
    }
    #[derive(StateDict)]
    #[state_dict(transparent)]
    struct Whole(mine::Box<Plain>);
    let plain = || Plain { w: 0.0 };
    let net = Net {
        a: mine::RwLock { inner: plain(), steps: 0 },
        b: Box::new(mine::Box { boxed: Rc::new(plain()) }),
        c: vec![mine::Rc(Box::new(plain()))],
        d: Some(mine::Arc(plain())),
        e: Mutex::new(RefCell::new(plain())),
    };
    let map = net.state_dict().unwrap();
    Net::schema().check(&map).unwrap();
    assert_eq!(
        Net::schema().entries().map(statedict::schema::SchemaEntry::key).collect::<Vec<_>>(),
        ["a.steps", "a.inner.w", "e.w"]
    );
    // An owner that is in another type beside what only has its name is known by its value.
    assert_eq!(
        Net::schema().unknown().map(statedict::schema::SchemaUnknown::path).collect::<Vec<_>>(),
        ["b", "c.*.0", "d"]
    );
    let whole = Whole(mine::Box { boxed: plain() });
    Whole::schema().check(&whole.state_dict().unwrap()).unwrap();
    assert_eq!(Whole::schema().to_string(), mine::Box::<Plain>::schema().to_string());
}
