//! The program, run as a user runs it.

mod check;
mod convert;
mod diff;
mod fetch;
mod hostile;
mod inspect;
mod large;
mod migrate;
mod opening;
mod plot;
mod python_values;
mod read_back;
mod report;
mod safetensors;
mod scaffold;
mod seen;
mod transcripts;
