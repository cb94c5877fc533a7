//! What pickles of all kinds share: names of classes, interned strings, storages and tensors.

use crate::codec::write::decimal::Decimal;
use crate::codec::write::error::WriteError;
use crate::codec::write::facts::{Facts, StorageFacts};
use crate::codec::write::pickle::encoder::{Encoder, Memo};
use crate::codec::write::pickle::names::Names;
use crate::dtype::DType;

/// Strings that are constants of PyTorch's code, which Python interns: one object per process.
const CONSTANTS: [&str; 10] =
    ["storage", "version", "_metadata", "cpu", "mps", "cuda", "hpu", "xpu", "mtia", "latin1"];

/// Returns `true` if an interned string of the user's is one of PyTorch's constants.
pub(super) fn is_constant(text: &str) -> bool {
    // Most keys are longer.
    text.len() < 10 && CONSTANTS.contains(&text)
}

/// How a pickle refers to storages.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec::write) enum StorageNames<'o> {
    /// By their numbers, each a string that is made once: the archive's way.
    Numbers,
    /// By names, made anew at each reference: the way of the stream of before 1.6.
    Legacy(&'o [String]),
}

/// The name of a storage where it has one of its own: one that was given, or its number.
pub(in crate::codec::write) fn storage_name(names: &[String], storage: usize) -> String {
    names.get(storage).cloned().unwrap_or_else(|| storage.to_string())
}

/// No place of the memo: a pickle that has so many is refused.
const NOWHERE: u32 = u32::MAX;

pub(super) struct Pickler<'o> {
    pub(super) encoder: Encoder,
    /// Classes and functions in the memo.
    globals: Names,
    /// Layouts in the memo.
    layouts: Names,
    /// Constants in the memo, and locations.
    interned: Names,
    /// The places of the numbers of storages in the memo, as strings; [`NOWHERE`] where they are not.
    storage_keys: Vec<u32>,
    pub(super) decimal: Decimal,
    names: StorageNames<'o>,
}

impl<'o> Pickler<'o> {
    /// A pickler of so many storages.
    pub(super) fn new(encoder: Encoder, storages: usize, names: StorageNames<'o>) -> Self {
        let numbered = if matches!(names, StorageNames::Numbers) { storages } else { 0 };
        Pickler {
            encoder,
            globals: Names::default(),
            layouts: Names::default(),
            interned: Names::default(),
            storage_keys: Vec::with_capacity(numbered),
            decimal: Decimal::new(),
            names,
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, WriteError> {
        self.encoder.finish().ok_or(WriteError::TooLarge { what: "the pickle is" })
    }

    /// A class or function, of which there is one object. Returns its place in the memo.
    pub(super) fn global(&mut self, module: &str, name: &str) -> Memo {
        match self.known_global(module, name) {
            Some(memo) => {
                self.encoder.get(memo);
                memo
            }
            None => {
                let memo = self.encoder.global(module, name);
                self.globals.add(module, name, memo);
                memo
            }
        }
    }

    /// The place of a class or function in the memo.
    pub(super) fn known_global(&self, module: &str, name: &str) -> Option<Memo> {
        self.globals.get(module, name)
    }

    /// The place of an interned string in the memo.
    pub(super) fn known_interned(&self, text: &str) -> Option<Memo> {
        self.interned.get("", text)
    }

    /// An interned string, of which there is one object.
    pub(super) fn interned(&mut self, text: &str) {
        match self.known_interned(text) {
            Some(memo) => self.encoder.get(memo),
            None => {
                let memo = self.encoder.string(text);
                self.interned.add("", text, memo);
            }
        }
    }

    /// A `torch.layout`, of which there is one object.
    pub(super) fn layout(&mut self, name: &str) {
        if let Some(memo) = self.layouts.get("", name) {
            return self.encoder.get(memo);
        }
        self.global("torch.serialization", "_get_layout");
        self.encoder.string(name);
        self.encoder.tuple_of(1);
        let memo = self.encoder.reduce();
        self.layouts.add("", name, memo);
    }

    /// A new, empty `OrderedDict`.
    pub(super) fn ordered_dict(&mut self) -> Memo {
        self.global("collections", "OrderedDict");
        self.encoder.reduce_without_arguments()
    }

    pub(super) fn end_batch(&mut self, bare: bool) {
        if bare {
            self.encoder.set_item();
        } else {
            self.encoder.set_items();
        }
    }

    /// The function that rebuilds a tensor.
    pub(super) fn rebuild_function(&mut self, entry: &Facts<'_>) {
        let function = match (entry.storage, entry.dtype.storage_class()) {
            (None, _) => "_rebuild_meta_tensor_no_storage",
            (_, Some(_)) => "_rebuild_tensor_v2",
            (_, None) => "_rebuild_tensor_v3",
        };
        self.global("torch._utils", function);
    }

    /// A tensor that nothing else refers to.
    pub(super) fn tensor(&mut self, entry: &Facts<'_>) -> Result<(), WriteError> {
        let needs_parameter = entry.needs_parameter();
        let data = Facts { requires_grad: entry.requires_grad && !needs_parameter, ..*entry };
        if needs_parameter {
            self.global("torch._utils", "_rebuild_parameter");
        }
        self.rebuild_function(&data);
        self.tensor_arguments(&data)?;
        self.encoder.reduce();
        if needs_parameter {
            self.encoder.bool(true);
            self.ordered_dict();
            self.encoder.tuple_of(3);
            self.encoder.reduce();
        }
        Ok(())
    }

    /// The arguments of the function that rebuilds a tensor.
    pub(super) fn tensor_arguments(&mut self, entry: &Facts<'_>) -> Result<(), WriteError> {
        let Some(storage) = entry.storage else {
            self.encoder.mark();
            self.global("torch", entry.dtype.name());
            self.dims(entry)?;
            self.encoder.bool(entry.requires_grad);
            self.encoder.tuple();
            return Ok(());
        };
        let class = entry.dtype.storage_class();
        self.encoder.mark();
        self.persistent_id(class.map(|_| entry.dtype), storage);
        self.encoder.int(entry.offset as u64);
        self.dims(entry)?;
        self.encoder.bool(entry.requires_grad);
        // Backward hooks, of which a tensor in a file has none.
        self.ordered_dict();
        if class.is_none() {
            self.global("torch", entry.dtype.name());
        }
        self.bits(entry.neg, entry.conj);
        self.encoder.tuple();
        Ok(())
    }

    /// The size and the stride.
    fn dims(&mut self, entry: &Facts<'_>) -> Result<(), WriteError> {
        self.encoder.ints(entry.shape.iter().map(|&size| size as u64));
        let contiguous;
        let strides = match entry.strides {
            Some(strides) => strides,
            None => {
                contiguous = entry
                    .shape
                    .contiguous_strides()
                    .ok_or(WriteError::TooLarge { what: "the strides of a tensor are" })?;
                &contiguous
            }
        };
        self.encoder.ints(strides.iter().map(|&stride| stride.unsigned_abs() as u64));
        Ok(())
    }

    /// Returns `true` if the pickle is for the stream of before 1.6.
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.names, StorageNames::Legacy(_))
    }

    /// A storage, of elements of a type or untyped.
    pub(super) fn persistent_id(
        &mut self,
        dtype: Option<DType>,
        StorageFacts { number, nbytes, location }: StorageFacts<'_>,
    ) {
        self.encoder.mark();
        self.interned("storage");
        match dtype.and_then(DType::storage_class) {
            Some(class) => self.global("torch", class),
            None => self.global("torch.storage", "UntypedStorage"),
        };
        match self.names {
            StorageNames::Numbers => match self.storage_key(number) {
                Some(memo) => self.encoder.get(memo),
                None => self.new_storage_key(number),
            },
            StorageNames::Legacy(names) => {
                self.encoder.string(&storage_name(names, number));
            }
        }
        if location.contains(':') {
            self.encoder.string(location);
        } else {
            self.interned(location);
        }
        self.encoder.int((nbytes / dtype.map_or(1, DType::size)) as u64);
        if self.is_legacy() {
            // Where the storage lies within another, which none does any more.
            self.encoder.none();
        }
        self.encoder.tuple();
        self.encoder.persistent_id();
    }

    /// The place of the number of a storage in the memo.
    fn storage_key(&self, storage: usize) -> Option<Memo> {
        let number = self.storage_keys.get(storage).filter(|&&number| number != NOWHERE);
        number.map(|&number| Memo::of_number(number))
    }

    /// Returns `true` if storages go by their numbers, and this one was not named before.
    #[inline]
    pub(super) fn is_new_number(&self, storage: usize) -> bool {
        matches!(self.names, StorageNames::Numbers) && self.storage_key(storage).is_none()
    }

    /// The number of a storage that was not named before.
    fn new_storage_key(&mut self, storage: usize) {
        let memo = self.encoder.utf8(self.decimal.of(storage));
        self.note_storage_key(storage, memo);
    }

    /// Notes where the number of a storage is in the memo.
    #[inline]
    pub(super) fn note_storage_key(&mut self, storage: usize, memo: Memo) {
        let number = memo.number();
        if storage == self.storage_keys.len() {
            self.storage_keys.push(number);
            return;
        }
        if storage > self.storage_keys.len() {
            self.storage_keys.resize(storage + 1, NOWHERE);
        }
        if let Some(place) = self.storage_keys.get_mut(storage) {
            *place = number;
        }
    }

    /// The dict of the conjugate and negative bits, which is only there where one is set.
    fn bits(&mut self, neg: bool, conj: bool) {
        if !neg && !conj {
            return;
        }
        self.encoder.empty_dict();
        let both = neg && conj;
        if both {
            self.encoder.mark();
        }
        for (name, set) in [("neg", neg), ("conj", conj)] {
            if set {
                self.encoder.string(name);
                self.encoder.bool(true);
            }
        }
        self.end_batch(!both);
    }
}
