//! A leaf of a model: borrowed where that is possible, copied where it is behind a lock.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::dtype::DType;
use crate::leaf::{ByteSink, StorageId, Tensor, TensorError, Writable};
use crate::tensor::Shape;

/// A leaf of a model: borrowed from the model, or, where the leaf is behind a lock, a copy.
///
/// It dereferences to the [`Tensor`].
#[derive(Clone)]
pub struct TensorRef<'a>(Inner<'a>);

#[derive(Clone)]
enum Inner<'a> {
    Borrowed(&'a dyn Tensor),
    Copied(Arc<Snapshot>),
}

impl<'a> TensorRef<'a> {
    pub(super) fn borrowed(tensor: &'a dyn Tensor) -> Self {
        TensorRef(Inner::Borrowed(tensor))
    }

    /// Copies a tensor that cannot be borrowed; its elements only `with_elements`.
    pub(super) fn copied(tensor: &dyn Tensor, with_elements: bool) -> Self {
        TensorRef(Inner::Copied(Arc::new(Snapshot::new(tensor, with_elements))))
    }

    /// All elements in row-major order as little-endian bytes, borrowed where they lie so in memory.
    pub(crate) fn elements(&self) -> Result<Elements<'a>, TensorError> {
        let mut bytes = Vec::new();
        let mut sink = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        match &self.0 {
            Inner::Borrowed(tensor) => {
                if let Some(bytes) = tensor.host_bytes() {
                    return Ok(Elements::Borrowed(bytes));
                }
                tensor.with_bytes(&mut sink)?;
            }
            Inner::Copied(snapshot) if snapshot.elements.is_ok() => {
                return Ok(Elements::Copied(Arc::clone(snapshot)));
            }
            Inner::Copied(snapshot) => snapshot.with_bytes(&mut sink)?,
        }
        Ok(Elements::Owned(bytes))
    }

    /// [`Tensor::location`], borrowed from the model.
    pub(crate) fn place(&self) -> Cow<'a, str> {
        match &self.0 {
            Inner::Borrowed(tensor) => tensor.location(),
            Inner::Copied(snapshot) => Cow::Owned(snapshot.location.clone()),
        }
    }
}

/// The elements of a leaf; unlike the leaf they may go to other threads.
pub(crate) enum Elements<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
    Copied(Arc<Snapshot>),
}

impl Deref for Elements<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Elements::Borrowed(bytes) => bytes,
            Elements::Owned(bytes) => bytes,
            Elements::Copied(snapshot) => snapshot.elements.as_deref().unwrap_or_default(),
        }
    }
}

impl<'a> Deref for TensorRef<'a> {
    type Target = dyn Tensor + 'a;

    fn deref(&self) -> &Self::Target {
        match &self.0 {
            Inner::Borrowed(tensor) => *tensor,
            Inner::Copied(snapshot) => &**snapshot,
        }
    }
}

impl fmt::Debug for TensorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype() {
            Ok(dtype) => write!(f, "{dtype} {}", self.shape()),
            Err(reason) => write!(f, "{reason} {}", self.shape()),
        }
    }
}

/// A tensor as it was when its lock was held.
pub(crate) struct Snapshot {
    dtype: Result<DType, String>,
    shape: Shape,
    storage_id: Option<StorageId>,
    location: String,
    writable: Result<Writable, String>,
    elements: Result<Vec<u8>, String>,
}

impl Snapshot {
    fn new(tensor: &dyn Tensor, with_elements: bool) -> Self {
        let elements = match tensor.host_bytes() {
            _ if !with_elements => Err("the elements were not asked for".to_owned()),
            Some(bytes) => Ok(bytes.to_vec()),
            None => {
                let mut bytes = Vec::new();
                let mut sink = |piece: &[u8]| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                };
                tensor.with_bytes(&mut sink).map(|()| bytes).map_err(|error| error.to_string())
            }
        };
        Snapshot {
            dtype: tensor.dtype().map_err(|error| error.to_string()),
            shape: tensor.shape(),
            storage_id: tensor.storage_id(),
            location: tensor.location().into_owned(),
            writable: tensor.writable().map_err(|error| error.to_string()),
            elements,
        }
    }
}

impl Tensor for Snapshot {
    fn dtype(&self) -> Result<DType, TensorError> {
        self.dtype.clone().map_err(|reason| TensorError::Library(reason.into()))
    }

    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn storage_id(&self) -> Option<StorageId> {
        self.storage_id
    }

    fn location(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.location)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.writable.clone().map_err(|reason| TensorError::Library(reason.into()))
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        self.elements.as_deref().ok()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        match &self.elements {
            Ok(elements) => sink(elements),
            Err(reason) => Err(TensorError::Library(reason.clone().into())),
        }
    }
}
