//! A subject without its types, so that the tests are compiled once and not for each.

use std::any::Any;
use std::borrow::Cow;

use crate::dtype::DType;
use crate::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable};
use crate::tensor::{Shape, TensorView};
use crate::testing::Subject;

/// [`Subject`], without the type of its tensors.
pub(super) trait Subjects {
    fn all_dtypes(&self) -> Vec<DType>;
    fn all_shapes(&self) -> Vec<Shape>;
    fn all_adopted(&self) -> Vec<DType>;
    fn device(&self) -> String;
    fn make<'s>(&'s self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Box<dyn Leaf<'s> + 's>;
    fn make_strided<'s>(
        &'s self,
        dtype: DType,
        shape: &[usize],
        bytes: &[u8],
    ) -> Option<Box<dyn Leaf<'s> + 's>>;
}

/// A tensor under test, which remembers its subject.
pub(super) trait Leaf<'s>: TensorMut {
    /// The elements, read in the library's own way.
    fn own_bytes(&self) -> Vec<u8>;

    /// Another handle of the same tensor.
    fn other_handle(&self) -> Option<Box<dyn Leaf<'s> + 's>>;
}

impl<S: Subject> Subjects for S {
    fn all_dtypes(&self) -> Vec<DType> {
        self.dtypes()
    }

    fn all_shapes(&self) -> Vec<Shape> {
        self.shapes()
    }

    fn all_adopted(&self) -> Vec<DType> {
        self.adopts()
    }

    fn device(&self) -> String {
        self.location()
    }

    fn make<'s>(&'s self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Box<dyn Leaf<'s> + 's> {
        Box::new(Held { subject: self, tensor: self.tensor(dtype, shape, bytes) })
    }

    fn make_strided<'s>(
        &'s self,
        dtype: DType,
        shape: &[usize],
        bytes: &[u8],
    ) -> Option<Box<dyn Leaf<'s> + 's>> {
        let tensor = self.strided(dtype, shape, bytes)?;
        Some(Box::new(Held { subject: self, tensor }))
    }
}

/// A tensor and its subject.
struct Held<'s, S: Subject> {
    subject: &'s S,
    tensor: S::Tensor,
}

impl<'s, S: Subject> Leaf<'s> for Held<'s, S> {
    fn own_bytes(&self) -> Vec<u8> {
        self.subject.bytes(&self.tensor)
    }

    fn other_handle(&self) -> Option<Box<dyn Leaf<'s> + 's>> {
        let tensor = self.subject.handle(&self.tensor)?;
        Some(Box::new(Held { subject: self.subject, tensor }))
    }
}

// All methods are the tensor's, those with a default too.
impl<S: Subject> Tensor for Held<'_, S> {
    fn dtype(&self) -> Result<DType, TensorError> {
        self.tensor.dtype()
    }

    fn shape(&self) -> Shape {
        self.tensor.shape()
    }

    fn storage_id(&self) -> Option<StorageId> {
        self.tensor.storage_id()
    }

    fn location(&self) -> Cow<'_, str> {
        self.tensor.location()
    }

    fn adopts(&self, dtype: DType) -> bool {
        self.tensor.adopts(dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.tensor.writable()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        self.tensor.host_bytes()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.tensor.with_bytes(sink)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        self.tensor.as_any()
    }
}

impl<S: Subject> TensorMut for Held<'_, S> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        self.tensor.copy_(source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        self.tensor.assign(source)
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.tensor.host_bytes_mut()
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        self.tensor.share(first)
    }
}
