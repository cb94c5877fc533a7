//! A load that fails: the report names every problem at once, and the model is as it was before.
//!
//! `cargo run -p statedict-examples --example failing_load [MODEL.pt]`
#![allow(clippy::print_stdout)]

use statedict::DType;
use statedict::prelude::*;

#[derive(StateDict)]
struct Conv2d {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: CpuTensor,
}

/// Not quite the model of the file: `my_params` is `my_param` there, `fc` has 4 inputs, and `conv`
/// is not of 16-bit numbers.
#[derive(StateDict)]
#[alias(f3 = fc)]
struct Net {
    #[param]
    my_params: CpuTensor,
    #[buffer]
    my_buffer: CpuTensor,
    fc: Linear,
    conv: Conv2d,
    fc2: Linear,
}

fn main() {
    let zeros = |shape: &[usize]| CpuTensor::zeros(DType::F32, shape);
    let mut net = Net {
        my_params: zeros(&[2, 3]),
        my_buffer: zeros(&[3]),
        fc: Linear { weight: zeros(&[3, 8]) },
        conv: Conv2d { weight: CpuTensor::zeros(DType::F16, [2, 3, 3, 3]), bias: zeros(&[2]) },
        fc2: Linear { weight: zeros(&[2, 3]) },
    };

    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/quickstart.v1.pt");
    let file = std::env::args_os().nth(1).unwrap_or_else(|| fixture.into());
    match net.load(file) {
        Ok(report) => println!("{report}"),
        Err(error) => println!("{error}"),
    }
}
