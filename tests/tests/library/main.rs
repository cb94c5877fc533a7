//! The library, with neither PyTorch nor a tensor library.

mod checkpoint;
mod conformance;
mod containers;
mod contents;
mod derive;
mod errors;
mod extra_state;
mod fixtures;
mod guide;
mod histories;
mod load;
mod migrations;
mod optimizer;
mod read;
mod resume_training;
mod schema;
mod sharing;
mod state_dict;
mod write;
