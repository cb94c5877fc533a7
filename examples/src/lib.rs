//! The examples are the `.rs` files beside this folder; this file is only here because a package
//! needs a target besides its examples.
