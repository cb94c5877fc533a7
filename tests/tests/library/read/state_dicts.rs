//! Flat state dicts, and what is not one.

use statedict::DType;

use super::fixture::open;

#[test]
fn keys_tensors_and_versions_in_order() {
    let map = open("state_dict").state_map().unwrap();
    let keys: Vec<&str> = map.keys().collect();
    let expected = [
        "fc.weight",
        "fc.bias",
        "bn.weight",
        "bn.bias",
        "bn.running_mean",
        "bn.running_var",
        "bn.num_batches_tracked",
        "tied.weight",
        "tied.bias",
    ];
    assert_eq!(keys, expected);
    assert_eq!(map.version("bn"), Some(2));
    assert_eq!(map.version(""), Some(1));
    let modules: Vec<&str> = map.metadata().unwrap().iter().map(|(path, _)| path).collect();
    assert_eq!(modules, ["", "fc", "bn", "tied"]);
    let tracked = map.get("bn.num_batches_tracked").unwrap();
    assert_eq!((tracked.dtype(), tracked.shape().len()), (DType::I64, 0));
    let (fc, tied) = (map.get("fc.weight").unwrap(), map.get("tied.weight").unwrap());
    assert!(fc.storage().same_as(tied.storage()));
}

#[test]
fn the_map_outlives_the_document() {
    let document = open("state_dict");
    let map = document.state_map().unwrap();
    drop(document);
    assert_eq!(map.get("bn.weight").unwrap().to_vec::<f32>().unwrap(), [1.0; 3]);
}

#[test]
fn a_nested_checkpoint_says_where_its_state_dicts_are() {
    let document = open("checkpoint");
    let error = document.state_map().unwrap_err().to_string();
    assert_eq!(
        error,
        "[\"model\"] should be a tensor and is collections.OrderedDict of 9; \
         the file holds a state dict deeper: use `state_map_at(&[\"model\"])`"
    );
    assert_eq!(document.state_map_at(&["model"]).unwrap().len(), 9);
    let error = document.state_map_at(&["module"]).unwrap_err().to_string();
    assert!(error.starts_with("[\"module\"] should be a state dict and is absent"), "{error}");
    let error = document.state_map_at(&["epoch"]).unwrap_err().to_string();
    assert_eq!(error, "[\"epoch\"] should be a dict of str to tensor and is 7");
}

#[test]
fn a_key_that_is_not_a_str_is_named() {
    let error = open("int_and_str_key").state_map().unwrap_err().to_string();
    assert!(
        error.starts_with("the key 1 of the file's root should be a str and is int"),
        "{error}"
    );
}

#[test]
fn a_tensor_that_cannot_be_represented_is_refused_alone() {
    let document = open("refused");
    let error = document.state_map().unwrap_err().to_string();
    assert!(
        error.starts_with("[\"sparse\"] is a sparse tensor, which is no plain tensor"),
        "{error}"
    );
    let (map, refused) = document.state_map_partial(&[]).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["ok", "meta", "also"]);
    assert_eq!(map.get("ok").unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
    let keys: Vec<&str> = refused.iter().map(|refused| refused.key.as_str()).collect();
    assert_eq!(keys, ["sparse", "quantized"]);
}
