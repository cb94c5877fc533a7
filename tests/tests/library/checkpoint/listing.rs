//! A checkpoint as a list and as a graph to look at.

use statedict::Checkpoint;
use statedict::prelude::*;
use statedict::value::Graph;

fn map(tensors: usize) -> StateMap<'static> {
    let tensor = || TensorView::from_vec(vec![0.5f32; 1000], [10, 100]).unwrap();
    (0..tensors).map(|index| (format!("layers.{index}"), tensor())).collect()
}

#[test]
fn the_tree_shows_keys_types_values_counts_and_sizes() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("epoch", 5).unwrap();
    checkpoint.set("best", f64::INFINITY).unwrap();
    checkpoint.set_state_map("model", &map(3)).unwrap();
    checkpoint
        .set(
            "config",
            [("betas", (0.9, 0.999))].into_iter().collect::<std::collections::HashMap<_, _>>(),
        )
        .unwrap();
    checkpoint.set(("config", "note"), "two\nlines").unwrap();
    checkpoint.set("losses", (0..20).collect::<Vec<i32>>()).unwrap();
    checkpoint.set("layers", vec![vec![64, 10], vec![]]).unwrap();
    checkpoint.set_value("rng", TensorView::from_vec(vec![0u8; 16], [16]).unwrap()).unwrap();
    let first: Vec<String> = (0..16).map(|index| format!("    [{index}]: int {index}\n")).collect();
    assert_eq!(
        checkpoint.to_string(),
        format!(
            "dict of 7\n  epoch: int 5\n  best: float inf\n  model: collections.OrderedDict, 3 tensors of 11.7 KiB\n\
            \x20 config: dict of 2\n    betas: tuple (0.9, 0.999)\n    note: str \"two\\nlines\"\n\
            \x20 losses: list of 20\n{}    … 4 more\n\
            \x20 layers: list of 2\n    [0]: list [64, 10]\n    [1]: list []\n\
            \x20 rng: torch.Tensor uint8 [16]\n",
            first.concat()
        )
    );
    let listed = checkpoint.list(()).unwrap();
    let model = &listed[2];
    assert_eq!((model.tensors, model.nbytes, model.len), (3, 12_000, Some(3)));
    assert_eq!(
        checkpoint.list("epoch").unwrap_err().to_string(),
        "`epoch` should be a container and is an int"
    );
}

#[test]
fn what_contains_itself_ends() {
    let mut graph = Graph::new();
    let list = graph.list([]);
    for _ in 0..20 {
        graph.push(list, list).unwrap();
    }
    graph.put(graph.root().value_id(), "loop", list).unwrap();
    let text = Checkpoint::from(graph).to_string();
    assert!(text.lines().count() < 3000 && text.contains("… and what follows"), "{text}");
}
