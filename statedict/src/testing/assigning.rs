//! `assign`: a tensor becomes another one.

use crate::dtype::DType;
use crate::leaf::TensorError;
use crate::load::{LoadOptions, LoadProblem};
use crate::map::StateMap;
use crate::state_dict_ext::StateDictExt;
use crate::testing::elements::elements;
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::model::Leaves;
use crate::testing::source::{Case, cases, contiguous};

/// The types that a tensor of `case` must take.
fn adopted(subject: &dyn Subjects, case: &Case) -> impl Fn(DType) -> bool + use<> {
    let (own, others) = (case.dtype, subject.all_adopted());
    move |dtype| dtype == own || others.contains(&dtype)
}

pub(super) fn what_it_adopts(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let adopted = adopted(subject, &case);
        for dtype in DType::all() {
            // Large tensors of the types only that are adopted.
            if !adopted(dtype) && case.numel() > 1000 {
                continue;
            }
            let before = case.elements(0);
            let mut tensor = case.tensor(subject, &before);
            let about = format!("{case}, from {dtype}");
            let says = tensor.adopts(dtype);
            if says != adopted(dtype) {
                findings.add(&about, format!("`adopts` is {says}, and should not be"));
                continue;
            }
            let after = elements(dtype, case.numel(), 1);
            let result = tensor.assign(contiguous(dtype, &case.shape, after.clone()));
            if !says {
                refused(result, (case.dtype, dtype), &about, findings);
                let now = tensor.own_bytes();
                let about = format!("{about}, once refused");
                findings.same_elements((&before, &now), case.dtype, about);
                continue;
            }
            if findings.ok(result, &about, "`assign`").is_none() {
                continue;
            }
            let Some(now) = findings.ok(tensor.dtype(), &about, "`dtype`") else { continue };
            let shape = tensor.shape();
            if (now, &shape) != (dtype, &case.shape) {
                findings.add(&about, format!("after `assign` the tensor is {now} {shape}"));
            }
            findings.same_elements((&after, &tensor.own_bytes()), dtype, about);
        }
    }
}

fn refused(
    result: Result<(), TensorError>,
    (expected, found): (DType, DType),
    about: &str,
    findings: &mut Findings,
) {
    match result {
        Ok(()) => findings.add(about, "`assign` takes a type that `adopts` denies"),
        Err(error) => {
            let text = error.to_string();
            let both = text.contains(expected.name()) && text.contains(found.name());
            findings.check(both, about, &format!("the error does not name both types: {text}"));
        }
    }
}

pub(super) fn loads(subject: &dyn Subjects, findings: &mut Findings) {
    let options = LoadOptions::new().assign(true);
    for case in cases(subject) {
        let adopted = adopted(subject, &case);
        for dtype in DType::all().filter(|_| case.numel() < 1000) {
            let (before, after) = (case.elements(0), elements(dtype, case.numel(), 1));
            let tensor = || case.tensor(subject, &before);
            let mut model = Leaves(vec![("first", tensor()), ("second", tensor())]);
            let mut map = StateMap::new();
            map.insert("first", case.view(case.elements(2)));
            map.insert("second", contiguous(dtype, &case.shape, after.clone()));
            let about = format!("{case}, from {dtype}");
            let result = model.load_state_dict_with(&map, &options);
            let [first, second] = &model.0[..] else { continue };
            if adopted(dtype) {
                if findings.ok(result, &about, "the load").is_some() {
                    findings.same_elements((&after, &second.1.own_bytes()), dtype, about);
                }
                continue;
            }
            match result {
                Ok(_) => findings.add(&about, "the load takes a type that is not adopted"),
                Err(error) => findings.check(
                    matches!(&error.problems[..], [LoadProblem::DType { key, .. }] if key == "second"),
                    &about,
                    &format!("the error is not about the type of `second`: {error}"),
                ),
            }
            for (name, tensor) in [first, second] {
                let about = format!("{about}, `{name}` once refused");
                findings.same_elements((&before, &tensor.own_bytes()), case.dtype, about);
            }
        }
    }
}
