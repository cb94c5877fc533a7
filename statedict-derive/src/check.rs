//! The rules that need more than one attribute or field, one function each.

mod alias;
mod history;
mod shape;

use quote::ToTokens;
use syn::Type;

use crate::case::Case;
use crate::ctxt::Ctxt;
use crate::model::{Field, Model, Role};
use crate::spec::{EXCLUSIONS, Word};
use crate::spelling;
use crate::suggest;

pub(crate) fn model(ctxt: &Ctxt, model: &Model<'_>) {
    for field in &model.fields {
        exclusions(ctxt, field);
        effect(ctxt, field);
        borrowed(ctxt, field);
        mode(ctxt, field);
        key(ctxt, field);
    }
    case(ctxt, model);
    shape::model(ctxt, model);
    duplicate_keys(ctxt, model);
    alias::aliases(ctxt, model);
    alias::ties(ctxt, model);
    history::steps(ctxt, model);
}

/// Attributes that contradict each other, by the table. One error for a pair of attributes; a
/// field with three that all clash gets one for each clash.
fn exclusions(ctxt: &Ctxt, field: &Field<'_>) {
    for exclusion in EXCLUSIONS {
        let [one, other] = exclusion.pair;
        let (Some(first), Some(second)) = (field.words.position(one), field.words.position(other))
        else {
            continue;
        };
        let later = if first < second { other } else { one };
        if let Some(found) = field.words.get(exclusion.underline.unwrap_or(later)) {
            ctxt.error_help(&found.ident, exclusion.message, exclusion.help);
        }
    }
}

/// Attributes that do nothing: on a field that is no part of the state, or of no file.
fn effect(ctxt: &Ctxt, field: &Field<'_>) {
    if field.role == Role::Plain {
        for word in [Word::Rename, Word::Since, Word::Renamed, Word::Flatten, Word::SameAs] {
            if let Some(found) = field.words.get(word) {
                let ty = field.ty.to_token_stream().to_string();
                let message = format!(
                    "`{}` has no effect: a `{ty}` without a mark is no part of the state",
                    found.ident
                );
                let help =
                    format!("remove `{}`, or mark the field `#[buffer]` to save it", found.ident);
                ctxt.error_help(&found.ident, message, help);
            }
        }
    }
    if field.role == (Role::Buffer { persistent: false }) && !field.words.has(Word::Param) {
        for word in [Word::Since, Word::Renamed] {
            if let Some(found) = field.words.get(word) {
                let word = &found.ident;
                let message = format!("`{word}` has no effect on a buffer that is not persistent");
                let help = format!("remove `{word}`: the buffer is in no version's files");
                ctxt.error_help(word, message, help);
            }
        }
    }
    if field.role == Role::Alias {
        for word in [Word::Param, Word::Buffer, Word::Persistent, Word::Since] {
            if let Some(found) = field.words.get(word) {
                let word = &found.ident;
                let message = format!(
                    "`{word}` has no effect on an alias: the field that it stands for decides"
                );
                ctxt.error_help(word, message, format_args!("remove `{word}`"));
            }
        }
    }
}

/// The mode flag is a flag.
fn mode(ctxt: &Ctxt, field: &Field<'_>) {
    let flag =
        matches!(spelling::bare_type(field.ty), Type::Path(path) if path.path.is_ident("bool"));
    if field.role == Role::Training && !flag {
        let help = "`train()` sets it to `true`, and `eval()` to `false`";
        ctxt.error_help(field.ty, "the flag marked `training` must be a `bool`", help);
    }
}

/// The case of `rename_all` is known.
fn case(ctxt: &Ctxt, model: &Model<'_>) {
    let Some(text) = model.words.text(Word::RenameAll) else { return };
    let value = text.value();
    if Case::by_name(&value).is_some() {
        return;
    }
    let help = match suggest::nearest(&value, Case::names()) {
        Some(near) => format!("did you mean `\"{near}\"`?"),
        None => format!("expected {}", suggest::list(Case::names())),
    };
    ctxt.error_help(text, format_args!("unknown case `{value}`"), help);
}

/// Loading writes into the model, so the model must own what is written.
fn borrowed(ctxt: &Ctxt, field: &Field<'_>) {
    if field.is_state() && matches!(spelling::bare_type(field.ty), Type::Reference(_)) {
        let help = "own the value, or mark the field `#[skip]`";
        ctxt.error_help(field.ty, "a borrowed field cannot be loaded into", help);
    }
}

/// A field's key is one segment. Empty names and dots are refused by PyTorch too; white space at
/// an end and control characters are slips that nobody would see in a list of keys.
fn key(ctxt: &Ctxt, field: &Field<'_>) {
    let Some(text) = field.words.text(Word::Rename) else { return };
    if field.key.contains('.') {
        let message = "a key cannot contain `.`: it separates a module's name from its fields'";
        let help = format!("for nested keys such as \"{}\", nest a struct in a field", field.key);
        ctxt.error_help(text, message, help);
    } else if let Err((message, help)) = segment(&field.key) {
        ctxt.error_help(text, message, help);
    }
}

/// Whether the text can be one segment of a key; if not, what is wrong, and what to do.
fn segment(text: &str) -> Result<(), (&'static str, String)> {
    let shorter = || format!("write `\"{}\"`", text.trim());
    if text.is_empty() {
        Err((
            "a key cannot be empty",
            "write the name that the checkpoint has, such as `\"weight\"`".to_owned(),
        ))
    } else if text.trim().is_empty() {
        Err((
            "a key cannot be white space alone",
            "write the name that the checkpoint has".to_owned(),
        ))
    } else if text.trim() != text {
        Err(("a key cannot begin or end with white space", shorter()))
    } else if text.contains(char::is_control) {
        Err(("a key cannot contain a control character", "remove the escape sequence".to_owned()))
    } else {
        Ok(())
    }
}

/// Two fields of one key: the later would overwrite the earlier in the file.
fn duplicate_keys(ctxt: &Ctxt, model: &Model<'_>) {
    let state: Vec<&Field<'_>> = model.fields.iter().filter(|field| field.has_key()).collect();
    for (position, field) in state.iter().enumerate() {
        let same =
            |earlier: &&&Field<'_>| earlier.key == field.key && earlier.variant == field.variant;
        let Some(earlier) = state[..position].iter().find(same) else {
            continue;
        };
        // The one that was renamed is the one to change.
        let renamed = |field: &Field<'_>| field.words.has(Word::Rename);
        let (wrong, owner) =
            if renamed(earlier) && !renamed(field) { (earlier, field) } else { (field, earlier) };
        let message =
            format!("duplicate key `{}`: field `{}` already has it", field.key, owner.name());
        ctxt.error_help(
            &wrong.key_at,
            message,
            "give one of the two another name by `#[rename(\"...\")]`",
        );
    }
}
