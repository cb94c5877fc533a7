//! Which values can be told from each other, and which have parts that can be compared.

use statedict::value::{Kind, NumPyForm, Value};

/// Returns `true` if it matters which of two values are one object: of what cannot change, it does not.
pub(super) fn has_identity(a: Value<'_>, b: Value<'_>) -> bool {
    let is_shared = |value: Value<'_>| match value.kind() {
        Kind::NumPy(value) => value.form() == NumPyForm::Array,
        Kind::List(_)
        | Kind::Dict(_)
        | Kind::Set(_)
        | Kind::Object(_)
        | Kind::ByteArray(_)
        | Kind::Tensor(_)
        | Kind::Sparse(_)
        | Kind::Quantized(_) => true,
        _ => false,
    };
    is_shared(a) && is_shared(b)
}

/// Which values have parts that can be compared.
pub(super) enum Shape {
    Items,
    Members,
    Entries,
    Object,
    Sparse,
}

pub(super) fn shape(value: Value<'_>) -> Shape {
    match value.kind() {
        Kind::List(_) | Kind::Tuple(_) | Kind::Size(_) => Shape::Items,
        Kind::Set(_) | Kind::FrozenSet(_) => Shape::Members,
        Kind::Dict(_) => Shape::Entries,
        Kind::Sparse(_) => Shape::Sparse,
        _ => Shape::Object,
    }
}
