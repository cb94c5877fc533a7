//! What every tensor type must do, as tests that run on yours (feature `testing`).
//!
//! Implement [`Subject`] for your tensor type (how to make a tensor, how to look at it, and what it
//! can hold) and write one line. It becomes a module of tests, one for each [`Property`], so that
//! what fails is named:
//!
//! ```
//! use statedict::testing::{Subject, conformance};
//! use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut, check_copy};
//! use statedict::tensor::Shape;
//! use statedict::{DType, TensorView};
//!
//! /// A matrix in column-major order: what a user's own library might have.
//! struct Matrix {
//!     rows: usize,
//!     columns: usize,
//!     elements: Vec<f32>,
//! }
//!
//! impl Tensor for Matrix {
//!     fn dtype(&self) -> Result<DType, TensorError> {
//!         Ok(DType::F32)
//!     }
//!
//!     fn shape(&self) -> Shape {
//!         [self.rows, self.columns].into()
//!     }
//!
//!     fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
//!         for row in 0..self.rows {
//!             let row = (0..self.columns).map(|column| self.elements[column * self.rows + row]);
//!             sink(&row.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! impl TensorMut for Matrix {
//!     fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
//!         check_copy(self, source)?;
//!         let bytes = source.bytes()?;
//!         for (index, element) in bytes.chunks_exact(4).enumerate() {
//!             let (row, column) = (index / self.columns, index % self.columns);
//!             self.elements[column * self.rows + row] = f32::from_le_bytes(element.try_into().unwrap());
//!         }
//!         Ok(())
//!     }
//! }
//!
//! struct Matrices;
//!
//! impl Subject for Matrices {
//!     type Tensor = Matrix;
//!
//!     fn dtypes(&self) -> Vec<DType> {
//!         vec![DType::F32]
//!     }
//!
//!     fn shapes(&self) -> Vec<Shape> {
//!         statedict::testing::shapes().into_iter().filter(|shape| shape.len() == 2).collect()
//!     }
//!
//!     fn tensor(&self, _: DType, shape: &[usize], bytes: &[u8]) -> Matrix {
//!         let (rows, columns) = (shape[0], shape[1]);
//!         let element = |row, column| {
//!             let at = (row * columns + column) * 4;
//!             f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
//!         };
//!         let elements =
//!             (0..columns).flat_map(|column| (0..rows).map(move |row| element(row, column))).collect();
//!         Matrix { rows, columns, elements }
//!     }
//!
//!     fn bytes(&self, matrix: &Matrix) -> Vec<u8> {
//!         let rows = 0..matrix.rows;
//!         let indices = rows.flat_map(|row| (0..matrix.columns).map(move |column| (row, column)));
//!         indices.flat_map(|(row, column)| matrix.elements[column * matrix.rows + row].to_le_bytes()).collect()
//!     }
//! }
//!
//! // In your tests: a module `matrices` of tests.
//! conformance!(matrices, Matrices);
//!
//! // The same as a function, which panics with everything that is wrong.
//! statedict::testing::assert_conformance(&Matrices);
//! ```

mod assigning;
mod elements;
mod erased;
mod findings;
mod host_memory;
mod loading;
mod model;
mod property;
mod reading;
mod refusing;
mod source;
mod subject;
mod tying;
mod writing;

pub use property::{Failure, Property, assert_conformance, check_conformance};
pub use subject::{Subject, shapes};

#[doc(inline)]
pub use crate::__conformance as conformance;
