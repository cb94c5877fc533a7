//! Tensors without a tensor library: element types, shapes, storages and lazy views.

mod cast;
mod convert;
mod cpu;
mod derive_view;
mod element;
mod float8;
mod gather;
mod identities;
mod shape;
mod storage;
mod view;
mod view_error;

pub(crate) use cast::{cast, cast_refusal};
pub(crate) use convert::widening;
pub use cpu::CpuTensor;
pub use element::Element;
#[cfg(feature = "burn-0_22")]
pub(crate) use element::copy_le_bytes;
pub(crate) use element::to_le_bytes;
pub(crate) use identities::{Identities, Numbering};
pub use shape::{Shape, Strides};
pub use storage::{Storage, StorageError, Storages};
pub use view::TensorView;
pub(crate) use view::{check_range, is_whole, required_bytes};
pub use view_error::ViewError;
