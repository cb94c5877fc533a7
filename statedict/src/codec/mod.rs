//! Bytes to state dicts and back: PyTorch's file formats, without any knowledge of models.

pub(crate) mod write;
