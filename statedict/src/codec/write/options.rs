//! How to write.

use std::path::Path;
use std::sync::Arc;

use crate::codec::write::progress::Progress;
use crate::setters::setters;

/// How a state dict is written. The default is what `torch.save` of PyTorch 2.15 does, except that
/// a tensor which uses only a part of its storage is written without the rest; see
/// [`keep_storage`](Self::keep_storage).
///
/// ```
/// use statedict::WriteOptions;
/// use statedict::codec::ArchiveLayout;
///
/// let options = WriteOptions::default().layout(ArchiveLayout::Torch1_13).sync(false);
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    keep_storage: Option<bool>,
    copy_overlaps: bool,
    alignment: usize,
    layout: ArchiveLayout,
    format: Format,
    root: Option<String>,
    storage_names: Vec<String>,
    sync: bool,
    progress: Option<Progress>,
}

/// The format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// By the ending of the path.
    OfPath,
    Torch,
    Safetensors,
}

/// Which PyTorch's format to write. All releases from 1.6 on read all of them.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArchiveLayout {
    /// As PyTorch 2.7 and later: with records for the format's version, the alignment, the byte
    /// order and a hash of the archive, and the storages in numeric order.
    #[default]
    Torch2_7,
    /// As PyTorch 1.13: the pickle, the storages in the order of their names (`0`, `1`, `10`, `2`)
    /// and the version, nothing else. Element types that 1.13 does not have are refused.
    Torch1_13,
    /// The stream of before PyTorch 1.6, which is no archive: for programs that read nothing else. It has
    /// no checksums and cannot be memory-mapped. What PyTorch writes so but cannot read back is refused.
    Legacy,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions {
            keep_storage: None,
            copy_overlaps: false,
            alignment: 64,
            layout: ArchiveLayout::default(),
            format: Format::OfPath,
            root: None,
            storage_names: Vec::new(),
            sync: true,
            progress: None,
        }
    }
}

impl WriteOptions {
    /// Returns the default options.
    pub fn new() -> Self {
        WriteOptions::default()
    }

    setters! {
        /// Sets whether to write the whole storage of every tensor with the tensor's strides and offset, as
        /// `torch.save` does, however little of it is used. Off by default, but for a
        /// [`Checkpoint`](crate::Checkpoint): a tensor that uses only a
        /// part of a storage is then written row-major in a storage of its own.
        /// A storage that is shared by different tensors is always written whole, so that they still
        /// share it when loaded.
        ///
        /// ```
        /// use statedict::tensor::Storage;
        /// use statedict::{DType, StateMap, TensorView, WriteOptions};
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// // The first two elements of a million: torch.save writes the million.
        /// let million = Storage::from_bytes(vec![0u8; 4_000_000]);
        /// let mut map = StateMap::new();
        /// map.insert("head", TensorView::contiguous(million, DType::F32, [2], 0)?);
        ///
        /// let (mut small, mut large) = (Vec::new(), Vec::new());
        /// map.write_with(&mut small, &WriteOptions::default())?;
        /// map.write_with(&mut large, &WriteOptions::default().keep_storage(true))?;
        /// assert!(small.len() < 2_000 && large.len() > 4_000_000);
        /// # Ok(())
        /// # }
        /// ```
        keep_storage(keep: bool) => keep_storage = Some(keep);
    }

    /// Writes storages whole unless something else was asked for, as for a checkpoint.
    #[must_use]
    pub(crate) fn keep_storage_unless_set(mut self) -> Self {
        self.keep_storage.get_or_insert(true);
        self
    }

    setters! {
        /// Says whether tensors that overlap without being the same are written to a safetensors file, each with all of its
        /// elements: they share none of them any more when they are read. By default they are an error there; PyTorch's
        /// format keeps what is shared. Tensors that are the same stay tied.
        ///
        /// ```
        /// # #[cfg(feature = "safetensors")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// use statedict::{StateMap, TensorView, WriteOptions};
        ///
        /// let packed = TensorView::from_vec(vec![0.5f32; 6], [3, 2])?;
        /// let mut map = StateMap::new();
        /// map.insert("head", packed.narrow(0, 0..1)?);
        /// map.insert("packed", packed);
        /// let options = WriteOptions::new().safetensors();
        /// assert!(map.write_with(Vec::new(), &options).is_err());
        /// map.write_with(Vec::new(), &options.copy_overlaps(true))?;
        /// # Ok(())
        /// # }
        /// # #[cfg(not(feature = "safetensors"))]
        /// # fn main() {}
        /// ```
        copy_overlaps(copy: bool) => copy_overlaps = copy;

        /// The multiple of bytes at which every record's content begins: 64 unless set, 1 to 32768.
        /// PyTorch's name is `torch.utils.serialization.config.save.storage_alignment`.
        ///
        /// ```
        /// use statedict::WriteOptions;
        ///
        /// // Whole pages, for reading with direct I/O.
        /// let options = WriteOptions::default().alignment(4096);
        /// ```
        alignment(bytes: usize) => alignment = bytes;
    }

    /// Which PyTorch's format to write, whatever the path's ending.
    ///
    /// ```
    /// use statedict::WriteOptions;
    /// use statedict::codec::ArchiveLayout;
    ///
    /// let options = WriteOptions::default().layout(ArchiveLayout::Torch1_13);
    /// ```
    #[must_use]
    pub fn layout(mut self, layout: ArchiveLayout) -> Self {
        (self.layout, self.format) = (layout, Format::Torch);
        self
    }

    /// Writes a safetensors file, whatever the path's ending. Unless this or [`layout`](Self::layout) is set, a
    /// path that ends in `.safetensors` says so, and every other means PyTorch's format.
    ///
    /// ```
    /// use statedict::WriteOptions;
    ///
    /// let options = WriteOptions::new().safetensors();
    /// ```
    #[must_use]
    pub fn safetensors(mut self) -> Self {
        self.format = Format::Safetensors;
        self
    }

    /// Returns `true` if what is saved to `path`, or written to a writer, becomes a safetensors file.
    pub fn writes_safetensors(&self, path: Option<&Path>) -> bool {
        match self.format {
            Format::Torch => false,
            Format::Safetensors => true,
            Format::OfPath => {
                let end = path.and_then(Path::extension);
                end.is_some_and(|end| end.eq_ignore_ascii_case("safetensors"))
            }
        }
    }

    setters! {
        /// The name of the archive's root directory. Unless set, it is PyTorch's: the file name up to
        /// its last dot, and `archive` for a path with a character that is not ASCII and for writers.
        ///
        /// ```
        /// use statedict::WriteOptions;
        ///
        /// // The same bytes, whatever the file is called.
        /// let options = WriteOptions::default().root("archive");
        /// ```
        root(name: impl Into<String>) => root = Some(name.into());

        /// The names of the storages in the order of their first use, for [`ArchiveLayout::Legacy`], where
        /// PyTorch takes addresses in memory. Unless set, they are numbers; an archive has numbers always.
        ///
        /// ```
        /// use statedict::WriteOptions;
        /// use statedict::codec::ArchiveLayout;
        ///
        /// let names = vec!["94304870911728".to_owned()];
        /// let options = WriteOptions::default().layout(ArchiveLayout::Legacy).storage_names(names);
        /// ```
        storage_names(names: Vec<String>) => storage_names = names;

        /// Sets whether saving to a path waits until the file is on the disk, so that neither a crash nor a
        /// loss of power can lose it or what was there before. On unless set; PyTorch does not wait.
        ///
        /// ```
        /// use statedict::WriteOptions;
        ///
        /// // For files that need not outlive the machine.
        /// let options = WriteOptions::default().sync(false);
        /// ```
        sync(sync: bool) => sync = sync;

        /// Sets the function that is told how far the writing has come: the bytes written and the bytes there will be, after
        /// each piece of about a mebibyte.
        ///
        /// ```
        /// use statedict::WriteOptions;
        ///
        /// let options = WriteOptions::default()
        ///     .progress(|done, total| println!("{} %", done * 100 / total.max(1)));
        /// ```
        progress(tell: impl Fn(u64, u64) + Send + Sync + 'static) => progress = Some(Progress(Arc::new(tell)));
    }

    pub(super) fn teller(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    pub(super) fn keeps_storage(&self) -> bool {
        self.keep_storage.unwrap_or(false)
    }

    #[cfg(feature = "safetensors")]
    pub(super) fn copies_overlaps(&self) -> bool {
        self.copy_overlaps
    }

    pub(super) fn storage_alignment(&self) -> usize {
        self.alignment
    }

    pub(super) fn archive_layout(&self) -> ArchiveLayout {
        self.layout
    }

    pub(super) fn given_root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    pub(super) fn given_storage_names(&self) -> &[String] {
        &self.storage_names
    }

    pub(super) fn syncs(&self) -> bool {
        self.sync
    }
}
