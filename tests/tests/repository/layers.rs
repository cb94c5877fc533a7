//! The runtime crate is built in layers, and each file uses only its own and those below it.
//!
//! The table is the rule; ARCHITECTURE.md says why. A new module gets a place in it.

use std::path::Path;

use crate::imports::Crate;

/// The modules directly under the crate, lowest layer first.
const LAYERS: &[&[&str]] = &[
    &[
        "dtype",
        "escape",
        "huge_pages",
        "key",
        "name_map",
        "nontemporal_copy",
        "not_kept",
        "parallel",
        "plain_debug",
        "setters",
    ],
    &["tensor"],
    &["metadata", "map", "value"],
    &["contents"],
    &["mapping"],
    // Bytes to values and back; knows no model.
    &["codec"],
    &["migration"],
    &["extra_state", "leaf", "visit", "schema"],
    // What implements the traits.
    &["impls", "leaves"],
    &["collect", "load"],
    &["checkpoint"],
    // The sum of the errors of the stages below it.
    &["error"],
    &["files", "save"],
    &["state_dict_ext"],
    &["adapters", "hub", "testing"],
    // What generated code names.
    &["private"],
];

#[test]
fn files_use_only_their_layer_and_those_below() {
    let all = Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../statedict/src"));
    let mut problems = Vec::new();
    let mut uses = 0;
    for (at, file) in all.files.iter().enumerate() {
        // The front door names every layer.
        let Some(own) = file.module.first() else { continue };
        let Some(layer) = layer(own) else {
            problems.push(format!("{}: `{own}` has no place in the table of layers", file.name));
            continue;
        };
        for path in all.uses(at) {
            uses += 1;
            let target = all.file_of(&path).map(|target| &all.files[target]);
            // A macro that is exported stands right under the crate, wherever it is written.
            let Some(target) = target.and_then(|target| target.module.first()) else { continue };
            match self::layer(target) {
                Some(below) if below <= layer => {}
                Some(_) => problems.push(format!(
                    "{}: `{}` is of a layer above it",
                    file.name,
                    path.join("::")
                )),
                None => {}
            }
        }
    }
    problems.sort();
    problems.dedup();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // What is not seen cannot be wrong.
    assert!(all.files.len() >= 200 && uses >= 1000, "saw {} files, {uses} uses", all.files.len());
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}
