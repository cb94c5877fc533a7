//! `map_location` for everything in a checkpoint.

use crate::checkpoint::Checkpoint;
use crate::mapping::{LocationError, MapLocation, Relocated};
use crate::tensor::Storage;

impl<'a> Checkpoint<'a> {
    /// Gives all tensors other location tags, as `map_location` of `torch.load`: those of every state dict, of
    /// optimizers, of extra states. Tensors that share a storage still do.
    ///
    /// ```
    /// use statedict::{Checkpoint, MapLocation, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("momentum", TensorView::from_vec(vec![0.5f32], [1])?)?;
    /// checkpoint.map_location(&MapLocation::to("cuda:0"))?;
    /// assert_eq!(checkpoint.tensor("momentum")?.location(), "cuda:0");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a tensor would go to what is no location. Nothing is then changed.
    pub fn map_location(&mut self, location: &MapLocation) -> Result<(), LocationError> {
        let graph = self.graph_mut();
        let storages: Vec<Storage<'a>> = graph.storages().collect();
        let relocated = Relocated::new(storages.iter(), location)?;
        graph.map_storages(|storage| relocated.moved(storage));
        Ok(())
    }
}
