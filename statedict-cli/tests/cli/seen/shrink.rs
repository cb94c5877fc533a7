//! Leaves out of a pair what its fault does not need.

use std::path::Path;

use serde_json::json;
use statedict_tests::Torch;

use super::judge::{self, Case};

/// How often it is tried to leave something out.
const TRIES: usize = 200;

/// The fault of a pair, with as little in the files as shows it.
pub(crate) fn smallest(torch: &Torch, folder: &Path, case: &Case) -> String {
    let write = |without: &[u64]| {
        let args = json!({"folder": folder, "number": case.number, "without": without});
        let written = torch.try_call("seen.files.write", args).ok()?;
        let case: Case = serde_json::from_value(written).ok()?;
        let fault = judge::judge(&case).err();
        case.remove();
        Some((case, fault?))
    };
    let number = case.number;
    let Some((case, fault)) = write(&[]) else {
        return format!("{number}: {}: not found again", case.about);
    };
    let (mut without, mut last, mut ids) = (Vec::new(), fault, case.ids);
    // What is left out takes its content along, so the first tries are those of large parts.
    for _ in 0..TRIES {
        let Some(id) = ids.pop() else { break };
        without.push(id);
        match write(&without) {
            Some((smaller, fault)) if fault.kind == last.kind => {
                ids.retain(|id| smaller.ids.contains(id));
                last = fault;
            }
            _ => drop(without.pop()),
        }
    }
    let shown = torch.try_call("seen.files.show", json!([number, without]));
    let shown =
        shown.map_or_else(|error| error.to_string(), |text| text.as_str().unwrap().to_owned());
    format!("{number}: {}: {last}\n{shown}", case.about)
}
