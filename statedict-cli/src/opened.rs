//! A file that has been opened, whichever format it is of.

use std::io;

use statedict::StateMap;
use statedict::codec::{
    self, ContainerKind, Document, Limits, Members, ReadOptions, Source, Warning,
};
use statedict::contents::Step;
use statedict::value::Value;

use crate::failure::{Failure, chain, in_words_of_program, note};
use crate::inputs::{Content, Input};
use crate::path;

/// A file that has been opened.
pub(crate) struct Opened {
    pub(crate) document: Document,
    pub(crate) input: Input,
    /// The size of the file in bytes.
    pub(crate) len: u64,
    /// What the file may cost follows from this size: the file's, or any.
    pub(crate) allowed: u64,
}

/// The way in which the bytes of files are read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Reading {
    /// Read files instead of mapping them into memory: if another program cuts a mapped file short meanwhile, the
    /// system ends this one with SIGBUS (exit status 135 in a shell); of a file that is read it is an error
    #[arg(long)]
    no_mmap: bool,
}

/// How files are opened: the arguments that commands have in common.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Opening {
    /// Keep all that is not known inert: also a model that was saved whole, and functions that would run code in Python
    #[arg(long, overrides_with = "no_opaque")]
    pub(crate) opaque: bool,
    /// Refuse a file that names a class that is not known, as torch.load(weights_only=True) does
    #[arg(long, overrides_with = "opaque")]
    pub(crate) no_opaque: bool,
    /// Read tensors of classes that are not known as the plain tensors that their elements are
    #[arg(long)]
    pub(crate) plain_tensors: bool,
    /// Read the tensors of a TorchScript archive or an exported program that have no name in its state dict, as attributes
    #[arg(long)]
    pub(crate) unnamed: bool,
    /// Lift the limits on memory and time, which follow from the file's size
    #[arg(long)]
    pub(crate) trust: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Whether `torch.save(model)` is read as what `model.state_dict()` would give.
    #[arg(skip)]
    pub(crate) whole_model: bool,
    /// `true` if nested dicts of tensors are read as one state dict.
    #[arg(skip)]
    pub(crate) flatten: bool,
}

impl Opening {
    /// The same for what copies a file as it is, whatever it holds.
    pub(crate) fn of_anything(&self) -> Opening {
        Opening { opaque: !self.no_opaque, ..self.clone() }
    }

    /// The size from which follows what a file may cost.
    pub(crate) fn allowed(&self, len: u64) -> u64 {
        if self.trust { u64::MAX } else { len }
    }

    pub(crate) fn options(&self) -> ReadOptions {
        let options = ReadOptions::new()
            .whole_models(self.whole_model)
            .flatten(self.flatten)
            .plain_tensors(self.plain_tensors)
            .unnamed_tensors(self.unnamed);
        let options = if self.trust { options.limits(Limits::none()) } else { options };
        match (self.opaque, self.no_opaque) {
            (false, false) => options,
            (opaque, _) => options.opaque(opaque),
        }
    }
}

impl Reading {
    /// The file as the codec takes it, and its size.
    pub(crate) fn source(&self, input: &Input) -> io::Result<(Source, u64)> {
        if let Input::Path(path) = input
            && !path.exists()
        {
            // A member of an archive, `model.nemo!model.ckpt`, or nothing.
            let source = if self.no_mmap { Source::file(path) } else { Source::open(path) }?;
            let len = source.len();
            return Ok((source, len));
        }
        let mut content = Content::open(input)?;
        let len = content.size()?;
        let source = match (content, input) {
            (Content::Spooled(spooled), _) => Source::reader(spooled)?,
            (Content::File(_), Input::Path(path)) if self.no_mmap => Source::file(path)?,
            (Content::File(_), Input::Path(path)) => Source::open(path)?,
            (Content::File(file), Input::Stdin) => Source::reader(file)?,
        };
        Ok((source, len))
    }
}

impl Opened {
    /// Opens a file. No tensor is read.
    pub(crate) fn open(input: &Input, opening: &Opening) -> Result<Opened, Failure> {
        let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
        let (source, len) = opening.reading.source(input).map_err(|error| about(&error))?;
        let document = codec::Document::read_with(source, &opening.options())
            .map_err(|error| about(&error))?;
        Ok(Opened { document, input: input.clone(), len, allowed: opening.allowed(len) })
    }

    /// The name of the container, such as `zip`.
    pub(crate) fn container(&self) -> String {
        self.document.container().to_string()
    }

    /// Whether it is a safetensors file, which holds a state dict and no other Python values.
    pub(crate) fn is_safetensors(&self) -> bool {
        self.document.container() == ContainerKind::Safetensors
    }

    /// `little` or `big`.
    pub(crate) fn byte_order(&self) -> String {
        self.document.byte_order().to_string()
    }

    /// Python's name of the type of what the file holds.
    pub(crate) fn root_type(&self) -> String {
        self.root().type_name()
    }

    /// The file's format for people.
    pub(crate) fn format(&self) -> String {
        match self.document.container() {
            ContainerKind::Safetensors => "safetensors".to_owned(),
            ContainerKind::TorchScript => "TorchScript".to_owned(),
            ContainerKind::Exported => "exported program (pt2)".to_owned(),
            other => format!("torch {other}"),
        }
    }

    /// `Some(true)` for the place of a parameter, and `Some(false)` for that of another tensor of a state dict; `None`
    /// where the file does not tell, as most do not.
    pub(crate) fn is_parameter(&self, steps: &[Step<'_>]) -> Option<bool> {
        let keys: Option<Vec<&str>> = steps.iter().map(path::text).collect();
        self.document.is_parameter(&keys?.join("."))
    }

    /// The state dict at the keys that lead to it.
    pub(crate) fn state_map(&self, at: &[String]) -> Result<StateMap<'static>, Failure> {
        let at: Vec<&str> = at.iter().map(String::as_str).collect();
        let map = self.document.state_map_at(&at);
        Ok(map.map_err(|error| format!("{}: {}", self.input, chain(&error)))?)
    }

    /// What else there is to say of the archive, for people; nothing of what comes from a pipe.
    pub(crate) fn archive_facts(&self) -> Result<Option<String>, Failure> {
        let Input::Path(path) = &self.input else { return Ok(None) };
        if !path.is_file() {
            return Ok(None);
        }
        let about = |error: &dyn std::error::Error| format!("{}: {}", self.input, chain(error));
        // A few bytes of its ends.
        let source = Source::file(path).map_err(|error| about(&error))?;
        let members = Members::read(source).map_err(|error| about(&error))?;
        let version = members.format_version().map(|version| format!("version {version}"));
        let alignment = members.alignment().map(|bytes| format!("storages {bytes}-byte aligned"));
        let facts: Vec<String> = version.into_iter().chain(alignment).collect();
        Ok(Some(facts.join(" · ")).filter(|facts| !facts.is_empty()))
    }

    /// Names the entries of a safetensors file's own metadata, for which other formats have no place, to the person
    /// at the terminal, and returns them.
    pub(crate) fn note_not_kept(&self) -> Vec<&str> {
        let entries = self.document.file_metadata().keys().map(String::as_str);
        // Every writer puts its name of the framework there.
        let lost: Vec<&str> = entries.filter(|&name| name != "format").collect();
        if !lost.is_empty() {
            let names = lost.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            note(&format!(
                "{}: not kept, as only safetensors has a place for it: {names}",
                self.input
            ));
        }
        lost
    }

    /// Names what follows the value that was read, of which nothing is in what is made of it.
    pub(crate) fn not_read(&self) -> Vec<String> {
        let warnings = self.document.warnings().iter();
        let follows = warnings.filter(|warning| {
            matches!(warning, Warning::MoreObjects { .. } | Warning::TrailingBytes { .. })
        });
        follows.map(|warning| in_words_of_program(&warning.to_string())).collect()
    }

    /// What is unusual about the file.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let warnings = self.document.warnings().iter();
        warnings.map(|warning| in_words_of_program(&warning.to_string())).collect()
    }

    /// The value that the file holds.
    pub(crate) fn root(&self) -> Value<'_> {
        self.document.root()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn the_head_is_read_and_the_rest_stays() {
        let mut spooled = tempfile::SpooledTempFile::new(4);
        spooled.write_all(b"0123456789").unwrap();
        spooled.rewind().unwrap();
        let mut content = Content::Spooled(spooled);
        assert_eq!((content.head(4).unwrap(), content.size().unwrap()), (b"0123".to_vec(), 10));
        let Content::Spooled(mut file) = content else { panic!() };
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"0123456789");
    }
}
