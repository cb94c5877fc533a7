//! The commonest tensors, of which nearly everything is the same each time.

use crate::codec::write::facts::{Facts, StorageFacts};
use crate::codec::write::pickle::encoder::Encoder;
use crate::codec::write::pickle::pickler::Pickler;
use crate::dtype::DType;
use crate::tensor::Shape;

/// How many kinds of tensors are kept.
const KINDS: usize = 16;

/// Writes tensors that are row-major from the beginning of a storage that nothing before them uses, once
/// all that they name is in the memo. This is for speed only: it writes what the general way does.
#[derive(Default)]
pub(super) struct TensorTemplates {
    kinds: Vec<Kind>,
    /// The kind that makes way for the next one.
    oldest: usize,
}

/// The opcodes of tensors of one element type and shape.
struct Kind {
    dtype: DType,
    nbytes: usize,
    shape: Shape,
    opcodes: Vec<u8>,
    /// The places in the opcodes where places of the memo are filled, one after the other, each in four bytes.
    places: Vec<usize>,
    /// The place of the digits of the storage's number.
    digits: std::ops::Range<usize>,
}

impl Kind {
    /// Those of a tensor whose storage has a number of so many digits; `None` while not all that they
    /// name is in the memo.
    fn new(pickler: &Pickler<'_>, entry: &Facts<'_>, nbytes: usize, digits: usize) -> Option<Self> {
        let rebuild = pickler.known_global("torch._utils", "_rebuild_tensor_v2")?;
        let storage = pickler.known_interned("storage")?;
        let class = pickler.known_global("torch", entry.dtype.storage_class()?)?;
        let location = pickler.known_interned("cpu")?;
        let ordered_dict = pickler.known_global("collections", "OrderedDict")?;
        let strides = entry.shape.contiguous_strides()?;
        let mut opcodes = Encoder::with_long_places();
        let mut places = Vec::with_capacity(8);
        // Right after what fills a place.
        let filled = |opcodes: &Encoder| opcodes.len().checked_sub(4);

        opcodes.get(rebuild);
        opcodes.mark();
        opcodes.mark();
        opcodes.get(storage);
        opcodes.get(class);
        opcodes.utf8(&b"0".repeat(digits));
        places.push(filled(&opcodes)?);
        let digits_end = opcodes.len().checked_sub(5)?;
        opcodes.get(location);
        opcodes.int((nbytes / entry.dtype.size()) as u64);
        opcodes.tuple();
        places.push(filled(&opcodes)?);
        opcodes.persistent_id();
        opcodes.int(0);
        opcodes.ints(entry.shape.iter().map(|&size| size as u64));
        // The empty tuple is the only one that fills no place.
        if !entry.shape.is_empty() {
            places.push(filled(&opcodes)?);
        }
        opcodes.ints(strides.iter().map(|&stride| stride.unsigned_abs() as u64));
        if !strides.is_empty() {
            places.push(filled(&opcodes)?);
        }
        opcodes.bool(false);
        opcodes.get(ordered_dict);
        opcodes.reduce_without_arguments();
        places.push(filled(&opcodes)?);
        opcodes.tuple();
        places.push(filled(&opcodes)?);
        opcodes.reduce();
        places.push(filled(&opcodes)?);
        Some(Kind {
            dtype: entry.dtype,
            nbytes,
            shape: entry.shape.clone(),
            opcodes: opcodes.into_opcodes(),
            places,
            digits: digits_end.checked_sub(digits)?..digits_end,
        })
    }

    fn is_that_of(&self, entry: &Facts<'_>, nbytes: usize, digits: usize) -> bool {
        self.nbytes == nbytes
            && self.dtype == entry.dtype
            && self.digits.len() == digits
            && self.shape == *entry.shape
    }
}

impl TensorTemplates {
    /// Writes the tensor if it is one of these; otherwise writes nothing.
    #[inline]
    pub(super) fn tensor(&mut self, pickler: &mut Pickler<'_>, entry: &Facts<'_>) -> bool {
        let plain = entry.strides.is_none()
            && entry.offset == 0
            && !(entry.requires_grad || entry.conj || entry.neg)
            // The first few are written the general way.
            && pickler.encoder.fills_long_places();
        let storage = entry.storage.filter(|storage| plain && storage.location == "cpu");
        let storage = storage.filter(|storage| pickler.is_new_number(storage.number));
        storage.and_then(|storage| self.plain_tensor(pickler, entry, storage)).is_some()
    }

    fn plain_tensor(
        &mut self,
        pickler: &mut Pickler<'_>,
        entry: &Facts<'_>,
        StorageFacts { number: storage, nbytes, .. }: StorageFacts<'_>,
    ) -> Option<()> {
        let digits = pickler.decimal.of(storage).len();
        let kind = match self.kinds.iter().position(|kind| kind.is_that_of(entry, nbytes, digits)) {
            Some(known) => self.kinds.get(known)?,
            None => self.add(Kind::new(pickler, entry, nbytes, digits)?)?,
        };
        let number = pickler.decimal.of(storage);
        let first =
            pickler.encoder.again(&kind.opcodes, &kind.places, (kind.digits.clone(), number));
        pickler.note_storage_key(storage, first);
        Some(())
    }

    fn add(&mut self, kind: Kind) -> Option<&Kind> {
        if self.kinds.len() < KINDS {
            self.kinds.push(kind);
            return self.kinds.last();
        }
        self.oldest = (self.oldest + 1) % KINDS;
        let place = self.kinds.get_mut(self.oldest)?;
        *place = kind;
        Some(place)
    }
}
