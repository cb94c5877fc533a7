//! A ResNet-18 that PyTorch saved, in a model of candle-nn's layers: the same logits.
//!
//! The structs of `resnet.rs` derive `StateDict`; nothing else says how a parameter is called in the
//! file. The program loads the file strictly, compares the logits with PyTorch's, saves the
//! model, and loads what it saved.
//!
//! `cargo run -p statedict-examples --features candle --example candle_resnet [MODEL.pt LOGITS.pt [SAVED.pt]]`
//!
//! `MODEL.pt` is `torch.save(model.state_dict(), ...)` of torchvision's `resnet18` of any width and
//! number of classes, `LOGITS.pt` is `torch.save({"input": x, "logits": model.eval()(x)}, ...)`.
#![allow(clippy::print_stdout)]

mod resnet;

use std::error::Error;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use resnet::ResNet;
use statedict::{StateDict, StateDictExt, StateMap};

/// What the second file holds.
#[derive(StateDict)]
struct Expected {
    #[buffer]
    input: Tensor,
    #[buffer]
    logits: Tensor,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let fixtures = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/resnet"));
    let path = arguments.next().unwrap_or_else(|| fixtures.join("resnet18.pt"));
    let logits = arguments.next().unwrap_or_else(|| fixtures.join("resnet18.logits.pt"));
    let folder = tempfile::tempdir()?;
    let saved = arguments.next().unwrap_or_else(|| folder.path().join("saved.pt"));

    // The file says how wide the model is; opening it reads no tensor.
    let map = StateMap::load(&path)?;
    let sizes = |key: &str| map.get(key).map(|view| view.shape().clone()).unwrap_or_default();
    let (&[width, ..], &[classes, _]) = (&*sizes("conv1.weight"), &*sizes("fc.weight")) else {
        return Err(format!("{} is no ResNet-18", path.display()).into());
    };
    let zeros = VarBuilder::zeros(DType::F32, &Device::Cpu);
    let mut model = ResNet::new(width, classes, &zeros)?;
    let report = model.load_state_dict(&map)?;
    println!("{}: {} tensors loaded", path.display(), report.loaded.len());

    let map = StateMap::load(&logits)?;
    let zeros = |key: &str| {
        let shape = map.get(key).map(|view| view.shape().to_vec()).unwrap_or_default();
        Tensor::zeros(shape, DType::F32, &Device::Cpu)
    };
    let mut expected = Expected { input: zeros("input")?, logits: zeros("logits")? };
    expected.load_state_dict(&map)?;
    compare("loaded", &model, &expected)?;

    model.save(&saved)?;
    let mut again = ResNet::new(width, classes, &VarBuilder::zeros(DType::F32, &Device::Cpu))?;
    again.load(&saved)?;
    compare("saved and loaded again", &again, &expected)
}

/// Compares the logits of `model` with those of PyTorch, by the largest of these.
fn compare(what: &str, model: &ResNet, expected: &Expected) -> Result<(), Box<dyn Error>> {
    let found = model.forward(&expected.input)?;
    let largest = expected.logits.abs()?.max_all()?.to_scalar::<f32>()?;
    let difference = (found - &expected.logits)?.abs()?.max_all()?.to_scalar::<f32>()?;
    println!("{what}: logits differ from PyTorch's by {difference:.1e}, of at most {largest:.2}");
    if difference.is_nan() || difference > 1e-4 * largest {
        return Err("the logits are not PyTorch's".into());
    }
    Ok(())
}
