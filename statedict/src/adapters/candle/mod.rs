//! candle's tensors and variables as leaves, and candle-nn's layers as modules (feature `candle-0_11`, or `candle`,
//! for candle 0.11). The guide is [`guide::candle`](crate::guide::candle).
//!
//! - [`candle_core::Tensor`] and [`candle_core::Var`] are leaves. Loading copies the elements once,
//!   from the file's map into the storage that the tensor has: every clone and every
//!   optimizer that holds it sees them. Tensors that share a storage are saved once and stay tied.
//! - [`BoolAsU8`] is a `torch.bool`, of which candle has none.
//! - `candle_nn`'s `Linear`, `Conv1d`, `Conv2d`, `ConvTranspose1d`, `ConvTranspose2d`, `Embedding`,
//!   `LayerNorm`, `RmsNorm` and `PReLU` are modules as they are; [`BatchNorm`], [`GroupNorm`], [`Lstm`]
//!   and [`Gru`] of this module stand for those whose state candle-nn does not let be reached.
//! - `Activation` and `Dropout` are modules without parameters; a `Device` or `DType` is a setting, with no place in
//!   the state dict. None of them needs `#[skip]`.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use candle_nn::Linear;
//! use statedict::{StateDict, StateDictExt};
//!
//! #[derive(StateDict)]
//! struct Net {
//!     fc1: Linear,
//!     fc2: Linear,
//!     #[buffer]
//!     mean: Tensor,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("net.pt");
//! let net = |value: f32| -> candle_core::Result<Net> {
//!     let tensor = |shape: &[usize]| Tensor::full(value, shape, &Device::Cpu);
//!     Ok(Net {
//!         fc1: Linear::new(tensor(&[3, 2])?, Some(tensor(&[3])?)),
//!         fc2: Linear::new(tensor(&[1, 3])?, None),
//!         mean: tensor(&[2])?,
//!     })
//! };
//! net(0.5)?.save(&path)?;
//!
//! let mut fresh = net(0.0)?;
//! fresh.load(&path)?;
//! assert_eq!(fresh.fc1.weight().to_vec2::<f32>()?, [[0.5, 0.5]; 3]);
//! let keys: Vec<String> = fresh.state_dict()?.keys().map(String::from).collect();
//! assert_eq!(keys, ["mean", "fc1.weight", "fc1.bias", "fc2.weight"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Devices
//!
//! A tensor on a GPU says so when it is saved (`cuda:0`, `mps`); its elements go by way of the
//! host's memory, in both directions. A load never moves a tensor to another device, wherever the file
//! says it was, and not by [`assign`](crate::LoadOptions::assign) either: a program makes candle's
//! devices itself.
//!
//! # Element types
//!
//! What candle has not (`torch.bool`, `int8`, `complex64` …) is refused for the tensor that has it,
//! never for the whole file; half-precision numbers stay what they are.

mod batch_norm;
mod bool_as_u8;
mod dtype;
mod group_norm;
mod in_place;
mod layers;
mod out_of_reach;
mod place;
mod reading;
mod recurrent;
mod stateless;
mod stored;
mod tensor;
mod var;
mod writing;

pub use batch_norm::{BatchNorm, batch_norm};
pub use bool_as_u8::BoolAsU8;
pub use group_norm::{GroupNorm, group_norm};
pub use recurrent::{Gru, Lstm, gru, lstm};
