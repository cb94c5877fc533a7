//! The read side: what a tensor says of itself, and its elements.

use std::io;

use crate::leaf::{Tensor, TensorError};
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::source::cases;

/// All elements through the trait: from memory where the tensor lends it.
pub(super) fn bytes_of(tensor: &dyn Tensor) -> Result<Vec<u8>, TensorError> {
    match tensor.host_bytes() {
        Some(bytes) => Ok(bytes.to_vec()),
        None => streamed(tensor),
    }
}

/// All elements through `with_bytes`.
fn streamed(tensor: &dyn Tensor) -> Result<Vec<u8>, TensorError> {
    let mut bytes = Vec::new();
    tensor.with_bytes(&mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

pub(super) fn dtype_and_shape(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let tensor = case.tensor(subject, &case.elements(0));
        let Some(dtype) = findings.ok(tensor.dtype(), &case, "`dtype`") else { continue };
        let shape = tensor.shape();
        if (dtype, &shape) != (case.dtype, &case.shape) {
            findings.add(&case, format!("the tensor says it is {dtype} {shape}"));
        }
        findings.check(
            tensor.adopts(case.dtype),
            &case,
            "the tensor does not adopt the type that it has",
        );
    }
}

pub(super) fn reads_exactly(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let elements = case.elements(0);
        let tensor = case.tensor(subject, &elements);
        let own = tensor.own_bytes();
        findings.same_elements((&elements, &own), case.dtype, format!("{case}, `Subject::bytes`"));
        if let Some(bytes) = findings.ok(bytes_of(&*tensor), &case, "reading") {
            findings.same_elements((&elements, &bytes), case.dtype, &case);
        }
    }
}

pub(super) fn pieces_are_whole(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let elements = case.elements(0);
        let tensor = case.tensor(subject, &elements);
        if let Some(bytes) = findings.ok(streamed(&*tensor), &case, "`with_bytes`") {
            let about = format!("{case}, the pieces of `with_bytes` together");
            findings.same_elements((&elements, &bytes), case.dtype, about);
        }
        if elements.is_empty() {
            continue;
        }
        let mut calls = 0;
        let result = tensor.with_bytes(&mut |_| {
            calls += 1;
            Err(io::Error::other("the sink is full").into())
        });
        let told = matches!(&result, Err(error) if error.to_string().contains("the sink is full"));
        findings.check(told, &case, "the sink's error is not the error of `with_bytes`");
        findings.check(calls == 1, &case, "`with_bytes` goes on after the sink's error");
    }
}
