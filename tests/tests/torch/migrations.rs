//! Migrated models go back to torch, and torch's generations come here, with any elements.

use serde_json::json;
use statedict::prelude::*;
use statedict_tests::generations::Encoder;
use statedict_tests::{Description, Torch, temp_dir};

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torchs_newest_class_loads_what_we_migrated() {
    let torch = Torch::start();
    let folder = temp_dir();
    for generation in 1..=3 {
        let old = folder.path().join(format!("v{generation}.pt"));
        let new = folder.path().join(format!("v{generation}.migrated.pt"));
        let seed = 40 + generation;
        torch.call("generations.save", json!([generation, old, seed]));
        let fresh: Description = torch.get("generations.state", json!([3, 7]));
        let theirs: Description = torch.get("generations.upgraded", json!([old, 7]));

        let mut model = Encoder::zeros();
        model.load_state_dict(&fresh.to_map()).unwrap();
        model.load(&old).unwrap();
        Description::of(&model.state_dict().unwrap()).assert_is(&theirs);

        model.save(&new).unwrap();
        let back: Description = torch.get("generations.upgraded", json!([new, 8]));
        back.assert_is(&theirs);
    }
}
