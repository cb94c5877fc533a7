//! `load_state_dict`: strict, complete, all or nothing.

use std::borrow::Cow;
use std::sync::Arc;

use statedict::codec::ArchiveLayout;
use statedict::codec::{self, ReadOptions, Source};
use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut};
use statedict::load::{AliasPolicy, LoadProblem};
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::{Shape, Storage, StorageError, Storages};
use statedict::{DType, DTypePolicy, LoadOptions, WriteOptions};

#[derive(StateDict, Clone, PartialEq, Debug)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: Option<CpuTensor>,
}

#[derive(StateDict, Clone, PartialEq, Debug)]
#[version(2)]
struct Norm {
    #[param]
    weight: CpuTensor,
    #[buffer]
    #[since(2)]
    num_batches_tracked: i64,
}

#[derive(StateDict, Clone, PartialEq, Debug)]
#[alias(f3 = fc)]
struct Net {
    fc: Linear,
    norm: Norm,
    head: Option<Linear>,
}

fn tensor(start: f32, shape: &[usize]) -> CpuTensor {
    let numel = shape.iter().product::<usize>();
    let elements = (0u16..).map(|index| start + f32::from(index)).take(numel).collect();
    CpuTensor::from_vec(elements, shape).unwrap()
}

fn net(start: f32) -> Net {
    Net {
        fc: Linear { weight: tensor(start, &[2, 3]), bias: Some(tensor(start + 10.0, &[2])) },
        norm: Norm { weight: tensor(start + 20.0, &[2]), num_batches_tracked: 7 },
        head: None,
    }
}

fn view(elements: Vec<f32>, shape: &[usize]) -> TensorView<'static> {
    TensorView::from_vec(elements, shape).unwrap()
}

/// A state dict of `net(start)` that no longer borrows it.
fn saved(start: f32) -> StateMap<'static> {
    net(start).state_dict().unwrap().into_owned().unwrap()
}

#[test]
fn every_element_arrives() {
    let mut model = net(100.0);
    let report = model.load_state_dict(&saved(0.0)).unwrap();
    assert_eq!(model, net(0.0));
    assert_eq!(report.loaded, ["fc.weight", "fc.bias", "norm.weight", "norm.num_batches_tracked"]);
    assert!(report.migrations.is_empty() && report.defaulted.is_empty());
}

#[test]
fn one_wrong_shape_among_good_keys_changes_nothing() {
    let mut map = saved(0.0);
    map.insert("norm.weight", view(vec![1.0; 3], &[3]));
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(model, before);
    assert!(error.nothing_was_written());
    assert_eq!(
        error.to_string(),
        "1 problem loading the state dict of `Net`; nothing was written\n  \
         hint        1 tensor has another shape: leave it out with \
         `model.load_with(path, &LoadOptions::new().ignore_mismatched(true))`\n  \
         shape       norm.weight: the model has [2], the file [3]"
    );
}

#[test]
fn every_problem_is_reported_at_once() {
    let mut map = saved(0.0);
    let bias = map.remove("fc.bias").unwrap();
    map.remove("f3.bias");
    map.insert("fc.bais", bias);
    map.insert("extra", view(vec![0.0], &[1]));
    map.insert("norm.weight", view(vec![0.0; 6], &[2, 3]));
    map.insert("norm.num_batches_tracked", TensorView::from_vec(vec![0.5f64], []).unwrap());
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(model, before);
    assert_eq!(error.missing_keys().collect::<Vec<_>>(), ["fc.bias", "f3.bias"]);
    assert_eq!(error.unexpected_keys().collect::<Vec<_>>(), ["fc.bais", "extra"]);
    let text = error.to_string();
    for part in [
        "6 problems",
        "fc.bias: the parameter of `",
        "did the model mean the file's `fc.bais`?",
        "fc.bais: float32 [2], which the model does not have; the model lacks `fc.bias`",
        "norm.weight: the model has [2], the file [2, 3]",
        "norm.num_batches_tracked: the model has int64, the file float64",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn without_strict_the_lists_are_reported_and_the_rest_is_loaded() {
    let mut map = saved(0.0);
    map.remove("norm.weight");
    map.insert("extra", view(vec![0.0], &[1]));
    let mut model = net(100.0);
    let report = model.load_state_dict_with(&map, &LoadOptions::new().strict(false)).unwrap();
    assert_eq!(report.missing, ["norm.weight"]);
    assert_eq!(report.unexpected, ["extra"]);
    assert_eq!(model.fc, net(0.0).fc);
    assert_eq!(model.norm.weight, net(100.0).norm.weight);
}

#[test]
fn without_strict_a_wrong_shape_is_still_an_error() {
    let mut map = saved(0.0);
    map.insert("norm.weight", view(vec![1.0; 3], &[3]));
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict_with(&map, &LoadOptions::new().strict(false)).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::Shape { .. }]));
    assert_eq!(model, before);
}

#[test]
fn a_tie_may_come_under_one_of_its_names() {
    let mut map = saved(0.0);
    map.remove("fc.weight");
    map.remove("f3.bias");
    let mut model = net(100.0);
    let report = model.load_state_dict(&map).unwrap();
    assert_eq!(model, net(0.0));
    let expected = [("fc.weight", "f3.weight"), ("f3.bias", "fc.bias")];
    let expected = expected.map(|(key, name)| (key.to_owned(), name.to_owned()));
    assert_eq!(report.satisfied_by_alias, expected);
}

#[test]
fn a_tie_whose_names_differ_in_the_file_is_refused_unless_asked_for() {
    let mut map = saved(0.0);
    map.insert("f3.weight", view(vec![9.0; 6], &[2, 3]));
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(matches!(&error.problems[..],
        [LoadProblem::Alias { key, other }] if key == "fc.weight" && other == "f3.weight"));
    assert_eq!(model, before);

    let last = LoadOptions::new().alias(AliasPolicy::LastWins);
    model.load_state_dict_with(&map, &last).unwrap();
    assert_eq!(model.fc.weight.as_slice::<f32>(), Some(&[9.0; 6][..]));
    let first = LoadOptions::new().alias(AliasPolicy::FirstWins);
    model.load_state_dict_with(&map, &first).unwrap();
    assert_eq!(model.fc.weight, net(0.0).fc.weight);

    // Equal elements in two storages are one tensor.
    map.insert("f3.weight", map.get("fc.weight").unwrap().clone().into_owned().unwrap());
    model.load_state_dict(&map).unwrap();
}

#[test]
fn what_is_younger_than_the_file_keeps_its_value() {
    let mut map = saved(0.0);
    map.remove("norm.num_batches_tracked");
    // Version 2 must have it.
    let error = net(0.0).load_state_dict(&map).unwrap_err();
    assert_eq!(error.missing_keys().collect::<Vec<_>>(), ["norm.num_batches_tracked"]);

    map.metadata_mut().as_mut().unwrap().insert("norm", ModuleMetadata::with_version(1));
    let mut model = net(100.0);
    model.norm.num_batches_tracked = 5;
    let report = model.load_state_dict(&map).unwrap();
    assert_eq!(model.norm.num_batches_tracked, 5);
    assert_eq!(report.defaulted, ["norm.num_batches_tracked"]);
    assert_eq!(report.migrations.len(), 1);
    assert_eq!((report.migrations[0].found, report.migrations[0].current), (Some(1), 2));

    // No metadata at all counts as older than every version.
    *map.metadata_mut() = None;
    let report = net(0.0).load_state_dict(&map).unwrap();
    assert_eq!(report.defaulted, ["norm.num_batches_tracked"]);
    assert_eq!(report.migrations[0].found, None);

    // An older file may have the key all the same.
    let report = net(0.0).load_state_dict(&StateMap::from_iter(
        saved(0.0).iter().map(|(key, tensor)| (key.to_owned(), tensor.clone())),
    ));
    assert!(report.unwrap().defaulted.is_empty());
}

#[test]
fn a_newer_module_is_refused_unless_allowed() {
    let mut map = saved(0.0);
    map.metadata_mut().as_mut().unwrap().insert("norm", ModuleMetadata::with_version(3));
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(matches!(&error.problems[..],
        [LoadProblem::NewerVersion { path, found: 3, current: 2, .. }] if path == "norm"));
    assert_eq!(model, before);
    let options = LoadOptions::new().allow_newer_versions(true);
    model.load_state_dict_with(&map, &options).unwrap();
    assert_eq!(model, net(0.0));
}

#[test]
fn only_lossless_conversions_happen_by_default() {
    #[derive(StateDict)]
    struct Mixed {
        #[param]
        weight: Vec<f32>,
        #[buffer]
        steps: i64,
    }
    let mut model = Mixed { weight: vec![0.0; 2], steps: 0 };
    let half = [half::f16::from_f32(1.5), half::f16::from_f32(-2.0)];
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(half.to_vec(), [2]).unwrap());
    map.insert("steps", TensorView::from_vec(vec![-3i32], []).unwrap());
    let report = model.load_state_dict(&map).unwrap();
    assert_eq!((model.weight.as_slice(), model.steps), (&[1.5, -2.0][..], -3));
    assert_eq!(report.converted.len(), 2);

    let exact = LoadOptions::new().dtype(DTypePolicy::Exact);
    let error = model.load_state_dict_with(&map, &exact).unwrap_err();
    assert_eq!(error.problems.len(), 2);

    map.insert("weight", TensorView::from_vec(vec![1.0f64, 2.0], [2]).unwrap());
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::DType { key, .. }] if key == "weight"));
}

#[test]
fn an_old_one_element_tensor_fills_a_scalar_and_not_the_reverse() {
    #[derive(StateDict)]
    struct Counter {
        #[buffer]
        steps: i64,
        #[param]
        scale: [f32; 1],
    }
    let mut model = Counter { steps: 0, scale: [0.0] };
    let mut map = StateMap::new();
    map.insert("steps", TensorView::from_vec(vec![5i64], [1]).unwrap());
    map.insert("scale", view(vec![2.0], &[1]));
    model.load_state_dict(&map).unwrap();
    assert_eq!((model.steps, model.scale), (5, [2.0]));
    map.insert("scale", view(vec![3.0], &[]));
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::Shape { .. }]));
    assert_eq!(model.scale, [2.0]);
}

#[test]
fn strided_sources_are_gathered() {
    #[derive(StateDict)]
    struct Matrix {
        #[param]
        weight: [[f32; 2]; 3],
    }
    let bytes: Vec<u8> = (0u8..6).flat_map(|n| f32::from(n).to_le_bytes()).collect();
    let transposed = [1isize, 3].into_iter().collect();
    let storage = Storage::from_bytes(bytes);
    let tensor = TensorView::strided(storage, DType::F32, [3, 2], transposed, 0).unwrap();
    let mut model = Matrix { weight: [[0.0; 2]; 3] };
    model.load_state_dict(&StateMap::from_iter([("weight".to_owned(), tensor)])).unwrap();
    assert_eq!(model.weight, [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
}

/// A storage whose checksum is wrong.
struct Damaged;

impl Storages for Damaged {
    fn nbytes(&self, _: u32) -> usize {
        8
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        Ok(Cow::Borrowed(&[0; 8]))
    }

    fn verify(&self, _: u32) -> Result<(), StorageError> {
        Err(StorageError::Checksum { member: "data/3".into(), expected: 1, found: 2 })
    }
}

#[test]
fn damaged_bytes_are_found_before_anything_is_written() {
    let mut map = saved(0.0);
    let storage = Storage::new(Arc::new(Damaged), 0);
    let damaged = TensorView::contiguous(storage, DType::F32, [2], 0).unwrap();
    map.insert("norm.weight", damaged);
    let (mut model, before) = (net(100.0), net(100.0));
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(model, before);
    assert!(error.to_string().contains("norm.weight: `data/3` is damaged"), "{error}");
    model.load_state_dict_with(&map, &LoadOptions::new().verify(false)).unwrap();
}

/// A tensor of a library that refuses to be written.
struct Stubborn(CpuTensor);

impl Tensor for Stubborn {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(self.0.dtype())
    }

    fn shape(&self) -> Shape {
        self.0.shape().clone()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        // In pieces, as a library with another layout does it.
        self.0.bytes().chunks(4).try_for_each(sink)
    }
}

impl TensorMut for Stubborn {
    fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
        Err(TensorError::Library("out of device memory".into()))
    }
}

#[test]
fn a_library_that_fails_first_leaves_the_model_as_it_was() {
    #[derive(StateDict)]
    struct Mixed {
        #[param]
        plain: Vec<f32>,
        #[param]
        stubborn: Stubborn,
    }
    let mut model = Mixed { plain: vec![1.0; 2], stubborn: Stubborn(tensor(3.0, &[2])) };
    let map = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(map.get("stubborn").unwrap().to_vec::<f32>().unwrap(), [3.0, 4.0]);
    model.plain = vec![5.0; 2];
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(model.plain, [5.0; 2]);
    assert!(error.to_string().contains("out of device memory"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn large_tensors_are_whole() {
    #[derive(StateDict)]
    struct Large {
        #[param]
        weight: CpuTensor,
        #[param]
        bias: CpuTensor,
    }
    // Larger than what one thread copies at a time, and not a multiple of it.
    let numel = (20 << 20) / 8 + 3;
    let elements: Vec<i64> = (0..).take(numel).collect();
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(elements.clone(), [numel]).unwrap());
    map.insert("bias", TensorView::from_vec(vec![1i64, 2], [2]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let maps = [ArchiveLayout::Torch2_7, ArchiveLayout::Legacy].into_iter().flat_map(|layout| {
        let path = folder.path().join(format!("{layout:?}.pt"));
        map.save_with(&path, &WriteOptions::default().layout(layout)).unwrap();
        let read =
            codec::Document::read_with(Source::file(&path).unwrap(), &ReadOptions::default())
                .unwrap();
        [StateMap::load(&path).unwrap(), read.state_map().unwrap()]
    });
    // From memory, from a map, and read.
    for map in maps.chain([map.clone()]) {
        let mut model = Large {
            weight: CpuTensor::zeros(DType::I64, [numel]),
            bias: CpuTensor::zeros(DType::I64, [2]),
        };
        model.load_state_dict(&map).unwrap();
        assert!(model.weight.as_slice::<i64>().unwrap() == elements);
        assert_eq!(model.bias.as_slice::<i64>().unwrap(), [1, 2]);
    }
}

#[test]
fn metadata_may_hold_modules_that_the_model_has_not() {
    let mut map = saved(0.0);
    let mut metadata = Metadata::default();
    metadata.insert("gone", ModuleMetadata::with_version(9));
    metadata.insert("norm", ModuleMetadata::with_version(2));
    *map.metadata_mut() = Some(metadata);
    net(0.0).load_state_dict(&map).unwrap();
}
