//! Whole loads and saves.

use crate::codec::read::{Document, ReadOptions, Source};
use crate::codec::write::WriteOptions;
use crate::dtype::DType;
use crate::load::{DTypePolicy, LoadOptions, LoadProblem};
use crate::map::StateMap;
use crate::state_dict_ext::StateDictExt;
use crate::tensor::{Shape, cast, widening};
use crate::testing::elements::elements;
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::model::Leaves;
use crate::testing::source::{cases, contiguous};

pub(super) fn all_or_nothing(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let before = case.elements(0);
        let tensor = || case.tensor(subject, &before);
        let mut model = Leaves(vec![("first", tensor()), ("wrong", tensor()), ("last", tensor())]);
        let mut map = StateMap::new();
        let mut shape: Vec<usize> = case.shape.to_vec();
        shape.push(2);
        let shape = Shape::from(shape);
        let numel = shape.iter().product();
        map.insert("first", case.view(case.elements(1)));
        map.insert("wrong", contiguous(case.dtype, &shape, elements(case.dtype, numel, 1)));
        map.insert("last", case.view(case.elements(2)));
        match model.load_state_dict(&map) {
            Ok(_) => findings.add(&case, "a model takes a tensor of another shape"),
            Err(error) => {
                let text = error.to_string();
                let words = ["wrong".to_owned(), case.shape.to_string(), shape.to_string()];
                findings.check(
                    words.iter().all(|word| text.contains(word)),
                    &case,
                    &format!("the error does not name the key and both shapes: {text}"),
                );
                findings.check(error.nothing_was_written(), &case, "something was written");
            }
        }
        for (name, tensor) in &model.0 {
            let about = format!("{case}, `{name}` after a load that failed");
            findings.same_elements((&before, &tensor.own_bytes()), case.dtype, about);
        }
    }
}

/// Returns the elements that a policy makes; `None` where it refuses them.
fn converted(policy: DTypePolicy, bytes: &[u8], from: DType, to: DType) -> Option<Vec<u8>> {
    match policy {
        _ if from == to => Some(bytes.to_vec()),
        DTypePolicy::Widen => widening(from, to).map(|widen| widen(bytes)),
        DTypePolicy::Cast => cast(bytes, from, to),
        _ => None,
    }
}

pub(super) fn dtype_policies(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject).filter(|case| case.numel() < 1000) {
        for policy in [DTypePolicy::Exact, DTypePolicy::Widen, DTypePolicy::Cast] {
            for dtype in [DType::F16, DType::F32, DType::F64, DType::U8, DType::I64, DType::Bool] {
                let before = case.elements(0);
                let source = elements(dtype, case.numel(), 1);
                let expected = converted(policy, &source, dtype, case.dtype);
                let mut model = Leaves(vec![("tensor", case.tensor(subject, &before))]);
                let mut map = StateMap::new();
                map.insert("tensor", contiguous(dtype, &case.shape, source));
                let result = model.load_state_dict_with(&map, &LoadOptions::new().dtype(policy));
                let about = format!("{case}, from {dtype} under {policy:?}");
                match (&expected, result) {
                    (Some(_), result) => drop(findings.ok(result, &about, "the load")),
                    (None, Ok(_)) => findings.add(&about, "the load is not refused"),
                    (None, Err(error)) => findings.check(
                        matches!(&error.problems[..], [LoadProblem::DType { .. }]),
                        &about,
                        &format!("the error is not about the type: {error}"),
                    ),
                }
                let Leaves(leaves) = &model;
                for (_, tensor) in leaves {
                    let expected = expected.as_ref().unwrap_or(&before);
                    findings.same_elements((expected, &tensor.own_bytes()), case.dtype, &about);
                }
            }
        }
    }
}

pub(super) fn round_trip(subject: &dyn Subjects, findings: &mut Findings) {
    let folder = tempfile::tempdir();
    let Some(folder) = findings.ok(folder, "a file", "making a temporary folder") else { return };
    let path = folder.path().join("model.pt");
    let unsynced = WriteOptions::default().sync(false);
    for case in cases(subject) {
        let elements = [case.elements(0), case.elements(1)];
        let model = Leaves(vec![
            ("first", case.tensor(subject, &elements[0])),
            ("second", case.tensor(subject, &elements[1])),
        ]);
        let zeros = vec![0; elements[0].len()];
        let fresh = || {
            let tensor = || case.tensor(subject, &zeros);
            Leaves(vec![("first", tensor()), ("second", tensor())])
        };
        let compare = |model: &Leaves<'_>, about: &str, findings: &mut Findings| {
            for ((name, tensor), expected) in model.0.iter().zip(&elements) {
                let about = format!("{case}, {about}, `{name}`");
                findings.same_elements((expected, &tensor.own_bytes()), case.dtype, about);
            }
        };

        let mut loaded = fresh();
        let saved = findings.ok(model.save_with(&path, &unsynced), &case, "saving");
        let done = saved.and_then(|()| findings.ok(loaded.load(&path), &case, "loading a file"));
        if done.is_some() {
            compare(&loaded, "by way of a file", findings);
        }

        let mut loaded = fresh();
        let Some(map) = findings.ok(model.state_dict(), &case, "the state dict") else { continue };
        if findings.ok(loaded.load_state_dict(&map), &case, "loading a state dict").is_some() {
            compare(&loaded, "from a live model", findings);
        }

        // What was written from the state dict is what was streamed from the model.
        let mut bytes = Vec::new();
        let options = WriteOptions::default().root("model");
        let written = findings.ok(map.write_with(&mut bytes, &options), &case, "writing");
        let same = std::fs::read(&path).is_ok_and(|file| file == bytes);
        if written.is_some() && done.is_some() {
            findings.check(same, &case, "the state dict is written otherwise than the model");
        }
    }
}

pub(super) fn location(subject: &dyn Subjects, findings: &mut Findings) {
    let expected = subject.device();
    for case in cases(subject) {
        let tensor = case.tensor(subject, &case.elements(0));
        let found = tensor.location().into_owned();
        if found != expected {
            findings.add(&case, format!("expected location `{expected}`, found `{found}`"));
        }
        let model = Leaves(vec![("tensor", tensor)]);
        let Some(map) = findings.ok(model.state_dict(), &case, "the state dict") else { continue };
        let mut bytes = Vec::new();
        let written = map.write_with(&mut bytes, &WriteOptions::default());
        if findings.ok(written, &case, "writing").is_none() {
            continue;
        }
        let read = Document::read_with(Source::bytes(bytes), &ReadOptions::default());
        let Some(document) = findings.ok(read, &case, "reading") else { continue };
        let Some(map) = findings.ok(document.state_map(), &case, "reading") else { continue };
        if let Some(view) = map.get("tensor") {
            findings.check(view.location() == expected, &case, "the location is not in the file");
        }
    }
}
