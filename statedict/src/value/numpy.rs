//! NumPy's scalars, arrays and dtypes.

use std::fmt;

use crate::dtype::DType;
use crate::tensor::{Shape, Storage, Strides, TensorView};
use crate::value::handle::Value;
use crate::value::parts::Items;
use crate::value::raw::{self, Raw};
use crate::value::store::Graph;

/// The form of a value of NumPy.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumPyForm {
    /// A `numpy.dtype`.
    DType,
    /// A scalar, such as a `numpy.float64`.
    Scalar,
    /// A `numpy.ndarray`.
    Array,
}

/// A value of NumPy: a scalar, an array, or a dtype.
#[derive(Clone, Copy)]
pub struct NumPy<'g> {
    graph: &'g Graph<'g>,
    raw: Raw,
    node: raw::NumPy,
}

impl<'g> NumPy<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Option<Self> {
        Some(NumPy { graph, raw: Raw::NumPy(index), node: graph.numpy(index)? })
    }

    /// Which of them it is.
    pub fn form(&self) -> NumPyForm {
        match self.node.form {
            raw::NumPyForm::DType => NumPyForm::DType,
            raw::NumPyForm::Scalar => NumPyForm::Scalar,
            raw::NumPyForm::Array => NumPyForm::Array,
        }
    }

    fn dtype_node(&self) -> raw::NumPy {
        match self.node.dtype {
            Raw::NumPy(index) => self.graph.numpy(index).unwrap_or(self.node),
            _ => self.node,
        }
    }

    /// The state that a `numpy.dtype` is given, which says what its code does not: fields, units.
    pub(crate) fn state(&self) -> Option<Value<'g>> {
        let made = self.graph.made_by(self.raw)?;
        Some(Value::new(self.graph, made.state)).filter(|state| !state.is_none())
    }

    /// The dtype of a scalar or array, where its code does not say all of it.
    pub(crate) fn structured_dtype(&self) -> Option<Value<'g>> {
        let is_told = self.dtype().is_some() || self.type_code().starts_with(['S', 'U', 'O']);
        let Raw::NumPy(_) = self.node.dtype else { return None };
        (!is_told).then(|| Value::new(self.graph, self.node.dtype))
    }

    /// NumPy's code for the type: its kind and size, such as `"f8"` or `"U5"`.
    pub fn type_code(&self) -> &'g str {
        self.graph.str(self.dtype_node().code)
    }

    /// Returns `true` if the numbers are big-endian.
    pub fn is_big_endian(&self) -> bool {
        self.graph.str(self.dtype_node().order) == ">"
    }

    /// NumPy's name of the type, such as `"float64"`; the code where it is no number.
    pub fn type_name(&self) -> &'g str {
        match self.dtype() {
            Some(dtype) => dtype.name(),
            None => self.type_code(),
        }
    }

    /// PyTorch's type of the same elements.
    pub fn dtype(&self) -> Option<DType> {
        Some(match self.type_code() {
            "f8" => DType::F64,
            "f4" => DType::F32,
            "f2" => DType::F16,
            "i8" => DType::I64,
            "i4" => DType::I32,
            "i2" => DType::I16,
            "i1" => DType::I8,
            "u8" => DType::U64,
            "u4" => DType::U32,
            "u2" => DType::U16,
            "u1" => DType::U8,
            "b1" => DType::Bool,
            "c8" => DType::C64,
            "c16" => DType::C128,
            _ => return None,
        })
    }

    /// The size of an array along each dimension; nothing for a scalar or dtype.
    pub fn shape(&self) -> Items<'g> {
        let run = match self.node.shape {
            Raw::Tuple(run) | Raw::Size(run) => self.graph.run(run),
            _ => &[],
        };
        Items::new(self.graph, run)
    }

    /// Returns `true` if an array is in column-major order.
    pub fn is_fortran_order(&self) -> bool {
        self.node.fortran
    }

    /// Returns for each axis of the array which axis of the elements it is, as these are stored, row-major; nothing where
    /// they are stored in the array's order or in column-major order.
    pub fn axes(&self) -> Items<'g> {
        let run = match self.node.axes {
            Raw::Tuple(run) => self.graph.run(run),
            _ => &[],
        };
        Items::new(self.graph, run)
    }

    /// Returns the strides of the elements as they are stored; `None` where they are row-major.
    fn strides(&self, shape: &Shape) -> Option<Strides> {
        let axes: Vec<usize> = match (self.is_fortran_order(), self.axes()) {
            (true, _) => (0..shape.len()).rev().collect(),
            (false, axes) if axes.is_empty() => return None,
            (false, axes) => axes
                .iter()
                .map(|axis| usize::try_from(axis.as_i64()?).ok())
                .collect::<Option<_>>()?,
        };
        let mut strides = vec![0isize; shape.len()];
        let mut step = 1isize;
        // From the axis that is stored last.
        for stored in (0..shape.len()).rev() {
            let axis = axes.iter().position(|&axis| axis == stored)?;
            *strides.get_mut(axis)? = step;
            step = step.checked_mul(isize::try_from(*shape.get(axis)?.max(&1)).ok()?)?;
        }
        Some(strides.into_iter().collect())
    }

    /// Returns the stored elements: `bytes`, or a list of the objects of an array of objects;
    /// `None` for a dtype.
    pub fn data(&self) -> Value<'g> {
        Value::new(self.graph, self.node.data)
    }

    /// A scalar or array of numbers as a tensor of its own, little-endian; `None` for anything else.
    pub fn to_tensor(&self) -> Option<TensorView<'static>> {
        let dtype = self.dtype()?;
        // NumPy has no array of more.
        if self.shape().len() > 64 {
            return None;
        }
        let mut bytes = self.data().as_bytes()?.to_vec();
        if self.is_big_endian() {
            bytes.chunks_exact_mut(dtype.scalar_size()).for_each(<[u8]>::reverse);
        }
        let sizes = self.shape().iter().map(|size| usize::try_from(size.as_i64()?).ok());
        let shape: Shape = sizes.collect::<Option<_>>()?;
        if shape.numel()?.checked_mul(dtype.size())? != bytes.len() {
            return None;
        }
        let storage = Storage::from_bytes(bytes);
        match self.strides(&shape) {
            None => TensorView::contiguous(storage, dtype, shape, 0).ok(),
            Some(strides) => TensorView::strided(storage, dtype, shape, strides, 0).ok(),
        }
    }
}

impl fmt::Debug for NumPy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: Vec<Value<'_>> = self.shape().iter().collect();
        write!(f, "NumPy({:?} {} {shape:?})", self.form(), self.type_name())
    }
}
