//! burn's batch normalization as PyTorch's: `gamma` is called `weight`, `beta` `bias`.

use std::ops::{Deref, DerefMut};

use burn::nn::BatchNorm;

use crate::dtype::DType;
use crate::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable, check_copy};
use crate::tensor::{Shape, TensorView};
use crate::visit::{
    ByMut, ByRef, Change, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

const COUNT: &str = "num_batches_tracked";

const BATCH_NORM: &FieldTable = &FieldTable {
    // Before version 2 PyTorch counted no batches.
    info: ModuleInfo::new("BatchNorm")
        .with_rust_type("burn::nn::BatchNorm")
        .with_version(2)
        .with_changes(&[Change::Added { since: 2, name: COUNT }]),
    fields: &[
        Field::parameter("weight"),
        Field::parameter("bias"),
        Field::buffer("running_mean"),
        Field::buffer("running_var"),
        Field::buffer(COUNT),
    ],
};

/// As `torch.nn.BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`: `weight`, `bias`, `running_mean`,
/// `running_var` and `num_batches_tracked`.
///
/// burn does not count batches: the count of a file is read and not kept, and what is saved is 0, as
/// for a layer that was never trained. PyTorch uses the count only with `momentum=None`, which burn
/// does not have. [`CountedBatchNorm`] keeps it.
impl StateDict for BatchNorm {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visit_batch_norm(self, visitor, &NotCounted);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        // Nothing is leaked: the value has no size, so it has no memory.
        visit_batch_norm_mut(self, visitor, Box::leak(Box::new(NotCounted)));
    }

    fn describe() -> Description {
        Description::Module(BATCH_NORM)
    }
}

fn visit_batch_norm<'a>(
    norm: &'a BatchNorm,
    visitor: &mut dyn Visitor<ByRef<'a>>,
    count: &'a dyn Tensor,
) {
    let contents = &mut [
        Content::leaf(&norm.gamma),
        Content::leaf(&norm.beta),
        Content::leaf(&norm.running_mean),
        Content::leaf(&norm.running_var),
        Content::tensor(count),
    ];
    visitor.module(BATCH_NORM, contents);
}

fn visit_batch_norm_mut<'a>(
    norm: &'a mut BatchNorm,
    visitor: &mut dyn Visitor<ByMut<'a>>,
    count: &'a mut dyn TensorMut,
) {
    let contents = &mut [
        Content::leaf_mut(&mut norm.gamma),
        Content::leaf_mut(&mut norm.beta),
        Content::leaf_mut(&mut norm.running_mean),
        Content::leaf_mut(&mut norm.running_var),
        Content::tensor_mut(count),
    ];
    visitor.module(BATCH_NORM, contents);
}

/// The `num_batches_tracked` of a layer that does not count.
struct NotCounted;

impl Tensor for NotCounted {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::I64)
    }

    fn shape(&self) -> Shape {
        Shape::default()
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Ok(Writable::Certainly)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        sink(&0i64.to_le_bytes())
    }
}

impl TensorMut for NotCounted {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)
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
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visit_batch_norm(&self.norm, visitor, &self.num_batches_tracked);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visit_batch_norm_mut(&mut self.norm, visitor, &mut self.num_batches_tracked);
    }

    fn describe() -> Description {
        BatchNorm::describe()
    }
}
