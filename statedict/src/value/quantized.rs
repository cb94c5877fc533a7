//! Quantized tensors, as the integers that stand for their elements and what these mean.

use std::fmt;

use crate::value::handle::Value;
use crate::value::parts::Tensor;
use crate::value::raw::{Composite, Raw, Run};
use crate::value::store::Graph;

/// A quantized tensor: integers, and what they stand for.
#[derive(Clone, Copy)]
pub struct Quantized<'g> {
    graph: &'g Graph<'g>,
    index: u32,
    tensor: u32,
    parameters: Run,
}

/// The numbers that the integers of a quantized tensor stand for: `(integer - zero point) * scale`.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum Quantization<'g> {
    /// One scale and zero point for all.
    PerTensor {
        /// The scale.
        scale: f64,
        /// The integer that stands for zero.
        zero_point: i64,
    },
    /// One for each index along a dimension.
    PerChannel {
        /// The scales: `float64`, or `float32` where the zero points are floats too.
        scales: Tensor<'g>,
        /// The integers (or floats) that stand for zero.
        zero_points: Tensor<'g>,
        /// The dimension.
        axis: i64,
    },
}

impl<'g> Quantized<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Option<Self> {
        match graph.composite(index)? {
            Composite::Quantized { tensor, parameters } => {
                Some(Quantized { graph, index, tensor, parameters })
            }
            Composite::Sparse { .. } => None,
        }
    }

    /// Returns `true` if it is an `nn.Parameter`.
    pub fn is_parameter(&self) -> bool {
        self.graph.parameter_gradient(Raw::Composite(self.index)).is_some()
    }

    /// The integers, in one of the element types `quint8`, `qint8`, `qint32`, `quint4x2`, `quint2x4`.
    pub fn tensor(&self) -> Tensor<'g> {
        Tensor::new(self.graph, self.tensor)
    }

    /// The parameters that say what they stand for, with their names.
    pub(crate) fn values(&self) -> Vec<(&'static str, Value<'g>)> {
        let parameters = self.graph.run(self.parameters);
        let names: &[&'static str] = match parameters.len() {
            2 => &["scale", "zero_point"],
            _ => &["scales", "zero_points", "axis"],
        };
        let values = parameters.iter().map(|&raw| Value::new(self.graph, raw));
        names.iter().copied().zip(values).collect()
    }

    /// Returns the scale and the zero point of the integers.
    pub fn quantization(&self) -> Quantization<'g> {
        match *self.graph.run(self.parameters) {
            [Raw::Tensor(scales), Raw::Tensor(zero_points), Raw::Int(axis)] => {
                let tensor = |index| Tensor::new(self.graph, index);
                let (scales, zero_points) = (tensor(scales), tensor(zero_points));
                Quantization::PerChannel { scales, zero_points, axis }
            }
            [Raw::Float(scale), Raw::Int(zero_point)] => {
                Quantization::PerTensor { scale, zero_point }
            }
            // Not made: the parameters were checked.
            _ => Quantization::PerTensor { scale: f64::NAN, zero_point: 0 },
        }
    }
}

impl fmt::Debug for Quantized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantized({:?}, {:?})", self.tensor(), self.quantization())
    }
}
