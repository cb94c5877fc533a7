//! `Param<Tensor<D, K>>` of burn as a leaf: what burn itself would store of it.

use std::any::Any;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, Parameter};
use burn::tensor::kind::{Basic, Kind, TensorKind};
use burn::tensor::{Bool, Device, ExecutionError, Float, Int, Tensor as BurnTensor, TensorData};

use super::data;
use super::tensor::{LeafKind, adopts, check_assigned};
use crate::dtype::DType;
use crate::leaves::check;
use crate::tensor::{Shape, TensorView};
use crate::traits::{ByteSink, StorageId, Tensor, TensorError, TensorMut};

impl<const D: usize, K> Tensor for Param<BurnTensor<D, K>>
where
    K: LeafKind,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    fn dtype(&self) -> DType {
        stored_dtype::<D, K>(self).unwrap_or(DType::F32)
    }

    fn shape(&self) -> Shape {
        if !self.is_initialized() {
            return data::shape_of(&self.lazy_shape());
        }
        stored::<Look>(self).map(|(_, shape)| shape).unwrap_or_default()
    }

    /// Clones of a parameter are one until one of them is changed: burn gives them one value, and
    /// each change another. Their equal ids alone say less, since they outlive the changes.
    fn storage_id(&self) -> Option<StorageId> {
        if self.is_initialized() {
            return Some(StorageId::from_address(&raw const **self));
        }
        // What has no value yet has no other mark.
        let id = usize::try_from(self.id.val()).ok()?;
        Some(StorageId::from_number(data::BURN, id))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn adopts(&self, dtype: DType) -> bool {
        adopts(K::KIND, &self.lazy_device(), dtype)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let data = stored::<Read>(self).transpose();
        let data = data.map_err(|error| TensorError::Library(error.into()))?;
        data::write_data(data.ok_or_else(data::quantized)?, sink)
    }
}

impl<const D: usize, K> TensorMut for Param<BurnTensor<D, K>>
where
    K: LeafKind,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check(self, source)?;
        stored_dtype::<D, K>(self).ok_or_else(data::quantized)?;
        replace(self, source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_assigned(self, &source)?;
        replace(self, &source)
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let Some(first) = first.as_any().and_then(<dyn Any>::downcast_ref::<Self>) else {
            return false;
        };
        let id = self.id;
        *self = first.clone();
        self.id = id;
        true
    }
}

/// The element type that is stored; `None` for burn's quantized ones.
fn stored_dtype<const D: usize, K>(param: &Param<BurnTensor<D, K>>) -> Option<DType>
where
    K: TensorKind + Basic,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    if param.is_initialized() {
        return stored::<Look>(param)?.0;
    }
    data::dtype_of(default_dtype(K::KIND, &param.lazy_device()))
}

/// What burn makes tensors of on a device where nothing else is said.
fn default_dtype(kind: Kind, device: &Device) -> burn::tensor::DType {
    let settings = device.settings();
    match kind {
        Kind::Float => settings.float_dtype.into(),
        Kind::Int => settings.int_dtype.into(),
        Kind::Bool => settings.bool_dtype.into(),
    }
}

/// A question to the tensor that is stored of a parameter.
trait Question {
    type Answer;
    fn ask<const D: usize, K: Basic>(tensor: BurnTensor<D, K>) -> Self::Answer;
}

struct Look;

impl Question for Look {
    type Answer = (Option<DType>, Shape);

    fn ask<const D: usize, K: Basic>(tensor: BurnTensor<D, K>) -> Self::Answer {
        (data::dtype_of(tensor.dtype()), data::shape_of(&tensor.shape()))
    }
}

struct Read;

impl Question for Read {
    type Answer = Result<TensorData, ExecutionError>;

    fn ask<const D: usize, K: Basic>(tensor: BurnTensor<D, K>) -> Self::Answer {
        tensor.try_into_data()
    }
}

/// Asks what burn would store of `param`: by a visit, since that leaves out a reparameterization.
fn stored<Q: Question>(param: &impl Module) -> Option<Q::Answer> {
    let mut first = First::<Q>(None);
    param.visit(&mut first);
    first.0
}

/// The first answer: those after it are of a reparameterization's own parameters.
struct First<Q: Question>(Option<Q::Answer>);

impl<Q: Question> ModuleVisitor for First<Q> {
    fn visit_float<const D: usize>(&mut self, param: &Param<BurnTensor<D>>) {
        self.0.get_or_insert_with(|| Q::ask(param.transform_for_save().into_value()));
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<BurnTensor<D, Int>>) {
        self.0.get_or_insert_with(|| Q::ask(param.transform_for_save().into_value()));
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<BurnTensor<D, Bool>>) {
        self.0.get_or_insert_with(|| Q::ask(param.transform_for_save().into_value()));
    }
}

/// Gives a module of one tensor another value: by a mapping, since that keeps a reparameterization.
pub(super) fn replace<M: Module>(
    module: &mut M,
    source: &TensorView<'_>,
) -> Result<(), TensorError> {
    let mut loading = Loading(Some(data::to_data(source)?));
    *module = module.clone().map(&mut loading);
    Ok(())
}

/// Gives the first parameter it meets these elements.
struct Loading(Option<TensorData>);

macro_rules! load {
    ($loading:ident, $param:ident) => {
        match $loading.0.take() {
            Some(data) => {
                let (id, device, dtype) = ($param.id, $param.lazy_device(), data.dtype());
                // Without an element type burn would convert to the device's default.
                $param.transform_for_load(BurnTensor::from_data(data, (&device, dtype)), id)
            }
            None => $param,
        }
    };
}

impl ModuleMapper for Loading {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<BurnTensor<D, Float>>,
    ) -> Param<BurnTensor<D, Float>> {
        load!(self, param)
    }

    fn map_int<const D: usize>(
        &mut self,
        param: Param<BurnTensor<D, Int>>,
    ) -> Param<BurnTensor<D, Int>> {
        load!(self, param)
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<BurnTensor<D, Bool>>,
    ) -> Param<BurnTensor<D, Bool>> {
        load!(self, param)
    }
}
