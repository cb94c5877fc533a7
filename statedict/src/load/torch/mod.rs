//! PyTorch's own rules, and what it and mmcv print.

mod message;
mod module_tree;
pub(super) mod repr;
pub(super) mod rules;
mod table;
