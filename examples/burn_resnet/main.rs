//! A ResNet-18 that PyTorch saved, in a model of burn's own layers: the same logits.
//!
//! The structs of `resnet.rs` derive burn's `Module` and `StateDict` side by side; nothing else says
//! how a parameter is called or laid out in the file. The program loads the file strictly, compares
//! the logits with PyTorch's, saves the model, and loads what it saved.
//!
//! `cargo run -p statedict-examples --features burn --example burn_resnet [MODEL.pt LOGITS.pt [SAVED.pt]]`
//!
//! `MODEL.pt` is `torch.save(model.state_dict(), ...)` of torchvision's `resnet18` of any width and
//! number of classes, `LOGITS.pt` is `torch.save({"input": x, "logits": model.eval()(x)}, ...)`.
#![allow(clippy::print_stdout)]

mod resnet;

use std::error::Error;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use resnet::ResNet;
use statedict::prelude::*;

/// What the second file holds.
#[derive(StateDict)]
struct Expected {
    #[buffer]
    input: Tensor<4>,
    #[buffer]
    logits: Tensor<2>,
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
    let device = Device::default();
    let mut model = ResNet::new(width, classes, &device);
    let report = model.load_state_dict(&map)?;
    println!("{}: {} tensors loaded", path.display(), report.loaded.len());

    let map = StateMap::load(&logits)?;
    let sizes = |key: &str| map.get(key).map(|view| view.shape().to_vec()).unwrap_or_default();
    let mut expected = Expected {
        input: Tensor::zeros(sizes("input"), &device),
        logits: Tensor::zeros(sizes("logits"), &device),
    };
    expected.load_state_dict(&map)?;
    compare("loaded", &model, &expected)?;

    model.save(&saved)?;
    let mut again = ResNet::new(width, classes, &device);
    again.load(&saved)?;
    compare("saved and loaded again", &again, &expected)
}

/// Compares the logits of `model` with those of PyTorch, by the largest of these.
fn compare(what: &str, model: &ResNet, expected: &Expected) -> Result<(), Box<dyn Error>> {
    let found = model.forward(expected.input.clone()).into_data().try_to_vec::<f32>()?;
    let logits = expected.logits.to_data().try_to_vec::<f32>()?;
    let largest = logits.iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
    let differences = || found.iter().zip(&logits).map(|(found, logit)| (found - logit).abs());
    let worst = differences().fold(0f32, f32::max);
    println!("{what}: logits differ from PyTorch's by {worst:.1e}, of at most {largest:.2}");
    // Each for itself: a NaN is not within the tolerance, and no maximum either.
    if found.len() != logits.len() || !differences().all(|it| it <= 1e-4 * largest) {
        return Err("the logits are not PyTorch's".into());
    }
    Ok(())
}
