//! The write side: `copy_` from sources and into destinations of every layout.

use crate::dtype::DType;
use crate::testing::erased::{Leaf, Subjects};
use crate::testing::findings::Findings;
use crate::testing::reading::bytes_of;
use crate::testing::source::{Case, cases};

pub(super) fn copies_exactly(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let elements = case.elements(1);
        let mut tensor = case.tensor(subject, &case.elements(0));
        let source = case.view(elements.clone());
        findings.ok(tensor.writable(), &case, "`writable`, which a load asks first,");
        if findings.ok(tensor.copy_(&source), &case, "`copy_`").is_some() {
            same(findings, &*tensor, &elements, &case, "");
        }
    }
}

pub(super) fn strided_sources(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        for (name, source, expected) in case.sources() {
            let mut tensor = case.tensor(subject, &case.elements(0));
            if findings.ok(tensor.copy_(&source), format!("{case}, {name}"), "`copy_`").is_some() {
                same(findings, &*tensor, &expected, &case, name);
            }
        }
    }
}

pub(super) fn strided_destinations(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let (before, after) = (case.elements(0), case.elements(1));
        let Some(mut tensor) = subject.make_strided(case.dtype, &case.shape, &before) else {
            continue;
        };
        let name = "a strided destination";
        let shape = tensor.shape();
        let Some(dtype) = findings.ok(tensor.dtype(), &case, "`dtype`") else { continue };
        if (dtype, &shape) != (case.dtype, &case.shape) {
            findings.add(&case, format!("{name} says it is {dtype} {shape}"));
        }
        same(findings, &*tensor, &before, &case, "a strided destination before `copy_`");
        if let Some(memory) = tensor.host_bytes_mut() {
            findings.same_elements(
                (&before, memory),
                case.dtype,
                format!("{case}, {name}, memory"),
            );
        }
        let contiguous = ("after a contiguous source", case.view(after.clone()), after);
        for (from, source, expected) in case.sources().into_iter().chain([contiguous]) {
            let about = format!("{case}, {name}, {from}");
            if findings.ok(tensor.copy_(&source), about, "`copy_`").is_some() {
                same(findings, &*tensor, &expected, &case, &format!("{name}, {from}"));
            }
        }
    }
}

pub(super) fn bools_are_zero_or_one(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject).filter(|case| case.dtype == DType::Bool) {
        let bytes: Vec<u8> =
            [0, 1, 2, 0, 255, 128].into_iter().cycle().take(case.numel()).collect();
        let expected: Vec<u8> = bytes.iter().map(|&byte| u8::from(byte != 0)).collect();
        let mut tensor = case.tensor(subject, &case.elements(0));
        if findings.ok(tensor.copy_(&case.view(bytes)), &case, "`copy_`").is_some() {
            same(findings, &*tensor, &expected, &case, "bytes that are neither 0 nor 1");
        }
    }
}

/// Compares what the library and the trait read with what was written.
fn same(findings: &mut Findings, tensor: &dyn Leaf<'_>, expected: &[u8], case: &Case, name: &str) {
    let name = if name.is_empty() { String::new() } else { format!(", {name}") };
    findings.same_elements((expected, &tensor.own_bytes()), case.dtype, format!("{case}{name}"));
    let about = format!("{case}{name}, read through the trait");
    if let Some(bytes) = findings.ok(bytes_of(tensor), &about, "reading") {
        findings.same_elements((expected, &bytes), case.dtype, about);
    }
}
