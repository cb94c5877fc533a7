//! `torch.bool` in a library that has none.

use std::any::Any;
use std::borrow::Cow;

use candle_core::{DType as CandleDType, Tensor as Candle};

use crate::adapters::candle::dtype::library;
use crate::adapters::candle::{place, reading, writing};
use crate::dtype::DType;
use crate::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable, check_copy};
use crate::tensor::{Shape, TensorView};

/// A `torch.bool` parameter or buffer, held as a tensor of `u8` (candle has no bools): 0 is false and
/// 1 is true, as in candle's own comparisons.
///
/// A plain `Tensor` of `u8` is a `torch.uint8`, and refuses a file's bools.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use statedict::candle::BoolAsU8;
/// use statedict::{StateDict, StateDictExt, StateMap, TensorView};
///
/// #[derive(StateDict)]
/// struct Attention {
///     #[buffer]
///     mask: BoolAsU8,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mask = BoolAsU8(Tensor::zeros((1, 3), DType::U8, &Device::Cpu)?);
/// let mut attention = Attention { mask };
/// let mut file = StateMap::new();
/// file.insert("mask", TensorView::from_vec(vec![true, false, true], [1, 3])?);
/// attention.load_state_dict(&file)?;
/// assert_eq!(attention.mask.0.to_vec2::<u8>()?, [[1, 0, 1]]);
/// assert_eq!(attention.state_dict()?.get("mask").unwrap().dtype(), statedict::DType::Bool);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BoolAsU8(pub Candle);

impl BoolAsU8 {
    fn check_held(&self) -> Result<(), TensorError> {
        match self.0.dtype() {
            CandleDType::U8 => Ok(()),
            other => {
                let text = format!("bools are held as u8, and this tensor is {}", other.as_str());
                Err(TensorError::Library(text.into()))
            }
        }
    }
}

/// Any byte but 0 is true.
fn bools(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| u8::from(byte != 0)).collect()
}

impl Tensor for BoolAsU8 {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::Bool)
    }

    fn shape(&self) -> Shape {
        Tensor::shape(&self.0)
    }

    fn storage_id(&self) -> Option<StorageId> {
        Some(place::storage_id(&self.0))
    }

    fn location(&self) -> Cow<'_, str> {
        place::location(&self.0)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.check_held()?;
        writing::writable(&self.0)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.check_held()?;
        reading::read(&self.0, &mut |bytes| sink(&bools(bytes)))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl TensorMut for BoolAsU8 {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        self.check_held()?;
        writing::write_bytes(&self.0, &bools(&source.bytes()?)).map_err(library)
    }
}
