//! Checkpoints by address, from a server on this machine: what a good one does, and a bad one.

mod faults;
mod load;
mod processes;
mod resume;
mod simple;
mod tls;
