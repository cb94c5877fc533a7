//! Which shape a tensor of a parameter's state has, and which type it is given.

use super::error::OptimizerProblem;
use super::param::ParamState;
use crate::dtype::DType;
use crate::mapping::relocated;
use crate::tensor::{Shape, Storage, StorageError, TensorView, cast};
use crate::visit::TensorRef;

/// The shape that a tensor of this name has in the states of PyTorch's optimizers; `None` for names that are
/// not theirs, and for what is no tensor of one parameter.
fn expected_shape(key: &str, parameter: &Shape) -> Option<Shape> {
    let with_one = |from_last: usize| {
        let mut sizes = parameter.to_vec();
        let at = sizes.len().checked_sub(from_last)?;
        *sizes.get_mut(at)? = 1;
        Some(Shape::from(sizes))
    };
    match key {
        "momentum_buffer" | "exp_avg" | "exp_avg_sq" | "max_exp_avg_sq" | "exp_inf"
        | "square_avg" | "grad_avg" | "acc_delta" | "sum" | "ax" | "prev" | "step_size"
        | "variance" => Some(parameter.clone()),
        // Adafactor's, of matrices: the last dimension, or the last but one, is averaged away.
        "row_var" => with_one(1),
        "col_var" => with_one(2),
        _ => None,
    }
}

/// Notes each tensor of a state that has not the shape due to the parameter.
pub(super) fn check_shapes(
    state: &ParamState<'_, '_>,
    parameter: &Shape,
    problems: &mut Vec<OptimizerProblem>,
) {
    for (key, value) in state.iter() {
        let Some(view) = value.tensor() else { continue };
        let found = view.shape();
        let Some(expected) = expected_shape(key, parameter).filter(|expected| expected != found)
        else {
            continue;
        };
        problems.push(OptimizerProblem::Shape {
            param: state.title(),
            key: key.to_owned(),
            expected,
            found: found.clone(),
        });
    }
}

/// The form that a parameter's state gets when it is loaded.
pub(super) struct Target {
    /// `None` where the type stays.
    dtype: Option<DType>,
    numel: usize,
    location: String,
    /// `true` if `step` is on the parameter's device, as float32.
    step_moves: bool,
}

/// Why a tensor cannot be made into what a parameter needs.
pub(super) enum Unfit {
    Cast {
        from: DType,
        to: DType,
    },
    Unreadable(StorageError),
    /// It has more elements than its storage and than the parameter.
    Expanded,
}

impl Target {
    /// By PyTorch's rule: all is given the type of a parameter of floating point, and its device.
    pub(super) fn of(parameter: &TensorRef<'_>, step_moves: bool) -> Self {
        let dtype = parameter.dtype().ok().filter(|dtype| dtype.is_floating_point());
        let numel = parameter.shape().numel().unwrap_or(0);
        Target { dtype, numel, location: parameter.location().into_owned(), step_moves }
    }

    /// A tensor of the state as the parameter needs it, under `key` of a dict.
    pub(super) fn fit<'a>(
        &self,
        view: &TensorView<'a>,
        key: Option<&str>,
    ) -> Result<TensorView<'a>, Unfit> {
        let dtype = match key {
            // A counter is exact, and read on the host in each step.
            Some("step") if !self.step_moves => return Ok(view.clone()),
            Some("step") => DType::F32,
            _ => self.dtype.unwrap_or(view.dtype()),
        };
        if view.dtype() == dtype {
            return Ok(relocated(view.clone(), &self.location));
        }
        // A file can claim any number of elements by repeating the few it has.
        if view.numel() > self.numel && view.nbytes() > view.storage().nbytes() {
            return Err(Unfit::Expanded);
        }
        let bytes = view.bytes().map_err(Unfit::Unreadable)?;
        let unfit = || Unfit::Cast { from: view.dtype(), to: dtype };
        let bytes = cast(&bytes, view.dtype(), dtype).ok_or_else(unfit)?;
        let storage = Storage::from_bytes_at(bytes, &self.location);
        TensorView::contiguous(storage, dtype, view.shape().clone(), 0).map_err(|_| unfit())
    }
}
