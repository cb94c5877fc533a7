//! The rules that need more than one attribute or field, one function each.

mod alias;
mod history;
mod shape;

use syn::{Ident, Type};

use crate::ctxt::Ctxt;
use crate::model::{Field, Model, Role};
use crate::spec::{EXCLUSIONS, Word};
use crate::spelling;

pub(crate) fn model(ctxt: &Ctxt, model: &Model<'_>) {
    if let Some(skip) = model.attrs.words.get(Word::Skip) {
        return skipped(ctxt, model, skip);
    }
    for field in &model.fields {
        exclusions(ctxt, field);
        effect(ctxt, field);
        borrowed(ctxt, field);
        whole_number(ctxt, field);
        without_size(ctxt, field);
        mode(ctxt, field);
        key(ctxt, model, field);
    }
    shape::model(ctxt, model);
    duplicate_keys(ctxt, model);
    alias::aliases(ctxt, model);
    alias::ties(ctxt, model);
    history::steps(ctxt, model);
}

/// What is marked `skip` as a whole is a setting: no attribute in it has an effect.
fn skipped(ctxt: &Ctxt, model: &Model<'_>, skip: &Ident) {
    let kept = [Word::Skip, Word::Crate, Word::Bound, Word::Namespaced];
    let variants = model.variants.iter().flat_map(|variant| variant.attrs.words.iter());
    let fields = model.fields.iter().flat_map(|field| field.attrs.words.iter());
    let own = model.attrs.words.iter().filter(|(word, _)| !kept.contains(word));
    for (_, word) in own.chain(variants).chain(fields) {
        let message = format!("`{word}` has no effect: all of `{}` is skipped", model.ident);
        let help = format!("remove `{word}`, or the `{skip}` above");
        ctxt.error_help(word, message, help);
    }
}

/// Attributes that contradict each other, by the table. One error for a pair of attributes; a
/// field with three that all clash gets one for each clash.
fn exclusions(ctxt: &Ctxt, field: &Field<'_>) {
    for exclusion in EXCLUSIONS {
        let [one, other] = exclusion.pair;
        let (Some(first), Some(second)) =
            (field.attrs.words.position(one), field.attrs.words.position(other))
        else {
            continue;
        };
        let later = if first < second { other } else { one };
        if let Some(found) = field.attrs.words.get(exclusion.underline.unwrap_or(later)) {
            ctxt.error_help(found, exclusion.message, exclusion.help);
        }
    }
}

/// Attributes that do nothing: on a field that is no part of the state, or of no file.
fn effect(ctxt: &Ctxt, field: &Field<'_>) {
    if field.role == Role::Plain {
        for word in [Word::Rename, Word::Since, Word::Renamed, Word::Flatten, Word::SameAs] {
            if let Some(found) = field.attrs.words.get(word) {
                let ty = spelling::text(field.ty);
                let message = format!(
                    "`{found}` has no effect: a `{ty}` without a mark is no part of the state"
                );
                let help = format!("remove `{found}`, or mark the field `#[buffer]` to save it");
                ctxt.error_help(found, message, help);
            }
        }
    }
    if field.role == (Role::Buffer { persistent: false }) && !field.attrs.words.has(Word::Param) {
        for word in [Word::Since, Word::Renamed] {
            if let Some(word) = field.attrs.words.get(word) {
                let message = format!("`{word}` has no effect on a buffer that is not persistent");
                let help = format!("remove `{word}`: the buffer is in no version's files");
                ctxt.error_help(word, message, help);
            }
        }
    }
    if matches!(field.role, Role::Alias(_)) {
        for word in [Word::Param, Word::Buffer, Word::Persistent, Word::Since] {
            if let Some(word) = field.attrs.words.get(word) {
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
    let is_flag =
        || matches!(spelling::bare_type(field.ty), Type::Path(path) if path.path.is_ident("bool"));
    if field.role == Role::Training && !is_flag() {
        let help = "`train()` sets it to `true`, and `eval()` to `false`";
        ctxt.error_help(field.ty, "the flag marked `training` must be a `bool`", help);
    }
}

/// Loading writes into the model, so the model must own what is written.
fn borrowed(ctxt: &Ctxt, field: &Field<'_>) {
    if field.is_state() && matches!(spelling::bare_type(field.ty), Type::Reference(_)) {
        let help = "own the value, or mark the field `#[skip]`";
        ctxt.error_help(field.ty, "a borrowed field cannot be loaded into", help);
    }
}

/// PyTorch has no such integers.
fn whole_number(ctxt: &Ctxt, field: &Field<'_>) {
    let (Role::Parameter | Role::Buffer { .. }, Type::Path(path)) =
        (&field.role, spelling::bare_type(field.ty))
    else {
        return;
    };
    let number = path.path.get_ident().map(ToString::to_string).unwrap_or_default();
    if ["usize", "isize", "u128", "i128"].contains(&&*number) {
        let message = format!("`{number}` is not a tensor: PyTorch has no such dtype");
        let help = "use `i64`, which PyTorch counts in; or remove the mark to leave the field out";
        ctxt.error_help(field.ty, message, help);
    }
}

/// A model is lent whole, so it has a size.
fn without_size(ctxt: &Ctxt, field: &Field<'_>) {
    let ty = spelling::bare_type(field.ty);
    let is_str = matches!(ty, Type::Path(path) if path.path.is_ident("str"));
    if is_str || matches!(ty, Type::TraitObject(_) | Type::Slice(_)) {
        let shown = spelling::text(ty);
        let message = format!("a `{shown}` has no size of its own");
        ctxt.error_help(field.ty, message, format_args!("put it in a box: `Box<{shown}>`"));
    }
}

/// A field's key is one segment; a leaf's may go on below another leaf, as a module of PyTorch may write it by itself.
/// Empty names and dots are refused by PyTorch too; white space at an end and control characters are slips that nobody
/// would see in a list of keys.
fn key(ctxt: &Ctxt, model: &Model<'_>, field: &Field<'_>) {
    let Some(text) = &field.attrs.rename else { return };
    if let Some((message, help)) = field.key.split('.').find_map(|part| segment(part).err()) {
        ctxt.error_help(text, message, help);
    } else if field.key.contains('.') && !is_below_a_leaf(model, field) {
        let message = "a key cannot contain `.`: it separates a module's name from its fields'";
        let help = format!("for nested keys such as \"{}\", nest a struct in a field", field.key);
        ctxt.error_help(text, message, help);
    }
}

/// Returns `true` if the field is a tensor, and its key is below that of another: `weight.absmax` beside `weight`.
fn is_below_a_leaf(model: &Model<'_>, field: &Field<'_>) -> bool {
    let is_leaf = |field: &Field<'_>| {
        matches!(field.role, Role::Parameter | Role::Buffer { persistent: true })
    };
    let above = |other: &Field<'_>| {
        field.key.strip_prefix(&other.key).is_some_and(|rest| rest.starts_with('.'))
    };
    // It is listed after that one: parameters come before buffers.
    let place =
        |(number, field): (usize, &Field<'_>)| (matches!(field.role, Role::Buffer { .. }), number);
    let own = model.fields.iter().enumerate().find(|(_, other)| std::ptr::eq(*other, field));
    is_leaf(field)
        && model.fields.iter().enumerate().any(|(number, other)| {
            let before = own.is_some_and(|own| place((number, other)) < place(own));
            other.variant == field.variant && is_leaf(other) && above(other) && before
        })
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
        let renamed = |field: &Field<'_>| field.attrs.rename.is_some();
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
