//! Tensors that are one: by their identity, when they are saved, and after they are loaded.

use crate::collect;
use crate::load::LoadOptions;
use crate::map::StateMap;
use crate::state_dict_ext::StateDictExt;
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::model::Leaves;
use crate::testing::source::{Case, cases};

pub(super) fn storage_identity(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let elements = case.elements(0);
        let one = case.tensor(subject, &elements);
        let another = case.tensor(subject, &elements);
        if let (Some(one), Some(another)) = (one.storage_id(), another.storage_id()) {
            findings.check(
                one != another,
                &case,
                "two tensors with elements of their own have one `storage_id`: they would be saved \
                 as one",
            );
        }
        findings.check(
            one.storage_id() == one.storage_id(),
            &case,
            "`storage_id` changes from call to call",
        );
        if let Some(handle) = one.other_handle() {
            findings.check(
                one.storage_id().is_some() && one.storage_id() == handle.storage_id(),
                &case,
                "two handles of one tensor do not have one `storage_id`: they would be saved twice",
            );
        }
    }
}

pub(super) fn ties_survive(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        for assign in [false, true] {
            let options = LoadOptions::new().assign(assign);
            let about = format!("{case}, {}", if assign { "assigned" } else { "copied" });
            tie_survives(subject, &case, &options, &about, findings);
        }
    }
}

fn tie_survives(
    subject: &dyn Subjects,
    case: &Case,
    options: &LoadOptions,
    about: &str,
    findings: &mut Findings,
) {
    let (own, shared, new, newest) =
        (case.elements(0), case.elements(1), case.elements(2), case.elements(3));
    let first = case.tensor(subject, &shared);
    let Some(second) = first.other_handle() else { return };
    let alone = case.tensor(subject, &own);
    let mut model = Leaves(vec![("first", first), ("alone", alone), ("second", second)]);
    match collect::state_dict(&model) {
        Ok(map) => saved_once(&map, about, findings),
        Err(error) => findings.add(about, format!("there is no state dict: {error}")),
    }
    // One of the names is enough, whichever: they are one tensor.
    for (name, elements) in [("second", &new), ("first", &newest)] {
        let mut map = StateMap::new();
        map.insert(name, case.view(elements.clone()));
        map.insert("alone", case.view(own.clone()));
        let about = format!("{about}, loaded as `{name}`");
        if findings.ok(model.load_state_dict_with(&map, options), &about, "the load").is_none() {
            return;
        }
        for (leaf, tensor) in &model.0 {
            let expected = if *leaf == "alone" { &own } else { elements };
            let about = format!("{about}, elements of `{leaf}`");
            findings.same_elements((expected, &tensor.own_bytes()), case.dtype, about);
        }
    }
    // Still one: what is written into the first is seen in the second.
    let [first, _, second] = &mut model.0[..] else { return };
    if findings.ok(first.1.copy_(&case.view(shared.clone())), about, "`copy_`").is_some() {
        let about = format!("{about}, `second` after `first` was written");
        findings.same_elements((&shared, &second.1.own_bytes()), case.dtype, about);
    }
}

fn saved_once(map: &StateMap<'_>, about: &str, findings: &mut Findings) {
    let view = |key| map.get(key);
    let (Some(first), Some(second), Some(alone)) = (view("first"), view("second"), view("alone"))
    else {
        return findings.add(about, "a key is not in the state dict");
    };
    let good = first.same_as(second) && !first.same_as(alone);
    findings.check(good, about, "the tie is not one storage in the state dict");
}
