//! Loading a state dict into a model: all or nothing, with a report.

mod atomicity;
mod failing;
mod large_storages;
mod mapping;
mod report;
mod state_dict;
mod ties;
mod versions;
mod warm_start;
