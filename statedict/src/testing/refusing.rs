//! What `copy_` must refuse, and with what words.

use std::error::Error;
use std::sync::Arc;

use crate::dtype::DType;
use crate::leaf::TensorError;
use crate::tensor::{Shape, Storage, TensorView};
use crate::testing::elements::elements;
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::source::{Unreadable, cases, contiguous};

pub(super) fn other_shapes(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        for shape in other_shapes_than(&case.shape) {
            let before = case.elements(0);
            let mut tensor = case.tensor(subject, &before);
            let numel = shape.iter().product();
            let source = contiguous(case.dtype, &shape, elements(case.dtype, numel, 1));
            let about = format!("{case}, from shape {shape}");
            match tensor.copy_(&source) {
                Ok(()) => findings.add(&about, "`copy_` takes another shape"),
                Err(TensorError::Shape { expected, found })
                    if expected == case.shape && found == shape => {}
                Err(error) => {
                    let text = error.to_string();
                    let both = [&case.shape, &shape].map(|shape| text.contains(&shape.to_string()));
                    findings.check(
                        both == [true, true],
                        &about,
                        &format!("the error does not name both shapes: {text}"),
                    );
                }
            }
            let after = tensor.own_bytes();
            findings.same_elements((&before, &after), case.dtype, format!("{about}, once refused"));
        }
    }
}

/// Shapes of as many elements, of fewer and of more.
fn other_shapes_than(shape: &Shape) -> Vec<Shape> {
    let mut reversed: Vec<usize> = shape.iter().copied().collect();
    reversed.reverse();
    let mut longer: Vec<usize> = shape.to_vec();
    longer.push(1);
    let mut shorter: Vec<usize> = shape.to_vec();
    if let Some(first) = shorter.first_mut() {
        *first = first.saturating_sub(1);
    }
    let shapes = [reversed, longer, shorter].into_iter().map(Shape::from);
    shapes.filter(|other| other != shape).collect()
}

pub(super) fn other_dtypes(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject).filter(|case| case.numel() < 1000) {
        let before = case.elements(0);
        for dtype in DType::all().filter(|&dtype| dtype != case.dtype) {
            let mut tensor = case.tensor(subject, &before);
            let source = contiguous(dtype, &case.shape, elements(dtype, case.numel(), 1));
            let about = format!("{case}, from {dtype}");
            match tensor.copy_(&source) {
                Ok(()) => findings.add(&about, "`copy_` takes another element type"),
                Err(TensorError::DType { expected, found })
                    if (expected, found) == (case.dtype, dtype) => {}
                Err(error) => {
                    let text = error.to_string();
                    let both = [case.dtype, dtype].map(|dtype| text.contains(dtype.name()));
                    findings.check(
                        both == [true, true],
                        &about,
                        &format!("the error does not name both types: {text}"),
                    );
                }
            }
            let after = tensor.own_bytes();
            findings.same_elements((&before, &after), case.dtype, format!("{about}, once refused"));
        }
    }
}

pub(super) fn unreadable_sources(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject).filter(|case| case.numel() > 0) {
        let mut tensor = case.tensor(subject, &case.elements(0));
        let storage = Storage::new(Arc::new(Unreadable(case.numel() * case.dtype.size())), 0);
        let Ok(source) = TensorView::contiguous(storage, case.dtype, case.shape.clone(), 0) else {
            continue;
        };
        match tensor.copy_(&source) {
            Ok(()) => findings.add(&case, "`copy_` succeeds though its source cannot be read"),
            Err(error) => findings.check(
                causes(&error).any(|cause| cause.to_string().contains(Unreadable::CAUSE)),
                &case,
                &format!("neither the error nor its sources say why: {error}"),
            ),
        }
    }
}

/// An error and what it was caused by.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
