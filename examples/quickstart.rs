//! A checkpoint that PyTorch wrote, of version 1 of a model, into version 2 of it in Rust.
//!
//! ```python
//! class MyModule(nn.Module):                       # version 1, as it was saved
//!     def __init__(self):
//!         super().__init__()
//!         self.my_param = nn.Parameter(torch.empty(2, 3))
//!         self.register_buffer("my_buffer", torch.empty(3))
//!         self.fc = nn.Linear(4, 3, bias=False)
//!         self.conv = nn.Conv2d(3, 2, 3)
//!         self.fc2 = nn.Linear(3, 2, bias=False)
//!         self.f3 = self.fc
//!         self.not_state = torch.arange(3.0)
//! ```
//!
//! Version 2 has a batch normalisation and a head besides. The program loads the old file, saves
//! the new version, reads it back, and checks that nothing was lost.
//!
//! `cargo run -p statedict-examples --example quickstart [V1.pt [V2.pt]]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use statedict::DType;
use statedict::prelude::*;

/// `nn.Linear`.
#[derive(StateDict)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: Option<CpuTensor>,
}

/// `nn.Conv2d`.
#[derive(StateDict)]
struct Conv2d {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

/// `nn.BatchNorm2d`, whose `_version` is 2 since it counts its batches.
#[derive(StateDict)]
#[version(2)]
struct BatchNorm2d {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
    #[buffer]
    running_mean: CpuTensor,
    #[buffer]
    running_var: CpuTensor,
    #[buffer]
    #[since(2)]
    num_batches_tracked: i64,
}

/// Version 2 of the model. Every field says what it is; `f3` is `fc`, as in Python.
#[derive(StateDict)]
#[version(2)]
#[alias(f3 = fc)]
struct MyModule {
    #[param]
    my_param: CpuTensor,
    #[buffer]
    my_buffer: CpuTensor,
    fc: Linear,
    conv: Conv2d,
    fc2: Linear,
    #[since(2)]
    bn: BatchNorm2d,
    #[since(2)]
    head: Linear,
    /// An ordinary tensor: no parameter and no buffer, so not in the file.
    #[skip]
    not_state: CpuTensor,
}

impl MyModule {
    /// A model as it is before training.
    fn new() -> Self {
        let zeros = |shape: &[usize]| CpuTensor::zeros(DType::F32, shape);
        let linear = |inputs, outputs| Linear { weight: zeros(&[outputs, inputs]), bias: None };
        MyModule {
            my_param: zeros(&[2, 3]),
            my_buffer: zeros(&[3]),
            fc: linear(4, 3),
            conv: Conv2d { weight: zeros(&[2, 3, 3, 3]), bias: zeros(&[2]) },
            fc2: linear(3, 2),
            bn: BatchNorm2d {
                weight: ones(2),
                bias: zeros(&[2]),
                running_mean: zeros(&[2]),
                running_var: ones(2),
                num_batches_tracked: 0,
            },
            head: Linear { bias: Some(zeros(&[2])), ..linear(2, 2) },
            not_state: zeros(&[3]),
        }
    }
}

fn ones(len: usize) -> CpuTensor {
    let mut tensor = CpuTensor::zeros(DType::F32, [len]);
    if let Some(elements) = tensor.as_mut_slice::<f32>() {
        elements.fill(1.0);
    }
    tensor
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let old_path = args.next().unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/quickstart.v1.pt").into()
    });
    let new_path = args.next().unwrap_or_else(|| std::env::temp_dir().join("quickstart.v2.pt"));

    // Look into the file: nothing of the tensors is read for this.
    let old = StateMap::load(&old_path)?;
    println!("{} holds version {}:", old_path.display(), version_of(&old));
    print_keys(&old);

    // Load it into version 2: strictly, and all or nothing.
    let mut model = MyModule::new();
    let report = model.load_state_dict(&old)?;
    println!("\n{report}\n");

    // Save version 2, as `torch.save(model.state_dict(), path)` would.
    model.save(&new_path)?;
    let new = StateMap::load(&new_path)?;
    println!("{} holds version {}:", new_path.display(), version_of(&new));
    print_keys(&new);

    // Every element of the old file is in the new one, and loads into a fresh model.
    for (key, tensor) in old.iter() {
        let copy = new.get(key).ok_or_else(|| format!("{key} is gone"))?;
        if tensor.bytes()? != copy.bytes()? {
            return Err(format!("{key} has changed").into());
        }
    }
    let mut fresh = MyModule::new();
    let report = fresh.load(&new_path)?;
    println!("\n{report}");
    println!("verified: all {} tensors of version 1 are in version 2, unchanged", old.len());
    println!("not saved: not_state {}", model.not_state.shape());
    Ok(())
}

fn version_of(map: &StateMap<'_>) -> String {
    map.version("").map_or_else(|| "unknown".to_owned(), |version| version.to_string())
}

/// The key table as PyTorch's tutorials print it.
fn print_keys(map: &StateMap<'_>) {
    for (key, tensor) in map.iter() {
        println!("  {key:<24} {:<10} {}", tensor.dtype(), tensor.shape());
    }
}
