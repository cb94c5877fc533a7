//! A model that is trained in Rust and saved as PyTorch would save it.
//!
//! The perceptron of `mlp.rs` is of the size that MNIST is usually tried with, and learns from pictures
//! that the program makes. It is saved, and loaded into a model that was never trained. Given a second
//! path, the program also saves an input with its logits, for PyTorch to compare:
//!
//! ```python
//! class Mlp(nn.Module):
//!     def __init__(self):
//!         super().__init__()
//!         self.fc1 = nn.Linear(784, 128)
//!         self.fc2 = nn.Linear(128, 10)
//!     def forward(self, x):
//!         return self.fc2(F.relu(self.fc1(x)))
//!
//! model = Mlp()
//! model.load_state_dict(torch.load("mlp.pt"))
//! example = torch.load("logits.pt")
//! assert torch.allclose(model(example["input"]), example["logits"], atol=1e-4)
//! ```
//!
//! `cargo run -p statedict-examples --features candle --example candle_mlp [MLP.pt [LOGITS.pt]]`
#![allow(clippy::print_stdout)]

mod mlp;

use std::error::Error;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use mlp::Mlp;
use statedict::{StateDict, StateDictExt};

/// An input and what the model makes of it.
#[derive(StateDict)]
struct Example {
    #[buffer]
    input: Tensor,
    #[buffer]
    logits: Tensor,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = tempfile::tempdir()?;
    let path = arguments.next().unwrap_or_else(|| folder.path().join("mlp.pt"));

    let trained = mlp::train(15, |epoch, loss| println!("epoch {epoch}: loss {loss:.4}"))?;
    let (images, labels) = mlp::pictures(200, 2)?;
    let before = mlp::accuracy(&trained, &images, &labels)?;
    trained.save(&path)?;
    println!("{:.1} % of new pictures are known; saved to {}", 100.0 * before, path.display());
    if before < 0.95 {
        return Err("the model did not learn".into());
    }

    let mut loaded = Mlp::new(&VarBuilder::zeros(DType::F32, &Device::Cpu))?;
    assert!(mlp::accuracy(&loaded, &images, &labels)? < 0.5);
    let report = loaded.load(&path)?;
    println!("loaded: {}", report.loaded.join(", "));
    let (ours, theirs) = (loaded.forward(&images)?, trained.forward(&images)?);
    assert_eq!(ours.to_vec2::<f32>()?, theirs.to_vec2::<f32>()?);

    if let Some(path) = arguments.next() {
        Example { input: images, logits: ours }.save(path)?;
    }
    Ok(())
}
