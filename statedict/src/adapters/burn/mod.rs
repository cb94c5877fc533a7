//! burn's tensors as leaves, and the layers of `burn::nn` as modules (feature `burn-0_22`, or `burn`).
//!
//! Every [`Tensor`](burn::tensor::Tensor), [`Param`](burn::module::Param) and
//! [`RunningState`](burn::module::RunningState) is a leaf; every stock layer with a counterpart in
//! `torch.nn` is a module with PyTorch's names, order, versions and layouts. What burn has in another
//! layout, and how to say it of a tensor of your own, is in [`Transposed`].
//!
//! - Element types are those of the tensor, whatever burn's defaults for the device are: an `int64`
//!   tensor stays one, and nothing is narrowed unless the load's options say so.
//! - A parameter that is not initialized yet is not initialized for a load, if burn's defaults tell
//!   its element type; the loaded value takes its place.
//! - What a parameter's `load_mapper` and `save_mapper` do is done: the leaf is what burn itself would
//!   store. A reparameterization (LoRA) stays attached and is no part of the leaf.
//! - Whether a tensor requires gradients stays as it is.
//! - Tensors are saved with the location `cpu`, whatever device they are on.

mod attention;
mod batch_norm;
mod data;
mod layers;
mod linear;
mod param;
mod recurrent;
mod running;
mod stacked;
mod stateless;
mod tensor;
mod transposed;

pub use batch_norm::CountedBatchNorm;
pub use transposed::Transposed;
