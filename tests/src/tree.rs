//! A model made at run time from a description, from which Python makes the same one
//! (`tests/torch/load_tree.py`); loads into both, and compares everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::{Description, Torch};
use serde::{Deserialize, Serialize};
use serde_json::json;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::visit::{ByMut, ByRef, Change, Content, Field, ModuleInfo, Visitor};
use statedict::{DType, LoadOptions};

/// A module's description.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spec {
    /// The name of the class, as messages have it.
    pub class: String,
    /// Whether `num_batches_tracked` came with its version 2.
    pub norm: bool,
    /// The parameters, in order.
    pub parameters: Vec<Leaf>,
    /// The buffers, in order.
    pub buffers: Vec<Leaf>,
    /// The children, in order; `None` as in `self.downsample = None`.
    pub children: Vec<(String, Option<Spec>)>,
}

/// A parameter or buffer of a description.
#[derive(Debug, Clone, Serialize)]
pub struct Leaf {
    /// The name.
    pub name: String,
    /// The tensor; `None` as in `self.bias = None`.
    pub tensor: Option<Data>,
    /// Whether a buffer is part of the state dict.
    pub persistent: bool,
}

/// A tensor in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Data {
    /// torch's name of the element type.
    pub dtype: String,
    /// The sizes.
    pub shape: Vec<usize>,
    /// The elements, little-endian.
    pub hex: String,
}

/// A hook that notes what it saw, and then does one thing; see `register` in Python.
#[derive(Debug, Clone, Serialize)]
pub struct Hook {
    /// The module's path.
    pub path: &'static str,
    /// `pre` or `post`.
    pub when: &'static str,
    /// What it does.
    pub does: &'static str,
    /// With which key.
    pub key: Option<&'static str>,
    /// What the key becomes.
    pub to: Option<&'static str>,
}

/// A model, a state dict, and how to load it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// The model.
    pub model: Spec,
    /// Second names, and what they are names of.
    pub aliases: Vec<(String, String)>,
    /// The state dict.
    pub state: Vec<(String, Data)>,
    /// Its `_metadata`.
    pub metadata: Option<Vec<(String, Option<u64>)>>,
    /// `strict=`.
    pub strict: bool,
    /// `assign=`.
    pub assign: bool,
    /// The hooks, in the order they are registered.
    pub hooks: Vec<Hook>,
}

/// What hooks saw: which one, the prefix, the keys, the version.
pub type Log = Vec<(String, String, Vec<String>, Option<u64>)>;

/// What came of a case.
#[derive(Debug, PartialEq, Deserialize)]
pub struct Outcome {
    /// The message, where it failed.
    pub error: Option<String>,
    /// The missing keys, where it did not.
    pub missing: Vec<String>,
    /// The unexpected keys, where it did not.
    pub unexpected: Vec<String>,
    /// What Python prints, where it did not fail.
    pub repr: Option<String>,
    /// What the hooks saw.
    pub log: Log,
    /// The model's state dict afterwards.
    pub after: Description,
}

impl Data {
    /// A tensor of these elements.
    ///
    /// # Panics
    /// Where they are not as many as the shape has.
    pub fn of<T: statedict::tensor::Element>(elements: &[T], shape: &[usize]) -> Data {
        Data::view(&TensorView::from_slice(elements, shape).expect("as many as the shape has"))
    }

    /// A tensor of ours.
    ///
    /// # Panics
    /// Where its elements cannot be read.
    pub fn view(view: &TensorView<'_>) -> Data {
        let bytes = view.bytes().expect("in memory");
        Data {
            dtype: view.dtype().name().to_owned(),
            shape: view.shape().to_vec(),
            hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The tensor itself.
    ///
    /// # Panics
    /// Where the words do not fit each other.
    pub fn tensor(&self) -> TensorView<'static> {
        let digits = self.hex.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16);
        let bytes: Result<Vec<u8>, _> = digits.map(byte).collect();
        let dtype = DType::from_name(&self.dtype).expect("a dtype");
        TensorView::from_bytes(bytes.expect("hex"), dtype, &self.shape[..]).expect("as long")
    }
}

impl Spec {
    /// A module of this class with nothing in it.
    pub fn new(class: &str) -> Spec {
        Spec { class: class.to_owned(), ..Spec::default() }
    }

    /// The same with a parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, tensor: Data) -> Spec {
        self.parameters.push(Leaf {
            name: name.to_owned(),
            tensor: Some(tensor),
            persistent: true,
        });
        self
    }

    /// The same with a buffer.
    #[must_use]
    pub fn buffer(mut self, name: &str, tensor: Data, persistent: bool) -> Spec {
        self.buffers.push(Leaf { name: name.to_owned(), tensor: Some(tensor), persistent });
        self
    }

    /// The same with a child, which may be `None`.
    #[must_use]
    pub fn child(mut self, name: &str, child: impl Into<Option<Spec>>) -> Spec {
        self.children.push((name.to_owned(), child.into()));
        self
    }
}

/// The module itself.
struct Module {
    class: &'static str,
    norm: bool,
    parameters: Vec<(String, Option<CpuTensor>)>,
    buffers: Vec<(String, Option<CpuTensor>, bool)>,
    children: Vec<(String, Option<Module>)>,
    aliases: Vec<(String, String)>,
}

const NORM: &[Change] = &[Change::Added { since: 2, name: "num_batches_tracked" }];

impl Module {
    fn new(spec: &Spec) -> Module {
        let tensor = |leaf: &Leaf| {
            leaf.tensor
                .as_ref()
                .map(|data| CpuTensor::from_view(&data.tensor()).expect("in memory"))
        };
        let buffer = |leaf: &Leaf| (leaf.name.clone(), tensor(leaf), leaf.persistent);
        Module {
            // A class lives as long as the program.
            class: spec.class.clone().leak(),
            norm: spec.norm,
            parameters: spec
                .parameters
                .iter()
                .map(|leaf| (leaf.name.clone(), tensor(leaf)))
                .collect(),
            buffers: spec.buffers.iter().map(buffer).collect(),
            children: spec
                .children
                .iter()
                .map(|(name, child)| (name.clone(), child.as_ref().map(Module::new)))
                .collect(),
            aliases: Vec::new(),
        }
    }

    fn info(&self) -> ModuleInfo {
        let info = ModuleInfo::new(self.class);
        if self.norm { info.with_version(2).with_changes(NORM) } else { info }
    }
}

impl StateDict for Module {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&self.info());
        for (name, tensor) in &self.parameters {
            visitor.field(&Field::parameter(name), Content::leaf(tensor));
        }
        for (name, tensor, persistent) in &self.buffers {
            visitor.field(&Field::buffer_if(name, *persistent), Content::leaf(tensor));
        }
        for (name, child) in &self.children {
            visitor.field(&Field::child(name, Self::describe), Content::child(child));
        }
        for (name, target) in &self.aliases {
            visitor.field(&Field::alias(name, target), Content::None);
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&self.info());
        for (name, tensor) in &mut self.parameters {
            visitor.field(&Field::parameter(name), Content::leaf_mut(tensor));
        }
        for (name, tensor, persistent) in &mut self.buffers {
            visitor.field(&Field::buffer_if(name, *persistent), Content::leaf_mut(tensor));
        }
        for (name, child) in &mut self.children {
            visitor.field(&Field::child(name, Self::describe), Content::child_mut(child));
        }
        for (name, target) in &self.aliases {
            visitor.field(&Field::alias(name, target), Content::None);
        }
    }
}

impl Case {
    /// A strict load of the model's own state dict.
    pub fn new(model: Spec) -> Case {
        Case {
            model,
            aliases: Vec::new(),
            state: Vec::new(),
            metadata: None,
            strict: true,
            assign: false,
            hooks: Vec::new(),
        }
        .with_own_state()
    }

    /// The same with a second name for a module or leaf, and the state dict of the model as it is then.
    #[must_use]
    pub fn alias(mut self, name: &str, target: &str) -> Case {
        self.aliases.push((name.to_owned(), target.to_owned()));
        self.with_own_state()
    }

    /// The same with the state dict of the model.
    ///
    /// # Panics
    /// Where the model has none.
    #[must_use]
    pub fn with_own_state(mut self) -> Case {
        let model = self.build();
        let map = model.state_dict().expect("a model without mistakes");
        self.state = map.iter().map(|(key, view)| (key.to_owned(), Data::view(view))).collect();
        let version = |(path, entry): (&str, &ModuleMetadata)| (path.to_owned(), entry.version());
        self.metadata = map.metadata().map(|metadata| metadata.iter().map(version).collect());
        self
    }

    /// The same with a tensor under `key`: in its place, or at the end.
    #[must_use]
    pub fn set(mut self, key: &str, data: Data) -> Case {
        match self.state.iter_mut().find(|(other, _)| other == key) {
            Some((_, value)) => *value = data,
            None => self.state.push((key.to_owned(), data)),
        }
        self
    }

    /// The same without `key`.
    ///
    /// # Panics
    /// Where it is not there.
    #[must_use]
    pub fn remove(mut self, key: &str) -> Case {
        assert!(self.state.iter().any(|(other, _)| other == key), "no {key}");
        self.state.retain(|(other, _)| other != key);
        self
    }

    /// The same, strict or not.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Case {
        self.strict = strict;
        self
    }

    /// The same with `assign=True`.
    #[must_use]
    pub fn assign(mut self) -> Case {
        self.assign = true;
        self
    }

    /// The same with this `_metadata`.
    #[must_use]
    pub fn metadata(mut self, metadata: Option<&[(&str, Option<u64>)]>) -> Case {
        let owned = |&(path, version): &(&str, Option<u64>)| (path.to_owned(), version);
        self.metadata = metadata.map(|metadata| metadata.iter().map(owned).collect());
        self
    }

    /// The same with a hook.
    #[must_use]
    pub fn hook(mut self, path: &'static str, when: &'static str, does: &'static str) -> Case {
        self.hooks.push(Hook { path, when, does, key: None, to: None });
        self
    }

    /// The same with a hook that does something to a key.
    #[must_use]
    pub fn hook_on(
        mut self,
        path: &'static str,
        when: &'static str,
        does: &'static str,
        key: &'static str,
        to: Option<&'static str>,
    ) -> Case {
        self.hooks.push(Hook { path, when, does, key: Some(key), to });
        self
    }

    fn build(&self) -> Module {
        Module { aliases: self.aliases.clone(), ..Module::new(&self.model) }
    }

    /// What ours makes of it.
    ///
    /// # Panics
    /// Where the case is none.
    pub fn ours(&self) -> Outcome {
        let mut model = self.build();
        let mut map =
            StateMap::from_iter(self.state.iter().map(|(key, data)| (key.clone(), data.tensor())));
        *map.metadata_mut() = self.metadata.as_ref().map(|entries| {
            let mut metadata = Metadata::default();
            for (path, version) in entries {
                let entry = version.map(ModuleMetadata::with_version).unwrap_or_default();
                metadata.insert(path.clone(), entry);
            }
            metadata
        });
        let log = Arc::new(Mutex::new(Log::new()));
        let mut options = LoadOptions::torch().strict(self.strict).assign(self.assign);
        for hook in &self.hooks {
            options = register(options, &log, hook.clone());
        }
        let result = model.load_state_dict_with(&map, &options);
        drop(options);
        let (error, report) = match result {
            Ok(report) => (None, Some(report)),
            Err(error) => (Some(error.torch_message()), None),
        };
        let keys = report.map(|report| report.incompatible_keys());
        Outcome {
            error,
            repr: keys.as_ref().map(ToString::to_string),
            missing: keys.as_ref().map(|keys| keys.missing_keys.clone()).unwrap_or_default(),
            unexpected: keys.map(|keys| keys.unexpected_keys).unwrap_or_default(),
            log: Arc::into_inner(log).expect("the hooks are gone").into_inner().expect("no panic"),
            after: Description::of(&model.state_dict().expect("as before")),
        }
    }

    /// What torch makes of it.
    ///
    /// # Panics
    /// Where torch does not answer.
    #[track_caller]
    pub fn theirs(&self) -> Outcome {
        let [outcome] = run_in_torch(std::slice::from_ref(self)).try_into().expect("one");
        outcome
    }

    /// Runs the case in both, and compares.
    ///
    /// # Panics
    /// Where they differ.
    #[track_caller]
    pub fn check(&self) -> Outcome {
        let [outcome] = check_all(std::slice::from_ref(self)).try_into().expect("one");
        outcome
    }
}

#[track_caller]
fn run_in_torch(cases: &[Case]) -> Vec<Outcome> {
    Torch::start().get("load_tree.run", json!({ "cases": cases }))
}

/// Runs all cases in both, and compares; what came of them.
///
/// # Panics
/// Where they differ.
#[track_caller]
pub fn check_all(cases: &[Case]) -> Vec<Outcome> {
    let theirs = run_in_torch(cases);
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = case.ours();
        let same = (&ours.error, &ours.repr, &ours.missing, &ours.unexpected, &ours.log)
            == (&theirs.error, &theirs.repr, &theirs.missing, &theirs.unexpected, &theirs.log)
            && tensors(&ours.after) == tensors(&theirs.after);
        assert!(same, "{case:#?}\nours: {ours:#?}\ntorch: {theirs:#?}");
    }
    theirs
}

/// The tensors by what a load can change: which of them share a storage is up to the model.
fn tensors(state: &Description) -> BTreeMap<&str, (&str, &[usize], &[u8])> {
    let tensors = state.tensors.iter();
    tensors.map(|t| (&*t.key, (&*t.dtype, &*t.shape, &*t.bytes))).collect()
}

fn register(options: LoadOptions, log: &Arc<Mutex<Log>>, hook: Hook) -> LoadOptions {
    let log = Arc::clone(log);
    let key = hook.key.unwrap_or_default();
    if hook.when == "pre" {
        return options.pre_load_at(hook.path, move |load| {
            let keys = load.state_dict().keys().map(str::to_owned).collect();
            let seen = (format!("pre {}", hook.path), load.prefix(), keys, load.version());
            log.lock().expect("no panic").push(seen);
            match hook.does {
                "rename" => {
                    if let Some(tensor) = load.state_dict().remove(key) {
                        load.state_dict().insert(hook.to.expect("a new name"), tensor);
                    }
                }
                "remove" => drop(load.state_dict().remove(key)),
                "miss" => load.missing(key),
                "expect not" => load.unexpected(key),
                "fail" => load.error(key),
                other => assert_eq!(other, "look"),
            }
        });
    }
    options.post_load_at(hook.path, move |keys| {
        let seen = keys.missing_keys.iter().chain(&keys.unexpected_keys).cloned().collect();
        log.lock().expect("no panic").push((
            format!("post {}", hook.path),
            String::new(),
            seen,
            None,
        ));
        match hook.does {
            "clear missing" => keys.missing_keys.clear(),
            "clear unexpected" => keys.unexpected_keys.clear(),
            "miss" => keys.missing_keys.push(key.to_owned()),
            "expect not" => keys.unexpected_keys.push(key.to_owned()),
            other => assert_eq!(other, "look"),
        }
    })
}
