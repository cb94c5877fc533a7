//! A file that has been opened, whichever format it is of.

use std::io;

use statedict::StateMap;
use statedict::codec::{self, Document, Members, ReadOptions, Source};
use statedict::value::{Graph, SharedValue, Value};

use crate::failure::{Failure, as_options, chain};
use crate::inputs::{Content, Input};
use crate::walk::{Found, Segment, walk};

/// What a file holds.
pub(crate) enum Held {
    /// What torch.save writes.
    Torch(Document),
    /// A safetensors file, and its modules' versions as `_metadata` has them.
    SafeTensors(Box<StateMap<'static>>, Option<SharedValue>),
}

/// A file that has been opened.
pub(crate) struct Opened {
    pub(crate) held: Held,
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

/// Whether a file is of safetensors: a length, and as long a JSON object.
fn is_safetensors(head: &[u8]) -> bool {
    head.get(8) == Some(&b'{') && !head.starts_with(b"PK") && !head.starts_with(&[0x80])
}

/// The file as the codec takes it, its size, and whether it is a safetensors file.
pub(crate) fn source(input: &Input) -> io::Result<(Source, u64, bool)> {
    let mut content = Content::open(input)?;
    let len = content.size()?;
    let is_safetensors = is_safetensors(&content.head(9)?);
    let source = match (content, input) {
        (Content::Spooled(spooled), _) => Source::reader(spooled)?,
        (Content::File(_), Input::Path(path)) => Source::open(path)?,
        (Content::File(file), Input::Stdin) => Source::reader(file)?,
    };
    Ok((source, len, is_safetensors))
}

impl Opened {
    /// Opens a file. No tensor is read.
    pub(crate) fn open(input: &Input, opening: &Opening) -> Result<Opened, Failure> {
        let about = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
        let (source, len, is_safetensors) = source(input).map_err(|error| about(&error))?;
        let held = if is_safetensors {
            let map = codec::read_safetensors(source).map_err(|error| about(&error))?;
            let versions = versions(&map)?;
            Held::SafeTensors(Box::new(map), versions)
        } else {
            let options =
                ReadOptions::default().opaque(opening.opaque).whole_models(opening.whole_model);
            Held::Torch(codec::read(source, &options).map_err(|error| as_options(&about(&error)))?)
        };
        Ok(Opened { held, input: input.clone(), len })
    }

    /// `zip`, `legacy`, `tar`, `pickle` or `safetensors`.
    pub(crate) fn container(&self) -> String {
        match &self.held {
            Held::Torch(document) => document.container().to_string(),
            Held::SafeTensors(..) => "safetensors".to_owned(),
        }
    }

    /// The file's format for people.
    pub(crate) fn format(&self) -> String {
        match &self.held {
            Held::Torch(document) => format!("torch {}", document.container()),
            Held::SafeTensors(..) => "safetensors".to_owned(),
        }
    }

    /// `little` or `big`.
    pub(crate) fn byte_order(&self) -> String {
        match &self.held {
            Held::Torch(document) => document.byte_order().to_string(),
            Held::SafeTensors(..) => "little".to_owned(),
        }
    }

    /// Python's name of the type of what the file holds.
    pub(crate) fn root_type(&self) -> String {
        match &self.held {
            Held::Torch(document) => document.root().type_name(),
            Held::SafeTensors(..) => "dict".to_owned(),
        }
    }

    /// What else there is to say of the archive, for people; nothing of what comes from a pipe.
    pub(crate) fn archive_facts(&self) -> Result<Option<String>, Failure> {
        let (Held::Torch(_), Input::Path(path)) = (&self.held, &self.input) else {
            return Ok(None);
        };
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

    /// What is unusual about the file.
    pub(crate) fn warnings(&self) -> Vec<String> {
        match &self.held {
            Held::Torch(document) => document.warnings().iter().map(ToString::to_string).collect(),
            Held::SafeTensors(..) => Vec::new(),
        }
    }

    /// Tells of everything in the file with its path, in the file's order.
    pub(crate) fn walk<'o>(
        &'o self,
        mut tell: impl FnMut(&[Segment<'o>], Found<'o>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match &self.held {
            Held::Torch(document) => walk(document.root(), (&self.input, self.budget()), tell),
            Held::SafeTensors(map, versions) => {
                if let Some(versions) = versions {
                    tell(&[], Found::Metadata(versions.value()))?;
                }
                for (key, tensor) in map.iter() {
                    tell(&[Segment::Key(key)], Found::Tensor(tensor.clone(), "strided"))?;
                }
                Ok(())
            }
        }
    }

    /// The value that the file holds; none for a safetensors file.
    pub(crate) fn root(&self) -> Option<Value<'_>> {
        match &self.held {
            Held::Torch(document) => Some(document.root()),
            Held::SafeTensors(..) => None,
        }
    }

    /// How many segments all paths may have together: shared containers come under each of their paths.
    fn budget(&self) -> u64 {
        self.len.saturating_mul(4).saturating_add(1 << 20)
    }
}

/// The versions of a map as `_metadata` has them.
fn versions(map: &StateMap<'_>) -> Result<Option<SharedValue>, Failure> {
    let Some(metadata) = map.metadata() else { return Ok(None) };
    let mut graph = Graph::new();
    let modules = graph.root().value_id();
    for (path, module) in metadata.iter() {
        let entry = graph.dict();
        if let Some(version) = module.version() {
            graph.set(entry, "version", i64::try_from(version)?)?;
        }
        graph.put(modules, path, entry)?;
    }
    Ok(Some(SharedValue::of(graph.root())?))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn a_safetensors_file_is_known_by_its_start() {
        assert!(is_safetensors(b"\x10\0\0\0\0\0\0\0{\"a\""));
        assert!(!is_safetensors(b"\x80\x02\0\0\0\0\0\0{"));
        assert!(!is_safetensors(b"PK\x03\x04\0\0\0\0{"));
        assert!(!is_safetensors(b"short"));
    }

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
