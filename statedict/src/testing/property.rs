//! The properties, and the test of each.

use std::fmt;

use crate::testing::erased::Subjects;
use crate::testing::findings::Findings;
use crate::testing::{Subject, assigning, host_memory, loading, reading, refusing, tying, writing};

/// Hands the list of properties to a macro, after the tokens in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __properties {
    ($($callback:ident)::+ [$($before:tt)*]) => {
        $crate::$($callback)::+! {
            [$($before)*]
            /// `dtype()` and `shape()` are what the tensor was made with.
            DTypeAndShape dtype_and_shape reading::dtype_and_shape;
            /// Every element is read to the bit: not-a-numbers with their payload, signed zeros, bools.
            ReadsExactly reads_exactly reading::reads_exactly;
            /// `with_bytes` hands on all bytes in order, in pieces, and ends with the sink's error.
            PiecesAreWhole pieces_are_whole reading::pieces_are_whole;
            /// `host_bytes` and `host_bytes_mut` are all elements, and the same ones.
            HostMemory host_memory host_memory::host_memory;
            /// Memory that another handle can read is not lent for writing.
            HostMemoryIsNotShared host_memory_is_not_shared host_memory::is_not_shared;
            /// `writable` does not refuse, and `copy_` writes every element to the bit.
            CopiesExactly copies_exactly writing::copies_exactly;
            /// `copy_` takes sources of any layout, and ones that have to be read first.
            StridedSources strided_sources writing::strided_sources;
            /// A tensor whose own memory is not in row-major order is read and written by its logical order.
            StridedDestinations strided_destinations writing::strided_destinations;
            /// Any byte but 0 is true, and becomes 1.
            BoolsAreZeroOrOne bools_are_zero_or_one writing::bools_are_zero_or_one;
            /// Another shape is refused with both in the text, and nothing is written.
            RefusesOtherShapes refuses_other_shapes refusing::other_shapes;
            /// Another element type is refused with both in the text, and nothing is written.
            RefusesOtherDTypes refuses_other_dtypes refusing::other_dtypes;
            /// A source that cannot be read is an error with its cause.
            UnreadableSources unreadable_sources refusing::unreadable_sources;
            /// `assign` takes what `adopts` says, exactly, and refuses all else.
            AssignsWhatItAdopts assigns_what_it_adopts assigning::what_it_adopts;
            /// A load with `assign` does the same, and all or nothing.
            LoadsByAssigning loads_by_assigning assigning::loads;
            /// Tensors that are alive together have the same `storage_id` only where they share elements.
            StorageIdentity storage_identity tying::storage_identity;
            /// Two handles of one tensor are saved once, and are still one after a load.
            TiesSurvive ties_survive tying::ties_survive;
            /// If one of several tensors does not fit, none is written, and the error names it.
            AllOrNothing all_or_nothing loading::all_or_nothing;
            /// The element type policies of a load: exact, widening, and casting.
            DTypePolicies dtype_policies loading::dtype_policies;
            /// A saved tensor is loaded as it was, in memory and by way of a file.
            RoundTrip round_trip loading::round_trip;
            /// The location tag is the device's, and saved.
            Location location loading::location;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __property_enum {
    ([] $($(#[doc = $doc:literal])* $variant:ident $name:ident $module:ident :: $check:ident;)*) => {
        /// Something that a tensor type must do.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Property {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Property {
            /// All properties.
            pub const ALL: &[Property] = &[$(Property::$variant),*];

            /// The name of its test.
            pub fn name(self) -> &'static str {
                match self {
                    $(Property::$variant => stringify!($name),)*
                }
            }

            fn find(self, subject: &dyn Subjects, findings: &mut Findings) {
                match self {
                    $(Property::$variant => $module::$check(subject, findings),)*
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __property_tests {
    ([$subject:expr] $($(#[doc = $doc:literal])* $variant:ident $name:ident $module:ident :: $check:ident;)*) => {
        $(
            #[test]
            fn $name() {
                $crate::testing::Property::$variant.assert(&$subject);
            }
        )*
    };
}

/// Makes a module of tests, one for each [`Property`](crate::testing::Property), of a
/// [`Subject`](crate::testing::Subject): `conformance!(matrices, Matrices);`.
///
/// The first word is the module's name; the second an expression that makes the subject.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance {
    ($module:ident, $subject:expr $(,)?) => {
        #[cfg(test)]
        mod $module {
            #[allow(unused_imports)]
            use super::*;

            $crate::__properties! { __property_tests [$subject] }
        }
    };
}

crate::__properties! { __property_enum [] }

impl Property {
    /// Returns the faults of this property of the subject's tensors; empty where there are none.
    pub fn check(self, subject: &impl Subject) -> Vec<Failure> {
        let mut findings = Findings::default();
        if subject.dtypes().is_empty() || subject.shapes().is_empty() {
            findings.add("the subject", "there is no element type or no shape to test with");
        } else {
            self.find(subject, &mut findings);
        }
        let failure = |(case, message)| Failure { property: self, case, message };
        findings.0.into_iter().map(failure).collect()
    }

    /// Tests this property.
    ///
    /// # Panics
    /// Where the subject's tensors lack it, with what was expected and found.
    #[track_caller]
    pub fn assert(self, subject: &impl Subject) {
        let failures = self.check(subject);
        assert!(failures.is_empty(), "{}", Listed(&failures));
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that a tensor type does not do as it must.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The property it lacks.
    pub property: Property,
    /// The case: element type, shape, and what was done.
    pub case: String,
    /// The expected and the found value.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.property, self.case, self.message)
    }
}

/// Returns what is wrong with the subject's tensors, by all properties.
pub fn check_conformance(subject: &impl Subject) -> Vec<Failure> {
    Property::ALL.iter().flat_map(|property| property.check(subject)).collect()
}

/// Tests all properties. The macro [`conformance!`](crate::testing::conformance) makes a test of
/// each instead.
///
/// # Panics
/// Where the subject's tensors lack some, with what was expected and found.
#[track_caller]
pub fn assert_conformance(subject: &impl Subject) {
    let failures = check_conformance(subject);
    assert!(failures.is_empty(), "{}", Listed(&failures));
}

/// The first failures, one a line: the others are mostly the same in other cases.
struct Listed<'f>(&'f [Failure]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        self.0.iter().take(SHOWN).try_for_each(|failure| writeln!(f, "{failure}"))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}
