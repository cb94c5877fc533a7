//! What PyTorch's own `test_load_state_dict.py` asserts, each behaviour against torch: the same model
//! and dict in both, the same lists in the same order, the same message, the same tensors afterwards.
//!
//! Not here, because the types exclude it: a dict with values that are no tensors, something that is no
//! mapping at all, keys that are no strings, reference cycles, tensors on the meta device, and
//! `swap_tensors`.

use statedict_tests::tree::{Case, Data, Outcome, Spec};

fn floats(start: i16, shape: &[usize]) -> Data {
    let count = shape.iter().product::<usize>();
    Data::of(&(start..).take(count).map(f32::from).collect::<Vec<_>>(), shape)
}

fn linear(start: i16) -> Spec {
    Spec::new("Linear")
        .parameter("weight", floats(start, &[2, 2]))
        .parameter("bias", floats(start + 50, &[2]))
}

fn batch_norm(start: i16) -> Spec {
    let norm = Spec::new("BatchNorm2d")
        .parameter("weight", floats(start, &[2]))
        .parameter("bias", floats(start + 10, &[2]))
        .buffer("running_mean", floats(start + 20, &[2]), true)
        .buffer("running_var", floats(start + 30, &[2]), true)
        .buffer("num_batches_tracked", Data::of(&[5i64], &[]), true);
    Spec { norm: true, ..norm }
}

/// The net of torch's test: a shared linear layer, a batch norm, a block, and a child that is `None`.
fn net() -> Case {
    let conv = Spec::new("Conv2d")
        .parameter("weight", floats(0, &[1, 2]))
        .parameter("bias", floats(9, &[3]));
    let model = Spec::new("Net")
        .child("linear1", linear(0))
        .child("bn", batch_norm(100))
        .child("block", Spec::new("Block").child("conv1", conv))
        .child("empty", None)
        .buffer("scratch", floats(0, &[1]), false);
    Case::new(model).alias("linear2", "linear1")
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

#[track_caller]
fn assert_fails(outcome: &Outcome, lines: &[&str]) {
    let message = outcome.error.as_deref().expect("torch refuses it");
    for line in lines {
        assert!(message.contains(line), "{line:?} is not in {message}");
    }
    assert_eq!(message.lines().count(), lines.len() + 1, "{message}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_dict_of_its_own_shape_loads() {
    let case = net()
        .set("linear1.weight", floats(77, &[2, 2]))
        .set("linear2.weight", floats(77, &[2, 2]))
        .set("block.conv1.bias", floats(1, &[3]))
        .set("bn.running_mean", floats(-7, &[2]));
    let outcome = case.check();
    assert_eq!(outcome.repr.as_deref(), Some("<All keys matched successfully>"));
    assert_eq!(
        outcome.after.tensor("linear2.weight").bytes,
        77f32
            .to_le_bytes()
            .into_iter()
            .chain(78f32.to_le_bytes())
            .chain(79f32.to_le_bytes())
            .chain(80f32.to_le_bytes())
            .collect::<Vec<_>>()
    );
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn unexpected_keys_fail_or_are_listed() {
    for key in ["extra", "extra.param"] {
        let case = net().set(key, floats(0, &[5]));
        assert_fails(&case.check(), &[&format!("Unexpected key(s) in state_dict: \"{key}\". ")]);
        let outcome = case.strict(false).check();
        assert_eq!((outcome.missing, outcome.unexpected), (vec![], keys(&[key])));
        assert!(outcome.repr.unwrap().contains("Incompatible"));
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn missing_keys_fail_or_are_listed() {
    let case = net().remove("linear1.weight");
    assert_fails(&case.check(), &["Missing key(s) in state_dict: \"linear1.weight\". "]);
    let outcome = case.strict(false).check();
    assert_eq!((outcome.missing, outcome.unexpected), (keys(&["linear1.weight"]), vec![]));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn both_lists_at_once_are_in_the_order_of_the_modules() {
    let case = net()
        .remove("bn.weight")
        .remove("linear1.bias")
        .remove("block.conv1.weight")
        .set("z", floats(0, &[1]))
        .set("bn.zz", floats(0, &[1]))
        .set("a", floats(0, &[1]))
        .set("linear1.q.r", floats(0, &[1]));
    let outcome = case.clone().strict(false).check();
    assert_eq!(outcome.missing, ["linear1.bias", "bn.weight", "block.conv1.weight"]);
    assert_eq!(outcome.unexpected, ["z", "a", "linear1.q.r", "bn.zz"]);
    assert_fails(&case.check(), &["Missing key(s)", "Unexpected key(s)"]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_wrong_size_fails_strict_or_not_and_the_rest_is_loaded() {
    for strict in [true, false] {
        let case = net()
            .set("bn.running_mean", floats(0, &[14, 4]))
            .set("linear1.bias", floats(0, &[3]))
            .set("block.conv1.bias", floats(70, &[3]))
            .strict(strict);
        let outcome = case.check();
        assert_fails(
            &outcome,
            &[
                "size mismatch for linear1.bias: copying a param with shape torch.Size([3])",
                "size mismatch for bn.running_mean: copying a param with shape torch.Size([14, 4])",
            ],
        );
        assert_eq!(outcome.after.tensor("block.conv1.bias").bytes[..4], 70f32.to_le_bytes());
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_partial_dict_leaves_the_rest_untouched() {
    let mut case = net().strict(false).metadata(None);
    case.state.clear();
    let outcome = case
        .set("linear1.weight", floats(31, &[2, 2]))
        .set("bn.running_mean", floats(41, &[2]))
        .set("nonexistent_key", floats(0, &[3]))
        .check();
    assert_eq!(outcome.unexpected, ["nonexistent_key"]);
    // Without metadata the buffer that came with version 2 is not missed.
    assert!(!outcome.missing.contains(&"bn.num_batches_tracked".to_owned()));
    assert_eq!(outcome.after.tensor("bn.weight").bytes[..4], 100f32.to_le_bytes());
}

/// `test_load_state_dict_BC`.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_batch_norm_of_version_1_or_none_has_no_count_of_batches() {
    let case = Case::new(Spec::new("Sequential").child("0", batch_norm(0)));
    let old = case.clone().remove("0.num_batches_tracked");
    for metadata in [None, Some(&[("0", Some(1))][..]), Some(&[("0", None)][..]), Some(&[][..])] {
        let outcome = old.clone().metadata(metadata).check();
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.after.tensor("0.num_batches_tracked").bytes, 5i64.to_le_bytes());
    }
    for version in [2, 3] {
        let newer = old.clone().metadata(Some(&[("0", Some(version))]));
        assert_fails(
            &newer.check(),
            &["Missing key(s) in state_dict: \"0.num_batches_tracked\". "],
        );
    }
}

/// Under one name of a shared module the key may be missing and under the other not.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn each_name_of_a_shared_module_has_its_own_version() {
    let case = Case::new(Spec::new("Net").child("a", batch_norm(0)))
        .alias("b", "a")
        .remove("a.num_batches_tracked")
        .remove("b.num_batches_tracked")
        .metadata(Some(&[("a", Some(1)), ("b", Some(2))]));
    assert_fails(&case.check(), &["Missing key(s) in state_dict: \"b.num_batches_tracked\". "]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn both_names_of_a_tie_are_required_and_the_last_wins() {
    let case = net();
    assert_fails(
        &case.clone().remove("linear2.bias").check(),
        &["Missing key(s) in state_dict: \"linear2.bias\". "],
    );
    let outcome = case
        .set("linear1.weight", floats(1, &[2, 2]))
        .set("linear2.weight", floats(2, &[2, 2]))
        .check();
    assert_eq!(outcome.after.tensor("linear1.weight").bytes[..4], 2f32.to_le_bytes());
}

/// The last that fits: the other name's tensor has another shape.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn of_two_names_the_one_that_fits_is_loaded() {
    let outcome = net()
        .set("linear1.weight", floats(1, &[2, 2]))
        .set("linear2.weight", floats(2, &[3]))
        .check();
    assert_fails(&outcome, &["size mismatch for linear2.weight"]);
    assert_eq!(outcome.after.tensor("linear1.weight").bytes[..4], 1f32.to_le_bytes());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_child_that_is_none_swallows_what_is_below_it_and_not_its_name() {
    let case = net().set("empty.weight", floats(0, &[1])).set("empty.", floats(0, &[1]));
    assert_eq!(case.check().error, None);
    let case = case.set("empty", floats(0, &[1]));
    assert_fails(&case.check(), &["Unexpected key(s) in state_dict: \"empty\". "]);
}

/// `test_load_state_dict_with_unexpected_key`, and the other names that look like keys.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn keys_below_beside_and_above_leaves_are_unexpected() {
    let odd = [
        "linear1.weight.bad_suffix",
        "linear1",
        "linear1.",
        "",
        ".",
        "..",
        "scratch",
        "scratch.x",
        "linear1.bad.suffix",
        "bn.running_mean.x",
        "block.conv1",
        "block..conv1.weight",
        "_extra_state",
        "bn._extra_state",
        "linear1._extra_state.x",
    ];
    let mut case = net();
    for key in odd {
        let outcome = net().set(key, floats(0, &[1])).strict(false).check();
        assert_eq!(outcome.unexpected, [key]);
        case = case.set(key, floats(0, &[1]));
    }
    let outcome = case.strict(false).check();
    assert_eq!(outcome.unexpected[0], "_extra_state");
    assert_eq!(outcome.unexpected.len(), odd.len());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn one_element_fills_a_scalar_and_a_scalar_nothing_else() {
    let model = Spec::new("Net")
        .buffer("count", Data::of(&[7i64], &[]), true)
        .parameter("one", floats(0, &[1]));
    let case = Case::new(model);
    let outcome = case.clone().set("count", Data::of(&[9i64], &[1])).check();
    assert_eq!(outcome.after.tensor("count").bytes, 9i64.to_le_bytes());
    assert_fails(
        &case.clone().set("count", Data::of(&[9i64], &[1, 1])).check(),
        &["torch.Size([1, 1])"],
    );
    assert_fails(&case.set("one", floats(1, &[])).check(), &["with shape torch.Size([]) from"]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn elements_are_converted_in_silence() {
    let model = Spec::new("Net")
        .parameter("as_half", Data::of(&[half::f16::ZERO; 3], &[3]))
        .parameter("as_long", Data::of(&[0i64; 3], &[3]))
        .parameter("as_byte", Data::of(&[0u8; 3], &[3]))
        .parameter("as_flag", Data::of(&[false; 3], &[3]));
    let source = Data::of(&[300.7f64, -0.9, 65519.0], &[3]);
    let mut case = Case::new(model);
    for key in ["as_half", "as_long", "as_byte", "as_flag"] {
        case = case.set(key, source.clone());
    }
    assert_eq!(case.check().error, None);
}

/// A conversion that torch does not know fails for that key alone.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_copy_refuses_is_reported_with_its_exception() {
    let bits = Data { dtype: "bits8".into(), shape: vec![2], hex: "0102".into() };
    let outcome = Case::new(linear(0)).set("bias", bits).set("weight", floats(5, &[2, 2])).check();
    let line = "While copying the parameter named \"bias\", whose dimensions in the model are \
                torch.Size([2]) and whose dimensions in the checkpoint are torch.Size([2]), an exception \
                occurred : ('\"copy_\" not implemented for \\'Bits8\\'',).";
    assert_fails(&outcome, &[line]);
    assert_eq!(outcome.after.tensor("weight").bytes[..4], 5f32.to_le_bytes());
}

/// `test_load_state_dict_assign_shape_stride` and what of `assign=True` has a meaning here.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn assign_takes_the_element_type_and_not_another_shape() {
    let case = Case::new(linear(0)).assign();
    let outcome = case.clone().set("weight", Data::of(&[1.5f64, 2.0, 3.0, 4.0], &[2, 2])).check();
    assert_eq!(outcome.after.tensor("weight").dtype, "float64");
    assert_fails(&case.set("weight", floats(0, &[4])).check(), &["size mismatch for weight"]);
}

/// A module shared by two names is one with `assign=True` as well: the last name's tensors are in both.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn assign_keeps_a_shared_module_shared() {
    let outcome = net()
        .assign()
        .set("linear1.weight", floats(1, &[2, 2]))
        .set("linear2.weight", floats(2, &[2, 2]))
        .check();
    assert_eq!(outcome.after.tensor("linear1.weight").bytes[..4], 2f32.to_le_bytes());
}
