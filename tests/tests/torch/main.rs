//! The library beside PyTorch itself, which says what is right.

mod architectures;
#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
mod checkpoint;
mod checkpoint_models;
mod extra_state;
mod fixtures;
mod guide;
mod histories;
#[cfg(feature = "hub")]
mod hub;
mod load_cast;
mod load_hooks;
mod load_prefix;
mod load_random;
mod load_state_dict;
mod migrations;
mod models;
mod not_kept;
mod odd_tensors;
mod optimizer;
mod pickled;
mod pieces;
mod programs;
mod python_values;
mod read_grid;
mod resume_training;
mod safetensors;
mod write_identity;
mod write_nested;
