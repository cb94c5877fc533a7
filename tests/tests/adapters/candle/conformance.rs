//! candle's tensors and variables, tested with the suite.

use std::cell::Cell;

use candle_core::{Device, Tensor, Var};
use statedict::DType;
use statedict::candle::BoolAsU8;
use statedict::tensor::Shape;
use statedict::testing::{Subject, conformance, shapes};

/// The types that candle and PyTorch both have.
const DTYPES: [(DType, candle_core::DType); 10] = [
    (DType::U8, candle_core::DType::U8),
    (DType::U32, candle_core::DType::U32),
    (DType::I16, candle_core::DType::I16),
    (DType::I32, candle_core::DType::I32),
    (DType::I64, candle_core::DType::I64),
    (DType::BF16, candle_core::DType::BF16),
    (DType::F16, candle_core::DType::F16),
    (DType::F32, candle_core::DType::F32),
    (DType::F64, candle_core::DType::F64),
    (DType::F8E4M3FN, candle_core::DType::F8E4M3),
];

fn dtypes() -> Vec<DType> {
    DTYPES.iter().map(|(dtype, _)| *dtype).collect()
}

fn tensor(dtype: DType, shape: &[usize], bytes: &[u8]) -> Tensor {
    let (_, dtype) = DTYPES.into_iter().find(|(torch, _)| *torch == dtype).unwrap();
    Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu).unwrap()
}

/// The elements by candle's own conversions, which keep every bit of the type they convert to.
fn bytes(tensor: &Tensor) -> Vec<u8> {
    let flat = tensor.flatten_all().unwrap();
    macro_rules! bytes {
        ($($dtype:ident $element:ty),*) => {
            match tensor.dtype() {
                $(candle_core::DType::$dtype => flat
                    .to_vec1::<$element>()
                    .unwrap()
                    .iter()
                    .flat_map(|element| element.to_le_bytes())
                    .collect(),)*
                candle_core::DType::F8E4M3 => flat
                    .to_vec1::<float8::F8E4M3>()
                    .unwrap()
                    .iter()
                    .map(|element| element.to_bits())
                    .collect(),
                other => panic!("{other:?}"),
            }
        };
    }
    bytes!(U8 u8, U32 u32, I16 i16, I32 i32, I64 i64, BF16 half::bf16, F16 half::f16, F32 f32, F64 f64)
}

/// The same elements as a part of a larger tensor with its dimensions the other way round.
fn strided(tensor: &Tensor) -> Option<Tensor> {
    let rank = tensor.rank();
    if rank == 0 {
        return None;
    }
    let reversed: Vec<usize> = (0..rank).rev().collect();
    let columns = tensor.permute(reversed.clone()).ok()?.contiguous().ok()?;
    let padding = columns.narrow(0, 0, columns.dim(0).ok()?.min(1)).ok()?;
    let wide = Tensor::cat(&[&padding, &columns, &padding], 0).ok()?;
    let part = wide.narrow(0, padding.dim(0).ok()?, columns.dim(0).ok()?).ok()?;
    part.permute(reversed).ok()
}

struct Tensors;

impl Subject for Tensors {
    type Tensor = Tensor;

    fn dtypes(&self) -> Vec<DType> {
        dtypes()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Tensor {
        tensor(dtype, shape, bytes)
    }

    fn bytes(&self, tensor: &Tensor) -> Vec<u8> {
        bytes(tensor)
    }

    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Tensor> {
        // candle cannot concatenate these.
        if dtype == DType::F8E4M3FN {
            return None;
        }
        strided(&tensor(dtype, shape, bytes))
    }

    fn handle(&self, tensor: &Tensor) -> Option<Tensor> {
        Some(tensor.clone())
    }

    fn adopts(&self) -> Vec<DType> {
        dtypes()
    }
}

conformance!(tensors, Tensors);

struct Variables;

impl Subject for Variables {
    type Tensor = Var;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32, DType::BF16, DType::I64]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Var {
        Var::from_tensor(&tensor(dtype, shape, bytes)).unwrap()
    }

    fn bytes(&self, variable: &Var) -> Vec<u8> {
        bytes(variable.as_tensor())
    }

    fn handle(&self, variable: &Var) -> Option<Var> {
        Some(variable.clone())
    }

    fn adopts(&self) -> Vec<DType> {
        dtypes()
    }
}

conformance!(variables, Variables);

/// Bools as numbers.
struct Bools;

impl Subject for Bools {
    type Tensor = BoolAsU8;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::Bool]
    }

    fn tensor(&self, _: DType, shape: &[usize], bytes: &[u8]) -> BoolAsU8 {
        BoolAsU8(tensor(DType::U8, shape, bytes))
    }

    fn bytes(&self, bools: &BoolAsU8) -> Vec<u8> {
        bytes(&bools.0)
    }

    fn strided(&self, _: DType, shape: &[usize], bytes: &[u8]) -> Option<BoolAsU8> {
        strided(&tensor(DType::U8, shape, bytes)).map(BoolAsU8)
    }

    fn handle(&self, bools: &BoolAsU8) -> Option<BoolAsU8> {
        Some(bools.clone())
    }
}

conformance!(bools_as_u8, Bools);

/// Strided destinations are only tested where there are some.
#[test]
fn most_shapes_have_a_strided_tensor() {
    let made = Cell::new(0);
    let is_strided = |shape: &Shape| {
        let numel: usize = shape.iter().product();
        let tensor = tensor(DType::F32, shape, &vec![0; numel * 4]);
        strided(&tensor).is_some_and(|tensor| !tensor.is_contiguous())
    };
    shapes().iter().filter(|shape| is_strided(shape)).for_each(|_| made.set(made.get() + 1));
    assert!(made.get() >= 5, "{}", made.get());
}
