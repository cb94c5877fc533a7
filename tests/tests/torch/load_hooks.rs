//! What PyTorch's own `test_module_hooks.py` asserts of loading, each behaviour against torch: what
//! hooks see, in which order they run, and what they may change.

use statedict_tests::tree::{Case, Data, Outcome, Spec};

fn linear() -> Spec {
    Spec::new("Linear")
        .parameter("weight", Data::of(&[1.0f32, 2.0], &[2]))
        .parameter("bias", Data::of(&[3.0f32], &[1]))
}

/// Three levels, so that orders show.
fn net() -> Case {
    let inner = Spec::new("Inner").child("fc", linear()).child("out", linear());
    let model = Spec::new("Net").child("inner", inner).child("last", linear());
    Case::new(model.parameter("scale", Data::of(&[4.0f32], &[])))
}

/// `test_load_state_dict_pre_hook` and `test_load_state_dict_child`.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_pre_hook_sees_the_keys_of_its_own_module_and_its_version() {
    let outcome = net()
        .hook("inner", "pre", "look")
        .hook("inner.fc", "pre", "look")
        .hook("", "pre", "look")
        .check();
    let seen: Vec<_> = outcome
        .log
        .iter()
        .map(|(hook, prefix, keys, _)| (&**hook, &**prefix, keys.len()))
        .collect();
    assert_eq!(
        seen,
        [("pre ", "", 7), ("pre inner", "inner.", 4), ("pre inner.fc", "inner.fc.", 2)]
    );
    assert_eq!(outcome.log[2].2, ["inner.fc.weight", "inner.fc.bias"]);
    assert_eq!(outcome.log[2].3, Some(1));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn pre_hooks_run_from_the_root_down_and_post_hooks_from_the_leaves_up() {
    let mut case = net();
    for path in ["last", "inner.out", "", "inner", "inner.fc"] {
        case = case.hook(path, "post", "look").hook(path, "pre", "look");
    }
    // All our pre-hooks run before the first post-hook, and torch's as it goes from module to module.
    let run_of = |outcome: Outcome, when: &str| -> Vec<_> {
        outcome.log.into_iter().filter(|(hook, ..)| hook.starts_with(when)).collect()
    };
    for when in ["pre", "post"] {
        assert_eq!(run_of(case.ours(), when), run_of(case.theirs(), when));
    }
    let order: Vec<String> = case.theirs().log.into_iter().map(|(hook, ..)| hook).collect();
    assert_eq!(order[..4], ["pre ", "pre inner", "pre inner.fc", "post inner.fc"]);
    assert_eq!(order[9], "post ");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn hooks_of_one_module_run_in_the_order_they_were_registered() {
    let outcome = net()
        .remove("last.bias")
        .set("last.old", Data::of(&[9.0f32], &[1]))
        .hook_on("last", "pre", "rename", "last.old", Some("last.middle"))
        .hook_on("last", "pre", "rename", "last.middle", Some("last.bias"))
        .check();
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.after.tensor("last.bias").bytes, 9f32.to_le_bytes());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_a_pre_hook_changes_reaches_its_own_module_only() {
    // A key that it puts elsewhere is not looked at.
    let case = net().hook_on("last", "pre", "rename", "last.bias", Some("inner.fc.bias"));
    assert!(case.check().error.unwrap().contains("Missing key(s) in state_dict: \"last.bias\". "));
    // A parent has looked for unexpected keys before.
    let case = net()
        .set("last.extra", Data::of(&[0.0f32], &[1]))
        .set("lost", Data::of(&[0.0f32], &[1]))
        .hook_on("last", "pre", "remove", "last.extra", None)
        .hook_on("inner", "pre", "remove", "lost", None);
    assert!(case.check().error.unwrap().contains("Unexpected key(s) in state_dict: \"lost\". "));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_pre_hook_adds_to_the_lists_and_to_the_errors() {
    let case = net()
        .remove("inner.fc.bias")
        .set("last.weight", Data::of(&[1.0f32], &[1]))
        .hook_on("inner.out", "pre", "miss", "by hook", None)
        .hook_on("inner", "pre", "expect not", "not this", None)
        .hook_on("last", "pre", "fail", "this is wrong", None);
    let message = case.clone().check().error.unwrap();
    assert_eq!(
        message,
        "Error(s) in loading state_dict for Net:\n\t\
         Missing key(s) in state_dict: \"inner.fc.bias\", \"by hook\". \n\t\
         Unexpected key(s) in state_dict: \"not this\". \n\t\
         this is wrong\n\t\
         size mismatch for last.weight: copying a param with shape torch.Size([1]) from checkpoint, \
         the shape in current model is torch.Size([2])."
    );
    assert_eq!(case.strict(false).check().error.unwrap().lines().count(), 3);
}

/// `test_load_state_dict_post_hook`.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_post_hook_that_adds_keys_makes_the_load_fail() {
    let case = net().hook_on("inner", "post", "miss", "foo", None).hook_on(
        "inner",
        "post",
        "expect not",
        "bar",
        None,
    );
    assert!(
        case.check()
            .error
            .unwrap()
            .contains("\"foo\". \n\tUnexpected key(s) in state_dict: \"bar\". ")
    );
    let outcome = case.strict(false).check();
    assert_eq!(
        (outcome.missing, outcome.unexpected),
        (vec!["foo".to_owned()], vec!["bar".to_owned()])
    );
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_post_hook_that_clears_the_lists_avoids_the_error() {
    let case = net().remove("last.bias").set("inner.x", Data::of(&[0.0f32], &[1]));
    assert!(case.check().error.is_some());
    let case = case.hook("", "post", "clear missing").hook("", "post", "clear unexpected");
    assert_eq!(case.check().repr.as_deref(), Some("<All keys matched successfully>"));
}

/// It sees what was found until then: what comes after it stays an error.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_post_hook_of_a_child_clears_only_what_was_found_before() {
    let case =
        net().remove("inner.fc.bias").remove("last.bias").hook("inner", "post", "clear missing");
    assert!(case.check().error.unwrap().contains("Missing key(s) in state_dict: \"last.bias\". "));
}

/// Post-hooks run although the load fails.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_post_hook_does_not_clear_a_size_mismatch() {
    let case = net().remove("inner.fc.bias").set("last.weight", Data::of(&[1.0f32], &[1])).hook(
        "",
        "post",
        "clear missing",
    );
    let message = case.check().error.unwrap();
    assert!(
        message.starts_with(
            "Error(s) in loading state_dict for Net:\n\tsize mismatch for last.weight"
        )
    );
}
