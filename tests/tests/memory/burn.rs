//! What loading a model of burn's layers allocates: its tensors once, or, from a file's map, nothing.

use std::path::Path;

use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use statedict::{LoadOptions, StateDict, StateDictExt, StateMap, TensorView};

use crate::counting::Turn;

const ROWS: usize = 12_000;
const WIDTH: usize = 1024;
/// The two embeddings of a model: 98 MB.
const PAYLOAD: usize = 2 * 4 * ROWS * WIDTH;
const BESIDES: usize = 1 << 20;

#[derive(StateDict)]
struct Model {
    words: Embedding,
    norm: LayerNorm,
    places: Embedding,
}

/// A model whose parameters have no values yet.
fn model() -> Model {
    let device = Device::default();
    Model {
        words: EmbeddingConfig::new(ROWS, WIDTH).init(&device),
        norm: LayerNormConfig::new(WIDTH).init(&device),
        places: EmbeddingConfig::new(ROWS, WIDTH).init(&device),
    }
}

fn save_as_torch(path: &Path) {
    let elements = |first: f32| -> Vec<f32> {
        (0..ROWS).flat_map(|row| std::iter::repeat_n(first + row as f32, WIDTH)).collect()
    };
    let mut map = StateMap::new();
    let view = |elements, shape: &[usize]| TensorView::from_vec(elements, shape).unwrap();
    map.insert("words.weight", view(elements(0.0), &[ROWS, WIDTH]));
    map.insert("norm.weight", view(vec![1.0; WIDTH], &[WIDTH]));
    map.insert("norm.bias", view(vec![0.5; WIDTH], &[WIDTH]));
    map.insert("places.weight", view(elements(0.25), &[ROWS, WIDTH]));
    map.save(path).unwrap();
}

/// The rows of both embeddings.
fn rows(model: &Model, row: i64) -> [f32; 2] {
    let index =
        || Tensor::<2, Int>::from_data(TensorData::from([[row]]), (&Device::default(), DType::I64));
    [&model.words, &model.places].map(|embedding| {
        embedding.forward(index()).into_data().try_to_vec::<f32>().unwrap()[WIDTH - 1]
    })
}

#[test]
fn a_load_allocates_the_tensors_once_or_not_at_all() {
    let turn = Turn::wait();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    save_as_torch(&path);
    let before = std::fs::read(&path).unwrap();

    for (what, options, limit) in [
        ("copied", LoadOptions::new(), PAYLOAD + BESIDES),
        ("assigned", LoadOptions::new().assign(true), PAYLOAD + BESIDES),
        ("mapped", LoadOptions::new().assign(true).keep_mapped(true), BESIDES),
    ] {
        let mut model = model();
        let (report, cost) = turn.measure(|| model.load_with(&path, &options));
        report.unwrap();
        assert!(cost.peak <= limit, "{what}: {cost}, not {limit}");
        assert_eq!(rows(&model, 7), [7.0, 7.25], "{what}");
        assert_eq!(rows(&model, 11_999), [11_999.0, 11_999.25], "{what}");

        // Training writes to values of its own.
        model.words.weight = model.words.weight.map(|weight| weight.mul_scalar(2.0));
        assert_eq!(rows(&model, 7), [14.0, 7.25], "{what}");
    }
    // What was read into memory at once stays where it is.
    let owned = StateMap::load_owned(&path).unwrap();
    let mut assigned = model();
    let options = LoadOptions::new().assign(true).keep_mapped(true);
    let (report, cost) = turn.measure(|| assigned.load_state_dict_with(&owned, &options));
    report.unwrap();
    assert!(cost.peak <= BESIDES, "kept: {cost}, not {BESIDES}");
    drop(owned);
    assert_eq!(rows(&assigned, 11_999), [11_999.0, 11_999.25]);
    assert!(std::fs::read(&path).unwrap() == before, "the file is as it was");

    // A few rows at a time are copied out of burn.
    let mut model = model();
    model.load_with(&path, &LoadOptions::new().assign(true).keep_mapped(true)).unwrap();
    let again = folder.path().join("again.pt");
    let (saved, cost) = turn.measure(|| model.save(&again));
    saved.unwrap();
    assert!(cost.peak <= 20 * BESIDES, "saving: {cost}");
    // Over the file that the model lies in: a new file takes its place.
    model.save(&path).unwrap();
    drop(model);
    let [path, again] = [path, again].map(|path| StateMap::load(path).unwrap());
    for (key, view) in path.iter() {
        assert!(view.bytes().unwrap() == again.get(key).unwrap().bytes().unwrap(), "{key}");
    }
}
