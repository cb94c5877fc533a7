//! What `statedict scaffold` prints for candle and burn is compiled here as it is, loads the file strictly and
//! saves the same bytes. That it is what the program prints is a test of the program.

use std::path::{Path, PathBuf};

use statedict::WriteOptions;
use statedict::prelude::*;

// As it is printed, for a library or a program.
#[allow(unreachable_pub)]
#[rustfmt::skip]
#[cfg(feature = "candle")]
mod candle {
    pub mod conv_batch_norm;
    pub mod gpt;
    pub mod lstm;
    pub mod norms;
    pub mod quickstart;
    pub mod resnet50;
    pub mod transformer;
    pub mod unet;
}

// As it is printed, for a library or a program.
#[allow(unreachable_pub)]
#[rustfmt::skip]
#[cfg(feature = "burn")]
mod burn {
    pub mod conv_batch_norm;
    pub mod gpt;
    pub mod lstm;
    pub mod norms;
    pub mod quickstart;
    pub mod resnet50;
    pub mod transformer;
    pub mod unet;
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Loads a file strictly, and compares the bytes that are saved then.
#[track_caller]
fn loads(file: &str, mut model: impl StateDict) {
    let path = fixture(file);
    let report = model.load(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{file}: {report}");
    let map = StateMap::load(&path).unwrap();
    let options = WriteOptions::default();
    let (mut own, mut expected) = (Vec::new(), Vec::new());
    model.state_dict().unwrap().write_with(&mut own, &options).unwrap();
    map.write_with(&mut expected, &options).unwrap();
    assert!(own == expected, "{file}");
}

#[cfg(feature = "candle")]
#[test]
fn candle_loads_every_file_strictly_and_saves_the_same() {
    let device = &candle_core::Device::Cpu;
    loads("conv_batch_norm.pt", candle::conv_batch_norm::Model::new(device).unwrap());
    loads("architectures/gpt.pt", candle::gpt::Model::new(device).unwrap());
    loads("architectures/lstm.pt", candle::lstm::Model::new(device).unwrap());
    loads("architectures/norms.pt", candle::norms::Model::new(device).unwrap());
    loads("quickstart.v1.pt", candle::quickstart::Model::new(device).unwrap());
    loads("architectures/resnet50.pt", candle::resnet50::Model::new(device).unwrap());
    loads("architectures/transformer.pt", candle::transformer::Model::new(device).unwrap());
    loads("architectures/unet.pt", candle::unet::Model::new(device).unwrap());
}

#[cfg(feature = "burn")]
#[test]
fn burn_loads_every_file_strictly_and_saves_the_same() {
    let device = &::burn::tensor::Device::default();
    loads("conv_batch_norm.pt", burn::conv_batch_norm::Model::new(device));
    loads("architectures/gpt.pt", burn::gpt::Model::new(device));
    loads("architectures/lstm.pt", burn::lstm::Model::new(device));
    loads("architectures/norms.pt", burn::norms::Model::new(device));
    loads("quickstart.v1.pt", burn::quickstart::Model::new(device));
    loads("architectures/resnet50.pt", burn::resnet50::Model::new(device));
    loads("architectures/transformer.pt", burn::transformer::Model::new(device));
    loads("architectures/unet.pt", burn::unet::Model::new(device));
}
