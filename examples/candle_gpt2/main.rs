//! A GPT-2 whose head is its embedding, in candle: PyTorch's logits, and the tie kept in the file.
//!
//! The program loads a file strictly, compares the logits with PyTorch's, continues a text of tokens,
//! saves the model, and checks that the head is no second copy in the new file.
//!
//! `cargo run -p statedict-examples --features candle --example candle_gpt2 [MODEL.pt LOGITS.pt [SAVED.pt]]`
//!
//! `MODEL.pt` is `torch.save(model.state_dict(), ...)` of a model named as Hugging Face's `GPT2LMHeadModel`
//! whose heads are 8 wide, `LOGITS.pt` is `torch.save({"input": tokens, "logits": model(tokens)}, ...)`.
#![allow(clippy::print_stdout)]

mod gpt2;

use std::error::Error;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use gpt2::{Config, Gpt2};
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
    let fixtures = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/gpt2"));
    let path = arguments.next().unwrap_or_else(|| fixtures.join("gpt2.pt"));
    let logits = arguments.next().unwrap_or_else(|| fixtures.join("gpt2.logits.pt"));
    let folder = tempfile::tempdir()?;
    let saved = arguments.next().unwrap_or_else(|| folder.path().join("saved.pt"));

    let map = StateMap::load(&path)?;
    let config = config(&map).ok_or_else(|| format!("{} is no GPT-2", path.display()))?;
    println!("{}: {config:?}", path.display());
    let mut model = Gpt2::new(config, &VarBuilder::zeros(DType::F32, &Device::Cpu))?;
    model.load_state_dict(&map)?;

    let map = StateMap::load(&logits)?;
    let zeros = |key: &str, dtype| {
        let shape = map.get(key).map(|view| view.shape().to_vec()).unwrap_or_default();
        Tensor::zeros(shape, dtype, &Device::Cpu)
    };
    let mut expected =
        Expected { input: zeros("input", DType::I64)?, logits: zeros("logits", DType::F32)? };
    expected.load_state_dict(&map)?;
    let found = model.forward(&expected.input)?;
    let largest = expected.logits.abs()?.max_all()?.to_scalar::<f32>()?;
    let difference = (found - &expected.logits)?.abs()?.max_all()?.to_scalar::<f32>()?;
    println!("logits differ from PyTorch's by {difference:.1e}, of at most {largest:.2}");
    if difference.is_nan() || difference > 1e-4 * largest {
        return Err("the logits are not PyTorch's".into());
    }
    println!("1 2 3 goes on as {:?}", &model.continued(&[1, 2, 3], 5)?[3..]);

    model.save(&saved)?;
    let map = StateMap::load(&saved)?;
    let view = |key: &str| map.get(key).ok_or_else(|| format!("{key} is not in the file"));
    let tied = view("lm_head.weight")?.same_as(view("transformer.wte.weight")?);
    println!("saved: {} tensors; the head is the embedding: {tied}", map.len());
    if !tied {
        return Err("the tie was lost".into());
    }
    Ok(())
}

/// The sizes of the model that a file is of.
fn config(map: &StateMap<'_>) -> Option<Config> {
    let size = |key: &str, dim: usize| map.get(key)?.shape().get(dim).copied();
    let width = size("transformer.wte.weight", 1)?;
    let layer = |layer: &usize| map.get(&format!("transformer.h.{layer}.ln_1.weight")).is_some();
    Some(Config {
        vocabulary: size("transformer.wte.weight", 0)?,
        context: size("transformer.wpe.weight", 0)?,
        width,
        layers: (0..).take_while(layer).count(),
        heads: width / 8,
    })
}
