//! Models that are valid, if odd, and compile without a warning: under lints that are forbidden and denied, in every
//! edition. Their keys are compared where it is not plain what they are.

#![forbid(unsafe_code, deprecated, unused_imports, elided_lifetimes_in_paths)]
#![deny(
    warnings,
    let_underscore,
    unused,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![deny(
    missing_copy_implementations,
    single_use_lifetimes,
    unused_lifetimes,
    trivial_casts,
    trivial_numeric_casts
)]
#![deny(unit_bindings, unused_results, variant_size_differences, ambiguous_negative_literals)]
#![deny(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![deny(
    clippy::shadow_reuse,
    clippy::shadow_unrelated,
    clippy::pattern_type_mismatch,
    clippy::ref_patterns
)]
#![deny(clippy::missing_trait_methods, clippy::mem_forget, clippy::multiple_inherent_impl)]
#![expect(dead_code, reason = "most are only compiled")]

mod attributes;
mod field_types;
mod generics;
mod shapes;

use statedict::StateDict;

/// A module with a tensor.
#[derive(StateDict, Default)]
struct Linear {
    #[param]
    weight: Vec<f32>,
}

/// A module without state.
#[derive(StateDict, Default)]
struct Relu;
