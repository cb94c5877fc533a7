//! A state dict from a file and into one.

use std::io::Write;
use std::path::Path;

use crate::checkpoint::{Checkpoint, CheckpointError, ValuePath};
use crate::codec::write::{self, WriteError, WriteOptions};
use crate::codec::{Document, ReadError, ReadOptions};
use crate::error::Error;
use crate::map::StateMap;
use crate::value::{Graph, Kind, Value};

impl StateMap<'static> {
    /// Opens a file that holds a state dict, as `torch.load(path)`. No tensor is read before it is asked for.
    ///
    /// Of a checkpoint with more in it, this is the state dict of its model: what it has under `state_dict`,
    /// `model_state_dict` or `model`, as [`Checkpoint::find_state_dict`] finds it. One under another name is
    /// asked for with [`Checkpoint::state_dict`]. What else is in the checkpoint does not matter: values of unknown
    /// classes are kept inert ([`ReadOptions::opaque`]).
    ///
    /// The file is mapped into memory (feature `mmap`) where the system can: it must not be changed in place while
    /// the map, or a tensor of it, is in use, and cutting it short ends the process with SIGBUS. Replacing it by
    /// renaming, as [`save`](StateMap::save) does, is safe. See [`ReadOptions::mmap`] for how to do without.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.pt");
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// map.save(&path)?;
    ///
    /// let file = StateMap::load(&path)?;
    /// assert_eq!(file.get("fc.weight").unwrap().to_vec::<f32>()?, [0.5; 6]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be read or is damaged. Where it holds no state dict, or several, so that it
    /// cannot be told which is meant: the error lists all there are.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        StateMap::load_with(path, &ReadOptions::new())
    }

    /// Opens a file that holds a state dict, with options.
    ///
    /// ```no_run
    /// use statedict::{ReadOptions, StateMap};
    ///
    /// # fn main() -> Result<(), statedict::Error> {
    /// // A file on a share that another program may cut short meanwhile.
    /// let map = StateMap::load_with("model.ckpt", &ReadOptions::new().mmap(false))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load), but for what the options allow.
    pub fn load_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        found_in(&Checkpoint::open_with(path, options)?, path)
    }

    /// Reads a file that holds a state dict with all its tensors into memory, and checks them against
    /// their checksums (which `torch.load(path)` does not). The file can then be changed or removed.
    ///
    /// All tensors lie in one piece of memory, in huge pages where the system has them, aligned to 64 bytes
    /// (tiny ones to 16); it is given back when the last of them is gone. To copy a file's tensors into a
    /// model, [`StateDictExt::load`](crate::StateDictExt::load) is faster and takes no memory of its own.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.pt");
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// map.save(&path)?;
    ///
    /// let owned = StateMap::load_owned(&path)?;
    /// std::fs::remove_file(&path)?;
    /// assert_eq!(owned.get("fc.weight").unwrap().to_vec::<f32>()?, [0.5; 6]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load), and where a tensor is damaged or the memory cannot be had.
    pub fn load_owned(path: impl AsRef<Path>) -> Result<Self, Error> {
        StateMap::load_with(path, &ReadOptions::new().in_memory(true))
    }
}

impl StateMap<'_> {
    /// Saves the state dict to a file, as `torch.save(state_dict, path)`; a path that ends in `.safetensors`
    /// becomes a safetensors file (feature `safetensors`), in which [`load`](StateMap::load) finds the order, the
    /// ties and the versions again. See [`save_with`](Self::save_with) for how a file is replaced.
    ///
    /// ```
    /// # #[cfg(feature = "safetensors")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use statedict::{StateMap, TensorView};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.safetensors");
    /// let weight = TensorView::from_vec(vec![0.5f32; 6], [2, 3])?;
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", weight.clone());
    /// map.insert("tied.weight", weight);
    /// map.save(&path)?;
    ///
    /// let file = StateMap::load(&path)?;
    /// let (fc, tied) = (file.get("fc.weight").unwrap(), file.get("tied.weight").unwrap());
    /// assert!(fc.storage().same_as(tied.storage()));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "safetensors"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// Where the format cannot hold the state dict (a safetensors file holds no extra states, and no tensors that
    /// overlap and differ), its bytes cannot be read, or writing fails. The file that was there is then untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.save_with(path, &WriteOptions::new())
    }

    /// Saves the state dict to a file with options.
    ///
    /// With the default ones the file is the one PyTorch 2.15 on Linux writes for the same state dict, byte for byte.
    /// Unlike PyTorch this does not destroy what was at `path` before the new file is complete: the bytes go to
    /// a temporary file in the same directory, which is flushed to the disk and then renamed. On any
    /// error, a panic in a source of bytes included, the old file is untouched and nothing is left
    /// behind. A process that is killed leaves the temporary file, which the next save to the same name removes.
    ///
    /// A new file gets the permissions any new file gets, a replaced one keeps those it had. Links are followed; see
    /// [`Replacement`](crate::codec::Replacement), which all saving goes through.
    ///
    /// As in PyTorch, the name of the archive's root directory comes from the file name, so the same
    /// state dict saved under two names makes two files that differ; see [`WriteOptions::root`].
    ///
    /// ```
    /// use statedict::{StateMap, TensorView, WriteOptions};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.pt");
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// map.save_with(&path, &WriteOptions::new().sync(false))?;
    /// assert!(path.is_file());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<(), Error> {
        Ok(write::save_map(self, path.as_ref(), options)?)
    }

    /// Writes the state dict to a writer, as `torch.save(state_dict, file_object)`.
    ///
    /// The writer needs no seeking: a socket or a compressor will do. The pieces written are large
    /// (about a mebibyte, or all of a smaller file), so a `BufWriter` around it gains nothing. It is
    /// flushed at the end.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// let mut file = Vec::new();
    /// map.write(&mut file)?;
    /// assert!(file.starts_with(b"PK\x03\x04"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`save`](Self::save); after an error an incomplete archive may have been written.
    pub fn write(&self, writer: impl Write) -> Result<(), WriteError> {
        self.write_with(writer, &WriteOptions::new())
    }

    /// Writes the state dict to a writer with options; see [`write`](Self::write).
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_with(
        &self,
        mut writer: impl Write,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        write::write_map(self, &mut writer, options)
    }
}

impl Graph<'_> {
    /// Saves the values to a file, as `torch.save(value, path)`: a checkpoint with more in it than a state
    /// dict. What [`StateMap::save_with`] says of files holds here too.
    ///
    /// The graph of a file of PyTorch 2.15 that was not changed becomes the same file byte for byte, given
    /// the same name and [`keep_storage`](WriteOptions::keep_storage).
    ///
    /// ```
    /// use statedict::codec::Document;
    /// use statedict::value::Graph;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("checkpoint.pt");
    /// let mut graph = Graph::new();
    /// let root = graph.root().value_id();
    /// graph.set(root, "epoch", 5)?;
    /// graph.set(root, "lr", 1e-3)?;
    /// graph.save(&path)?;
    ///
    /// let document = Document::open(&path)?;
    /// assert_eq!(document.root().get("epoch").and_then(|epoch| epoch.as_i64()), Some(5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a value cannot be written in PyTorch's format, a tensor's bytes cannot be read, or writing fails.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.save_with(path, &WriteOptions::new())
    }

    /// Saves the values to a file with options.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<(), Error> {
        Ok(write::save_graph(self, path.as_ref(), options)?)
    }

    /// Writes the values to a writer, as `torch.save(value, file_object)`; see [`StateMap::write`] for the writer.
    ///
    /// # Errors
    /// As [`save`](Self::save); after an error an incomplete archive may have been written.
    pub fn write(&self, writer: impl Write) -> Result<(), WriteError> {
        self.write_with(writer, &WriteOptions::new())
    }

    /// Writes the values to a writer with options; see [`write`](Self::write).
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_with(
        &self,
        mut writer: impl Write,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        write::write_graph(self, &mut writer, options)
    }
}

impl Checkpoint<'static> {
    /// Opens a checkpoint file, as `torch.load(path)`. No tensor is read before it is asked for.
    ///
    /// Values of unknown classes are kept inert, and written again as they were: nothing is imported or run
    /// ([`ReadOptions::opaque`]).
    ///
    /// The file is mapped into memory (feature `mmap`) where the system can: it must not be changed in place while
    /// the checkpoint, or a tensor of it, is in use, and cutting it short ends the process with SIGBUS. Replacing it
    /// by renaming, as [`save`](Checkpoint::save) does, is safe. See [`ReadOptions::mmap`] for how to do without.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or holds what the reader refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Checkpoint::open_with(path, &ReadOptions::default())
    }

    /// Opens a checkpoint file with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn open_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        let document = Document::open_with(path, options)
            .map_err(|source| Error::Read { path: path.to_owned(), source: Box::new(source) })?;
        Ok(document.into())
    }
}

impl Checkpoint<'_> {
    /// Saves the checkpoint, as `torch.save(checkpoint, path)`. What [`StateMap::save_with`] says of files
    /// holds here too: the file that was there is replaced at once when the new one is complete.
    ///
    /// What was opened and not edited is written as it was, in a file of PyTorch 2.15 byte for byte; the file is an
    /// archive of that version, whatever it was before. As in PyTorch a tensor that is a part of a larger storage is
    /// written with all of that storage. [`save_with`](Self::save_with) can write the format of before 1.6
    /// ([`layout`](WriteOptions::layout)), and leave the rest of storages out
    /// ([`keep_storage`](WriteOptions::keep_storage)). A path that ends in `.safetensors` becomes a safetensors file
    /// (feature `safetensors`), where the checkpoint is a state dict and nothing else: no tensor has attributes.
    ///
    /// # Errors
    /// Where a value cannot be written in the format, a tensor's bytes cannot be read, or writing fails.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.save_with(path, &WriteOptions::new())
    }

    /// Saves the checkpoint with options.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<(), Error> {
        let (path, options) = (path.as_ref(), options.clone().keep_storage_unless_set());
        if options.writes_safetensors(Some(path)) {
            self.check_attributes()?;
            return self.state_dict(ValuePath::root())?.save_with(path, &options);
        }
        Ok(self.save_values(path, &options)?)
    }

    /// Refuses attributes of tensors, which a safetensors file has no place for.
    fn check_attributes(&self) -> Result<(), Error> {
        let entries = self.graph().root().as_dict().into_iter().flat_map(|dict| dict.iter());
        for (key, value) in entries {
            let Kind::Tensor(tensor) = value.kind() else { continue };
            let attributes = tensor.attributes().and_then(Value::as_dict);
            let name = attributes.and_then(|of| of.iter().find_map(|(name, _)| name.as_str()));
            if let Some(name) = name {
                let (key, name) = (key.as_str().unwrap_or_default().to_owned(), name.to_owned());
                return Err(WriteError::Attribute { key, name }.into());
            }
        }
        Ok(())
    }
}

/// The state dict of a checkpoint that was opened from `path`.
fn found_in(checkpoint: &Checkpoint<'static>, path: &Path) -> Result<StateMap<'static>, Error> {
    let unread = |source| Error::Read { path: path.to_owned(), source: Box::new(source) };
    // Most files are a state dict and nothing else: those are walked once.
    match checkpoint.document().map(|document| document.state_map()) {
        None | Some(Err(ReadError::NotAStateDict { .. })) => {}
        Some(found) => return found.map_err(unread),
    }
    checkpoint.find_state_dict().map_err(|source| match source {
        CheckpointError::NotStateDict(source) => unread(source),
        source => Error::Checkpoint { path: Some(path.to_owned()), source: Box::new(source) },
    })
}
