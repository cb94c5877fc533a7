//! The ZIP archives that torch.save writes.

mod directory;
mod end;
mod fields;
mod header;
mod inflate;
mod member;
mod storages;

pub(super) use directory::Directory;
pub(super) use member::Archive;
#[cfg(feature = "safetensors")]
pub(super) use member::OLD_PROGRAM;
pub(super) use storages::ArchiveResolver;

/// Returns `true` for a file that begins as an archive and does not end as one: the rest of it is missing.
#[cfg(feature = "hub")]
pub(crate) fn is_cut_off(source: &crate::codec::Source) -> bool {
    use crate::codec::ReadError;
    let mut head = [0; 4];
    source.read_at(0, &mut head).is_ok()
        && head == *b"PK\x03\x04"
        && matches!(end::find(source), Err(ReadError::Damaged { .. }))
}
