//! The bits of a tensor that are not in its elements: `requires_grad`, `conj` and `neg`.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::value::raw::{Raw, TensorFlags};

impl<R: StorageResolver> Machine<'_, R> {
    /// The bits of a tensor of that dtype: what `requires_grad` says, and the dict of the others.
    pub(super) fn flags(
        &mut self,
        requires_grad: Raw,
        metadata: Raw,
        dtype: DType,
    ) -> Result<TensorFlags, Fault> {
        let Raw::Bool(requires_grad) = requires_grad else {
            return Err(Fault::expected("a bool as requires_grad", self.describe(requires_grad)));
        };
        check_grad(requires_grad, dtype)?;
        let mut flags = TensorFlags { requires_grad, ..TensorFlags::default() };
        if self.is_falsy(metadata) {
            return Ok(flags);
        }
        let bits = match metadata {
            Raw::Container(index) => self.graph.container(index),
            _ => None,
        };
        let Some(bits) = bits.filter(|bits| bits.kind.is_dict()) else {
            return Err(Fault::expected("a dict of bits", self.describe(metadata)));
        };
        self.work(bits.run.len as usize)?;
        for &[key, value] in self.graph.run(bits.run).as_chunks::<2>().0 {
            let wrong = |found| Err(Fault::expected("a dict of bits", self.describe(found)));
            let (Raw::Str(key) | Raw::Bytes(key)) = key else { return wrong(key) };
            use Raw::{BigInt, Bool, Complex, Float, Int};
            if !matches!(value, Raw::None | Bool(_) | Int(_) | BigInt(_) | Float(_) | Complex(_)) {
                return wrong(value);
            }
            // PyTorch sets a bit that is named, whatever its value is, and passes over what it does not know.
            match self.graph.text(key) {
                b"conj" => flags.conj = true,
                b"neg" => flags.neg = true,
                _ => {}
            }
        }
        if flags.conj && !dtype.is_complex() {
            return Err(Fault::expected("a complex tensor for the bit `conj`", dtype.name()));
        }
        Ok(flags)
    }

    /// Returns `true` if Python's `bool(value)` is `False`.
    fn is_falsy(&self, value: Raw) -> bool {
        match value {
            Raw::None | Raw::Bool(false) | Raw::Int(0) => true,
            Raw::Float(value) => value == 0.0,
            Raw::Complex(index) => self.graph.complex(index) == Some((0.0, 0.0)),
            Raw::Str(text) | Raw::Bytes(text) | Raw::ByteArray(text) => text.len == 0,
            Raw::Tuple(run) | Raw::Size(run) => run.len == 0,
            Raw::Container(index) => {
                self.graph.container(index).is_some_and(|found| found.run.len == 0)
            }
            _ => false,
        }
    }
}

/// Checks that a tensor of that dtype may ask for gradients, where it does.
pub(super) fn check_grad(requires_grad: bool, dtype: DType) -> Result<(), Fault> {
    match requires_grad && !dtype.is_differentiable() {
        true => Err(Fault::expected(
            "floating point or complex numbers for requires_grad",
            dtype.name(),
        )),
        false => Ok(()),
    }
}
