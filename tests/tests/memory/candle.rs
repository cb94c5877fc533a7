//! What loading costs in memory besides the model's own tensors.

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, VarBuilder, VarMap, linear};
use statedict::{LoadOptions, StateDict, StateDictExt};

use crate::counting::Turn;

const MIB: usize = 1 << 20;

/// 25 layers of 4 MiB, and a table of half-precision numbers.
#[derive(StateDict)]
struct Model {
    layers: Vec<Linear>,
    #[buffer]
    table: Tensor,
}

fn model(vb: &VarBuilder<'_>) -> Model {
    let layers = (0..25).map(|layer| linear(1024, 1024, vb.pp(layer)).unwrap()).collect();
    Model { layers, table: Tensor::zeros((1024, 1024), DType::BF16, &Device::Cpu).unwrap() }
}

#[test]
fn a_model_of_100_mb_is_loaded_within_a_megabyte() {
    let turn = Turn::wait();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    // Random numbers; each name is one variable of the map.
    let variables = VarMap::new();
    let random = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let trained = model(&random);
    let ((), cost) = turn.measure(|| trained.save(&path).unwrap());
    assert!(cost.peak < 2 * MIB, "saving: {cost}");
    assert!(std::fs::metadata(&path).unwrap().len() > 100_000_000);

    let mut fresh = model(&VarBuilder::zeros(DType::F32, &Device::Cpu));
    let (report, cost) = turn.measure(|| fresh.load(&path).unwrap());
    assert_eq!(report.loaded.len(), 51);
    assert!(cost.total < MIB, "loading: {cost}");
    let weights = |model: &Model| model.layers[7].weight().flatten_all().unwrap().to_vec1::<f32>();
    assert_eq!(weights(&fresh).unwrap(), weights(&trained).unwrap());

    // Where tensors are assigned, each is read once more: the largest of 4 MiB, and the table of 2 MiB
    // besides, which becomes another tensor.
    let table = Tensor::zeros((1024, 1024), DType::F32, &Device::Cpu).unwrap();
    let mut other = Model { table, ..model(&VarBuilder::zeros(DType::F32, &Device::Cpu)) };
    let options = LoadOptions::new().assign(true);
    let (_, cost) = turn.measure(|| other.load_with(&path, &options).unwrap());
    assert_eq!(other.table.dtype(), DType::BF16);
    assert!(cost.peak < 7 * MIB, "assigning: {cost}");
}
