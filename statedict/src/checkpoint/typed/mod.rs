//! Values of a checkpoint as Rust types, by way of serde.

mod decode;
mod dict_key;
mod encode;
mod problem;

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::typed::decode::Decoder;
use crate::checkpoint::typed::encode::Encoder;
use crate::contents::ValuePath;
use crate::value::{Graph, Value, ValueId};

/// So much may be decoded of a small file; of a large one, so many times what its pickle has. Values are
/// counted, and bytes of text: a list that is in others again and again has very many paths.
const COST: usize = 1 << 20;
const TIMES: usize = 8;

impl<'a> Checkpoint<'a> {
    /// The value at a path as a Rust type: a number, a text, a struct or map for a dict, a vector for a list.
    ///
    /// Text and bytes can be borrowed. Integers of any size come as Rust's, or as the digits in a `String` where
    /// they are larger than any; NumPy's scalars come as the numbers they are, dtypes and devices as their names,
    /// objects of unknown classes (with [`opaque`](crate::ReadOptions::opaque)) as the dict of their attributes. What
    /// a struct has no field for is passed over, tensors too; a tensor that is asked for is an error, since
    /// [`tensor`](Self::tensor) gives it.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use statedict::Checkpoint;
    ///
    /// #[derive(Serialize, Deserialize, Debug, PartialEq)]
    /// struct Config {
    ///     lr: f64,
    ///     betas: (f64, f64),
    ///     layers: Vec<u32>,
    ///     name: Option<String>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config { lr: 1e-3, betas: (0.9, 0.999), layers: vec![64, 10], name: None };
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set("epoch", 5)?;
    /// checkpoint.set("config", &config)?;
    ///
    /// assert_eq!(checkpoint.get::<u64>("epoch")?, 5);
    /// assert_eq!(checkpoint.get::<Config>("config")?, config);
    /// assert_eq!(checkpoint.get::<u32>(("config", "layers", -1))?, 10);
    ///
    /// let error = checkpoint.get::<u32>(("config", "lr")).unwrap_err();
    /// let expected = r#"`config["lr"]`: invalid type: floating point `0.001`, expected u32"#;
    /// assert_eq!(error.to_string(), expected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is nothing at the path, or something that does not fit the type: the error names the path of
    /// what does not.
    pub fn get<'c, T: Deserialize<'c>>(
        &'c self,
        path: impl Into<ValuePath>,
    ) -> Result<T, CheckpointError> {
        let path = self.meant(path.into())?;
        decode(self.part(&path)?, &path)
    }

    /// Puts a value of a Rust type at a path; see [`set_state_dict`](Self::set_state_dict) for paths.
    ///
    /// Structs and maps become dicts in the order of their entries, tuples and arrays tuples, other sequences
    /// lists, `None` and `()` Python's `None`; integers of any size and floats keep their value, bytes
    /// (`serde_bytes`) become `bytes`. Variants of enums become their name, or a dict of their name to what they
    /// hold. Keys of maps can be all that Python can hash. An empty `bytes` is better left out: PyTorch writes
    /// it in a way that its own `weights_only=True` refuses.
    ///
    /// ```
    /// use statedict::Checkpoint;
    /// use std::collections::BTreeMap;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set("losses", [0.5f32, 0.25].as_slice())?;
    /// checkpoint.set("best", BTreeMap::from([(3, "first.pt"), (7, "second.pt")]))?;
    /// checkpoint.set(("best", 7), "third.pt")?;
    /// assert_eq!(checkpoint.get::<&str>(("best", 7))?, "third.pt");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the path leads nowhere. Where Python cannot hold the value: a map whose keys it cannot hash or that
    /// it takes for equal. Nothing is then changed.
    pub fn set(
        &mut self,
        path: impl Into<ValuePath>,
        value: impl Serialize,
    ) -> Result<(), CheckpointError> {
        let path = path.into();
        self.put(&path, |graph| encode(graph, &value, &path))
    }
}

/// A value of a file as a Rust type; see [`Checkpoint::get`].
///
/// ```
/// use statedict::value::Graph;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scale = Graph::of(0.5);
/// assert_eq!(statedict::checkpoint::from_value::<f64>(scale.root())?, 0.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where the value does not fit the type.
pub fn from_value<'g, T: Deserialize<'g>>(value: Value<'g>) -> Result<T, CheckpointError> {
    decode(value, &ValuePath::root())
}

/// A value of a Rust type as a graph, for an extra state or a part of another graph; see [`Checkpoint::set`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = statedict::checkpoint::to_graph(&vec![("lr", 0.5)])?;
/// assert_eq!(graph.root().as_items().map(|items| items.len()), Some(1));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where Python cannot hold the value.
pub fn to_graph<T: Serialize + ?Sized>(value: &T) -> Result<Graph<'static>, CheckpointError> {
    let mut graph = Graph::of(());
    let root = encode(&mut graph, value, &ValuePath::root())?;
    graph.set_root(root);
    Ok(graph)
}

fn decode<'c, T: Deserialize<'c>>(
    value: Value<'c>,
    path: &ValuePath,
) -> Result<T, CheckpointError> {
    let left = Cell::new(value.graph().size().saturating_mul(TIMES).saturating_add(COST));
    T::deserialize(Decoder::new(value, &left)).map_err(|problem| CheckpointError::Decode {
        path: problem.path(path),
        reason: problem.reason,
    })
}

fn encode<T: Serialize + ?Sized>(
    graph: &mut Graph<'_>,
    value: &T,
    path: &ValuePath,
) -> Result<ValueId, CheckpointError> {
    value.serialize(Encoder::new(graph)).map_err(|problem| CheckpointError::Encode {
        path: problem.path(path),
        reason: problem.reason,
    })
}
