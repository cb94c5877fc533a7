//! Views made from views: reordered and cut without touching a byte, computed lazily where that
//! cannot be.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::dtype::DType;
use crate::tensor::cast::{cast, cast_refusal};
use crate::tensor::convert::widening;
use crate::tensor::element::{Element, from_le_bytes, to_le_bytes};
use crate::tensor::shape::Shape;
use crate::tensor::storage::{Storage, StorageError, Storages};
use crate::tensor::view::TensorView;
use crate::tensor::view_error::ViewError;

impl<'a> TensorView<'a> {
    /// The same elements with two dimensions exchanged, as `Tensor.transpose()`: a view.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rows = TensorView::from_vec(vec![1i64, 2, 3, 4, 5, 6], [2, 3])?;
    /// let columns = rows.transpose(0, 1)?;
    /// assert_eq!(columns.shape(), &[3, 2]);
    /// assert_eq!(columns.to_vec::<i64>()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the tensor has no such dimension.
    pub fn transpose(&self, first: usize, second: usize) -> Result<Self, ViewError> {
        let (mut shape, mut strides) = (self.shape().to_vec(), self.strides().to_vec());
        for dim in [first, second] {
            self.check_dim(dim)?;
        }
        shape.swap(first, second);
        strides.swap(first, second);
        self.restrided(shape.into(), strides.as_slice().into(), self.storage_offset())
    }

    /// The elements of `range` along one dimension, as `Tensor.narrow()`: a view.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rows = TensorView::from_vec(vec![1i64, 2, 3, 4, 5, 6], [2, 3])?;
    /// assert_eq!(rows.narrow(1, 1..3)?.to_vec::<i64>()?, [2, 3, 5, 6]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the tensor has no such dimension, or the dimension no such range.
    pub fn narrow(&self, dim: usize, range: Range<usize>) -> Result<Self, ViewError> {
        let (size, stride) = self.check_dim(dim)?;
        if range.start > range.end || range.end > size {
            return Err(ViewError::Range { range, size });
        }
        let mut shape = self.shape().to_vec();
        if let Some(size) = shape.get_mut(dim) {
            *size = range.len();
        }
        // Within the storage, as the view is; an empty range may begin one past the end.
        let offset = range
            .start
            .checked_mul(usize::try_from(stride).unwrap_or(0))
            .and_then(|skipped| skipped.checked_add(self.storage_offset()))
            .ok_or(ViewError::Overflow)?;
        self.restrided(shape.into(), self.strides(), offset)
    }

    /// The tensor cut along one dimension into pieces of these sizes, as `torch.split()`: views.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let packed = TensorView::from_vec(vec![1i64, 2, 3, 4, 5, 6], [3, 2])?;
    /// let parts = packed.split(0, &[1, 2])?;
    /// assert_eq!(parts[0].to_vec::<i64>()?, [1, 2]);
    /// assert_eq!(parts[1].shape(), &[2, 2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the tensor has no such dimension, or the sizes do not add up to it.
    pub fn split(&self, dim: usize, sizes: &[usize]) -> Result<Vec<Self>, ViewError> {
        let (size, _) = self.check_dim(dim)?;
        let total = sizes.iter().try_fold(0usize, |total, &size| total.checked_add(size));
        if total != Some(size) {
            return Err(ViewError::Split { sizes: sizes.to_vec(), size });
        }
        let mut start = 0;
        let piece = |&size: &usize| {
            let range = start..start + size;
            start = range.end;
            self.narrow(dim, range)
        };
        sizes.iter().map(piece).collect()
    }

    /// The same elements in row-major order under another shape, as `Tensor.reshape()`: a view where
    /// this one is contiguous, otherwise computed when it is read.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let flat = TensorView::from_vec(vec![1i64, 2, 3, 4, 5, 6], [6])?;
    /// assert_eq!(flat.reshape([2, 3])?.shape(), &[2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the shape has another number of elements.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self, ViewError> {
        let shape = shape.into();
        if shape.numel() != Some(self.numel()) {
            return Err(ViewError::Reshape { from: self.shape().clone(), to: shape });
        }
        if self.is_contiguous() {
            let strides = shape.contiguous_strides().ok_or(ViewError::Overflow)?;
            return self.restrided(shape, strides, self.storage_offset());
        }
        let view = computed(self.dtype(), shape, vec![self.clone()], |sources| match sources {
            [source, ..] => source.bytes().map(Cow::into_owned),
            [] => Ok(Vec::new()),
        })?;
        Ok(view.with_requires_grad(self.requires_grad()))
    }

    /// The tensors one after another along one dimension, as `torch.cat()`; computed when it is read.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let q = TensorView::from_vec(vec![1.0f32, 2.0], [1, 2])?;
    /// let k = TensorView::from_vec(vec![3.0f32, 4.0], [1, 2])?;
    /// let packed = TensorView::cat(&[q, k], 0)?;
    /// assert_eq!(packed.shape(), &[2, 2]);
    /// assert_eq!(packed.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there are none, or they differ in element type or in another dimension.
    pub fn cat(tensors: &[Self], dim: usize) -> Result<Self, ViewError> {
        let first = tensors.first().ok_or(ViewError::CatNothing)?;
        first.check_dim(dim)?;
        let mut shape = first.shape().to_vec();
        let mut total = 0usize;
        for tensor in tensors {
            let same = tensor.dtype() == first.dtype()
                && tensor.shape().len() == shape.len()
                && (0..shape.len())
                    .all(|other| other == dim || tensor.shape().get(other) == shape.get(other));
            if !same {
                return Err(ViewError::Cat {
                    dim,
                    first: Box::new((first.dtype(), first.shape().clone())),
                    other: Box::new((tensor.dtype(), tensor.shape().clone())),
                });
            }
            let (size, _) = tensor.check_dim(dim)?;
            total = total.checked_add(size).ok_or(ViewError::Overflow)?;
        }
        if let Some(size) = shape.get_mut(dim) {
            *size = total;
        }
        computed(first.dtype(), shape.into(), tensors.to_vec(), move |sources| {
            concatenate(sources, dim)
        })
    }

    /// The same values with a wider element type, computed when they are read.
    ///
    /// # Errors
    /// Where a value could change: only float16 and bfloat16 into float32 and float64, float32 into
    /// float64, and integers into integers that hold all their values.
    pub fn widen(&self, dtype: DType) -> Result<Self, ViewError> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        let convert = widening(self.dtype(), dtype)
            .ok_or(ViewError::DType { expected: dtype, found: self.dtype() })?;
        self.computed(dtype, move |bytes| Some(convert(bytes)))
    }

    /// The same values as another element type, as `Tensor.to(dtype)` of PyTorch converts them,
    /// computed when they are read. Values may change; see [`widen`](Self::widen) for what keeps them.
    ///
    /// ```
    /// # use statedict::{DType, TensorView};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let numbers = TensorView::from_vec(vec![1.75f32, -0.5], [2])?;
    /// assert_eq!(numbers.cast(DType::I64)?.to_vec::<i64>()?, [1, 0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where PyTorch has no such conversion: from or to quantized numbers, or bits.
    pub fn cast(&self, dtype: DType) -> Result<Self, ViewError> {
        let from = self.dtype();
        if dtype == from {
            return Ok(self.clone());
        }
        if cast_refusal(from, dtype).is_some() {
            return Err(ViewError::DType { expected: dtype, found: from });
        }
        self.computed(dtype, move |bytes| {
            // Refusals were told above: there is no memory.
            cast(bytes, from, dtype)
        })
    }

    /// The tensor whose elements are `map` of this one's, computed when it is read.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log_variance = TensorView::from_vec(vec![0.0f32, 1.0], [2])?;
    /// let variance = log_variance.map_elements(|x: f32| x.exp())?;
    /// assert_eq!(variance.to_vec::<f32>()?[0], 1.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where `T` is not the element type.
    pub fn map_elements<T: Element, U: Element>(
        &self,
        map: impl Fn(T) -> U + Send + Sync + 'a,
    ) -> Result<Self, ViewError> {
        if T::DTYPE != self.dtype() {
            return Err(ViewError::DType { expected: T::DTYPE, found: self.dtype() });
        }
        self.computed(U::DTYPE, move |bytes| {
            let mapped: Vec<U> = from_le_bytes::<T>(bytes).into_iter().map(&map).collect();
            Some(to_le_bytes(&mapped).into_owned())
        })
    }

    /// A tensor that holds `value` everywhere, as `torch.full()`.
    ///
    /// ```
    /// # use statedict::TensorView;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let ones = TensorView::full(1.0f32, [3])?;
    /// assert_eq!(ones.to_vec::<f32>()?, [1.0; 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the shape does not fit in memory.
    pub fn full<T: Element>(value: T, shape: impl Into<Shape>) -> Result<Self, ViewError> {
        let shape = shape.into();
        let strides = shape.iter().map(|_| 0isize).collect();
        let element = to_le_bytes(&[value]).into_owned();
        TensorView::strided(Storage::from_bytes(element), T::DTYPE, shape, strides, 0)
    }

    /// A tensor computed from the row-major bytes of this one, each element from the one at its place. An expanded
    /// tensor stays expanded: what is one element for many is computed once.
    fn computed(
        &self,
        dtype: DType,
        compute: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'a,
    ) -> Result<Self, ViewError> {
        let strides = self.strides();
        let is_expanded = |dim: usize| strides.get(dim) == Some(&0);
        let once =
            |(dim, &size): (usize, &usize)| if is_expanded(dim) { size.min(1) } else { size };
        let shape: Shape = self.shape().iter().enumerate().map(once).collect();
        let (storage, offset) = (self.storage().clone(), self.storage_offset());
        let source =
            TensorView::strided(storage, self.dtype(), shape.clone(), strides.clone(), offset)?
                .with_conj_neg(self.is_conj(), self.is_neg());
        let found = computed(dtype, shape, vec![source], move |sources| match sources {
            [source, ..] => {
                let needed = source.numel().saturating_mul(dtype.size());
                compute(&source.bytes()?).ok_or(StorageError::Memory { needed })
            }
            [] => Ok(Vec::new()),
        })?;
        if *found.shape() == *self.shape() {
            return Ok(found);
        }
        let steps = found.strides();
        let step = |(dim, &step): (usize, &isize)| if is_expanded(dim) { 0 } else { step };
        let strides = steps.iter().enumerate().map(step).collect();
        TensorView::strided(found.storage().clone(), dtype, self.shape().clone(), strides, 0)
    }

    /// The size and stride of a dimension.
    fn check_dim(&self, dim: usize) -> Result<(usize, isize), ViewError> {
        let no_such = || ViewError::Dim { dim, shape: self.shape().clone() };
        let size = self.shape().get(dim).copied().ok_or_else(no_such)?;
        let stride = self.strides().get(dim).copied().ok_or_else(no_such)?;
        Ok((size, stride))
    }
}

/// The bytes of `sources` one after another along `dim`.
fn concatenate(sources: &[TensorView<'_>], dim: usize) -> Result<Vec<u8>, StorageError> {
    let bytes: Vec<Cow<'_, [u8]>> =
        sources.iter().map(TensorView::bytes).collect::<Result<_, _>>()?;
    // For each index of the dimensions before `dim`, one run of each source.
    let runs: Vec<usize> = sources
        .iter()
        .map(|source| {
            let after: usize = source.shape().iter().skip(dim).product();
            after * source.dtype().size()
        })
        .collect();
    let outer: usize =
        sources.first().map_or(0, |source| source.shape().iter().take(dim).product());
    let needed = bytes.iter().map(|bytes| bytes.len()).sum();
    let mut out = Vec::new();
    out.try_reserve_exact(needed).map_err(|_| StorageError::Memory { needed })?;
    for index in 0..outer {
        for (bytes, &run) in bytes.iter().zip(&runs) {
            out.extend_from_slice(bytes.get(index * run..(index + 1) * run).unwrap_or_default());
        }
    }
    Ok(out)
}

/// A row-major tensor whose bytes are computed from others' the first time they are asked for.
fn computed<'a>(
    dtype: DType,
    shape: Shape,
    sources: Vec<TensorView<'a>>,
    compute: impl Fn(&[TensorView<'a>]) -> Result<Vec<u8>, StorageError> + Send + Sync + 'a,
) -> Result<TensorView<'a>, ViewError> {
    let nbytes = shape
        .numel()
        .and_then(|numel| numel.checked_mul(dtype.size()))
        .ok_or(ViewError::Overflow)?;
    let storage = Computed { nbytes, sources, compute: Box::new(compute), bytes: OnceLock::new() };
    TensorView::contiguous(Storage::new(Arc::new(storage), 0), dtype, shape, 0)
}

/// A storage that is computed.
struct Computed<'a> {
    nbytes: usize,
    sources: Vec<TensorView<'a>>,
    compute: Compute<'a>,
    bytes: OnceLock<Vec<u8>>,
}

type Compute<'a> =
    Box<dyn Fn(&[TensorView<'a>]) -> Result<Vec<u8>, StorageError> + Send + Sync + 'a>;

impl Storages for Computed<'_> {
    fn nbytes(&self, _: u32) -> usize {
        self.nbytes
    }

    fn location(&self, _: u32) -> &str {
        self.sources.first().map_or("cpu", TensorView::location)
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(Cow::Borrowed(bytes));
        }
        let bytes = (self.compute)(&self.sources)?;
        if bytes.len() != self.nbytes {
            return Err(StorageError::out_of_range(0, self.nbytes, bytes.len()));
        }
        Ok(Cow::Borrowed(self.bytes.get_or_init(|| bytes)))
    }

    /// The bytes are kept once they are computed.
    fn reads_parts(&self, _: u32) -> bool {
        true
    }

    /// Computes them too, so that nothing is left that could go wrong when they are copied.
    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.sources.iter().try_for_each(|source| source.storage().verify())?;
        self.bytes(index).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[usize]) -> TensorView<'static> {
        let numel = shape.iter().product::<usize>();
        TensorView::from_vec((0u8..).take(numel).collect(), shape).unwrap()
    }

    #[test]
    fn views_touch_no_bytes() {
        let source = numbers(&[2, 3, 4]);
        let view = source.transpose(0, 2).unwrap().narrow(0, 1..3).unwrap();
        assert!(view.storage().same_as(source.storage()));
        assert_eq!(view.shape(), &[2, 3, 2]);
        assert_eq!(view.to_vec::<u8>().unwrap(), [1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22]);
    }

    #[test]
    fn a_strided_view_is_reshaped_by_its_order() {
        let columns = numbers(&[2, 3]).transpose(0, 1).unwrap();
        let flat = columns.reshape([6]).unwrap();
        assert_eq!(flat.to_vec::<u8>().unwrap(), [0, 3, 1, 4, 2, 5]);
        assert!(columns.reshape([5]).is_err());
    }

    #[test]
    fn cat_along_any_dimension() {
        let (a, b) = (numbers(&[2, 2]), numbers(&[2, 1]));
        let cat = TensorView::cat(&[a.clone(), b.clone()], 1).unwrap();
        assert_eq!(cat.to_vec::<u8>().unwrap(), [0, 1, 0, 2, 3, 1]);
        assert!(TensorView::cat(&[a.clone(), b], 0).is_err());
        let cat = TensorView::cat(&[a.transpose(0, 1).unwrap(), a], 0).unwrap();
        assert_eq!(cat.to_vec::<u8>().unwrap(), [0, 2, 1, 3, 0, 1, 2, 3]);
        assert!(TensorView::cat(&[], 0).is_err());
    }

    #[test]
    fn split_undoes_cat() {
        let source = numbers(&[2, 5]);
        let parts = source.split(1, &[2, 0, 3]).unwrap();
        assert_eq!(parts[1].numel(), 0);
        let back = TensorView::cat(&parts, 1).unwrap();
        assert_eq!(back.to_vec::<u8>().unwrap(), source.to_vec::<u8>().unwrap());
        assert!(source.split(1, &[2, 2]).is_err());
        assert!(source.split(2, &[1]).is_err());
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let source = numbers(&[2, 3]);
        assert!(source.transpose(0, 2).is_err());
        assert!(source.narrow(1, 2..4).is_err());
        assert!(source.narrow(2, 0..1).is_err());
        assert!(source.widen(DType::F32).is_err());
        assert!(source.map_elements(|x: f32| x).is_err());
        assert_eq!(source.widen(DType::I16).unwrap().to_vec::<i16>().unwrap().len(), 6);
    }
}
