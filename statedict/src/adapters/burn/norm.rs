//! burn's normalizations as PyTorch's: `gamma` is called `weight`, `beta` `bias`.

use std::ops::{Deref, DerefMut};

use burn::module::Param;
use burn::nn::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RmsNorm};
use burn::tensor::Tensor as BurnTensor;

use crate::dtype::DType;
use crate::leaves::check;
use crate::schema::SchemaBuilder;
use crate::tensor::{Shape, TensorView};
use crate::traits::{ByteSink, StateDict, Tensor, TensorError, TensorMut};
use crate::visit::{Change, ModuleInfo, Visitor, VisitorMut};

const COUNT: &str = "num_batches_tracked";

/// Before version 2 PyTorch counted no batches.
const BATCH_NORM: ModuleInfo = ModuleInfo::new("BatchNorm")
    .with_rust_type("burn::nn::BatchNorm")
    .with_version(2)
    .with_changes(&[Change::Added { since: 2, name: COUNT }]);
const LAYER_NORM: ModuleInfo = ModuleInfo::new("LayerNorm").with_rust_type("burn::nn::LayerNorm");
const GROUP_NORM: ModuleInfo = ModuleInfo::new("GroupNorm").with_rust_type("burn::nn::GroupNorm");
const RMS_NORM: ModuleInfo = ModuleInfo::new("RMSNorm").with_rust_type("burn::nn::RmsNorm");
/// PyTorch derives it from its batch norm, and gives it that one's version.
const INSTANCE_NORM: ModuleInfo =
    ModuleInfo::new("InstanceNorm").with_rust_type("burn::nn::InstanceNorm").with_version(2);

/// As `torch.nn.BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`: `weight`, `bias`, `running_mean`,
/// `running_var` and `num_batches_tracked`.
///
/// burn does not count batches: the count of a file is read and not kept, and what is saved is 0, as
/// for a layer that was never trained. PyTorch uses the count only with `momentum=None`, which burn
/// does not have. [`CountedBatchNorm`] keeps it.
impl StateDict for BatchNorm {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visit_batch_norm(self, visitor, &NotCounted);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        // Nothing is leaked: the value has no size, so it has no memory.
        visit_batch_norm_mut(self, visitor, Box::leak(Box::new(NotCounted)));
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.module(BATCH_NORM);
        schema.parameter("weight", false);
        schema.parameter("bias", false);
        schema.buffer("running_mean", false, true);
        schema.buffer("running_var", false, true);
        schema.buffer(COUNT, false, true);
    }
}

fn visit_batch_norm<'a>(norm: &'a BatchNorm, visitor: &mut dyn Visitor<'a>, count: &'a dyn Tensor) {
    visitor.module(BATCH_NORM);
    visitor.parameter("weight", &norm.gamma);
    visitor.parameter("bias", &norm.beta);
    visitor.buffer("running_mean", &norm.running_mean, true);
    visitor.buffer("running_var", &norm.running_var, true);
    visitor.buffer(COUNT, count, true);
}

fn visit_batch_norm_mut<'a>(
    norm: &'a mut BatchNorm,
    visitor: &mut dyn VisitorMut<'a>,
    count: &'a mut dyn TensorMut,
) {
    visitor.module(BATCH_NORM);
    visitor.parameter("weight", &mut norm.gamma);
    visitor.parameter("bias", &mut norm.beta);
    visitor.buffer("running_mean", &mut norm.running_mean, true);
    visitor.buffer("running_var", &mut norm.running_var, true);
    visitor.buffer(COUNT, count, true);
}

/// The `num_batches_tracked` of a layer that does not count.
struct NotCounted;

impl Tensor for NotCounted {
    fn dtype(&self) -> DType {
        DType::I64
    }

    fn shape(&self) -> Shape {
        Shape::default()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        sink(&0i64.to_le_bytes())
    }
}

impl TensorMut for NotCounted {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check(self, source)
    }
}

/// burn's [`BatchNorm`] with PyTorch's `num_batches_tracked`, which it keeps from load to save.
///
/// It is used as the layer that it holds. burn's forward pass does not count; a program that trains
/// with it counts for itself.
///
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::tensor::{Device, Tensor};
/// use statedict::StateDictExt;
/// use statedict::burn::CountedBatchNorm;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::default();
/// let mut norm = CountedBatchNorm::from(BatchNormConfig::new(3).init(&device));
/// let output = norm.forward(Tensor::<2>::zeros([1, 3], &device));
/// norm.num_batches_tracked += 1;
/// assert_eq!(norm.state_dict()?.get("num_batches_tracked").unwrap().item::<i64>()?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, burn::module::Module)]
pub struct CountedBatchNorm {
    /// The layer.
    pub norm: BatchNorm,
    /// How many batches it was trained with.
    #[module(skip)]
    pub num_batches_tracked: i64,
}

impl From<BatchNorm> for CountedBatchNorm {
    fn from(norm: BatchNorm) -> Self {
        CountedBatchNorm { norm, num_batches_tracked: 0 }
    }
}

impl Deref for CountedBatchNorm {
    type Target = BatchNorm;

    fn deref(&self) -> &BatchNorm {
        &self.norm
    }
}

impl DerefMut for CountedBatchNorm {
    fn deref_mut(&mut self) -> &mut BatchNorm {
        &mut self.norm
    }
}

impl StateDict for CountedBatchNorm {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visit_batch_norm(&self.norm, visitor, &self.num_batches_tracked);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        visit_batch_norm_mut(&mut self.norm, visitor, &mut self.num_batches_tracked);
    }

    fn describe(schema: &mut SchemaBuilder) {
        BatchNorm::describe(schema);
    }
}

type Vector = Param<BurnTensor<1>>;

/// A normalization of a `gamma` and a `beta`, which may be options.
macro_rules! affine {
    ($($doc:literal $layer:ident, $info:ident, gamma? $gamma:literal, beta? $beta:literal;)*) => {$(
        #[doc = $doc]
        impl StateDict for $layer {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module($info);
                if let Some(weight) = Option::<&Vector>::from(&self.gamma) {
                    visitor.parameter("weight", weight);
                }
                if let Some(bias) = Option::<&Vector>::from(&self.beta) {
                    visitor.parameter("bias", bias);
                }
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module($info);
                if let Some(weight) = Option::<&mut Vector>::from(&mut self.gamma) {
                    visitor.parameter("weight", weight);
                }
                if let Some(bias) = Option::<&mut Vector>::from(&mut self.beta) {
                    visitor.parameter("bias", bias);
                }
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module($info);
                schema.parameter("weight", $gamma);
                schema.parameter("bias", $beta);
            }
        }
    )*};
}

affine! {
    "As `torch.nn.LayerNorm` over one dimension: `weight`, and `bias` where the layer has one."
    LayerNorm, LAYER_NORM, gamma? false, beta? true;
    "As `torch.nn.GroupNorm`: `weight` and `bias` where the layer is affine."
    GroupNorm, GROUP_NORM, gamma? true, beta? true;
    "As `torch.nn.InstanceNorm1d` and its like, without running statistics, which is their default: `weight` and `bias` where the layer is affine."
    InstanceNorm, INSTANCE_NORM, gamma? true, beta? true;
}

/// As `torch.nn.RMSNorm` over one dimension: `weight`.
impl StateDict for RmsNorm {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visitor.module(RMS_NORM);
        visitor.parameter("weight", &self.gamma);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        visitor.module(RMS_NORM);
        visitor.parameter("weight", &mut self.gamma);
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.module(RMS_NORM);
        schema.parameter("weight", false);
    }
}
