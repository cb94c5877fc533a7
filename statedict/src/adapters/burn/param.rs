//! `Param<Tensor<D, K>>` of burn as a leaf: what burn itself would store of it.

use std::any::Any;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId, Parameter};
use burn::tensor::kind::{Basic, Kind, TensorKind};
use burn::tensor::{Bool, Device, Float, Int, Tensor as BurnTensor, TensorData};

use super::data;
use super::tensor::{LeafKind, adopts};
use crate::dtype::DType;
use crate::leaf::{
    ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable, check_assign, check_copy,
};
use crate::tensor::{Shape, TensorView};

impl<const D: usize, K> Tensor for Param<BurnTensor<D, K>>
where
    K: LeafKind,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    fn dtype(&self) -> Result<DType, TensorError> {
        stored_dtype::<D, K>(self).ok_or_else(data::quantized)
    }

    fn shape(&self) -> Shape {
        if !self.is_initialized() {
            return data::shape_of(&self.lazy_shape());
        }
        stored(self, Look).map(|(_, shape)| shape).unwrap_or_default()
    }

    /// Clones of a parameter are one until one of them is changed: burn gives them one value, and
    /// each change another. Their equal ids alone say less, since they outlive the changes.
    fn storage_id(&self) -> Option<StorageId> {
        if has_mappers(self) {
            // A clone may have others, and what is stored of one value is then not one.
            return None;
        }
        if self.is_initialized() {
            return Some(StorageId::from_address(&raw const **self));
        }
        // What has no value yet has no other mark.
        let id = usize::try_from(self.id.val()).ok()?;
        Some(StorageId::of::<ParamId>(id, 0))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn adopts(&self, dtype: DType) -> bool {
        adopts(K::KIND, &self.lazy_device(), dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Tensor::dtype(self)?;
        Ok(Writable::Certainly)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        stored(self, Write(sink)).unwrap_or_else(|| Err(data::quantized()))
    }
}

impl<const D: usize, K> TensorMut for Param<BurnTensor<D, K>>
where
    K: LeafKind,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        replace(self, data::to_data(source)?);
        Ok(())
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_assign(self, &source)?;
        replace(self, data::keep_data(source)?);
        Ok(())
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let Some(first) = first.as_any().and_then(<dyn Any>::downcast_ref::<Self>) else {
            return false;
        };
        if is_reparameterized(self) || is_reparameterized(first) {
            return false;
        }
        let id = self.id;
        *self = first.clone();
        self.id = id;
        true
    }
}

/// Returns `true` if the parameter is another when it is stored. burn says so only where it shows a parameter, in
/// words of its own: those of one that has no mappers and the same id are compared, and where they are also
/// those of one that has some, the parameter is taken to have them.
fn has_mappers<const D: usize, K>(param: &Param<BurnTensor<D, K>>) -> bool
where
    K: Basic,
    BurnTensor<D, K>: Parameter,
{
    // It is shown and never made.
    let make = |device: &Device, _: bool| BurnTensor::empty([0; D], device);
    let plain = Param::uninitialized(param.id, make, param.lazy_device(), false, [0; D].into());
    let shown = format!("{plain:?}");
    format!("{param:?}") != shown || format!("{:?}", plain.save_mapper(|tensor| tensor)) == shown
}

/// Returns `true` if the parameter has a reparameterization, which it would lose as a clone of another.
fn is_reparameterized(param: &impl Module) -> bool {
    struct Entered(bool);

    impl ModuleVisitor for Entered {
        fn enter_module(&mut self, _: &str, _: &str) {
            self.0 = true;
        }
    }

    let mut entered = Entered(false);
    param.visit(&mut entered);
    entered.0
}

/// The element type that is stored; `None` for burn's quantized ones.
fn stored_dtype<const D: usize, K>(param: &Param<BurnTensor<D, K>>) -> Option<DType>
where
    K: TensorKind + Basic,
    BurnTensor<D, K>: Parameter,
    Param<BurnTensor<D, K>>: Module,
{
    if param.is_initialized() {
        return stored(param, Look)?.0;
    }
    data::dtype_of(default_dtype(K::KIND, &param.lazy_device()))
}

/// Returns the dtype of burn's tensors on a device where nothing else is said.
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
    fn ask<const D: usize, K: Basic>(self, tensor: BurnTensor<D, K>) -> Self::Answer;
}

struct Look;

impl Question for Look {
    type Answer = (Option<DType>, Shape);

    fn ask<const D: usize, K: Basic>(self, tensor: BurnTensor<D, K>) -> Self::Answer {
        (data::dtype_of(tensor.dtype()), data::shape_of(&tensor.shape()))
    }
}

struct Write<'w, 's>(&'w mut ByteSink<'s>);

impl Question for Write<'_, '_> {
    type Answer = Result<(), TensorError>;

    fn ask<const D: usize, K: Basic>(self, tensor: BurnTensor<D, K>) -> Self::Answer {
        data::write(&tensor, self.0)
    }
}

/// Asks what burn would store of `param`: by a visit, since that leaves out a reparameterization.
fn stored<Q: Question>(param: &impl Module, question: Q) -> Option<Q::Answer> {
    let mut first = First { question: Some(question), answer: None };
    param.visit(&mut first);
    first.answer
}

/// Asks the first parameter it meets: those after it are of a reparameterization.
struct First<Q: Question> {
    question: Option<Q>,
    answer: Option<Q::Answer>,
}

impl<Q: Question> First<Q> {
    fn ask<const D: usize, K: Basic>(&mut self, param: &Param<BurnTensor<D, K>>)
    where
        BurnTensor<D, K>: Parameter,
    {
        if let Some(question) = self.question.take() {
            self.answer = Some(question.ask(param.transform_for_save().into_value()));
        }
    }
}

impl<Q: Question> ModuleVisitor for First<Q> {
    fn visit_float<const D: usize>(&mut self, param: &Param<BurnTensor<D>>) {
        self.ask(param);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<BurnTensor<D, Int>>) {
        self.ask(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<BurnTensor<D, Bool>>) {
        self.ask(param);
    }
}

/// Gives a module of one tensor another value: by a mapping, since that keeps a reparameterization.
pub(super) fn replace<M: Module>(module: &mut M, data: TensorData) {
    let mut loading = Loading(Some(data));
    *module = module.clone().map(&mut loading);
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
