//! Memory that a tensor lends.

use std::ops::Range;

use crate::dtype::DType;
use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::source::cases;

pub(super) fn host_memory(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let (elements, other) = (case.elements(0), case.elements(1));
        let mut tensor = case.tensor(subject, &elements);
        let lent = tensor.host_bytes().map(<[u8]>::to_vec);
        if let Some(bytes) = lent {
            findings.same_elements(
                (&elements, &bytes),
                case.dtype,
                format!("{case}, `host_bytes`"),
            );
        }
        let Some(memory) = tensor.host_bytes_mut() else { continue };
        if case.dtype == DType::Bool {
            findings.add(
                &case,
                "`host_bytes_mut` lends the memory of bools, into which a file's bytes would be \
                 written though they need not be 0 or 1",
            );
            continue;
        }
        let about = format!("{case}, `host_bytes_mut`");
        findings.same_elements((&elements, memory), case.dtype, &about);
        if memory.len() != other.len() {
            continue;
        }
        memory.copy_from_slice(&other);
        let about = format!("{case}, after writing into `host_bytes_mut`");
        findings.same_elements((&other, &tensor.own_bytes()), case.dtype, &about);
        if let Some(bytes) = tensor.host_bytes() {
            findings.same_elements((&other, bytes), case.dtype, about);
        }
    }
}

/// While one handle's memory is lent for writing, no other handle may lend it for reading: Rust
/// takes a `&mut [u8]` for the only way to its bytes.
pub(super) fn is_not_shared(subject: &dyn Subjects, findings: &mut Findings) {
    for case in cases(subject) {
        let mut tensor = case.tensor(subject, &case.elements(0));
        let Some(other) = tensor.other_handle() else { continue };
        let reading = other.host_bytes().map(<[u8]>::as_ptr_range);
        let writing = tensor.host_bytes_mut().map(|memory| memory.as_ptr_range());
        let (Some(reading), Some(writing)) = (reading, writing) else { continue };
        findings.check(
            !overlap(&reading, &writing),
            &case,
            "`host_bytes_mut` lends memory that another handle's `host_bytes` lends too",
        );
    }
}

fn overlap(a: &Range<*const u8>, b: &Range<*const u8>) -> bool {
    a.start < b.end && b.start < a.end
}
