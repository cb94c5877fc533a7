//! The rules of what has no segment or no fields of its own: transparent structs, and enums.

use crate::ctxt::Ctxt;
use crate::model::{Field, Model, Role};
use crate::spec::Word;

/// What a module says of itself, and so has no place where there is none.
const OF_A_MODULE: &[Word] = &[
    Word::Version,
    Word::Removed,
    Word::Migrate,
    Word::PreSave,
    Word::PostSave,
    Word::PreLoad,
    Word::PostLoad,
    Word::ExtraState,
    Word::Alias,
    Word::RenameAll,
];

pub(super) fn model(ctxt: &Ctxt, model: &Model<'_>) {
    packed(ctxt, model);
    if model.is_enum() {
        enumeration(ctxt, model);
    } else {
        transparent(ctxt, model);
    }
}

/// Fields are lent, and there is no reference to one that is not aligned.
fn packed(ctxt: &Ctxt, model: &Model<'_>) {
    let lends = |field: &Field<'_>| field.is_state() || field.role == Role::Training;
    if let Some(packed) = model.packed.filter(|_| model.fields.iter().any(lends)) {
        let message = "the fields of a packed struct cannot be lent to be saved or loaded";
        let help = format!("remove `packed`, or mark all fields of `{}` `#[skip]`", model.ident);
        ctxt.error_help(packed, message, help);
    }
}

/// A transparent struct is the one module in it.
fn transparent(ctxt: &Ctxt, model: &Model<'_>) {
    let Some(found) = model.attrs.words.get(Word::Transparent) else { return };
    let mut state = model.fields.iter().filter(|field| field.is_state());
    match (state.next(), state.next()) {
        (Some(field), None) if matches!(field.role, Role::Child { .. }) => {
            for word in [Word::Rename, Word::Since, Word::Renamed, Word::Flatten, Word::SameAs] {
                if let Some(word) = field.attrs.words.get(word) {
                    let message = format!(
                        "`{word}` has no effect in a transparent struct: its field has no name"
                    );
                    ctxt.error_help(
                        word,
                        message,
                        format_args!("remove `{word}` or `transparent`"),
                    );
                }
            }
        }
        (Some(field), None) => {
            let message = format!(
                "a transparent struct holds a module, and field `{}` is {}",
                field.name(),
                field.role.noun()
            );
            let help = "remove `transparent`: a parameter or buffer needs a name";
            ctxt.error_help(found, message, help);
        }
        (None, _) => {
            let help = "remove `transparent`";
            ctxt.error_help(
                found,
                "a transparent struct holds a module, and this one has none",
                help,
            );
        }
        (Some(_), Some(second)) => {
            let help = "remove `transparent`, or mark all fields but one `#[skip]`; a struct with several modules may \
                        `#[flatten]` them";
            ctxt.error_help(
                &second.key_at,
                "a transparent struct holds one module, and this is another field with state",
                help,
            );
        }
    }
    for word in OF_A_MODULE {
        if let Some(word) = model.attrs.words.get(*word) {
            let message =
                format!("`{word}` has no effect on a transparent struct: it is the module in it");
            let help = format!("put `{word}` on that module's struct, or remove `transparent`");
            ctxt.error_help(word, message, help);
        }
    }
}

fn enumeration(ctxt: &Ctxt, model: &Model<'_>) {
    if let Some(found) = model.attrs.words.get(Word::Transparent) {
        let message = "an enum cannot be marked `transparent`";
        let help =
            "remove it: a variant that holds a single module, as `Name(Module)`, is that module";
        ctxt.error_help(found, message, help);
    }
    if let Some(found) = model.attrs.words.get(Word::PostLoad) {
        let message = "an enum cannot have a `post_load` hook: its variant's fields are borrowed when it would run";
        let help =
            "put the hook on the struct that holds the enum, or on the module that a variant holds";
        ctxt.error_help(found, message, help);
    }
    if let Some(found) = model.attrs.words.get(Word::ExtraState) {
        let message = "an enum cannot have extra state: its variant's fields are borrowed when it would be set";
        let help = "put `extra_state` on the struct that holds the enum, or on the module that a variant holds";
        ctxt.error_help(found, message, help);
    }
    let on_fields = model.fields.iter().filter_map(|field| field.attrs.words.get(Word::SameAs));
    for found in model.attrs.words.get(Word::Alias).into_iter().chain(on_fields) {
        let message = "an enum has no aliases: which fields it has depends on its variant";
        let help =
            "put the fields of the variant into a struct of their own, and the alias on that";
        ctxt.error_help(found, message, help);
    }
    for (number, variant) in model.variants.iter().enumerate() {
        let Some(ident) = &variant.ident else { continue };
        let content = model.content_of(number);
        if let Some(text) = &variant.attrs.rename {
            if content.is_none() {
                let message = format!(
                    "`rename` has no effect on variant `{ident}`: a variant adds no segment to the keys"
                );
                let help = "only a variant that holds a single module, as `Name(Module)`, can be given one";
                ctxt.error_help(text, message, help);
            } else if text.value().contains('.') {
                let message =
                    "a key cannot contain `.`: it separates a module's name from its fields'";
                ctxt.error_help(text, message, "nest a struct in a field");
            } else if let Err((message, help)) = super::segment(&text.value()) {
                ctxt.error_help(text, message, help);
            }
            continue;
        }
        if content.is_none() {
            continue;
        }
        for word in OF_A_MODULE.iter().filter(|word| {
            !matches!(word, Word::Alias | Word::RenameAll | Word::PostLoad | Word::ExtraState)
        }) {
            if let Some(word) = model.attrs.words.get(*word) {
                let message = format!(
                    "`{word}` has no effect on variant `{ident}`: it is the module that it holds"
                );
                let help = format!(
                    "put `{word}` on that module's struct, or give the variant a segment by `#[rename(\"...\")]`"
                );
                ctxt.error_help(word, message, help);
            }
        }
    }
}
