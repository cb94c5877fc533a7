//! The table of attributes. What a message says about an attribute comes from here, so that the
//! same thing is said everywhere in the same words.

/// An attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Word {
    Param,
    Buffer,
    Persistent,
    Skip,
    Rename,
    Since,
    Renamed,
    Flatten,
    /// On a field; on the struct it is [`Word::Alias`].
    SameAs,
    Training,
    Version,
    Alias,
    RenameAll,
    Removed,
    Migrate,
    Transparent,
    ExtraState,
    PreSave,
    PostSave,
    PreLoad,
    PostLoad,
    Bound,
    Crate,
    Namespaced,
}

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Or the enum.
    Struct,
    Variant,
    Field,
}

impl Place {
    /// "struct", "variant" or "field".
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Place::Struct => "struct",
            Place::Variant => "variant",
            Place::Field => "field",
        }
    }
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) word: Word,
    pub(crate) name: &'static str,
    pub(crate) places: &'static [Place],
    /// What follows the word where it is shown to the user.
    pub(crate) example: &'static str,
    /// May stand alone, without `state_dict(...)` around it.
    pub(crate) bare: bool,
    /// May stand more than once.
    pub(crate) repeats: bool,
}

const fn field(word: Word, name: &'static str, example: &'static str) -> Row {
    Row { word, name, places: &[Place::Field], example, bare: true, repeats: false }
}

const fn container(word: Word, name: &'static str, example: &'static str) -> Row {
    Row { word, name, places: &[Place::Struct], example, bare: true, repeats: false }
}

/// Every attribute, in the order in which lists name them.
pub(crate) static ROWS: &[Row] = &[
    field(Word::Param, "param", ""),
    field(Word::Buffer, "buffer", ""),
    field(Word::Persistent, "persistent", "(false)"),
    Row { places: &[Place::Field, Place::Struct], ..field(Word::Skip, "skip", "") },
    Row { places: &[Place::Field, Place::Variant], ..field(Word::Rename, "rename", "(\"...\")") },
    field(Word::Since, "since", "(2)"),
    Row { repeats: true, ..field(Word::Renamed, "renamed", "(since = 2, from = \"...\")") },
    field(Word::Flatten, "flatten", ""),
    field(Word::SameAs, "alias", "(field)"),
    field(Word::Training, "training", ""),
    container(Word::Version, "version", "(2)"),
    Row { repeats: true, ..container(Word::Alias, "alias", "(name = field)") },
    container(Word::RenameAll, "rename_all", "(\"camelCase\")"),
    Row { repeats: true, ..container(Word::Removed, "removed", "(since = 2, \"...\")") },
    Row { repeats: true, ..container(Word::Migrate, "migrate", "(to = 2, with = Self::to_v2)") },
    Row { bare: false, ..container(Word::Transparent, "transparent", "") },
    Row { bare: false, ..container(Word::ExtraState, "extra_state", "") },
    Row { bare: false, ..container(Word::PreSave, "pre_save", " = Self::pre_save") },
    Row { bare: false, ..container(Word::PostSave, "post_save", " = Self::post_save") },
    Row { bare: false, ..container(Word::PreLoad, "pre_load", " = Self::pre_load") },
    Row { bare: false, ..container(Word::PostLoad, "post_load", " = Self::post_load") },
    Row { bare: false, ..container(Word::Bound, "bound", "(T: Trait)") },
    Row { bare: false, ..container(Word::Crate, "crate", " = path") },
    Row { bare: false, ..container(Word::Namespaced, "namespaced", "") },
];

impl Row {
    /// The row of `name` at `place`; where there is none, that of another place.
    pub(crate) fn find(name: &str, place: Place) -> Option<&'static Row> {
        let mut rows: Vec<_> = ROWS.iter().filter(|row| row.name == name).collect();
        rows.sort_by_key(|row| !row.places.contains(&place));
        rows.first().copied()
    }

    /// The names of what may stand at `place`.
    pub(crate) fn names_at(place: Place) -> impl Iterator<Item = &'static str> {
        ROWS.iter().filter(move |row| row.places.contains(&place)).map(|row| row.name)
    }

    /// How the user would write it with `value` after the word.
    pub(crate) fn spell_with(&self, written: Written, value: &str) -> String {
        match (written, self.bare) {
            (Written::Bare, true) => format!("#[{}{value}]", self.name),
            (Written::Bare, false) => format!("#[state_dict({}{value})]", self.name),
            (Written::Namespaced, _) => format!("{}{value}", self.name),
        }
    }

    /// How the user would write it.
    pub(crate) fn spell(&self, written: Written) -> String {
        self.spell_with(written, self.example)
    }
}

/// Whether the user wrote `#[word]` or `#[state_dict(word)]`: advice is given in the same form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    Bare,
    Namespaced,
}

/// Two attributes that cannot stand on one field.
pub(crate) struct Exclusion {
    /// The one that the error underlines; `None`: whichever comes second.
    pub(crate) underline: Option<Word>,
    pub(crate) pair: [Word; 2],
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
}

const fn skipped(other: Word, message: &'static str, help: &'static str) -> Exclusion {
    Exclusion { underline: Some(other), pair: [Word::Skip, other], message, help }
}

const fn flattened(other: Word, message: &'static str, help: &'static str) -> Exclusion {
    Exclusion { underline: Some(other), pair: [Word::Flatten, other], message, help }
}

const fn mode(other: Word) -> Exclusion {
    Exclusion {
        underline: Some(other),
        pair: [Word::Training, other],
        message: "the flag marked `training` is no part of the state",
        help: "remove this attribute, or `training`",
    }
}

pub(crate) static EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        underline: None,
        pair: [Word::Param, Word::Buffer],
        message: "a field is either a parameter or a buffer, not both",
        help: "remove `param` or `buffer`; in PyTorch, optimizers update parameters and leave buffers alone",
    },
    Exclusion {
        underline: Some(Word::Persistent),
        pair: [Word::Param, Word::Persistent],
        message: "`persistent` applies to buffers; a parameter is always saved",
        help: "replace `param` by `buffer`, or mark the field `#[skip]` to leave it out",
    },
    skipped(
        Word::Param,
        "a skipped field cannot be a parameter",
        "remove `param` to leave the field out of the state dict, or `skip` to save it",
    ),
    skipped(
        Word::Buffer,
        "a skipped field cannot be a buffer",
        "remove `buffer` to leave the field out of the state dict, or replace `skip` by `#[persistent(false)]` \
         for a buffer that is not saved",
    ),
    skipped(
        Word::Persistent,
        "`persistent` has no effect on a skipped field",
        "remove `persistent` or `skip`; a buffer that is not saved needs `#[persistent(false)]` alone",
    ),
    skipped(
        Word::Rename,
        "`rename` has no effect on a skipped field",
        "remove `rename` or `skip`: a skipped field has no key",
    ),
    skipped(
        Word::Since,
        "`since` has no effect on a skipped field",
        "remove `since` or `skip`: a skipped field is in no version's files",
    ),
    skipped(
        Word::Renamed,
        "`renamed` has no effect on a skipped field",
        "remove `renamed` or `skip`; keys that older files have and the model has not are declared on the struct: \
         `#[removed(since = 2, \"...\")]`",
    ),
    skipped(
        Word::Flatten,
        "`flatten` has no effect on a skipped field",
        "remove `flatten` or `skip`: a skipped field has no keys",
    ),
    skipped(
        Word::SameAs,
        "`alias` has no effect on a skipped field",
        "remove `alias` or `skip`: a skipped field has no keys",
    ),
    skipped(
        Word::Training,
        "a skipped field cannot be the mode flag",
        "remove `skip`: a flag marked `training` is no part of the state either",
    ),
    flattened(
        Word::Param,
        "`flatten` applies to child modules; a parameter needs a name",
        "remove `flatten` or `param`",
    ),
    flattened(
        Word::Buffer,
        "`flatten` applies to child modules; a buffer needs a name",
        "remove `flatten` or `buffer`",
    ),
    flattened(
        Word::Persistent,
        "`flatten` applies to child modules; a buffer needs a name",
        "remove `flatten` or `persistent`",
    ),
    flattened(
        Word::Rename,
        "`rename` has no effect on a flattened field",
        "remove `rename` or `flatten`: a flattened field adds no segment to the keys",
    ),
    flattened(
        Word::Since,
        "`since` has no effect on a flattened field",
        "remove `flatten`: without a name, the keys that came with a version cannot be told",
    ),
    flattened(
        Word::Renamed,
        "`renamed` has no effect on a flattened field",
        "remove `flatten`, or write a step of code: `#[migrate(to = 2, with = Self::to_v2)]` on the struct",
    ),
    flattened(
        Word::SameAs,
        "a flattened field cannot be an alias: it has no name",
        "remove `flatten` or `alias`",
    ),
    mode(Word::Param),
    mode(Word::Buffer),
    mode(Word::Persistent),
    mode(Word::Rename),
    mode(Word::Since),
    mode(Word::Renamed),
    mode(Word::Flatten),
    mode(Word::SameAs),
];

/// Words of other crates, or of PyTorch, that mean something here under another name.
static LOOK_ALIKES: &[(&[&str], &str)] = &[
    (&["parameter", "weight", "tensor"], "a parameter is marked `param`"),
    (
        &["module", "child", "submodule", "nested"],
        "a child module needs no mark: a field of a type that implements `StateDict` is one",
    ),
    (
        &["trainable", "requires_grad", "frozen", "no_grad"],
        "a state dict does not say what is trained; use `param` for parameters and `buffer` for the rest",
    ),
    (
        &["non_persistent", "nonpersistent", "transient"],
        "a buffer that is not saved is marked `persistent(false)`",
    ),
    (
        &["ignore", "exclude", "constant", "skip_serializing", "skip_deserializing"],
        "a field that is no part of the state is marked `skip`",
    ),
    (&["name", "key"], "a field's key is set by `rename(\"...\")`"),
    (
        &["tie", "tied", "tied_with", "share", "shared"],
        "tied weights are declared on the struct by `alias(name = field)`, or on a field by `alias(field)`",
    ),
    (&["mode", "train", "eval"], "the flag that `train()` and `eval()` set is marked `training`"),
    (
        &["old_name", "formerly", "renamed_from", "was"],
        "a key that older files call otherwise is declared by `renamed(since = 2, from = \"...\")`",
    ),
    (
        &["deleted", "dropped"],
        "keys that only older files have are declared on the struct by `removed(since = 2, \"...\")`",
    ),
    (
        &["upgrade", "migration"],
        "a step from one version to the next is declared on the struct by `migrate(to = 2, with = path)`",
    ),
    (
        &["get_extra_state", "set_extra_state", "extra"],
        "a module with extra state is marked `extra_state` and implements `statedict::ExtraState`",
    ),
    (
        &["default"],
        "loading writes into a model that exists, so no default is needed; `since(N)` says which version added a field",
    ),
];

/// What to write instead of a foreign word.
pub(crate) fn look_alike(word: &str) -> Option<&'static str> {
    LOOK_ALIKES.iter().find(|(words, _)| words.contains(&word)).map(|&(_, help)| help)
}
