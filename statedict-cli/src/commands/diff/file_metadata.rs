//! The metadata that safetensors files have of themselves.

use std::collections::BTreeSet;

use serde_json::json;
use statedict::contents::Step;

use super::compare::Comparison;
use super::difference::{Difference, Form, What};
use crate::opened::Opened;

/// The name of the metadata in a file.
const METADATA: &str = "__metadata__";

/// Compares the metadata of two safetensors files; other formats have none.
pub(super) fn compare<'g>(a: &'g Opened, b: &'g Opened, comparison: &mut Comparison<'g>) {
    if !(a.is_safetensors() && b.is_safetensors()) {
        return;
    }
    let (a, b) = (a.document.file_metadata(), b.document.file_metadata());
    let names: BTreeSet<&'g String> = a.keys().chain(b.keys()).collect();
    // Every writer puts its name of the framework under `format`.
    for name in names.into_iter().filter(|name| *name != "format") {
        let [was, is] = [a, b].map(|of| of.get(name).map(|text| Form::Leaf(json!(text))));
        let what = match (was, is) {
            _ if a.get(name) == b.get(name) => {
                comparison.others += 1;
                continue;
            }
            (Some(was), Some(is)) => What::Changed { was, is },
            (Some(was), None) => What::Removed { was },
            (None, Some(is)) => What::Added { is },
            (None, None) => continue,
        };
        let steps = vec![Step::Attribute(METADATA), Step::Attribute(name)];
        comparison.differences.push(Difference { steps, what });
    }
}
