//! The files that are read and written.
//!
//! Our own writer makes them: what it writes is byte for byte what `torch.save` writes, which the tests
//! of this project show, so that nothing here depends on torch being there.

use std::path::{Path, PathBuf};

use statedict::codec::ArchiveLayout;
use statedict::prelude::*;
use statedict::{DType, WriteOptions};

use crate::Outcome;
use crate::models::{Llama, Sizes, Small, many, resnet50};

/// The files, and what is in them.
pub(crate) struct Files {
    folder: PathBuf,
    /// The numbers of tensors of `many` and `million`.
    pub(crate) many: usize,
    pub(crate) million: usize,
    /// The number of children of the flat models, the second five times the first.
    pub(crate) flat: [usize; 2],
    /// The flat model that torch gets.
    pub(crate) flat_of_torch: usize,
    /// The bytes of the elements of `gib`.
    pub(crate) gib_payload: u64,
}

impl Files {
    /// Makes those that the groups need and that are not there yet.
    pub(crate) fn make(folder: &Path, quick: bool, groups: &[String]) -> Outcome<Files> {
        let scale = |full: usize, quickly: usize| if quick { quickly } else { full };
        let mut files = Files {
            folder: folder.to_owned(),
            many: scale(100_000, 10_000),
            million: scale(1_000_000, 50_000),
            flat: [scale(10_000, 2_000), scale(50_000, 10_000)],
            flat_of_torch: scale(5_000, 500),
            gib_payload: 0,
        };
        let has = |names: &[&str]| groups.iter().any(|group| names.contains(&group.as_str()));
        let (f32, bf16) = (DType::F32, DType::BF16);
        let words = scale(32_000, 2_000);
        if has(&["gib", "save"]) {
            let (hidden, inner) = (scale(896, 224), scale(1184, 296));
            let sizes = Sizes { dtype: f32, hidden, inner, layers: 33, words };
            files.save("gib.pt", || Ok(Llama::new(sizes).state_dict()?.into_owned()?))?;
            files.twin("gib")?;
            files.gib_payload = payload(&files.path("gib.pt"))?;
        }
        if has(&["bf16"]) {
            let (hidden, inner) = (scale(1280, 320), scale(1664, 416));
            let sizes = Sizes { dtype: bf16, hidden, inner, layers: 33, words };
            files.save("bf16.pt", || Ok(Llama::new(sizes).state_dict()?.into_owned()?))?;
        }
        if has(&["legacy"]) {
            let (hidden, inner) = (scale(640, 160), scale(820, 205));
            let sizes = Sizes { dtype: f32, hidden, inner, layers: 33, words };
            let options = WriteOptions::default().layout(ArchiveLayout::Legacy);
            let path = files.path("legacy.pt");
            if !path.exists() {
                Llama::new(sizes).state_dict()?.save_with(path, &options)?;
            }
        }
        if has(&["many"]) {
            files.save("many.pt", || Ok(many(files.many, 64)))?;
            files.twin("many")?;
        }
        if has(&["million"]) {
            files.save("million.pt", || Ok(many(files.million, 4)))?;
        }
        if has(&["resnet"]) {
            files.save("resnet.pt", || Ok(resnet50()))?;
        }
        if has(&["small"]) {
            files.save("small.pt", || Ok(Small::new().state_dict()?.into_owned()?))?;
        }
        Ok(files)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn save(&self, name: &str, map: impl FnOnce() -> Outcome<StateMap<'static>>) -> Outcome<()> {
        let path = self.path(name);
        if !path.exists() {
            map()?.save(path)?;
        }
        Ok(())
    }

    /// The same tensors as a safetensors file.
    #[cfg(feature = "peers")]
    fn twin(&self, name: &str) -> Outcome<()> {
        let path = self.path(&format!("{name}.safetensors"));
        if !path.exists() {
            crate::peers::save_safetensors(&self.path(&format!("{name}.pt")), &path)?;
        }
        Ok(())
    }

    #[cfg(not(feature = "peers"))]
    fn twin(&self, _: &str) -> Outcome<()> {
        Ok(())
    }
}

fn payload(path: &Path) -> Outcome<u64> {
    let map = StateMap::load(path)?;
    Ok(map.iter().map(|(_, tensor)| tensor.nbytes() as u64).sum())
}
