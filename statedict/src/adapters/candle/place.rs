//! Where tensors are: PyTorch's names of candle's devices, and which tensors are one in memory.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use candle_core::{DeviceLocation, Layout, Tensor};

use crate::leaf::StorageId;

/// PyTorch's name of the device a tensor is on.
pub(super) fn location(tensor: &Tensor) -> Cow<'static, str> {
    match tensor.device().location() {
        DeviceLocation::Cpu => Cow::Borrowed("cpu"),
        DeviceLocation::Cuda { gpu_id } => Cow::Owned(format!("cuda:{gpu_id}")),
        DeviceLocation::Metal { .. } => Cow::Borrowed("mps"),
    }
}

/// Equal for tensors that are the same elements of one storage.
///
/// A view of a part of a storage is another tensor than the whole and than other parts: it is saved
/// and loaded for itself.
pub(super) fn storage_id(tensor: &Tensor) -> StorageId {
    let (storage, layout) = tensor.storage_and_layout();
    let address = std::ptr::from_ref(&*storage).addr();
    let place = if layout.is_contiguous() { layout.start_offset() } else { digest(layout) };
    StorageId::of::<Tensor>(address, place)
}

/// A number of a layout that is not contiguous: of its offset and steps, with the highest bit set,
/// which no offset has.
fn digest(layout: &Layout) -> usize {
    // Its keys are fixed, so that a layout has the same number each time.
    let mut hasher = DefaultHasher::new();
    (layout.start_offset(), layout.stride()).hash(&mut hasher);
    let hash = hasher.finish();
    let number = usize::try_from(hash).or_else(|_| usize::try_from(hash >> 32));
    number.unwrap_or(usize::MAX) | !(usize::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn tags_are_pytorchs() {
        let tensor = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(location(&tensor), "cpu");
    }

    #[test]
    fn only_the_same_elements_have_one_id() {
        let whole = Tensor::zeros((4, 4), DType::F32, &Device::Cpu).unwrap();
        let views = [
            whole.clone(),
            whole.narrow(0, 0, 2).unwrap(),
            whole.narrow(0, 2, 2).unwrap(),
            whole.narrow(1, 0, 2).unwrap(),
            whole.narrow(1, 2, 2).unwrap(),
            whole.t().unwrap(),
            whole.copy().unwrap(),
        ];
        for (a, one) in views.iter().enumerate() {
            for (b, other) in views.iter().enumerate() {
                // By shape too, as leaves are compared.
                let key = |tensor: &Tensor| (storage_id(tensor), tensor.dims().to_vec());
                assert_eq!(key(one) == key(other), a == b, "{a} and {b}");
            }
        }
        assert_eq!(storage_id(&whole), storage_id(&whole.detach()));
    }
}
