//! The suite finds what it is for: tensor types that are wrong in one way each, and the property that
//! has to notice.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use statedict::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable};
use statedict::tensor::Shape;
use statedict::testing::{Property, Subject, check_conformance, shapes};
use statedict::{CpuTensor, DType, TensorView};

/// What is wrong with a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The shape is told in column-major order.
    ReversedShape,
    /// Elements are passed through arithmetic, which quiets signalling not-a-numbers.
    QuietsNans,
    /// Minus zero is written as zero.
    DropsTheSignOfZero,
    /// A load is told that nothing can be written.
    SaysItIsReadOnly,
    /// The last piece is forgotten.
    LosesTheLastPiece,
    /// The sink's error is swallowed.
    SwallowsTheSinksError,
    /// Strides of the source are ignored: its storage is taken as it lies.
    IgnoresStrides,
    /// An unreadable source leaves the tensor as it was, and nobody is told.
    SwallowsStorageErrors,
    /// Only the number of elements is compared.
    ComparesSizesOnly,
    /// The element type is not compared.
    ComparesNoTypes,
    /// The text says nothing of what was expected and found.
    SaysNothing,
    /// The memory for writing is a copy.
    LendsACopy,
    /// `adopts` promises what `assign` does not do.
    PromisesTooMuch,
    /// `assign` takes the elements, but not the type.
    KeepsTheType,
    /// All tensors say they share.
    OneIdForAll,
    /// Handles do not say that they share.
    NoIds,
    /// A write makes the handle another tensor.
    CopiesOnWrite,
    /// A tensor that is assigned no longer shares.
    PartsWhenAssigned,
    /// The location is always the CPU.
    ForgetsTheDevice,
    /// Bools are written as any other byte.
    AnyBool,
}

/// A tensor of which there are handles, with a fault.
struct Broken {
    fault: Fault,
    elements: Rc<RefCell<CpuTensor>>,
    /// What `host_bytes_mut` lends.
    copy: Vec<u8>,
}

impl Broken {
    fn bytes(&self) -> Vec<u8> {
        self.elements.borrow().bytes().to_vec()
    }

    fn handle(&self) -> Broken {
        let (elements, copy) = (Rc::clone(&self.elements), self.copy.clone());
        Broken { fault: self.fault, elements, copy }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn refuse(&self, error: TensorError) -> Result<(), TensorError> {
        Err(match self.is(Fault::SaysNothing) {
            true => TensorError::Library("cannot copy".into()),
            false => error,
        })
    }
}

impl Tensor for Broken {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(self.elements.borrow().dtype())
    }

    fn shape(&self) -> Shape {
        let shape = self.elements.borrow().shape().clone();
        match self.is(Fault::ReversedShape) {
            true => shape.iter().rev().copied().collect(),
            false => shape,
        }
    }

    fn storage_id(&self) -> Option<StorageId> {
        match self.fault {
            Fault::OneIdForAll => Some(StorageId::of::<Fault>(1, 1)),
            Fault::NoIds => None,
            _ => Some(StorageId::from_address(Rc::as_ptr(&self.elements))),
        }
    }

    fn location(&self) -> Cow<'_, str> {
        Cow::Borrowed(if self.is(Fault::ForgetsTheDevice) { "cpu" } else { "cuda:0" })
    }

    fn adopts(&self, dtype: DType) -> bool {
        dtype == DType::F64 || dtype == self.elements.borrow().dtype()
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        match self.is(Fault::SaysItIsReadOnly) {
            true => Err(TensorError::Library("it is read only".into())),
            false => Ok(Writable::Certainly),
        }
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let mut bytes = self.bytes();
        if self.is(Fault::QuietsNans) && self.elements.borrow().dtype() == DType::F32 {
            for element in bytes.chunks_exact_mut(4) {
                let value = f32::from_le_bytes(element.try_into().unwrap());
                let quiet = if value.is_nan() { f32::NAN } else { value };
                element.copy_from_slice(&quiet.to_le_bytes());
            }
        }
        let pieces = bytes.len().div_ceil(64);
        for (nth, piece) in bytes.chunks(64).enumerate() {
            if nth + 1 == pieces && self.is(Fault::LosesTheLastPiece) {
                break;
            }
            match sink(piece) {
                Err(_) if self.is(Fault::SwallowsTheSinksError) => {}
                other => other?,
            }
        }
        Ok(())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl TensorMut for Broken {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        let (expected, found) = (self.elements.borrow().dtype(), source.dtype());
        let bits = |dtype: DType| (dtype.size(), dtype.per_byte());
        if expected != found && !(self.is(Fault::ComparesNoTypes) && bits(expected) == bits(found))
        {
            return self.refuse(TensorError::DType { expected, found });
        }
        let (expected, found) = (self.elements.borrow().shape().clone(), source.shape().clone());
        let same = match self.is(Fault::ComparesSizesOnly) {
            true => expected.numel() == found.numel(),
            false => expected == found,
        };
        if !same {
            return self.refuse(TensorError::Shape { expected, found });
        }
        let bytes = match source.bytes() {
            _ if self.is(Fault::IgnoresStrides) => {
                let start = source.storage_offset() * source.dtype().size();
                let mut bytes = source.storage().bytes()?[start..].to_vec();
                bytes.resize(source.nbytes(), 0);
                Ok(bytes)
            }
            bytes => bytes.map(Cow::into_owned),
        };
        let mut bytes = match bytes {
            Err(_) if self.is(Fault::SwallowsStorageErrors) => return Ok(()),
            bytes => bytes?,
        };
        if self.is(Fault::DropsTheSignOfZero) && self.elements.borrow().dtype() == DType::F32 {
            for element in bytes.chunks_exact_mut(4).filter(|element| **element == [0, 0, 0, 0x80])
            {
                element.fill(0);
            }
        }
        if self.is(Fault::CopiesOnWrite) {
            let own = self.elements.borrow().clone();
            self.elements = Rc::new(RefCell::new(own));
        }
        let dtype = self.elements.borrow().dtype();
        if dtype == DType::Bool && self.is(Fault::AnyBool) {
            bytes.iter_mut().for_each(|byte| *byte &= 1);
        }
        let view = TensorView::from_bytes(bytes, dtype, expected).unwrap();
        self.elements.borrow_mut().copy_(&view)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        let (expected, found) = (self.elements.borrow().dtype(), source.dtype());
        if !self.adopts(found) || (self.is(Fault::PromisesTooMuch) && expected != found) {
            return Err(TensorError::DType { expected, found });
        }
        if self.is(Fault::KeepsTheType) && expected != found {
            return Ok(());
        }
        self.elements = Rc::new(RefCell::new(CpuTensor::from_view(&source)?));
        Ok(())
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let first = first.as_any().and_then(|first| first.downcast_ref::<Broken>());
        let first = first.filter(|_| !self.is(Fault::PartsWhenAssigned));
        first.inspect(|first| self.elements = Rc::clone(&first.elements)).is_some()
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        if !self.is(Fault::LendsACopy) {
            return None;
        }
        self.copy = self.bytes();
        Some(&mut self.copy)
    }
}

struct Suspect(Fault);

impl Subject for Suspect {
    type Tensor = Broken;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32, DType::I32, DType::Bool]
    }

    fn shapes(&self) -> Vec<Shape> {
        shapes().into_iter().filter(|shape| shape.numel() < Some(1000)).collect()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Broken {
        let view = TensorView::from_bytes(bytes.to_vec(), dtype, shape).unwrap();
        let elements = Rc::new(RefCell::new(CpuTensor::from_view(&view).unwrap()));
        Broken { fault: self.0, elements, copy: Vec::new() }
    }

    fn bytes(&self, tensor: &Broken) -> Vec<u8> {
        tensor.bytes()
    }

    fn handle(&self, tensor: &Broken) -> Option<Broken> {
        Some(tensor.handle())
    }

    fn adopts(&self) -> Vec<DType> {
        vec![DType::F64]
    }

    fn location(&self) -> String {
        "cuda:0".to_owned()
    }
}

#[test]
fn without_a_fault_nothing_is_noticed() {
    let failures = check_conformance(&Suspect(Fault::None));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn each_fault_is_noticed_by_its_property() {
    use Property as P;
    for (fault, property) in [
        (Fault::ReversedShape, P::DTypeAndShape),
        (Fault::QuietsNans, P::ReadsExactly),
        (Fault::DropsTheSignOfZero, P::CopiesExactly),
        (Fault::SaysItIsReadOnly, P::CopiesExactly),
        (Fault::LosesTheLastPiece, P::PiecesAreWhole),
        (Fault::SwallowsTheSinksError, P::PiecesAreWhole),
        (Fault::IgnoresStrides, P::StridedSources),
        (Fault::SwallowsStorageErrors, P::UnreadableSources),
        (Fault::ComparesSizesOnly, P::RefusesOtherShapes),
        (Fault::ComparesNoTypes, P::RefusesOtherDTypes),
        (Fault::SaysNothing, P::RefusesOtherShapes),
        (Fault::SaysNothing, P::RefusesOtherDTypes),
        (Fault::LendsACopy, P::HostMemory),
        (Fault::LendsACopy, P::RoundTrip),
        (Fault::PromisesTooMuch, P::AssignsWhatItAdopts),
        (Fault::PromisesTooMuch, P::LoadsByAssigning),
        (Fault::KeepsTheType, P::AssignsWhatItAdopts),
        (Fault::OneIdForAll, P::StorageIdentity),
        (Fault::OneIdForAll, P::RoundTrip),
        (Fault::NoIds, P::StorageIdentity),
        (Fault::NoIds, P::TiesSurvive),
        (Fault::CopiesOnWrite, P::TiesSurvive),
        (Fault::PartsWhenAssigned, P::TiesSurvive),
        (Fault::ForgetsTheDevice, P::Location),
        (Fault::AnyBool, P::BoolsAreZeroOrOne),
    ] {
        assert!(!property.check(&Suspect(fault)).is_empty(), "{fault:?} passes as {property}");
    }
}

/// The text says what, in which case, what was expected and what was found.
#[test]
fn a_failure_names_the_case() {
    let failures = Property::CopiesExactly.check(&Suspect(Fault::DropsTheSignOfZero));
    let text = failures[0].to_string();
    assert!(text.starts_with("copies_exactly (float32 ["), "{text}");
    assert!(text.contains("expected the bytes [00, 00, 00, 80], found [00, 00, 00, 00]"), "{text}");
}

/// A subject without anything to test with is no subject.
#[test]
fn nothing_to_test_is_a_failure() {
    struct Nothing;

    impl Subject for Nothing {
        type Tensor = CpuTensor;

        fn dtypes(&self) -> Vec<DType> {
            Vec::new()
        }

        fn tensor(&self, dtype: DType, shape: &[usize], _: &[u8]) -> CpuTensor {
            CpuTensor::zeros(dtype, shape)
        }

        fn bytes(&self, tensor: &CpuTensor) -> Vec<u8> {
            tensor.bytes().to_vec()
        }
    }

    assert_eq!(check_conformance(&Nothing).len(), Property::ALL.len());
}

/// Memory that two handles lend: what Rust forbids is found by its addresses, without touching it.
#[test]
fn lending_shared_memory_for_writing_is_noticed() {
    /// Both handles point to one leaked run of bytes; only ever used as an address here.
    struct Lending(*mut u8);

    impl Tensor for Lending {
        fn dtype(&self) -> Result<DType, TensorError> {
            Ok(DType::U8)
        }

        fn shape(&self) -> Shape {
            [4].into()
        }

        fn host_bytes(&self) -> Option<&[u8]> {
            // SAFETY: the bytes are never freed, and this test writes none of them.
            Some(unsafe { std::slice::from_raw_parts(self.0, 4) })
        }

        fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
            sink(&[0; 4])
        }
    }

    impl TensorMut for Lending {
        fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
            Ok(())
        }

        fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
            // SAFETY: as above; the property asks for the address only.
            Some(unsafe { std::slice::from_raw_parts_mut(self.0, 4) })
        }
    }

    struct Lendings;

    impl Subject for Lendings {
        type Tensor = Lending;

        fn dtypes(&self) -> Vec<DType> {
            vec![DType::U8]
        }

        fn shapes(&self) -> Vec<Shape> {
            vec![[4].into()]
        }

        fn tensor(&self, _: DType, _: &[usize], _: &[u8]) -> Lending {
            Lending(Box::leak(Box::new([0u8; 4])).as_mut_ptr())
        }

        fn bytes(&self, _: &Lending) -> Vec<u8> {
            vec![0; 4]
        }

        fn handle(&self, tensor: &Lending) -> Option<Lending> {
            Some(Lending(tensor.0))
        }
    }

    assert_eq!(Property::HostMemoryIsNotShared.check(&Lendings).len(), 1);
}
