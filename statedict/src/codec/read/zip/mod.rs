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
pub(super) use storages::ArchiveResolver;
