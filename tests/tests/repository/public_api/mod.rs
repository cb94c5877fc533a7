//! The library's public surface is the committed one, so that a review sees each change of it.
//!
//! `STATEDICT_BLESS=1` writes `public_api.txt` anew.

mod listing;
mod sources;

use std::fs;
use std::path::Path;

use listing::Listing;
use sources::Sources;

/// The crates whose types are part of the public surface. Each of their majors is one of ours, unless the
/// feature is named after it.
const FOREIGN: &[(&str, &str)] = &[
    ("bytemuck", "feature `burn-0_22`: `Transposed` is made of a reference to what it wraps"),
    ("burn", "feature `burn-0_22`: its parameters, tensors and layers"),
    ("candle_core", "feature `candle-0_11`: its tensors and variables"),
    ("candle_nn", "feature `candle-0_11`: its layers"),
    ("half", "`f16` and `bf16` are elements of tensors, and std has no stable type of them"),
    ("indexmap", "`IndexMap` of modules keeps their order, and std has no such map"),
    ("serde", "feature `serde`: values of a checkpoint as types of one's own"),
];

fn read() -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../statedict/src/lib.rs"))
}

#[test]
fn the_public_surface_is_the_committed_one() {
    let sources = read();
    let listing = Listing::of(&sources).to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repository/public_api.txt");
    if std::env::var_os("STATEDICT_BLESS").is_some() {
        fs::write(&path, &listing).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = listing.lines().zip(committed.lines()).position(|(now, then)| now != then);
    let at = differs.or((listing.len() != committed.len()).then_some(0));
    if let Some(line) = at {
        let now = listing.lines().nth(line).unwrap_or_default();
        panic!("public_api.txt:{}: now `{now}`; STATEDICT_BLESS=1 writes it anew", line + 1);
    }
}

#[test]
fn foreign_types_are_those_with_a_reason() {
    let sources = read();
    let listing = Listing::of(&sources);
    let is_known = |name: &str| FOREIGN.iter().any(|(known, _)| *known == name);
    let unknown: Vec<_> = listing.foreign.iter().filter(|(name, _)| !is_known(name)).collect();
    assert!(unknown.is_empty() && listing.foreign.len() >= 4, "{:#?}", listing.foreign);
}

#[test]
fn few_names_are_directly_under_the_crate() {
    let sources = read();
    let listing = Listing::of(&sources);
    assert!(listing.root.len() <= 48, "{}: {:#?}", listing.root.len(), listing.root);
}
