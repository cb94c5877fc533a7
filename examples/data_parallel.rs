//! A checkpoint of a training on several devices, into a plain model.
//!
//! ```python
//! model = nn.DataParallel(Classifier(10))          # or DistributedDataParallel
//! torch.save({"epoch": 12, "state_dict": model.state_dict(), ...}, "data_parallel.pt")
//! ```
//!
//! The wrapper puts `module.` before every key, and the tensors may say that they are on a device which is not
//! here. The program finds the state dict, takes the prefix away, and computes what PyTorch computed.
//!
//! `cargo run -p statedict-examples --example data_parallel [CHECKPOINT.pt [PLAIN.pt]]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use statedict::prelude::*;
use statedict::{Checkpoint, DType, KeyMap, LoadOptions, MapLocation};

/// `nn.Linear`.
#[derive(StateDict)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

impl Linear {
    fn zeros(inputs: usize, outputs: usize) -> Self {
        let zeros = |shape: &[usize]| CpuTensor::zeros(DType::F32, shape);
        Linear { weight: zeros(&[outputs, inputs]), bias: zeros(&[outputs]) }
    }

    fn forward(&self, inputs: &[f32]) -> Result<Vec<f32>, Box<dyn Error>> {
        let weight = self.weight.as_slice::<f32>().ok_or("the weight is float32")?;
        let bias = self.bias.as_slice::<f32>().ok_or("the bias is float32")?;
        let dot = |row: &[f32]| row.iter().zip(inputs).map(|(a, b)| a * b).sum::<f32>();
        Ok(weight.chunks(inputs.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect())
    }
}

#[derive(StateDict)]
struct Classifier {
    features: Linear,
    head: Linear,
}

impl Classifier {
    fn forward(&self, inputs: &[f32]) -> Result<Vec<f32>, Box<dyn Error>> {
        let features: Vec<f32> =
            self.features.forward(inputs)?.iter().map(|&feature| feature.max(0.0)).collect();
        self.head.forward(&features)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let path = args.next().unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/data_parallel.pt")
            .into()
    });
    let plain = args.next().unwrap_or_else(|| std::env::temp_dir().join("data_parallel.plain.pt"));

    // What is in the file; no tensor is read for this.
    let checkpoint = Checkpoint::open(&path)?;
    print!("{}: {checkpoint}", path.display());
    let state_dict = checkpoint.find_state_dict()?;
    println!("\nits state dict is `{}`:", checkpoint.find_state_dict_path()?);
    state_dict.keys().for_each(|key| println!("  {key}"));

    // As it is it does not fit, and the error says why.
    let mut model = Classifier { features: Linear::zeros(4, 16), head: Linear::zeros(16, 10) };
    let Err(error) = model.load_state_dict(&state_dict) else {
        return Err("keys with a prefix fit keys without one".into());
    };
    println!("\nwithout a word about the prefix:\n{error}");

    // With the prefix taken away it fits strictly.
    let options = LoadOptions::new()
        .map_keys(KeyMap::new().strip_prefix("module."))
        .map_location(MapLocation::to("cpu"));
    let report = model.load_state_dict_with(&state_dict, &options)?;
    println!("\n{report}");
    if report.renamed.len() != state_dict.len() {
        return Err("not every key had the prefix".into());
    }

    // The model computes what PyTorch computed, to the last bit: the weights of this file leave nothing to round.
    let inputs = checkpoint.tensor("inputs")?.to_vec::<f32>()?;
    let logits = checkpoint.tensor("logits")?.to_vec::<f32>()?;
    for (index, (inputs, expected)) in inputs.chunks(4).zip(logits.chunks(10)).enumerate() {
        let found = model.forward(inputs)?;
        if found != expected {
            return Err(format!("input {index}: {found:?} instead of {expected:?}").into());
        }
    }
    println!("verified: the logits of {} inputs are PyTorch's", inputs.len() / 4);

    // Saved again it is a plain model's file, which needs no word about a prefix.
    model.save(&plain)?;
    let mut again = Classifier { features: Linear::zeros(4, 16), head: Linear::zeros(16, 10) };
    let report = again.load(&plain)?;
    if !report.renamed.is_empty() || again.head.weight.bytes() != model.head.weight.bytes() {
        return Err("the saved model is another".into());
    }
    println!("saved as a plain model: {}", plain.display());
    Ok(())
}
