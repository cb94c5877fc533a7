//! The rules of a module's history: each step belongs to a version that the module has had.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use syn::{LitInt, LitStr};

use crate::attr::{Value, Version};
use crate::ctxt::Ctxt;
use crate::model::{Field, Model};
use crate::spec::Word;

/// One statement about a version.
struct Step<'m> {
    word: &'m Ident,
    /// What the number is called.
    argument: &'static str,
    number: u32,
    at: &'m LitInt,
}

pub(super) fn steps(ctxt: &Ctxt, model: &Model<'_>) {
    let mut steps = Vec::new();
    for field in model.fields.iter().filter(|field| field.is_state()) {
        if let (Some((number, at)), Some(found)) =
            (field.words.number(Word::Since), field.words.get(Word::Since))
        {
            steps.push(Step { word: &found.ident, argument: "since", number, at });
        }
        steps.extend(field.words.iter().filter_map(|found| match &found.value {
            Some(Value::Renamed(since, _)) => Some(step(&found.ident, "since", since)),
            _ => None,
        }));
        old_names(ctxt, model, field);
    }
    steps.extend(model.words.iter().filter_map(|found| match &found.value {
        Some(Value::Removed(since, _)) => Some(step(&found.ident, "since", since)),
        Some(Value::Migrate(to, _)) => Some(step(&found.ident, "to", to)),
        _ => None,
    }));
    let wrong = steps.iter().filter(|step| !possible(ctxt, model, step)).count();
    twice(ctxt, model);
    removed(ctxt, model);
    if wrong == 0 {
        gap(ctxt, model, &steps);
    }
}

fn step<'m>(word: &'m Ident, argument: &'static str, version: &'m Version) -> Step<'m> {
    Step { word, argument, number: version.number, at: &version.at }
}

/// A step leads to a version from 2 to the module's own.
fn possible(ctxt: &Ctxt, model: &Model<'_>, step: &Step<'_>) -> bool {
    let Step { word, argument, number, at } = step;
    let shown = if *word == "since" {
        format!("since({number})")
    } else {
        format!("{word}({argument} = {number}, ...)")
    };
    if *number < 2 {
        let message = format!("`{argument}` must be at least 2");
        let help = match word.to_string().as_str() {
            "since" => "remove it: a field without `since` exists from version 1 on".to_owned(),
            word => format!("version 1 is the first: nothing was before it to be {}", past(word)),
        };
        ctxt.error_help(at, message, help);
        return false;
    }
    match (model.words.get(Word::Version), model.version()) {
        (None, _) => {
            let message = format!("`{shown}` without a version: this struct has version 1");
            ctxt.error_help(at, message, format_args!("add `#[version({number})]` to the struct"));
            false
        }
        (Some(_), Some(version)) if *number > version => {
            let message = format!("`{shown}` is later than the struct's version, {version}");
            ctxt.error_help(at, message, format_args!("raise the struct's version to {number}"));
            false
        }
        // A version that was refused says nothing about this one.
        (Some(_), version) => version.is_some(),
    }
}

fn past(word: &str) -> &str {
    if word == "migrate" { "migrated" } else { word }
}

/// The old names of a field: each is a name, no two came to an end with the same version, and none is the
/// name that follows it.
fn old_names(ctxt: &Ctxt, model: &Model<'_>, field: &Field<'_>) {
    let names = field.old_names();
    for (nth, (since, from)) in names.iter().enumerate() {
        if let Err((message, help)) = super::segment(&from.value()) {
            ctxt.error_help(from, message, help);
            continue;
        }
        if from.value().contains('.') {
            let message = "an old name cannot contain `.`: it is one of this struct's own";
            let help = "for what was moved between modules, write a step of code: `#[migrate(to = 2, with = Self::to_v2)]`";
            ctxt.error_help(from, message, help);
            continue;
        }
        if names[..nth].iter().any(|(earlier, _)| earlier.number == since.number) {
            let message =
                format!("field `{}` is renamed twice in version {}", field.name(), since.number);
            ctxt.error_help(&since.at, message, "keep one of the two");
        }
        let next = names.get(nth + 1).map_or_else(|| field.key.clone(), |(_, next)| next.value());
        if from.value() == next {
            let message =
                format!("`{next}` is no old name: version {} calls it so too", since.number);
            ctxt.error_help(from, message, "write the name that older files have");
        } else if nth == 0 {
            taken(ctxt, model, field, since, from);
        }
    }
}

/// An old name that another field had at the same time.
fn taken(ctxt: &Ctxt, model: &Model<'_>, field: &Field<'_>, since: &Version, from: &LitStr) {
    let owner = model.fields.iter().find(|other| {
        let had = match other.old_names().first() {
            Some((_, first)) => first.value(),
            None => other.key.clone(),
        };
        let existed = other.since().is_none_or(|other| other < since.number);
        other.has_key()
            && other.key != field.key
            && other.variant == field.variant
            && existed
            && had == from.value()
    });
    if let Some(owner) = owner {
        let message = format!(
            "before version {}, `{}` was field `{}`",
            since.number,
            from.value(),
            owner.name()
        );
        let help = format!(
            "if `{0}` came with version {1}, mark it `#[since({1})]`",
            owner.name(),
            since.number
        );
        ctxt.error_help(from, message, help);
    }
}

/// Two steps of code to one version.
fn twice(ctxt: &Ctxt, model: &Model<'_>) {
    let mut seen = BTreeSet::new();
    for found in model.words.iter() {
        if let Some(Value::Migrate(to, _)) = &found.value
            && !seen.insert(to.number)
        {
            let message = format!("duplicate step to version {}", to.number);
            ctxt.error_help(&to.at, message, "make them one function, or correct the version");
        }
    }
}

/// What was removed is a name, and no field has it.
fn removed(ctxt: &Ctxt, model: &Model<'_>) {
    let mut seen = BTreeSet::new();
    for found in model.words.iter() {
        let Some(Value::Removed(since, names)) = &found.value else { continue };
        for name in names {
            let text = name.value();
            if let Some((message, help)) =
                text.split('.').find_map(|segment| super::segment(segment).err())
            {
                ctxt.error_help(name, message, help);
            } else if !seen.insert(text.clone()) {
                ctxt.error_help(
                    name,
                    format_args!("`{text}` is removed twice"),
                    "keep one of the two",
                );
            } else if let Some(field) = model.fields.iter().find(|field| {
                field.has_key()
                    && field.key == text
                    && field.since().is_none_or(|n| n < since.number)
            }) {
                let message = format!("`{text}` is not removed: field `{}` has it", field.name());
                let help = format!(
                    "remove the attribute; or, if the field came anew, mark it `#[since({})]`",
                    since.number
                );
                ctxt.error_help(name, message, help);
            }
        }
    }
}

/// A version to which no step leads, in a history that has steps of code.
fn gap(ctxt: &Ctxt, model: &Model<'_>, steps: &[Step<'_>]) {
    let (Some(version), Some((_, at))) = (model.version(), model.words.number(Word::Version))
    else {
        return;
    };
    let Some(first) = steps.iter().map(|step| step.number).min() else { return };
    if !model.words.has(Word::Migrate) {
        return;
    }
    let known: BTreeSet<u32> = steps.iter().map(|step| step.number).collect();
    if let Some(gap) = (first..=version).find(|number| !known.contains(number)) {
        let message = format!("no step leads from version {} to version {gap}", gap - 1);
        let help = format!(
            "say what changed by `since`, `renamed`, `removed` or `#[migrate(to = {gap}, with = Self::to_v{gap})]`, \
             or correct the versions"
        );
        ctxt.error_help(at, message, help);
    }
}
