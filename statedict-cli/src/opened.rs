//! A file that has been opened, whichever format it is of.

use std::io;

use statedict::StateMap;
use statedict::codec::{self, ContainerKind, Document, Members, ReadOptions, Source};
use statedict::value::Value;

use crate::failure::{Failure, as_options, chain, note};
use crate::inputs::{Content, Input};

/// A file that has been opened.
pub(crate) struct Opened {
    pub(crate) document: Document,
    pub(crate) input: Input,
    /// The size of the file in bytes.
    pub(crate) len: u64,
}

/// How files are opened: the arguments that commands have in common.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Opening {
    /// Keep values of unknown classes inert instead of refusing the file
    #[arg(long)]
    pub(crate) opaque: bool,
    /// Whether `torch.save(model)` is read as what `model.state_dict()` would give.
    #[arg(skip)]
    pub(crate) whole_model: bool,
}

/// The file as the codec takes it, and its size.
pub(crate) fn source(input: &Input) -> io::Result<(Source, u64)> {
    let mut content = Content::open(input)?;
    let len = content.size()?;
    let source = match (content, input) {
        (Content::Spooled(spooled), _) => Source::reader(spooled)?,
        (Content::File(_), Input::Path(path)) => Source::open(path)?,
        (Content::File(file), Input::Stdin) => Source::reader(file)?,
    };
    Ok((source, len))
}

impl Opened {
    /// Opens a file. No tensor is read.
    pub(crate) fn open(input: &Input, opening: &Opening) -> Result<Opened, Failure> {
        let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
        let (source, len) = source(input).map_err(|error| about(&error))?;
        let options = ReadOptions::new().opaque(opening.opaque).whole_models(opening.whole_model);
        let document = codec::read(source, &options).map_err(|error| as_options(&about(&error)))?;
        Ok(Opened { document, input: input.clone(), len })
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
        let torch = if self.is_safetensors() { "" } else { "torch " };
        format!("{torch}{}", self.container())
    }

    /// The state dict at the keys that lead to it.
    pub(crate) fn state_map(&self, at: &[String]) -> Result<StateMap<'static>, Failure> {
        let at: Vec<&str> = at.iter().map(String::as_str).collect();
        let map = self.document.state_map_at(&at);
        Ok(map.map_err(|error| format!("{}: {}", self.input, as_options(&chain(&error))))?)
    }

    /// What else there is to say of the archive, for people; nothing of what comes from a pipe.
    pub(crate) fn archive_facts(&self) -> Result<Option<String>, Failure> {
        let Input::Path(path) = &self.input else { return Ok(None) };
        if !path.is_file() {
            return Ok(None);
        }
        let about = |error: &dyn std::error::Error| format!("{}: {}", self.input, chain(error));
        let source = Source::open(path).map_err(|error| about(&error))?;
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

    /// What is unusual about the file.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.document.warnings().iter().map(ToString::to_string).collect()
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
