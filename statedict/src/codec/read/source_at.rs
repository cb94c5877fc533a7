//! Opening what a path says: a file, or a member of an archive, such as the checkpoint in a `.nemo` file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::codec::read::detect::detect;
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::limits::Limits;
use crate::codec::read::source::Source;
use crate::codec::read::tar;
use crate::codec::read::zip::{Archive, Directory};

/// Divides the name of an archive from that of a member.
const MARK: char = '!';

impl Source {
    /// Opens the file at `path`: as a memory map with the feature `mmap`, else with positioned reads. Where the
    /// system cannot map it (some network and FUSE file systems, a limit of the address space), it is read too.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        open(path.as_ref(), Source::open_file)
    }

    /// The file at `path` as a memory map: tensors and other values borrow its pages, and nothing is copied. A
    /// file of at most 16 KiB is read instead, at once.
    ///
    /// The file must not be changed or cut short while it is mapped, from opening on. What is read from it could
    /// change under the reader, and touching a page that is no longer there ends the process (SIGBUS on Unix).
    /// Programs that replace a file by renaming a new one over it, as ours do, are no danger. Where
    /// that cannot be relied on, use [`file`](Self::file), or
    /// [`ReadOptions::mmap(false)`](crate::ReadOptions::mmap).
    ///
    /// # Errors
    /// Where it cannot be opened or mapped.
    #[cfg(feature = "mmap")]
    pub fn map(path: impl AsRef<Path>) -> io::Result<Self> {
        open(path.as_ref(), Source::map_at)
    }

    /// The file at `path`, of which each tensor is read when it is asked for.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        open(path.as_ref(), Source::file_at)
    }

    /// The member of a ZIP or tar archive, as a file of its own: `model_weights.ckpt` of a `.nemo` file. A path that is given
    /// to [`open`](Self::open), [`map`](Self::map) or [`file`](Self::file), and so to
    /// [`StateMap::load`](crate::StateMap::load), does the same where it says `model.nemo!model_weights.ckpt`.
    ///
    /// A member that is stored stays where it is, mapped or in the file; one that is compressed is expanded into memory,
    /// up to eight times the size of the archive and at least 16 MiB.
    ///
    /// # Errors
    /// Where this is no such archive, or has no such member.
    ///
    /// ```no_run
    /// use statedict::StateMap;
    /// use statedict::codec::{self, ReadOptions, Source};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = StateMap::load("model.nemo!model_weights.ckpt")?;
    ///
    /// let source = Source::open("model.nemo")?.member("model_weights.ckpt")?;
    /// let document = codec::Document::read_with(source, &ReadOptions::new())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn member(self, name: &str) -> Result<Source, ReadError> {
        let label = format!("{}{MARK}{name}", self.name());
        match detect(&self) {
            Ok(ContainerKind::Tar) => {
                let (start, end) = tar::find(&self, name)?;
                Ok(self.within(start, end.saturating_sub(start), label))
            }
            Ok(ContainerKind::Zip) => of_zip(self, name, label),
            Ok(_) | Err(ReadError::Foreign { .. }) => Err(ReadError::Foreign {
                found: format!("no archive, so there is no `{name}` in it").into(),
                advice: "name the file alone".into(),
            }),
            Err(error) => Err(error),
        }
    }
}

fn of_zip(source: Source, name: &str, label: String) -> Result<Source, ReadError> {
    let directory = Directory::of_any(&source)?;
    let index = directory.find_any(name);
    let archive = Archive { source: Arc::new(source), directory };
    let Some(index) = index else {
        let names = archive.directory.names();
        let shown: Vec<&str> = names.iter().map(String::as_str).take(SHOWN).collect();
        let more = if names.len() > SHOWN { " and others" } else { "" };
        return Err(ReadError::Missing {
            member: format!("{label} (there are {}{more})", shown.join(", ")),
        });
    };
    let limit = Limits::default().for_file(archive.source.len()).inflated_bytes;
    archive.member(index, limit)
}

/// So many members are named where one is not found.
const SHOWN: usize = 8;

/// Opens what a path says: a file, or a member of one, each `!` leading into an archive.
fn open(path: &Path, open: impl Fn(&Path) -> io::Result<Source>) -> io::Result<Source> {
    let error = match open(path) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            error
        }
        result => return result,
    };
    let Some(text) = path.to_str() else { return Err(error) };
    // The name of a file may have the mark itself.
    let mut marks = text.match_indices(MARK);
    let Some((file, members)) = marks.find_map(|(at, _)| {
        let (file, members) = text.split_at_checked(at)?;
        Path::new(file).is_file().then_some((file, members))
    }) else {
        return Err(error);
    };
    let mut source = open(Path::new(file))?;
    for member in members.split(MARK).skip(1) {
        source = source.member(member).map_err(io::Error::other)?;
    }
    Ok(source)
}
