//! The optimizers of a checkpoint.

use crate::checkpoint::optimizer::OptimizerState;
use crate::checkpoint::{Checkpoint, CheckpointError, ValuePath};

impl<'a> Checkpoint<'a> {
    /// The optimizer's state at a path. No tensor is read.
    ///
    /// ```
    /// use statedict::Checkpoint;
    /// use statedict::optim::{Algorithm, OptimizerState};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut optimizer = OptimizerState::new();
    /// optimizer.add_param_group(Algorithm::Sgd, ["fc.weight"])?.set("lr", 0.1);
    ///
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_optimizer_state("optimizer_state_dict", &optimizer)?;
    /// let saved = checkpoint.optimizer_state("optimizer_state_dict")?;
    /// assert_eq!(saved.param_group(0)?.get::<f64>("lr")?, 0.1);
    ///
    /// let error = checkpoint.optimizer_state(("optimizer_state_dict", "state")).unwrap_err();
    /// assert!(error.to_string().starts_with("`optimizer_state_dict[\"state\"]`: 2 problems"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is nothing at the path, or no state dict of an optimizer.
    pub fn optimizer_state(
        &self,
        path: impl Into<ValuePath>,
    ) -> Result<OptimizerState<'a>, CheckpointError> {
        let path = self.meant(path.into())?;
        OptimizerState::from_graph(self.part_at(path.clone())?)
            .map_err(|source| CheckpointError::Optimizer { path, source })
    }

    /// Puts an optimizer's state at a path; see [`set_state_dict`](Self::set_state_dict).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_optimizer_state(
        &mut self,
        path: impl Into<ValuePath>,
        optimizer: &OptimizerState<'a>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |graph| Ok(optimizer.write_to(graph)))
    }
}
