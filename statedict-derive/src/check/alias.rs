//! The rules of `#[alias(name = target)]`: the name is new, the target exists and has keys.

use crate::attr::Name;
use crate::ctxt::Ctxt;
use crate::model::{Alias, Field, Model, Role};
use crate::spec::Word;
use crate::suggest;

pub(super) fn aliases(ctxt: &Ctxt, model: &Model<'_>) {
    if model.is_enum() {
        // That there are any is the mistake.
        return;
    }
    for (position, alias) in model.aliases.iter().enumerate() {
        let earlier = &model.aliases[..position];
        if segments(ctxt, &alias.name) && segments(ctxt, &alias.target) && !of_itself(ctxt, alias) {
            // Of a field's own name, the rule of duplicate keys takes care.
            let clash = alias.field.is_none()
                && (clashes_with_field(ctxt, model, alias)
                    || clashes_with_alias(ctxt, earlier, alias));
            if !clash && !of_an_alias(ctxt, model, position) {
                target(ctxt, model, alias);
            }
        }
    }
}

/// `#[alias]` on a field that is something of its own: there is something to share with.
pub(super) fn ties(ctxt: &Ctxt, model: &Model<'_>) {
    if model.is_enum() {
        return;
    }
    for alias in &model.ties {
        if segments(ctxt, &alias.target) && !of_itself(ctxt, alias) {
            target(ctxt, model, alias);
        }
    }
    for (position, field) in model.fields.iter().enumerate() {
        let Some(found) = field.attrs.words.get(Word::SameAs) else { continue };
        if !matches!(field.attrs.alias, Some(None)) {
            continue;
        }
        if matches!(field.role, Role::Alias(_)) {
            let message = format!("`{}` does not say what it stands for", field.name());
            ctxt.error_help(found, message, "name a field: `#[alias(field)]`");
        } else if field.is_state() && !model.fields[..position].iter().any(Field::has_key) {
            let message =
                format!("there is no earlier field that `{}` could share with", field.name());
            let help =
                "`alias` goes on the second of two handles; or name the other: `#[alias(field)]`";
            ctxt.error_help(found, message, help);
        }
    }
}

/// Each segment of a quoted path is a key.
fn segments(ctxt: &Ctxt, name: &Name) -> bool {
    let refused = name.text().split('.').find_map(|segment| super::segment(segment).err());
    if let Some((message, help)) = &refused {
        ctxt.error_help(name, message, help);
    }
    refused.is_none()
}

/// An alias of itself, or of the module that it is in: its keys would have no end.
fn of_itself(ctxt: &Ctxt, alias: &Alias) -> bool {
    let name = alias.name.text();
    if name == alias.target.text() {
        ctxt.error(&alias.target, format_args!("`{name}` is an alias of itself"));
        return true;
    }
    let inside = is_below(&name, &alias.target_key);
    if inside {
        let message =
            format!("`{name}` is in `{}`, so it cannot be an alias of it", alias.target_key);
        ctxt.error(&alias.target, message);
    }
    inside
}

/// The name is a field's key already, or below a field that has nothing below it.
fn clashes_with_field(ctxt: &Ctxt, model: &Model<'_>, alias: &Alias) -> bool {
    let name = alias.name.text();
    let first = first_segment(&name);
    let Some(field) = model.fields.iter().find(|field| field.has_key() && field.key == first)
    else {
        return false;
    };
    if first == name {
        let message = format!("duplicate key `{name}`: field `{}` already has it", field.name());
        let help = "an alias is a new name; remove the field, or name the alias otherwise";
        ctxt.error_help(&alias.name, message, help);
        return true;
    }
    // Below a field that is an alias, the other aliases are asked.
    let leaf = !matches!(field.role, Role::Child { .. } | Role::Alias(_));
    if leaf {
        let message = format!(
            "there can be no key `{name}`: field `{}` is {}",
            field.name(),
            field.role.noun()
        );
        ctxt.error(&alias.name, message);
    }
    leaf
}

fn clashes_with_alias(ctxt: &Ctxt, earlier: &[Alias], alias: &Alias) -> bool {
    let name = alias.name.text();
    for other in earlier.iter().map(|other| other.name.text()) {
        if other == name {
            ctxt.error_help(
                &alias.name,
                format_args!("duplicate alias `{name}`"),
                "remove one of the two",
            );
            return true;
        }
        let (outer, inner) =
            if is_below(&name, &other) { (&other, &name) } else { (&name, &other) };
        if is_below(inner, outer) {
            let message = format!("`{inner}` is below `{outer}`, which is an alias itself");
            let help =
                format!("remove one of the two: the keys below `{outer}` are those of its target");
            ctxt.error_help(&alias.name, message, help);
            return true;
        }
    }
    false
}

/// An alias of an alias. A chain that ends is told its end; one that does not is a cycle, and is
/// reported where it is first met.
fn of_an_alias(ctxt: &Ctxt, model: &Model<'_>, position: usize) -> bool {
    let aliases = &model.aliases;
    // The alias that `path` is, or is below.
    let next = |path: &str| {
        aliases.iter().position(|other| {
            let name = other.name.text();
            name == path || is_below(path, &name)
        })
    };
    let mut chain = vec![position];
    let mut path = aliases[position].target_key.clone();
    while let Some(link) = next(&path) {
        if let Some(start) = chain.iter().position(|&seen| seen == link) {
            cycle(ctxt, model, position, &chain[start..]);
            return true;
        }
        chain.push(link);
        path = format!("{}{}", aliases[link].target_key, &path[aliases[link].name.text().len()..]);
    }
    let Some(&first) = chain.get(1) else { return false };
    let message = format!("`{}` is itself an alias", aliases[first].name.text());
    ctxt.error_help(&aliases[position].target, message, format_args!("alias `{path}` directly"));
    true
}

/// Reports a cycle at its first alias only.
fn cycle(ctxt: &Ctxt, model: &Model<'_>, position: usize, links: &[usize]) {
    if links.iter().min() != Some(&position) {
        return;
    }
    let names: Vec<String> = links
        .iter()
        .chain(&links[..1])
        .map(|&link| format!("`{}`", model.aliases[link].name.text()))
        .collect();
    let message = format!("these aliases form a cycle: {}", names.join(" -> "));
    let help = "an alias stands for a field; at least one of these must be one";
    ctxt.error_help(&model.aliases[position].target, message, help);
}

/// The target is a field with keys. Below a child, only the visited model can tell.
fn target(ctxt: &Ctxt, model: &Model<'_>, alias: &Alias) {
    let text = alias.target.text();
    let first = first_segment(&text);
    let found = match &alias.target {
        Name::Ident(_) => model.fields.iter().find(|field| field.name_text() == text),
        // A key of the state, if there is one: a skipped field's name may be another's key.
        Name::Path(_) => {
            let mut fields: Vec<&Field<'_>> =
                model.fields.iter().filter(|field| field.key == first).collect();
            fields.sort_by_key(|field| !field.is_state());
            fields.first().copied()
        }
    };
    let Some(field) = found else { return no_target(ctxt, model, alias, first) };
    let name = field.name();
    match &field.role {
        Role::Skipped => {
            let help = format!("remove `skip` from `{name}`, or remove the alias");
            ctxt.error_help(
                &alias.target,
                format_args!("field `{name}` is skipped, so it has no keys to alias"),
                help,
            );
        }
        Role::Alias(_) => {
            let message = format!("`{name}` is itself an alias");
            ctxt.error_help(&alias.target, message, "alias what it stands for");
        }
        Role::Training => {
            let message = format!("`{name}` is a mode flag, so it has no keys to alias");
            ctxt.error(&alias.target, message);
        }
        Role::Child { flat: true } => {
            let message = format!("field `{name}` is flattened, so it has no key to alias");
            let help = "alias one of the keys in it: `#[alias(\"name\" = \"key\")]`";
            ctxt.error_help(&alias.target, message, help);
        }
        Role::Plain => {
            let message =
                format!("field `{name}` is no part of the state, so it has no keys to alias");
            ctxt.error_help(
                &alias.target,
                message,
                format_args!("mark `{name}` `#[buffer]` to save it"),
            );
        }
        Role::Buffer { persistent: false } => {
            let message = format!("buffer `{name}` is not persistent, so it has no keys to alias");
            ctxt.error(&alias.target, message);
        }
        Role::Parameter | Role::Buffer { .. } if first != text => {
            let message =
                format!("there is no key `{text}`: field `{name}` is {}", field.role.noun());
            ctxt.error_help(
                &alias.target,
                message,
                format_args!("write `{} = \"{first}\"`", quoted(&alias.name)),
            );
        }
        Role::Parameter | Role::Buffer { .. } | Role::Child { flat: false } => {}
    }
}

fn no_target(ctxt: &Ctxt, model: &Model<'_>, alias: &Alias, first: &str) {
    // A flattened field's keys are known only at run time.
    if matches!(alias.target, Name::Path(_)) && model.fields.iter().any(Field::is_flat) {
        return;
    }
    let state = || model.fields.iter().filter(|field| field.has_key());
    match &alias.target {
        Name::Ident(_) => {
            let message = format!("no field `{first}` on struct `{}` to alias", model.ident);
            if let Some(field) = state().find(|field| field.key == first) {
                let help =
                    format!("`{first}` is a key; write the field's name, `{}`", field.name());
                return ctxt.error_help(&alias.target, message, help);
            }
            let names: Vec<String> = state().map(Field::name_text).collect();
            near(ctxt, alias, &message, first, &names);
        }
        Name::Path(_) => {
            let message = format!("struct `{}` has no key `{first}` to alias", model.ident);
            if let Some(field) = state().find(|field| field.name_text() == first) {
                let help =
                    format!("`{first}` is a field; in quotes, write its key, `{}`", field.key);
                return ctxt.error_help(&alias.target, message, help);
            }
            let keys: Vec<String> = state().map(|field| field.key.clone()).collect();
            near(ctxt, alias, &message, first, &keys);
        }
    }
}

fn near(ctxt: &Ctxt, alias: &Alias, message: &str, word: &str, candidates: &[String]) {
    let candidates = || candidates.iter().map(String::as_str);
    if let Some(near) = suggest::nearest(word, candidates()) {
        ctxt.error_help(&alias.target, message, format_args!("did you mean `{near}`?"));
    } else if candidates().next().is_some() {
        let help = format!("expected {}", suggest::list(candidates()));
        ctxt.error_help(&alias.target, message, help);
    } else {
        ctxt.error_help(&alias.target, message, "no field of this struct has keys");
    }
}

fn quoted(name: &Name) -> String {
    match name {
        Name::Ident(ident) => ident.to_string(),
        Name::Path(path) => format!("\"{}\"", path.value()),
    }
}

fn first_segment(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'))
}
