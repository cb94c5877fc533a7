//! What cannot be encoded or decoded is refused, however deep or often it comes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use statedict::Checkpoint;
use statedict::checkpoint::CheckpointError;
use statedict::value::Graph;

#[track_caller]
fn refused(result: Result<(), CheckpointError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn keys_that_python_cannot_hash_or_takes_for_one_are_refused() {
    let mut checkpoint = Checkpoint::new();
    refused(
        checkpoint.set("map", BTreeMap::from([(vec![1], "list")])),
        "`map` cannot be in a checkpoint: a key of it is a list, which Python cannot hash",
    );
    /// A map with any keys.
    struct Map<K>(Vec<(K, u8)>);
    impl<K: Serialize> Serialize for Map<K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Key {
        Bool(bool),
        Int(i64),
        Float(f64),
        Text(&'static str),
    }
    let twice = "cannot be in a checkpoint: two keys of it are one in Python, so one of the values would be lost";
    for other in [Key::Bool(true), Key::Float(1.0)] {
        let error = checkpoint.set("map", Map(vec![(Key::Int(1), 0), (other, 1)])).unwrap_err();
        assert!(error.to_string().ends_with(twice), "{error}");
    }
    let map = Map(vec![(Key::Text("a"), 0), (Key::Text("a"), 1)]);
    refused(checkpoint.set("map", map), &format!("`map[\"a\"]` {twice}"));
    let map = Map(vec![
        (Key::Text("1"), 0),
        (Key::Int(1), 1),
        (Key::Float(0.5), 2),
        (Key::Bool(false), 3),
    ]);
    checkpoint.set("map", map).unwrap();
    assert_eq!(checkpoint.get::<u8>(("map", 1)).unwrap(), 1);
    assert_eq!(checkpoint.list("map").unwrap().len(), 4);
    assert!(!checkpoint.contains("other"));
}

#[derive(Serialize, Deserialize, Default)]
struct Deep(Vec<Deep>);

#[test]
fn deep_values_are_refused_both_ways() {
    let mut value = Deep::default();
    for _ in 0..1000 {
        value = Deep(vec![value]);
    }
    let mut checkpoint = Checkpoint::new();
    let error = checkpoint.set("deep", &value).unwrap_err().to_string();
    assert!(error.ends_with("it nests more than 128 levels deep"), "{error}");

    let mut graph = Graph::new();
    let mut list = graph.list([]);
    for _ in 0..100_000 {
        list = graph.list([list]);
    }
    graph.put(graph.root().value_id(), "deep", list).unwrap();
    let looping = graph.list([]);
    graph.push(looping, looping).unwrap();
    graph.put(graph.root().value_id(), "loop", looping).unwrap();
    let checkpoint = Checkpoint::from(graph);
    for path in ["deep", "loop"] {
        let error = checkpoint.get::<Deep>(path).map(drop).unwrap_err().to_string();
        assert!(error.ends_with("it nests more than 128 levels deep"), "{error}");
        let error = checkpoint.get::<serde_json::Value>(path).unwrap_err().to_string();
        assert!(error.ends_with("it nests more than 128 levels deep"), "{error}");
    }
}

/// A type that contains itself without a value between.
#[test]
fn a_type_without_end_is_refused() {
    #[derive(Deserialize)]
    #[allow(dead_code)] // Never made.
    struct Endless(Option<Box<Endless>>);
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("value", 1).unwrap();
    assert!(checkpoint.get::<Endless>("value").is_err());
}

#[test]
fn what_is_used_again_and_again_is_not_decoded_without_end() {
    let mut graph = Graph::new();
    let text = graph.add("x".repeat(10_000));
    let mut list = graph.list([text]);
    for _ in 0..30 {
        list = graph.list([list, list]);
    }
    graph.put(graph.root().value_id(), "bomb", list).unwrap();
    let error = Checkpoint::from(graph).get::<serde_json::Value>("bomb").unwrap_err().to_string();
    let expected = "it has far more values than the file: parts of it are used again and again";
    assert!(error.ends_with(expected), "{error}");
}
