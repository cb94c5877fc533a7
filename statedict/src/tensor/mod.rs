//! Tensors without a tensor library: element types, shapes, storages and lazy views.

mod element;
mod gather;
mod shape;
mod storage;
mod view;

pub use element::Element;
pub(crate) use element::{copy_le_bytes, from_le_bytes, to_le_bytes};
pub use shape::{Shape, Strides};
pub use storage::{Storage, StorageError, Storages};
pub use view::{TensorView, ViewError};
pub(crate) use view::{check_range, is_row_major};
