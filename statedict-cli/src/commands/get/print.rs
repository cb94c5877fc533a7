//! Tensors and values as text and as JSON.

use std::io::Write;

use serde_json::{Value as Json, json};
use statedict::TensorView;

use super::select::{Selected, What};
use crate::envelope::{Envelope, List};
use crate::failure::{Failure, chain};
use crate::numbers::{Numbers, check_size, decode, each_run, has_numbers};
use crate::opened::Opened;
use crate::printable::printable;

/// Of more rows or columns than this, the first and the last halves are printed.
const ROWS: usize = 20;
const COLUMNS: usize = 8;

/// For people: the numbers of a tensor, or a value.
pub(super) fn text(one: &Selected<'_>, all: bool, out: &mut dyn Write) -> Result<(), Failure> {
    match &one.what {
        What::Tensor(tensor) => {
            writeln!(out, "{}  {} {}", one.name, tensor.dtype(), tensor.shape())?;
            rows(tensor, all, out)
        }
        What::Value { text, .. } => Ok(writeln!(out, "{}", printable(text))?),
    }
}

/// For people: one of several things in a line.
pub(super) fn line(one: &Selected<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    match &one.what {
        What::Tensor(tensor) => {
            Ok(writeln!(out, "{}  {} {}", one.name, tensor.dtype(), tensor.shape())?)
        }
        What::Value { text, .. } => Ok(writeln!(out, "{}  {}", one.name, printable(text))?),
    }
}

/// Which of `count` are printed: all, or the first and the last, with a gap between.
fn shown(count: usize, most: usize, all: bool) -> (usize, usize) {
    if all || count <= most { (count, count) } else { (most / 2, count - most / 2) }
}

/// The numbers, a line for each row of the last dimension, behind the indices of the others.
fn rows(tensor: &TensorView<'_>, all: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (dtype, shape) = (tensor.dtype(), tensor.shape());
    if !has_numbers(dtype) {
        return Err(
            format!("the elements of {dtype} cannot be printed; --as raw has their bytes").into()
        );
    }
    check_size(tensor.nbytes(), tensor.storage())?;
    let bytes = tensor.bytes().map_err(|error| chain(&error))?;
    let columns = shape.last().copied().unwrap_or(1);
    let count = tensor.numel().checked_div(columns).unwrap_or(0);
    let width = columns * dtype.size();
    let (row_gap, row_end) = shown(count, ROWS, all);
    let (gap, end) = shown(columns, COLUMNS, all);
    let mut row = 0;
    while row < count {
        if row == row_gap {
            writeln!(out, "…")?;
            row = row_end;
        }
        let mut line = indices(row, shape.split_last().map_or(&[][..], |(_, rest)| rest));
        let bytes = &bytes[row * width..(row + 1) * width];
        let texts = |range: std::ops::Range<usize>| -> Result<Vec<String>, Failure> {
            let size = dtype.size();
            number_texts(&bytes[range.start * size..range.end * size], dtype)
        };
        line.extend(texts(0..gap)?);
        if gap < columns {
            line.push("…".to_owned());
            line.extend(texts(end..columns)?);
        }
        writeln!(out, "{}", line.join("  "))?;
        row += 1;
    }
    Ok(())
}

/// The indices of a row in all dimensions but the last.
fn indices(row: usize, shape: &[usize]) -> Vec<String> {
    if shape.is_empty() {
        return Vec::new();
    }
    let mut rest = row;
    let mut indices: Vec<String> = Vec::new();
    for &size in shape.iter().rev() {
        indices.push((rest % size.max(1)).to_string());
        rest /= size.max(1);
    }
    indices.reverse();
    vec![format!("[{}]", indices.join(", "))]
}

fn number_texts(bytes: &[u8], dtype: statedict::DType) -> Result<Vec<String>, Failure> {
    Ok(match decode(bytes, dtype)? {
        Numbers::Signed(numbers) => numbers.iter().map(ToString::to_string).collect(),
        Numbers::Unsigned(numbers) => numbers.iter().map(ToString::to_string).collect(),
        Numbers::Float(numbers) if dtype.is_complex() => numbers
            .chunks(2)
            .map(|parts| match parts {
                [re, im] => format!("{re}{im:+}j"),
                _ => String::new(),
            })
            .collect(),
        Numbers::Float(numbers) => match dtype {
            statedict::DType::Bool => {
                numbers.iter().map(|&number| (number != 0.0).to_string()).collect()
            }
            // As short as tells it from its neighbours of the same type.
            #[expect(clippy::cast_possible_truncation, reason = "it was of 32 bits or fewer")]
            dtype if dtype.size() <= 4 => {
                numbers.iter().map(|&number| (number as f32).to_string()).collect()
            }
            _ => numbers.iter().map(ToString::to_string).collect(),
        },
    })
}

/// One object; numbers that JSON does not have are texts.
pub(super) fn json(
    opened: &Opened,
    one: &Selected<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let What::Tensor(tensor) = &one.what else {
        return json_values(opened, out, |list| list.add(&value(one)));
    };
    let mut object = Envelope::start(out, "get")?;
    object.field("file", &opened.input.to_string())?;
    let dtype = tensor.dtype();
    if !has_numbers(dtype) {
        return Err(format!("the elements of {dtype} cannot be printed").into());
    }
    object.field("path", &one.path)?;
    object.field("dtype", &dtype.to_string())?;
    object.field("shape", &tensor.shape().to_vec())?;
    let mut list = object.list("elements")?;
    each_run(tensor, |bytes| {
        elements(bytes, dtype)?.iter().try_for_each(|element| list.add(element))
    })?;
    list.end()?;
    object.end()
}

/// One object with a list of values.
pub(super) fn json_values(
    opened: &Opened,
    out: &mut dyn Write,
    add: impl FnOnce(&mut List<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut object = Envelope::start(out, "get")?;
    object.field("file", &opened.input.to_string())?;
    let mut list = object.list("values")?;
    add(&mut list)?;
    list.end()?;
    object.end()
}

/// What is told of something in a list of values.
pub(super) fn value(one: &Selected<'_>) -> Json {
    match &one.what {
        What::Tensor(tensor) => json!({
            "path": one.path, "type": "torch.Tensor",
            "dtype": tensor.dtype().to_string(), "shape": tensor.shape().to_vec(),
        }),
        What::Value { json, .. } => {
            let mut json = json.clone();
            if let Some(json) = json.as_object_mut() {
                json.insert("path".to_owned(), one.path.clone());
            }
            json
        }
    }
}

fn elements(bytes: &[u8], dtype: statedict::DType) -> Result<Vec<Json>, Failure> {
    let float = |number: f64| match number.is_finite() {
        true => json!(number),
        false => json!(number.to_string()),
    };
    Ok(match decode(bytes, dtype)? {
        Numbers::Signed(numbers) => numbers.into_iter().map(Json::from).collect(),
        Numbers::Unsigned(numbers) => numbers.into_iter().map(Json::from).collect(),
        Numbers::Float(numbers) if dtype.is_complex() => {
            numbers.chunks(2).map(|parts| parts.iter().copied().map(float).collect()).collect()
        }
        Numbers::Float(numbers) if dtype == statedict::DType::Bool => {
            numbers.into_iter().map(|number| json!(number != 0.0)).collect()
        }
        // Integers are integers in JSON too.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it was an integer of 32 bits or fewer"
        )]
        Numbers::Float(numbers) if !dtype.is_floating_point() => {
            numbers.into_iter().map(|number| json!(number as i64)).collect()
        }
        Numbers::Float(numbers) => numbers.into_iter().map(float).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(tensor: TensorView<'_>, all: bool) -> String {
        let mut out = Vec::new();
        rows(&tensor, all, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_have_their_indices_and_large_tensors_a_gap() {
        let small = TensorView::from_vec(vec![0.1f32, -2.0, f32::NAN, 4.0], [1, 2, 2]).unwrap();
        assert_eq!(text_of(small, false), "[0, 0]  0.1  -2\n[0, 1]  NaN  4\n");
        let scalar = TensorView::from_vec(vec![7i64], []).unwrap();
        assert_eq!(text_of(scalar, false), "7\n");
        let large = TensorView::full(1.0f32, [100, 100]).unwrap();
        let lines: Vec<String> = text_of(large.clone(), false).lines().map(str::to_owned).collect();
        assert_eq!((lines.len(), lines[10].as_str()), (21, "…"));
        assert_eq!(lines[0], "[0]  1  1  1  1  …  1  1  1  1");
        assert!(lines[11].starts_with("[90]"));
        assert_eq!(text_of(large, true).lines().count(), 100);
        assert_eq!(text_of(TensorView::full(1.0f32, [3, 0]).unwrap(), false), "");
    }

    #[test]
    fn elements_are_json_as_far_as_json_goes() {
        let of =
            |tensor: TensorView<'_>| elements(&tensor.bytes().unwrap(), tensor.dtype()).unwrap();
        let floats = TensorView::from_vec(vec![0.5f32, f32::NEG_INFINITY], [2]).unwrap();
        assert_eq!(of(floats.clone()), [json!(0.5), json!("-inf")]);
        assert_eq!(of(floats.cast(statedict::DType::C64).unwrap())[0], json!([0.5, 0.0]));
        assert_eq!(of(TensorView::from_vec(vec![-3i8], [1]).unwrap()), [json!(-3)]);
        assert_eq!(of(TensorView::from_vec(vec![true], [1]).unwrap()), [json!(true)]);
    }
}
