//! Where the bytes of a file come from.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "mmap")]
use crate::codec::read::aligned_buffer::AlignedBuffer;
use crate::codec::read::detect::Folder;
use crate::codec::read::error::ReadError;
use crate::huge_pages;
use crate::nontemporal_copy;
use crate::value::Bytes;

/// The bytes of a file: a memory map, a file, any reader that can seek, or memory.
pub struct Source {
    name: String,
    /// How many bytes of it come before what is read.
    start: u64,
    /// How many bytes follow these.
    len: u64,
    inner: Inner,
}

enum Inner {
    #[cfg(feature = "mmap")]
    Map {
        file: File,
        map: memmap2::Mmap,
    },
    File(File),
    Reader(Mutex<Box<dyn ReadSeek>>),
    Memory(Box<dyn AsRef<[u8]> + Send + Sync>),
    /// A part of another.
    Part(Arc<Source>),
}

/// `true` if the system could map a file.
#[cfg(feature = "mmap")]
enum Mapping {
    Done(Source),
    /// It can still be read.
    Refused(File, io::Error),
}

/// So much of the address space must be left for tensors and values when a file is mapped.
#[cfg(feature = "mmap")]
const ROOM: usize = 32 << 20;

/// Files up to this size are read rather than mapped: one call instead of a dozen.
#[cfg(feature = "mmap")]
const SMALL_FILE: u64 = 16 << 10;

trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl Source {
    /// Maps the file at `path`, or reads it where it cannot be mapped.
    pub(super) fn open_file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        #[cfg(feature = "mmap")]
        return match Source::map_file(path, file)? {
            Mapping::Done(Source { inner: Inner::Map { file, map }, .. }) if crowds(map.len()) => {
                drop(map);
                Source::from_file(path, file)
            }
            Mapping::Done(source) => Ok(source),
            Mapping::Refused(file, _) => Source::from_file(path, file),
        };
        #[cfg(not(feature = "mmap"))]
        Source::from_file(path, file)
    }

    /// Maps the file at `path`.
    #[cfg(feature = "mmap")]
    pub(super) fn map_at(path: &Path) -> io::Result<Self> {
        match Source::map_file(path, File::open(path)?)? {
            Mapping::Done(source) => Ok(source),
            Mapping::Refused(_, error) => Err(error),
        }
    }

    #[cfg(feature = "mmap")]
    fn map_file(path: &Path, file: File) -> io::Result<Mapping> {
        let metadata = file.metadata()?;
        // Neither can be mapped, and the reason the system gives names neither.
        if metadata.is_dir() || metadata.len() == 0 {
            return Source::from_file(path, file).map(Mapping::Done);
        }
        let name = name_of(path);
        if metadata.len() <= SMALL_FILE {
            let mut bytes = AlignedBuffer::new(usize::try_from(metadata.len()).unwrap_or(0))?;
            read_file(&file, 0, bytes.bytes_mut())?;
            return Ok(Mapping::Done(Source { name, ..Source::bytes(bytes) }));
        }
        // One that cannot be addressed cannot be mapped either; the system says so.
        let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        // SAFETY: the map is only read. That nobody shortens or rewrites the file meanwhile cannot be
        // ensured here, and is asked of the caller in the documentation of `map`, as by every reader of maps.
        let map = match unsafe { memmap2::MmapOptions::new().len(len).map(&file) } {
            Ok(map) => map,
            Err(error) => return Ok(Mapping::Refused(file, error)),
        };
        // The size of the map, not a second look at the file, bounds what is read from it.
        let len = map.len().try_into().unwrap_or(u64::MAX);
        Ok(Mapping::Done(Source { name, start: 0, len, inner: Inner::Map { file, map } }))
    }

    /// Opens the file at `path` for reading.
    pub(super) fn file_at(path: &Path) -> io::Result<Self> {
        Source::from_file(path, File::open(path)?)
    }

    fn from_file(path: &Path, file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, Folder::at(path)));
        }
        let name = name_of(path);
        Ok(Source { name, start: 0, len: metadata.len(), inner: Inner::File(file) })
    }

    /// Anything that can be read and sought, from its start on.
    ///
    /// # Errors
    /// Where its end cannot be found.
    pub fn reader(reader: impl Read + Seek + Send + 'static) -> io::Result<Self> {
        let mut reader: Box<dyn ReadSeek> = Box::new(reader);
        let len = reader.seek(SeekFrom::End(0))?;
        let inner = Inner::Reader(Mutex::new(reader));
        Ok(Source { name: "the reader".to_owned(), start: 0, len, inner })
    }

    /// Bytes in memory: a `Vec<u8>`, a `&'static [u8]`, or any owner of bytes. Tensors borrow them.
    pub fn bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        let len = bytes.as_ref().len().try_into().unwrap_or(u64::MAX);
        let inner = Inner::Memory(Box::new(bytes));
        Source { name: "the bytes".to_owned(), start: 0, len, inner }
    }

    /// The same without its first bytes: for a checkpoint behind a header of another format, as
    /// `torch.load` reads from wherever its file stands.
    ///
    /// ```
    /// use statedict::codec::{self, ReadOptions, Source};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = b"header\x80\x02K\x05.";
    /// let document = codec::Document::read_with(Source::bytes(file).skip(6)?, &ReadOptions::default())?;
    /// assert_eq!(document.root().as_i64(), Some(5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where it is shorter than that.
    pub fn skip(mut self, bytes: u64) -> io::Result<Self> {
        self.len = self.len.checked_sub(bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.start = self.start.saturating_add(bytes);
        Ok(self)
    }

    /// The same bytes, as another source.
    pub(super) fn shared(whole: Arc<Source>) -> Self {
        Source { name: whole.name.clone(), start: 0, len: whole.len, inner: Inner::Part(whole) }
    }

    /// A part of it, which lies within, under another name.
    pub(super) fn within(mut self, start: u64, len: u64, name: String) -> Self {
        self.start = self.start.saturating_add(start);
        (self.len, self.name) = (len, name);
        self
    }

    /// Returns its name in messages: the path of a file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes from `offset` on, where they are in memory; `None` where they must be read.
    pub(super) fn slice(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let memory: &[u8] = match &self.inner {
            #[cfg(feature = "mmap")]
            Inner::Map { map, .. } => map,
            Inner::Memory(bytes) => (**bytes).as_ref(),
            Inner::Part(whole) => return whole.slice(self.start.checked_add(offset)?, len),
            Inner::File(_) | Inner::Reader(_) => return None,
        };
        if offset.checked_add(len.try_into().ok()?)? > self.len {
            return None;
        }
        let start = usize::try_from(self.start.checked_add(offset)?).ok()?;
        memory.get(start..start.checked_add(len)?)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let len = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        if offset.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let place = self.start.checked_add(offset).ok_or(io::ErrorKind::UnexpectedEof)?;
        match &self.inner {
            // Through the file, not the map: what a page fault costs is more than a read of a few bytes.
            #[cfg(feature = "mmap")]
            Inner::Map { file, .. } => read_file(file, place, buffer),
            Inner::File(file) => read_file(file, place, buffer),
            Inner::Reader(reader) => {
                let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                reader.seek(SeekFrom::Start(place))?;
                reader.read_exact(buffer)
            }
            Inner::Part(whole) => whole.read_at(place, buffer),
            Inner::Memory(_) => match self.slice(offset, buffer.len()) {
                Some(bytes) => {
                    buffer.copy_from_slice(bytes);
                    Ok(())
                }
                None => Err(io::ErrorKind::UnexpectedEof.into()),
            },
        }
    }

    /// Fills `buffer`, which is not ours, with the bytes from `offset` on.
    ///
    /// What is large comes out of the map, whose pages were mapped when its checksum was found: the
    /// system's own copy goes through the caches, and page by page.
    pub(super) fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self
            .slice(offset, buffer.len())
            .filter(|bytes| bytes.len() >= nontemporal_copy::LARGE)
        {
            Some(bytes) => {
                nontemporal_copy::copy(bytes, buffer);
                Ok(())
            }
            None => self.read_at(offset, buffer),
        }
    }

    /// The bytes of a range that has been checked against the length; borrowed where they are in memory.
    pub(super) fn get(&self, offset: u64, len: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.slice(offset, len) {
            return Ok(Cow::Borrowed(bytes));
        }
        self.read_vec(offset, len).map(Cow::Owned)
    }

    /// Returns the error of a read that failed.
    pub(super) fn failed(&self, source: io::Error) -> ReadError {
        ReadError::Io { file: self.name.clone(), source }
    }

    /// Returns at most `len` bytes from `start` on: fewer at the end.
    pub(super) fn up_to(&self, start: u64, len: usize) -> Result<Cow<'_, [u8]>, ReadError> {
        let left = usize::try_from(self.len.saturating_sub(start)).unwrap_or(usize::MAX);
        self.get(start, left.min(len)).map_err(|error| self.failed(error))
    }

    /// A range of a source whose bytes are in memory, which keeps the source; empty where they must be read.
    pub(super) fn part(this: &Arc<Self>, offset: u64, len: usize) -> Bytes {
        Arc::new(Part { source: Arc::clone(this), offset, len })
    }

    /// The bytes of a range, read.
    pub(super) fn read_vec(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let end = offset.checked_add(len.try_into().unwrap_or(u64::MAX));
        if end.is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(len)?;
        huge_pages::wish_for(&mut buffer);
        buffer.resize(len, 0);
        self.read_at(offset, &mut buffer)?;
        Ok(buffer)
    }
}

/// Returns `true` if a map of that size left no room in the address space for anything else, as where it is limited.
#[cfg(feature = "mmap")]
fn crowds(len: usize) -> bool {
    len > ROOM && memmap2::MmapOptions::new().len(ROOM).map_anon().is_err()
}

/// A path in messages: as it is, where it is text.
fn name_of(path: &Path) -> String {
    path.to_str().map_or_else(|| path.display().to_string(), str::to_owned)
}

/// A part of a source whose bytes are in memory.
struct Part {
    source: Arc<Source>,
    offset: u64,
    len: usize,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self.source.slice(self.offset, self.len).unwrap_or_default()
    }
}

#[cfg(unix)]
fn read_file(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_file(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                buffer = buffer.get_mut(count..).unwrap_or_default();
                offset = offset.saturating_add(count.try_into().unwrap_or(u64::MAX));
            }
        }
    }
    Ok(())
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("len", &self.len).finish()
    }
}

#[cfg(all(test, feature = "mmap"))]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_read_and_a_large_one_mapped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (len, is_mapped) in [(1, false), (SMALL_FILE, false), (SMALL_FILE + 1, true)] {
            let bytes: Vec<u8> = (0..len).map(|place| (place % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let source = Source::map(&path).unwrap();
            assert_eq!(matches!(source.inner, Inner::Map { .. }), is_mapped);
            assert_eq!((source.len(), source.name()), (len, path.to_str().unwrap()));
            let whole = source.slice(0, bytes.len()).unwrap();
            assert!(whole == bytes && whole.as_ptr().addr().is_multiple_of(64));
            assert_eq!(source.slice(1, bytes.len()), None);
            let mut last = [0];
            source.read_at(len - 1, &mut last).unwrap();
            assert_eq!(last[0], bytes[bytes.len() - 1]);
        }
    }
}
