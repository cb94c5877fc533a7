//! The suite for tensor types: it accepts ours and notices what is wrong with others.

mod elements;
mod faults;
