//! TorchScript archives and exported programs that torch writes, against the state dicts that it has of them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use statedict::codec::{self, ContainerKind, Document, ReadOptions, Source, Verdict, Warning};
use statedict::{CpuTensor, StateDict, StateDictExt, StateMap};
use statedict_tests::{Torch, lines, shared_storages, temp_dir};

#[derive(Deserialize)]
struct Case {
    says: Vec<String>,
    shared: Vec<[String; 2]>,
    parameters: Vec<String>,
    #[serde(default)]
    constants: usize,
    #[serde(default)]
    not_saved: usize,
}

fn open(path: &Path, unnamed: bool) -> Document {
    let options = ReadOptions::new().unnamed_tensors(unnamed);
    codec::Document::open_with(path, &options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// How many tensors without a name a file tells of, by what they are.
fn unnamed(document: &Document) -> BTreeMap<&'static str, usize> {
    let warnings = document.warnings().iter();
    warnings
        .filter_map(|warning| match warning {
            Warning::Unnamed { attribute, count } => Some((*attribute, *count)),
            _ => None,
        })
        .collect()
}

/// The keys that the file says are parameters.
fn parameters(document: &Document) -> Vec<String> {
    let root = document.root();
    let keys = root.as_dict().unwrap().iter().filter_map(|(key, _)| key.as_str());
    keys.filter(|key| document.is_parameter(key).unwrap()).map(str::to_owned).collect()
}

fn compare(name: &str, path: &Path, case: &Case, kind: ContainerKind) -> Document {
    let document = open(path, false);
    assert_eq!(document.container(), kind, "{name}");
    assert_eq!(lines(&document), case.says, "{name}");
    assert_eq!(shared_storages(document.root()), case.shared, "{name}");
    assert_eq!(parameters(&document), case.parameters, "{name}");
    let scan = codec::scan(Source::open(path).unwrap()).unwrap();
    assert_eq!(scan.verdict(), Verdict::Known, "{name}: {scan:?}");
    assert_eq!(scan.container(), kind, "{name}");

    // Read at once it is the same, and so it is from a file that is not mapped.
    for options in [ReadOptions::new().in_memory(true), ReadOptions::new().mmap(false)] {
        let again = codec::Document::open_with(path, &options).unwrap();
        assert_eq!(lines(&again), case.says, "{name}");
    }
    document
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_torchscript_archive_is_the_state_dict_that_torch_loads() {
    let torch = Torch::start();
    let folder = temp_dir();
    let mut cases: BTreeMap<String, Case> = torch.get("programs.script", json!([folder.path()]));
    assert_eq!(cases.len(), 18);
    // What only code of the module can find is refused by name.
    let restored = cases.remove("restored.pt").unwrap();
    let path = folder.path().join("restored.pt");
    let document = open(&path, false);
    let (map, refused) = document.state_map_partial(&[]).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].key, "restored.weight");
    assert!(refused[0].refusal.to_string().contains("__setstate__"), "{}", refused[0].refusal);
    assert_eq!(map.keys().collect::<Vec<_>>(), ["fc.weight", "fc.bias"]);
    assert_eq!(parameters(&document), restored.parameters);
    assert_eq!(unnamed(&document)["attributes"], 1);

    let mut told = BTreeMap::new();
    for (name, case) in &cases {
        let path = folder.path().join(name);
        let document = compare(name, &path, case, ContainerKind::TorchScript);
        told.insert(name.as_str(), unnamed(&document));

        // With what has no name, the state dict is the same.
        let map = open(&path, true).state_map().unwrap();
        assert_eq!(map.len(), document.state_map().unwrap().len(), "{name}");
    }
    let of = |name: &str| told[name].clone();
    assert_eq!(of("scripted.pt"), [("attributes", 2)].into());
    assert_eq!(of("containers.pt"), [("attributes", 4)].into());
    assert_eq!(of("class.pt"), [("attributes", 1)].into());
    assert_eq!(of("no buffers.pt"), [("attributes", 2)].into());
    assert_eq!(of("net.pt"), BTreeMap::new());
    assert_eq!(of("frozen.pt"), [("constants", 6)].into());
    assert!(of("optimized.pt").contains_key("constants"));
    assert!(of("quantized.pt").contains_key("attributes"), "{:?}", of("quantized.pt"));

    let frozen = open(&folder.path().join("frozen.pt"), true);
    let attributes = frozen.root().as_dict().unwrap().attributes().unwrap();
    let constants = attributes.get("constants").unwrap().as_items().unwrap();
    assert_eq!(constants.len(), 6);
    let held = open(&folder.path().join("containers.pt"), true);
    let attributes = held.root().as_dict().unwrap().attributes().unwrap();
    let attributes = attributes.get("attributes").unwrap().as_dict().unwrap();
    let names: Vec<_> = attributes.iter().filter_map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["tensors", "named", "kept"]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn an_exported_program_is_the_state_dict_of_its_model() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Case> = torch.get("programs.export", json!([folder.path()]));
    assert_eq!(cases.len(), 13);
    for (name, case) in &cases {
        let path = folder.path().join(name);
        let document = compare(name, &path, case, ContainerKind::Exported);
        let expected: BTreeMap<&str, usize> =
            [("constants", case.constants), ("non_persistent_buffers", case.not_saved)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect();
        assert_eq!(unnamed(&document), expected, "{name}");
        let with = open(&path, true);
        let attributes = with.root().as_dict().unwrap().attributes();
        for (attribute, count) in expected {
            let found = attributes.and_then(|attributes| attributes.get(attribute)).unwrap();
            assert_eq!(found.as_dict().unwrap().len(), count, "{name}");
        }
    }

    let path = folder.path().join("old.pt2");
    let case: Case = torch.get("programs.old", json!([path]));
    let document = compare("old.pt2", &path, &case, ContainerKind::Exported);
    assert_eq!(unnamed(&document), [("constants", 1), ("non_persistent_buffers", 1)].into());
    let with = open(&path, true);
    let attributes = with.root().as_dict().unwrap().attributes().unwrap();
    assert!(attributes.get("constants").unwrap().get("plain").is_some());

    let path = folder.path().join("several.pt2");
    let says: Vec<String> = torch.get("programs.several", json!([path]));
    let document = open(&path, false);
    assert_eq!(lines(&document), says);
    assert_eq!(document.is_parameter("a.weight"), Some(true));
    assert_eq!(document.state_map_at(&["b"]).unwrap().len(), 6);
}

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

impl Linear {
    fn zeros(shape: &[usize]) -> Self {
        let zeros = |shape: &[usize]| CpuTensor::zeros(statedict::DType::F32, shape.to_vec());
        Linear { weight: zeros(shape), bias: zeros(&shape[..1]) }
    }

    fn rows(&self) -> (Vec<f32>, Vec<f32>) {
        let numbers = |tensor: &CpuTensor| tensor.as_slice().unwrap().to_vec();
        (numbers(&self.weight), numbers(&self.bias))
    }
}

#[derive(StateDict)]
struct Net {
    first: Linear,
    norm: Linear,
    last: Linear,
}

/// What torch's model computes.
#[derive(Deserialize)]
struct Computed {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Net {
    fn zeros() -> Self {
        Net {
            first: Linear::zeros(&[8, 4]),
            norm: Linear::zeros(&[8]),
            last: Linear::zeros(&[3, 8]),
        }
    }

    #[cfg(feature = "candle")]
    fn forward(&self, x: &candle_core::Tensor) -> candle_core::Result<candle_core::Tensor> {
        use candle_core::{Device, Module, Tensor};
        let linear = |layer: &Linear, shape: (usize, usize)| -> candle_core::Result<_> {
            let (weight, bias) = layer.rows();
            let weight = Tensor::from_vec(weight, shape, &Device::Cpu)?;
            let bias = Tensor::from_vec(bias, shape.0, &Device::Cpu)?;
            Ok(candle_nn::Linear::new(weight, Some(bias)))
        };
        let (weight, bias) = self.norm.rows();
        let weight = Tensor::from_vec(weight, 8, &Device::Cpu)?;
        let norm =
            candle_nn::LayerNorm::new(weight, Tensor::from_vec(bias, 8, &Device::Cpu)?, 1e-5);
        let hidden = norm.forward(&linear(&self.first, (8, 4))?.forward(x)?)?.relu()?;
        linear(&self.last, (3, 8))?.forward(&hidden)
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_program_loads_strictly_into_a_model_that_computes_the_same() {
    let torch = Torch::start();
    let folder = temp_dir();
    let computed: Computed = torch.get("programs.net", json!([folder.path()]));
    let mut loaded = Vec::new();
    for file in ["net.pt", "net.pt2"] {
        let mut model = Net::zeros();
        model.load(folder.path().join(file)).unwrap();
        let [first, norm, last] = [&model.first, &model.norm, &model.last].map(Linear::rows);
        assert_eq!(first.0.len(), 32);
        assert!(first.0.iter().all(|&weight| weight != 0.0));
        loaded.push([first, norm, last]);
        #[cfg(feature = "candle")]
        {
            use candle_core::{Device, Tensor};
            let x = Tensor::from_vec(computed.x.clone(), (2, 4), &Device::Cpu).unwrap();
            let y = model.forward(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (ours, theirs) in y.iter().zip(&computed.y) {
                assert!((ours - theirs).abs() < 1e-5, "{file}: {ours}, torch {theirs}");
            }
        }
    }
    assert_eq!(loaded[0], loaded[1]);
    assert_eq!((computed.x.len(), computed.y.len()), (8, 6));
    // Of a wrong model every difference is told, as of any file.
    let map = StateMap::load(folder.path().join("net.pt")).unwrap();
    assert!(map.metadata().is_none());
}
