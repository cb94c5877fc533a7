//! The pickle of a state dict.
//!
//! CPython memoises by identity: an object it meets again is a reference to the memo, an equal one
//! that is another object is written again. So this has to know which strings of a real
//! `torch.save(model.state_dict(), …)` are one object. Found by trying with PyTorch 2.15 on CPython 3.11:
//!
//! * String constants of PyTorch's code are interned, one object per process: `'storage'` in every
//!   persistent id, `'version'` in every module's metadata, `'_metadata'`, and the location tags
//!   without an index (`'cpu'`, `'mps'`).
//! * A key of the root module is the attribute's name, which is interned too (the prefix is empty, and
//!   `'' + name` is `name`). So a root parameter called `version` or `storage` *is* the constant.
//! * All other keys are made by adding a prefix, the modules' paths in `_metadata` by cutting the
//!   dot off one: objects of their own, even where one is `version`.
//! * Location tags with an index (`'cuda:0'`) are put together anew for each tensor, so each is
//!   an object of its own.
//! * The number of a storage as a string is made once for each storage, and shared by its tensors.
//! * The key and value of a conjugate or negative bit come from C++, a new dict for each tensor,
//!   `neg` before `conj`.

use crate::codec::write::error::WriteError;
use crate::codec::write::outline::{Entry, Outline};
use crate::codec::write::pickle::batches;
use crate::codec::write::pickle::encoder::{Encoder, Memo};
use crate::codec::write::source::Source;
use crate::dtype::DType;
use crate::metadata::Metadata;

/// Constants of PyTorch's code, which a key of the root module may be.
const CONSTANTS: [&str; 9] =
    ["storage", "version", "_metadata", "cpu", "mps", "cuda", "hpu", "xpu", "mtia"];

/// The content of `data.pkl` for a state dict.
pub(in crate::codec::write) fn state_dict<S: Source>(
    outline: &Outline<'_, S>,
) -> Result<Vec<u8>, WriteError> {
    let mut pickler = StateDictPickler {
        encoder: Encoder::new(outline.entries().len() * 128 + 256),
        globals: Vec::new(),
        interned: Vec::new(),
        storage_keys: vec![None; outline.storages().len()],
    };
    pickler.ordered_dict();
    let mut entries = outline.entries().iter();
    for batch in batches::of_ordered_dict(entries.len()) {
        if !batch.bare {
            pickler.encoder.mark();
        }
        for entry in entries.by_ref().take(batch.len) {
            pickler.key(&entry.key);
            let (nbytes, location) = outline.storage_facts(entry.storage);
            pickler.tensor(entry, nbytes, location)?;
        }
        pickler.end_batch(batch.bare);
    }
    if let Some(metadata) = outline.metadata() {
        pickler.attributes(metadata);
    }
    pickler.encoder.finish().ok_or(WriteError::TooLarge { what: "the state dict is" })
}

struct StateDictPickler<'o> {
    encoder: Encoder,
    /// Classes and functions in the memo: a handful, most used first.
    globals: Vec<(&'static str, &'static str, Memo)>,
    /// Interned strings in the memo: a handful.
    interned: Vec<(&'o str, Memo)>,
    /// Numbers of storages as strings in the memo.
    storage_keys: Vec<Option<Memo>>,
}

impl<'o> StateDictPickler<'o> {
    fn global(&mut self, module: &'static str, name: &'static str) {
        match self.globals.iter().find(|(m, n, _)| *n == name && *m == module) {
            Some(&(_, _, memo)) => self.encoder.get(memo),
            None => {
                let memo = self.encoder.global(module, name);
                self.globals.push((module, name, memo));
            }
        }
    }

    fn interned(&mut self, text: &'o str) {
        match self.interned.iter().find(|(known, _)| *known == text) {
            Some(&(_, memo)) => self.encoder.get(memo),
            None => {
                let memo = self.encoder.string(text);
                self.interned.push((text, memo));
            }
        }
    }

    fn key(&mut self, key: &'o str) {
        if CONSTANTS.contains(&key) {
            self.interned(key);
        } else {
            self.encoder.string(key);
        }
    }

    /// A new, empty `OrderedDict`.
    fn ordered_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.encoder.reduce_without_arguments();
    }

    fn end_batch(&mut self, bare: bool) {
        if bare {
            self.encoder.set_item();
        } else {
            self.encoder.set_items();
        }
    }

    fn tensor(
        &mut self,
        entry: &Entry<'_>,
        nbytes: usize,
        location: &'o str,
    ) -> Result<(), WriteError> {
        let class = entry.dtype.storage_class();
        let rebuild = match class {
            Some(_) => "_rebuild_tensor_v2",
            None => "_rebuild_tensor_v3",
        };
        self.global("torch._utils", rebuild);
        self.encoder.mark();
        self.persistent_id(entry, class, nbytes, location);
        self.encoder.int(entry.offset as u64);
        self.encoder.ints(entry.shape.iter().map(|&size| size as u64));
        let contiguous;
        let strides = match &entry.strides {
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
        self.encoder.bool(entry.requires_grad);
        // Backward hooks, of which a tensor in a file has none.
        self.ordered_dict();
        if class.is_none() {
            self.global("torch", entry.dtype.name());
        }
        self.bits(entry);
        self.encoder.tuple();
        self.encoder.reduce();
        Ok(())
    }

    fn persistent_id(
        &mut self,
        entry: &Entry<'_>,
        class: Option<&'static str>,
        nbytes: usize,
        location: &'o str,
    ) {
        self.encoder.mark();
        self.interned("storage");
        match class {
            Some(class) => self.global("torch", class),
            None => self.global("torch.storage", "UntypedStorage"),
        }
        match self.storage_keys.get_mut(entry.storage) {
            Some(Some(memo)) => self.encoder.get(*memo),
            Some(unused) => *unused = Some(self.encoder.string(&entry.storage.to_string())),
            None => {}
        }
        if location.contains(':') {
            self.encoder.string(location);
        } else {
            self.interned(location);
        }
        let element = if class.is_some() { entry.dtype.size() } else { DType::U8.size() };
        self.encoder.int((nbytes / element) as u64);
        self.encoder.tuple();
        self.encoder.persistent_id();
    }

    /// The dict of the conjugate and negative bits, which is only there where one is set.
    fn bits(&mut self, entry: &Entry<'_>) {
        if !entry.neg && !entry.conj {
            return;
        }
        self.encoder.empty_dict();
        let both = entry.neg && entry.conj;
        if both {
            self.encoder.mark();
        }
        for (name, set) in [("neg", entry.neg), ("conj", entry.conj)] {
            if set {
                self.encoder.string(name);
                self.encoder.bool(true);
            }
        }
        self.end_batch(!both);
    }

    /// The attributes of the dict itself: `_metadata`.
    fn attributes(&mut self, metadata: &'o Metadata) {
        self.encoder.empty_dict();
        self.interned("_metadata");
        self.ordered_dict();
        let mut modules = metadata.iter();
        for batch in batches::of_ordered_dict(modules.len()) {
            if !batch.bare {
                self.encoder.mark();
            }
            for (path, module) in modules.by_ref().take(batch.len) {
                self.encoder.string(path);
                self.encoder.empty_dict();
                if let Some(version) = module.version() {
                    self.interned("version");
                    self.encoder.int(version);
                    self.encoder.set_item();
                }
            }
            self.end_batch(batch.bare);
        }
        self.encoder.set_item();
        self.encoder.build();
    }
}
