//! How to read a file.

use crate::codec::pickle::Unknown;
use crate::codec::read::limits::Limits;
use crate::codec::read::source::Source;
use crate::setters::setters;

/// The options of reading a file.
///
/// ```
/// use statedict::codec::ReadOptions;
///
/// let options = ReadOptions::default().mmap(false);
/// ```
#[derive(Debug, Clone)]
pub struct ReadOptions {
    pub(super) limits: Limits,
    pub(super) opaque: Option<bool>,
    pub(super) whole_models: bool,
    pub(super) flatten: bool,
    pub(super) plain_tensors: bool,
    pub(super) unnamed_tensors: bool,
    pub(super) in_memory: bool,
    pub(super) mmap: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            limits: Limits::default(),
            opaque: None,
            whole_models: false,
            flatten: false,
            plain_tensors: false,
            unnamed_tensors: false,
            in_memory: false,
            mmap: true,
        }
    }
}

impl ReadOptions {
    /// Returns the default options.
    pub fn new() -> Self {
        ReadOptions::default()
    }

    /// The options with the limits that follow from the size of the file.
    pub(super) fn within_file(&self, source: &Source) -> Self {
        ReadOptions { limits: self.limits.within_file(source.len()), ..self.clone() }
    }

    setters! {
        /// Says what becomes of values of unknown classes. Nothing is ever imported or run.
        ///
        /// By default they are kept as inert objects (module, name, arguments, state), and
        /// [`Warning::Inert`](crate::codec::Warning::Inert) names their classes. Refused are a file of
        /// `torch.save(model)`, which holds nothing else, and one that names what runs commands or code in Python, such as
        /// `os.system`. With `true` these are read inert too. With `false` every file that names a class that is not known
        /// is refused, as by `torch.load(weights_only=True)`.
        ///
        /// ```
        /// use statedict::codec::{self, ReadOptions, Source, Warning};
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let pickle = &b"\x80\x02}X\x04\0\0\0argscargparse\nNamespace\n)\x81s."[..];
        /// let document = codec::Document::read_with(Source::bytes(pickle), &ReadOptions::new())?;
        /// assert!(matches!(document.warnings(), [Warning::Inert { .. }]));
        ///
        /// let strict = ReadOptions::new().opaque(false);
        /// assert!(codec::Document::read_with(Source::bytes(pickle), &strict).is_err());
        /// # Ok(())
        /// # }
        /// ```
        opaque(opaque: bool) => opaque = Some(opaque);

        /// Sets whether to read a file of `torch.save(model)`, which holds the model's Python objects, as the
        /// state dict that `model.state_dict()` would give; by default it is refused.
        ///
        /// Nothing is imported or run: parameters and buffers are taken from where `torch.nn.Module` keeps
        /// them. What a class's own code adds to or changes in its state dict is therefore not seen,
        /// and such a file says nothing of versions.
        whole_models(whole_models: bool) => whole_models = whole_models;

        /// Says whether nested dicts of tensors are read as one state dict, their keys joined with dots. Two keys that
        /// would become one are an error. By default a state dict is one dict.
        ///
        /// ```
        /// use statedict::{Checkpoint, ReadOptions, StateMap, TensorView};
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let directory = tempfile::tempdir()?;
        /// # let path = directory.path().join("megatron.pt");
        /// # let mut map = StateMap::new();
        /// # map.insert("weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
        /// # let mut inner = Checkpoint::new();
        /// # inner.set_state_map("embedding", &map)?;
        /// # let mut checkpoint = Checkpoint::new();
        /// # checkpoint.set_graph("model", inner.graph())?;
        /// # checkpoint.save(&path)?;
        /// // {"model": {"embedding": {"weight": …}}}
        /// let checkpoint = Checkpoint::open_with(&path, &ReadOptions::new().flatten(true))?;
        /// let map = checkpoint.state_dict("model")?;
        /// assert_eq!(map.keys().collect::<Vec<_>>(), ["embedding.weight"]);
        /// # Ok(())
        /// # }
        /// ```
        flatten(flatten: bool) => flatten = flatten;

        /// Says whether tensors of classes that are not known are read as the plain tensors that their elements are:
        /// those of a subclass of `torch.Tensor`, of an XLA, MAIA or MTIA device, and a distributed tensor whose local
        /// part is all of it. By default they are refused by name, and the other tensors of the file can be read.
        plain_tensors(plain: bool) => plain_tensors = plain;

        /// Says whether tensors of a TorchScript archive or an exported program that have no name in its state dict are
        /// read beside it: its constants, the attributes of its modules that are neither parameters nor
        /// buffers, and buffers that are not saved. They become attributes of the dict that the file
        /// holds: `constants`, `attributes` and `non_persistent_buffers`, each by their names or in order. By default
        /// [`Warning::Unnamed`](crate::codec::Warning::Unnamed) says how many there are.
        unnamed_tensors(unnamed: bool) => unnamed_tensors = unnamed;

        /// Sets whether to read all tensors into memory when the file is opened, and check each against its
        /// checksum, as `torch.load(path)` does (but for the checksums); by default a tensor is read or
        /// mapped when it is asked for, as with `torch.load(path, mmap=True)`.
        ///
        /// The tensors lie in one piece of memory, each at a multiple of 64 bytes (tiny ones of 16), and
        /// need the file no more. It is given back when the last of them is gone. Storages that no tensor
        /// uses are not read. See [`StateMap::load_owned`](crate::StateMap::load_owned). A path is then not mapped; of
        /// sources, reading is fastest from [`Source::file`](crate::codec::Source::file).
        in_memory(in_memory: bool) => in_memory = in_memory;

        /// Says whether a path is opened as a memory map (feature `mmap`), which is the default; where the system cannot
        /// map it, it is read all the same. With `false` each tensor is read from the file when it is asked for, and a
        /// file that another program cuts short meanwhile is an error instead of the signal SIGBUS.
        ///
        /// ```no_run
        /// use statedict::{ReadOptions, StateMap};
        ///
        /// # fn main() -> Result<(), statedict::Error> {
        /// let map = StateMap::load_with("model.pt", &ReadOptions::new().mmap(false))?;
        /// # Ok(())
        /// # }
        /// ```
        mmap(mmap: bool) => mmap = mmap;
    }

    /// Returns what becomes of classes and functions that are not known.
    pub(super) fn unknown(&self) -> Unknown {
        match self.opaque {
            Some(true) => Unknown::AllInert,
            Some(false) if !self.whole_models => Unknown::Refused,
            _ => Unknown::Inert,
        }
    }

    /// Returns `true` if a pickled module is kept as what it is, or read as its state dict.
    pub(super) fn takes_modules(&self) -> bool {
        self.opaque == Some(true) || self.whole_models
    }

    setters! {
        /// Sets what reading may cost.
        limits(limits: Limits) => limits = limits;
    }
}
