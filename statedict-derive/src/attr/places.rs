//! The attributes of each place, as they are written.

use proc_macro2::Ident;
use syn::{LitStr, Path, WherePredicate};

use super::parts::{Migrate, Name, Removed, Renamed, Rest, Version};
use super::value::Reader;
use crate::case::Case;
use crate::spec::{Place, Word};

/// The attributes of one place.
pub(crate) trait Attrs: Default {
    const PLACE: Place;

    fn words(&mut self) -> &mut Words;

    /// Keeps what follows a word. A mistake has been reported, and leaves nothing.
    fn set(&mut self, reader: &Reader<'_>, rest: Rest);
}

/// The words that are there, in order; the rules about which go together ask for them.
#[derive(Default)]
pub(crate) struct Words(Vec<(Word, Ident)>);

impl Words {
    pub(super) fn add(&mut self, word: Word, ident: &Ident) {
        self.0.push((word, ident.clone()));
    }

    /// The word as it was written, first.
    pub(crate) fn get(&self, word: Word) -> Option<&Ident> {
        self.iter().find(|(found, _)| *found == word).map(|(_, ident)| ident)
    }

    pub(crate) fn has(&self, word: Word) -> bool {
        self.get(word).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Word, &Ident)> {
        self.0.iter().map(|(word, ident)| (*word, ident))
    }

    /// The position among the attributes, for "the second of the two".
    pub(crate) fn position(&self, word: Word) -> Option<usize> {
        self.0.iter().position(|(found, _)| *found == word)
    }
}

/// The attributes of a struct or enum.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) words: Words,
    pub(crate) version: Option<Version>,
    pub(crate) aliases: Vec<(Name, Name)>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) removed: Vec<Removed>,
    pub(crate) migrate: Vec<Migrate>,
    pub(crate) pre_save: Option<Path>,
    pub(crate) post_save: Option<Path>,
    pub(crate) pre_load: Option<Path>,
    pub(crate) post_load: Option<Path>,
    pub(crate) bounds: Option<Vec<WherePredicate>>,
    /// The path of the runtime crate.
    pub(crate) runtime: Option<Path>,
}

/// The attributes of a variant.
#[derive(Default)]
pub(crate) struct VariantAttrs {
    pub(crate) words: Words,
    pub(crate) rename: Option<LitStr>,
}

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) words: Words,
    pub(crate) persistent: Option<bool>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) since: Option<Version>,
    pub(crate) renamed: Vec<Renamed>,
    /// The target of `alias`; `Some(None)` is any earlier field.
    pub(crate) alias: Option<Option<Name>>,
}

impl Attrs for StructAttrs {
    const PLACE: Place = Place::Struct;

    fn words(&mut self) -> &mut Words {
        &mut self.words
    }

    fn set(&mut self, reader: &Reader<'_>, rest: Rest) {
        match reader.row.word {
            Word::Version => self.version = reader.number(rest),
            Word::Alias => self.aliases.extend(reader.aliases(rest)),
            Word::RenameAll => self.rename_all = reader.case(rest),
            Word::Removed => self.removed.extend(reader.removed(rest)),
            Word::Migrate => self.migrate.extend(reader.migrate(rest)),
            Word::PreSave => self.pre_save = reader.path(rest),
            Word::PostSave => self.post_save = reader.path(rest),
            Word::PreLoad => self.pre_load = reader.path(rest),
            Word::PostLoad => self.post_load = reader.path(rest),
            Word::Bound => self.bounds = reader.predicates(rest),
            Word::Crate => self.runtime = reader.path(rest),
            _ => reader.flag(rest),
        }
    }
}

impl Attrs for VariantAttrs {
    const PLACE: Place = Place::Variant;

    fn words(&mut self) -> &mut Words {
        &mut self.words
    }

    fn set(&mut self, reader: &Reader<'_>, rest: Rest) {
        match reader.row.word {
            Word::Rename => self.rename = reader.text(rest),
            _ => reader.flag(rest),
        }
    }
}

impl Attrs for FieldAttrs {
    const PLACE: Place = Place::Field;

    fn words(&mut self) -> &mut Words {
        &mut self.words
    }

    fn set(&mut self, reader: &Reader<'_>, rest: Rest) {
        match reader.row.word {
            Word::Persistent => self.persistent = reader.bool(rest),
            Word::Rename => self.rename = reader.text(rest),
            Word::Since => self.since = reader.number(rest),
            Word::Renamed => self.renamed.extend(reader.renamed(rest)),
            Word::SameAs => self.alias = reader.target(rest),
            _ => reader.flag(rest),
        }
    }
}
