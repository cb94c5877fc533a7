//! One model of two libraries: its statistics are ndarray's, its weights candle's.
//!
//! The input is put to scale by numbers that were computed from data with ndarray; a layer of candle
//! follows, which is trained. Both are in one state dict, and one file.
//!
//! `cargo run -p statedict-examples --features candle,ndarray --example candle_ndarray [MODEL.pt]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::{Linear, Optimizer, SGD, VarBuilder, VarMap, linear, loss};
use ndarray::{Array1, Array2, Axis};
use statedict::{StateDict, StateDictExt};

/// Puts each column to mean 0 and deviation 1.
#[derive(StateDict)]
struct Scale {
    #[buffer]
    mean: Array1<f64>,
    #[buffer]
    deviation: Array1<f64>,
    /// The rows it was computed from.
    #[buffer]
    rows: i64,
}

#[derive(StateDict)]
struct Model {
    scale: Scale,
    head: Linear,
}

impl Scale {
    /// Of data in rows.
    fn of(data: &Array2<f64>) -> Option<Scale> {
        let rows = i64::try_from(data.nrows()).ok()?;
        Some(Scale { mean: data.mean_axis(Axis(0))?, deviation: data.std_axis(Axis(0), 0.0), rows })
    }

    fn apply(&self, data: &Array2<f64>) -> candle_core::Result<Tensor> {
        let scaled = (data - &self.mean) / &self.deviation;
        let shape = scaled.dim();
        let (elements, _) = scaled.into_raw_vec_and_offset();
        Tensor::from_vec(elements, shape, &Device::Cpu)?.to_dtype(DType::F32)
    }
}

impl Model {
    fn forward(&self, data: &Array2<f64>) -> candle_core::Result<Tensor> {
        self.head.forward(&self.scale.apply(data)?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| folder.path().join("model.pt"));

    // Columns of very different sizes; what is looked for is the sum of the first and the last.
    let data = Array2::from_shape_fn((64, 3), |(row, column)| {
        let row = row as f64;
        [row, 1e-3 * (row * 0.7).sin(), 1e4 + 50.0 * (row * 0.3).cos()][column]
    });
    let wanted: Vec<f64> =
        data.rows().into_iter().map(|row| row[0] / 32.0 + row[2] / 1e4).collect();
    let wanted = Tensor::from_vec(wanted, (64, 1), &Device::Cpu)?.to_dtype(DType::F32)?;

    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let scale = Scale::of(&data).ok_or("there is no data")?;
    let trained = Model { scale, head: linear(3, 1, vb)? };
    let mut optimizer = SGD::new(variables.all_vars(), 0.1)?;
    for _ in 0..100 {
        optimizer.backward_step(&loss::mse(&trained.forward(&data)?, &wanted)?)?;
    }
    let error = loss::mse(&trained.forward(&data)?, &wanted)?.to_scalar::<f32>()?;
    println!("trained to a mean squared error of {error:.1e}");
    trained.save(&path)?;

    let vb = VarBuilder::zeros(DType::F32, &Device::Cpu);
    let scale = Scale { mean: Array1::zeros(3), deviation: Array1::ones(3), rows: 0 };
    let mut loaded = Model { scale, head: linear(3, 1, vb)? };
    let report = loaded.load(&path)?;
    println!("loaded: {}", report.loaded.join(", "));
    assert_eq!(loaded.scale.rows, 64);
    let (ours, theirs) = (loaded.forward(&data)?, trained.forward(&data)?);
    assert_eq!(ours.to_vec2::<f32>()?, theirs.to_vec2::<f32>()?);
    if error.is_nan() || error > 1e-3 {
        return Err("the model did not learn".into());
    }
    Ok(())
}
