//! Batch normalization, with the count of batches that candle-nn's lacks.

use candle_core::{Device, ModuleT, Result, Tensor};
use candle_nn::{BatchNormConfig, VarBuilder};

use crate::adapters::candle::layers::{in_place, lent};
use crate::adapters::candle::writing::write_bytes;
use crate::visit::{
    ByMut, ByRef, Change, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// `nn.BatchNorm1d` and its like: [`candle_nn::BatchNorm`] with `num_batches_tracked`, the number of batches
/// it was trained with.
///
/// PyTorch saves that number, as version 2 of the layer; candle-nn does not have it. A file from before
/// version 2 is loaded without it.
///
/// ```
/// use candle_core::{DType, Device, ModuleT, Tensor};
/// use candle_nn::{VarBuilder, VarMap};
/// use statedict::StateDictExt;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let variables = VarMap::new();
/// let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
/// let norm = statedict::candle::batch_norm(3, 1e-5, vb)?;
/// norm.forward_t(&Tensor::zeros((2, 3, 4, 4), DType::F32, &Device::Cpu)?, true)?;
/// assert_eq!(norm.num_batches_tracked()?, 1);
/// let state = norm.state_dict()?;
/// assert_eq!(
///     state.keys().collect::<Vec<_>>(),
///     ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
/// );
/// # drop(state);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BatchNorm {
    layer: candle_nn::BatchNorm,
    num_batches_tracked: Tensor,
}

impl BatchNorm {
    /// A layer that has seen no batch yet.
    ///
    /// # Errors
    /// Where candle cannot make a tensor of one number.
    pub fn new(layer: candle_nn::BatchNorm) -> Result<Self> {
        Ok(BatchNorm { layer, num_batches_tracked: Tensor::new(0i64, &Device::Cpu)? })
    }

    /// candle-nn's layer. What is trained with it directly is not counted.
    pub fn layer(&self) -> &candle_nn::BatchNorm {
        &self.layer
    }

    /// The number of batches it was trained with.
    ///
    /// # Errors
    /// Where candle cannot read the number.
    pub fn num_batches_tracked(&self) -> Result<i64> {
        self.num_batches_tracked.to_scalar()
    }

    const TABLE: &FieldTable = &FieldTable {
        info: ModuleInfo::new("BatchNorm")
            .with_rust_type("statedict::candle::BatchNorm")
            .with_version(2)
            .with_changes(&[Change::Added { since: 2, name: "num_batches_tracked" }]),
        fields: &[
            Field::parameter("weight").optional(),
            Field::parameter("bias").optional(),
            Field::buffer("running_mean"),
            Field::buffer("running_var"),
            Field::buffer("num_batches_tracked"),
        ],
    };

    fn tensors(&self) -> [Option<&Tensor>; 5] {
        let (weight, bias) = self.layer.weight_and_bias().unzip();
        let (mean, var) = (self.layer.running_mean(), self.layer.running_var());
        [weight, bias, Some(mean), Some(var), Some(&self.num_batches_tracked)]
    }
}

impl ModuleT for BatchNorm {
    /// Normalizes by the batch's own statistics where it is trained, and counts it; by the running ones
    /// where not.
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let ys = self.layer.forward_t(xs, train)?;
        if train {
            let count = self.num_batches_tracked()?.saturating_add(1);
            write_bytes(&self.num_batches_tracked, &count.to_le_bytes())?;
        }
        Ok(ys)
    }
}

impl StateDict for BatchNorm {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.module(Self::TABLE, &mut self.tensors().map(lent));
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        self.visit_shared_mut(visitor);
    }

    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        in_place(visitor, Self::TABLE, &self.tensors());
    }

    fn describe() -> Description {
        Description::Module(Self::TABLE)
    }
}

/// A batch normalization over `num_features` channels: as [`candle_nn::batch_norm()`].
///
/// # Errors
/// Where `vb` cannot give the tensors.
pub fn batch_norm(
    num_features: usize,
    config: impl Into<BatchNormConfig>,
    vb: VarBuilder<'_>,
) -> Result<BatchNorm> {
    BatchNorm::new(candle_nn::batch_norm(num_features, config, vb)?)
}
