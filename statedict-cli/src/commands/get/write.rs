//! Tensors as bytes and as NumPy's files.

use std::io::Write;

use statedict::{DType, TensorView};

use super::select::{Selected, What};
use crate::failure::{Failure, chain};
use crate::numbers::has_numbers;

/// NumPy's name of an element type, where it has it.
fn descr(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "|b1",
        DType::U8 => "|u1",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        _ => return None,
    })
}

fn elements(tensor: &TensorView<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    Ok(out.write_all(&tensor.bytes().map_err(|error| chain(&error))?)?)
}

/// The tensor as a file that `numpy.load` reads.
pub(super) fn npy(one: &Selected<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let What::Tensor(tensor) = &one.what else {
        return Err(
            "only a tensor can be an array of NumPy; --as json or text prints values".into()
        );
    };
    let dtype = tensor.dtype();
    let other = match dtype {
        _ if !has_numbers(dtype) => "",
        dtype if dtype.is_complex() => "--dtype complex64 converts it, ",
        _ => "--dtype float32 converts it, ",
    };
    let descr = descr(dtype)
        .ok_or_else(|| format!("NumPy has no {dtype}; {other}--as raw keeps its bytes"))?;
    let shape: String = tensor.shape().iter().map(|size| format!("{size}, ")).collect();
    let shape =
        if tensor.shape().len() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}")
            .into_bytes();
    // Magic, version and length come before it, and a newline ends it.
    let is_long = header.len() + 1 + 64 > usize::from(u16::MAX);
    let before = if is_long { 12 } else { 10 };
    let len = (before + header.len() + 1).next_multiple_of(64) - before;
    header.resize(len - 1, b' ');
    header.push(b'\n');
    out.write_all(b"\x93NUMPY")?;
    if is_long {
        out.write_all(&[2, 0])?;
        out.write_all(&u32::try_from(len)?.to_le_bytes())?;
    } else {
        out.write_all(&[1, 0])?;
        out.write_all(&u16::try_from(len)?.to_le_bytes())?;
    }
    out.write_all(&header)?;
    elements(tensor, out)
}

/// The elements of a tensor, or the bytes of a text.
pub(super) fn raw(one: &Selected<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    match &one.what {
        What::Tensor(tensor) => elements(tensor, out),
        What::Value { bytes: Some(bytes), .. } => Ok(out.write_all(bytes)?),
        What::Value { .. } => {
            Err("only tensors, texts and bytes can be raw; --as json or text prints values".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_numpys() {
        let tensor = TensorView::from_vec(vec![1i16, 2, 3], [3]).unwrap();
        let what = What::Tensor(tensor);
        let one = Selected { name: String::new(), path: serde_json::Value::Null, what };
        let mut file = Vec::new();
        npy(&one, &mut file).unwrap();
        assert_eq!(file.len(), 128 + 6);
        assert!(file.starts_with(
            b"\x93NUMPY\x01\0\x76\0{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }"
        ));
        assert_eq!(file[127..], [b'\n', 1, 0, 2, 0, 3, 0]);
    }
}
