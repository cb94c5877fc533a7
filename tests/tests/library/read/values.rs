//! Values of every kind, each compared with what PyTorch finds.

use super::fixture::{check, decimal, open};

#[test]
fn a_state_dict() {
    check("state_dict");
}

#[test]
fn every_element_type() {
    check("dtypes");
}

#[test]
fn every_kind_of_view() {
    check("views");
}

#[test]
fn a_training_checkpoint() {
    check("checkpoint");
}

#[test]
fn parameters_and_python_attributes() {
    check("parameters");
}

#[test]
fn every_protocol() {
    for protocol in [0, 1, 3, 4, 5] {
        check(&format!("protocol_{protocol}"));
    }
}

#[test]
fn frozenset_and_defaultdict() {
    check("frozen_and_default");
    let document = open("frozen_and_default");
    let factory = document.root().get("d").unwrap().as_dict().unwrap().default_factory().unwrap();
    assert_eq!(format!("{factory:?}"), "<builtins.list>");
}

#[test]
fn a_dict_used_twice_is_one_dict_and_both_names_keep_it() {
    check("shared_dict");
    check("shared_state_dict");
    let document = open("shared_state_dict");
    let (model, ema) = (document.root().get("model").unwrap(), document.root().get("ema").unwrap());
    assert!(model.same_as(ema));
    assert_eq!(document.state_map_at(&["ema"]).unwrap().len(), 9);
    let map = open("shared_dict").state_map_at(&["b"]).unwrap();
    assert_eq!(map.get("w").unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[test]
fn a_list_that_contains_itself() {
    check("cyclic_list");
    let document = open("cyclic_list");
    let list = document.root().as_items().unwrap();
    assert!(list.get(1).unwrap().same_as(document.root()));
}

#[test]
fn one_tensor_object_used_twice_and_a_second_object_over_its_storage() {
    check("same_object");
    let document = open("same_object");
    let items = document.root().as_items().unwrap();
    let [first, second, detached] = [0, 1, 2].map(|index| items.get(index).unwrap());
    assert!(first.same_as(second));
    assert!(!first.same_as(detached));
    assert!(first.as_tensor().unwrap().same_as(&detached.as_tensor().unwrap()));
}

#[test]
fn more_entries_than_a_pickler_writes_at_once() {
    check("batches");
    check("batches_ordered");
    check("many_views");
}

#[test]
fn other_roots_than_a_dict() {
    check("bare_tensor");
    let document = open("mixed_storage");
    let storage = document.root().as_items().unwrap().get(0).unwrap();
    match storage.kind() {
        statedict::value::Kind::Storage(storage) => {
            assert_eq!(storage.dtype(), None);
            assert_eq!(
                *storage.storage().bytes().unwrap(),
                [1.0f32; 3].map(f32::to_le_bytes).concat()
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn integers_of_any_size() {
    let document = open("checkpoint");
    let big = document.root().get("big").unwrap();
    assert_eq!(decimal(big), "1606938044258990275541962092341162602522202993782792835301377");
    assert_eq!(big.as_i64(), None);
}

#[test]
fn keys_that_would_collide_as_names_are_all_there() {
    check("dotted_and_nested");
    check("int_and_str_key");
}
