//! What `#[derive(StateDict)]` writes.

mod calls;
mod history;
mod hygiene;
mod recorder;
