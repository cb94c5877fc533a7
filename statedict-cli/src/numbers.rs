//! The elements of tensors as numbers, some at a time, so that their size costs no memory.

use std::collections::HashSet;

use statedict::tensor::Storage;
use statedict::{DType, StateMap, TensorView};

use crate::failure::{Failure, chain};

/// How many elements are looked at in one go.
const RUN: usize = 1 << 16;

/// Elements that have become numbers.
pub(crate) enum Numbers {
    /// Integers of 64 bits, which floating point would round.
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    /// Everything else; of complex numbers both parts.
    Float(Vec<f64>),
}

/// Whether the elements are numbers that can be told.
pub(crate) fn has_numbers(dtype: DType) -> bool {
    let scalar = TensorView::from_bytes(vec![0; dtype.size()], dtype, []);
    scalar.is_ok_and(|scalar| scalar.cast(wide(dtype)).is_ok())
}

/// The type that elements are turned into.
fn wide(dtype: DType) -> DType {
    match dtype {
        DType::I64 | DType::U64 => dtype,
        dtype if dtype.is_complex() => DType::C128,
        _ => DType::F64,
    }
}

/// The little-endian bytes of elements as numbers.
pub(crate) fn decode(bytes: &[u8], dtype: DType) -> Result<Numbers, Failure> {
    let count = bytes.len() / dtype.size();
    let elements = TensorView::from_bytes(bytes, dtype, [count])?.cast(wide(dtype))?;
    Ok(match dtype {
        DType::I64 => Numbers::Signed(elements.to_vec()?),
        DType::U64 => Numbers::Unsigned(elements.to_vec()?),
        _ => {
            let wide = elements.bytes()?;
            let (numbers, _) = wide.as_chunks::<8>();
            Numbers::Float(numbers.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
        }
    })
}

/// How many bytes of tensors may be read, all together: views of one storage can have far more than their file, and so
/// can expanded tensors.
pub(crate) struct Allowance(u64);

impl Allowance {
    /// What the sizes of files explain.
    pub(crate) fn of(len: u64) -> Self {
        Allowance(len.saturating_mul(16).saturating_add(1 << 26))
    }

    /// Counts a tensor that is to be read.
    pub(crate) fn read(&mut self, tensor: &TensorView<'_>) -> Result<(), Failure> {
        check_size(tensor.nbytes(), tensor.storage())?;
        let left = self.0.checked_sub(u64::try_from(tensor.nbytes())?);
        self.0 = left.ok_or(
            "too many tensors are views of the same storages: all together they are far larger than the file; if \
             you trust it, read it with `--trust`",
        )?;
        Ok(())
    }
}

/// Refuses what is read whole and has far more bytes than its storage: an expanded tensor can be as large
/// as it likes.
pub(crate) fn check_size(nbytes: usize, storage: &Storage<'_>) -> Result<(), Failure> {
    if nbytes > storage.nbytes().saturating_mul(16).saturating_add(1 << 23) {
        return Err(format!("a tensor of {nbytes} bytes, expanded, is too large to read").into());
    }
    Ok(())
}

/// Refuses to write what is far larger than the file that it comes from: an expanded tensor where it cannot stay
/// one, or what a rule makes of it.
pub(crate) fn check_output(
    map: &StateMap<'_>,
    file_len: u64,
    writes_safetensors: bool,
) -> Result<(), Failure> {
    let most = file_len.saturating_mul(16).saturating_add(1 << 26);
    let (mut total, mut seen) = (0u64, HashSet::new());
    for (key, tensor) in map.iter().filter(|(_, tensor)| tensor.location() != "meta") {
        let nbytes = match writes_safetensors {
            true => tensor.nbytes(),
            false if seen.insert(tensor.storage().identity()) => tensor.storage().nbytes(),
            false => 0,
        };
        total = total.saturating_add(u64::try_from(nbytes)?);
        if total > most {
            return Err(format!(
                "`{key}` would be written with {nbytes} bytes, and the file that it comes from has {file_len}: \
                 it is an expanded tensor; leave it out, or write `.pt`, which keeps it expanded"
            )
            .into());
        }
    }
    Ok(())
}

/// Tells of the row-major bytes of a tensor, a number of elements at a time.
pub(crate) fn each_run(
    tensor: &TensorView<'_>,
    mut tell: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    check_size(tensor.nbytes(), tensor.storage())?;
    let bytes = tensor.bytes().map_err(|error| chain(&error))?;
    bytes.chunks(RUN * tensor.dtype().size().max(1)).try_for_each(&mut tell)
}

/// How many elements are NaN or infinite; of complex numbers parts count.
pub(crate) fn not_finite(tensor: &TensorView<'_>) -> Result<usize, Failure> {
    let dtype = tensor.dtype();
    let mut count = 0;
    if !(dtype.is_floating_point() || dtype.is_complex()) || !has_numbers(dtype) {
        return Ok(0);
    }
    each_run(tensor, |bytes| {
        if let Numbers::Float(numbers) = decode(bytes, dtype)? {
            count += numbers.iter().filter(|number| !number.is_finite()).count();
        }
        Ok(())
    })?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_counted_in_every_floating_type() {
        let floats = TensorView::from_vec(vec![1.0f32, f32::NAN, f32::INFINITY], [3]).unwrap();
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16, DType::C64, DType::F8E5M2] {
            assert_eq!(not_finite(&floats.cast(dtype).unwrap()).unwrap(), 2, "{dtype}");
        }
        let whole = TensorView::from_vec(vec![1i64], [1]).unwrap();
        assert_eq!(not_finite(&whole).unwrap(), 0);
    }

    #[test]
    fn large_integers_are_not_rounded() {
        let bytes = (i64::MAX - 1).to_le_bytes();
        let Ok(Numbers::Signed(found)) = decode(&bytes, DType::I64) else { panic!() };
        assert_eq!(found, [i64::MAX - 1]);
        assert!(has_numbers(DType::F8E4M3FN) && !has_numbers(DType::QI8));
    }
}
