//! The files that a command is given: paths, `-` for standard input, and lists of paths.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// More than this of standard input waits on the disk.
const IN_MEMORY: usize = 64 << 20;
/// More than this is not taken from it: whatever writes there may never end.
const AT_MOST: u64 = 16 << 30;
/// The size that a list of files may have.
const LIST_AT_MOST: u64 = 64 << 20;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// `-`
    Stdin,
    Path(PathBuf),
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Input::from(PathBuf::from(text))
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") { Input::Stdin } else { Input::Path(path) }
    }
}

impl From<std::ffi::OsString> for Input {
    fn from(text: std::ffi::OsString) -> Self {
        Input::from(PathBuf::from(text))
    }
}

/// As messages and JSON have it.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Stdin => f.write_str("-"),
            Input::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Input {
    /// The name without its folders.
    pub(crate) fn short_name(&self) -> String {
        match self {
            Input::Stdin => "standard input".to_owned(),
            Input::Path(path) => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
        }
    }
}

/// What can be read and sought.
pub(crate) enum Content {
    File(File),
    /// What came from standard input or a pipe, which cannot be sought.
    Spooled(tempfile::SpooledTempFile),
}

impl Content {
    pub(crate) fn open(input: &Input) -> io::Result<Self> {
        match input {
            Input::Stdin => Content::spool(&mut io::stdin().lock()),
            Input::Path(path) => {
                let mut file = File::open(path)?;
                let kind = file.metadata()?.file_type();
                // A named pipe, say, is neither; what a folder is, the library tells.
                if kind.is_file() || kind.is_dir() {
                    Ok(Content::File(file))
                } else {
                    Content::spool(&mut file)
                }
            }
        }
    }

    /// Everything that can be read, to be sought in.
    fn spool(reader: &mut impl Read) -> io::Result<Self> {
        let mut spooled = tempfile::SpooledTempFile::new(IN_MEMORY);
        if io::copy(&mut reader.take(AT_MOST), &mut spooled)? == AT_MOST {
            return Err(io::Error::other(format!(
                "what cannot be sought is read up to {} GiB: write it to a file, and give that",
                AT_MOST >> 30
            )));
        }
        spooled.seek(SeekFrom::Start(0))?;
        Ok(Content::Spooled(spooled))
    }

    /// The first bytes, at most `len` of them.
    pub(crate) fn head(&mut self, len: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        match self {
            Content::File(file) => {
                file.take(len).read_to_end(&mut head)?;
                file.seek(SeekFrom::Start(0))?;
            }
            Content::Spooled(file) => {
                file.take(len).read_to_end(&mut head)?;
                file.seek(SeekFrom::Start(0))?;
            }
        }
        Ok(head)
    }

    /// The size in bytes.
    pub(crate) fn size(&mut self) -> io::Result<u64> {
        match self {
            Content::File(file) => Ok(file.metadata()?.len()),
            Content::Spooled(file) => {
                let size = file.seek(SeekFrom::End(0))?;
                file.seek(SeekFrom::Start(0))?;
                Ok(size)
            }
        }
    }
}

/// The arguments of commands that take several files.
#[derive(Debug, clap::Args)]
pub(crate) struct Files {
    /// Files that torch.save wrote, or safetensors files; `-` is standard input, `@LIST` a file of names
    #[arg(value_name = "FILE", required_unless_present = "files_from")]
    files: Vec<PathBuf>,
    /// Read further names from LIST: a line each, or each ended by a zero byte; `-` is standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,
}

impl Files {
    /// All files in order.
    pub(crate) fn inputs(&self) -> Result<Vec<Input>, Failure> {
        let mut inputs = Vec::new();
        for file in &self.files {
            match file.to_str().and_then(|text| text.strip_prefix('@')) {
                Some(list) => inputs.extend(names(Path::new(list))?),
                None => inputs.push(Input::from(file.clone())),
            }
        }
        if let Some(list) = &self.files_from {
            inputs.extend(names(list)?);
        }
        if inputs.iter().filter(|&input| *input == Input::Stdin).count() > 1 {
            return Err("standard input can be read once only".into());
        }
        if inputs.is_empty() {
            return Err("the lists of files name none".into());
        }
        Ok(inputs)
    }
}

/// The names in a list.
fn names(list: &Path) -> Result<Vec<Input>, Failure> {
    let about = |error: &dyn fmt::Display| format!("{}: {error}", list.display());
    let mut text = String::new();
    let read = if list == Path::new("-") {
        io::stdin().lock().take(LIST_AT_MOST).read_to_string(&mut text)
    } else {
        File::open(list).and_then(|file| file.take(LIST_AT_MOST).read_to_string(&mut text))
    };
    if read.map_err(|error| about(&error))? as u64 == LIST_AT_MOST {
        return Err(about(&"a list of files has at most 64 MiB").into());
    }
    let end = if text.contains('\0') { '\0' } else { '\n' };
    let names =
        text.split(end).map(|name| if end == '\n' { name.trim_end_matches('\r') } else { name });
    Ok(names.filter(|name| !name.is_empty()).map(|name| Input::Path(name.into())).collect())
}

/// The file as one on the disk, so that it can be opened twice: what comes from standard input or a pipe
/// is copied into a temporary file, which lives as long as what is returned beside it.
pub(crate) fn on_disk(input: &Input) -> Result<(Input, Option<tempfile::NamedTempFile>), Failure> {
    let about = |error: io::Error| format!("{input}: {error}");
    match Content::open(input).map_err(about)? {
        Content::File(_) => Ok((input.clone(), None)),
        Content::Spooled(mut spooled) => {
            let mut file = tempfile::NamedTempFile::new().map_err(about)?;
            io::copy(&mut spooled, &mut file).map_err(about)?;
            Ok((Input::Path(file.path().to_owned()), Some(file)))
        }
    }
}
