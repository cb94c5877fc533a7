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

use crate::codec::write::contents::Contents;
use crate::codec::write::error::WriteError;
use crate::codec::write::from_map::MapOutline;
use crate::codec::write::pickle::batches::{Batches, Rule};
use crate::codec::write::pickle::bytes::PickleSink;
use crate::codec::write::pickle::encoder::Encoder;
use crate::codec::write::pickle::pickler::{Pickler, StorageNames, is_constant};
use crate::codec::write::pickle::tensor_template::TensorTemplates;
use crate::metadata::Metadata;

/// Hands the pickle of a state dict over.
pub(in crate::codec::write) fn state_dict(
    outline: &MapOutline<'_>,
    names: StorageNames<'_>,
    sink: &mut PickleSink<'_>,
) -> Result<(), WriteError> {
    let mut pickler = Pickler::new(Encoder::for_pieces(), outline.sizes().len(), names);
    let mut templates = TensorTemplates::default();
    pickler.ordered_dict();
    let mut entries = outline.entries();
    for batch in Batches::new(Rule::Iterated, entries.len()) {
        if !batch.bare {
            pickler.encoder.mark();
        }
        for (key, entry) in entries.by_ref().take(batch.len) {
            // A key of the root is the attribute's name, which is interned.
            if is_constant(key) {
                pickler.interned(key);
            } else {
                pickler.encoder.string(key);
            }
            if !templates.tensor(&mut pickler, &entry) {
                pickler.tensor(&entry)?;
            }
            pickler.encoder.pass_on(sink)?;
        }
        pickler.end_batch(batch.bare);
    }
    if let Some(metadata) = outline.metadata() {
        attributes(&mut pickler, metadata, sink)?;
    }
    sink(&pickler.finish()?)
}

/// The attributes of the dict itself: `_metadata`.
fn attributes(
    pickler: &mut Pickler<'_>,
    metadata: &Metadata,
    sink: &mut PickleSink<'_>,
) -> Result<(), WriteError> {
    pickler.encoder.empty_dict();
    pickler.interned("_metadata");
    pickler.ordered_dict();
    let mut modules = metadata.iter();
    for batch in Batches::new(Rule::Iterated, modules.len()) {
        if !batch.bare {
            pickler.encoder.mark();
        }
        for (path, module) in modules.by_ref().take(batch.len) {
            pickler.encoder.string(path);
            pickler.encoder.empty_dict();
            if let Some(version) = module.version() {
                pickler.interned("version");
                pickler.encoder.int(version);
                pickler.encoder.set_item();
            }
            pickler.encoder.pass_on(sink)?;
        }
        pickler.end_batch(batch.bare);
    }
    pickler.encoder.set_item();
    pickler.encoder.build();
    Ok(())
}
