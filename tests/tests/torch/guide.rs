//! What a guide shows of PyTorch runs, as what it shows of Rust does.

use std::path::Path;

use serde_json::json;
use statedict_tests::Torch;

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_python_of_the_guide_runs() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../statedict/doc/pytorch.md");
    let text = std::fs::read_to_string(&guide).unwrap();
    let blocks: usize = Torch::start().get("guide.run", json!({ "path": guide }));
    assert_eq!(blocks, text.matches("```python").count());
    // To each its Rust.
    assert_eq!(blocks, text.matches("```rust").count());
}
