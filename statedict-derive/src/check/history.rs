//! The rules of a module's history: each step belongs to a version that the module has had.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::Ident;
use syn::{LitInt, LitStr};

use crate::attr::{Migrate, Removed, Renamed, Version};
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
        if let (Some(since), Some(word)) = (&field.attrs.since, field.attrs.words.get(Word::Since))
        {
            steps.push(step(word, "since", since));
        }
        let renamed = field.attrs.renamed.iter();
        steps.extend(renamed.map(|renamed| step(&renamed.word, "since", &renamed.since)));
        old_names(ctxt, model, field);
    }
    let removed_ones = model.attrs.removed.iter();
    steps.extend(removed_ones.map(|removed| step(&removed.word, "since", &removed.since)));
    let migrations = model.attrs.migrate.iter();
    steps.extend(migrations.map(|migrate| step(&migrate.word, "to", &migrate.to)));
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
    match (model.attrs.words.get(Word::Version), model.version()) {
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

/// A run of versions in which a field had one name.
struct Period<'m> {
    name: String,
    /// The first version with the name, and the first without it.
    versions: Range<u32>,
    /// The `from` of the rename that ended it; `None` for the name of today.
    at: Option<&'m LitStr>,
}

/// The names of a field, in the order of versions.
fn periods<'m>(field: &'m Field<'_>) -> Vec<Period<'m>> {
    let mut start = field.since().unwrap_or(1);
    let mut periods = Vec::new();
    for Renamed { since, from, .. } in field.old_names() {
        let versions = start..since.number;
        start = start.max(since.number);
        periods.push(Period { name: from.value(), versions, at: Some(from) });
    }
    periods.push(Period { name: field.key.clone(), versions: start..u32::MAX, at: None });
    periods
}

/// The old names of a field: each is a name, no two came to an end with the same version, none is the
/// name that follows it, and the field existed when it had it.
fn old_names(ctxt: &Ctxt, model: &Model<'_>, field: &Field<'_>) {
    let names = field.old_names();
    for (nth, Renamed { since, from, .. }) in names.iter().copied().enumerate() {
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
        if names[..nth].iter().any(|earlier| earlier.since.number == since.number) {
            let message =
                format!("field `{}` is renamed twice in version {}", field.name(), since.number);
            ctxt.error_help(&since.at, message, "keep one of the two");
        }
        let next = names.get(nth + 1).map_or_else(|| field.key.clone(), |next| next.from.value());
        if from.value() == next {
            let message =
                format!("`{next}` is no old name: version {} calls it so too", since.number);
            ctxt.error_help(from, message, "write the name that older files have");
        } else if let Some(came) = field.since().filter(|&came| came >= since.number)
            // A version beyond the struct's is reported as that.
            && model.version().is_some_and(|version| came <= version)
        {
            let message = format!(
                "field `{}` came with version {came}: no older file calls it `{}`",
                field.name(),
                from.value()
            );
            let help = format!(
                "remove `since` if files before version {came} have it, else this `renamed`"
            );
            ctxt.error_help(from, message, help);
        }
    }
    taken(ctxt, model, field);
}

/// The old names of a field that another field had at the same time. Of two old names the later field's is
/// reported.
fn taken(ctxt: &Ctxt, model: &Model<'_>, field: &Field<'_>) {
    let others = || model.fields.iter().filter(|other| other.variant == field.variant);
    let mine = periods(field);
    for period in mine.iter().filter(|period| !period.versions.is_empty()) {
        let Some(from) = period.at else { continue };
        let mut is_before = true;
        for other in others() {
            if std::ptr::eq(other, field) {
                is_before = false;
                continue;
            }
            // Two fields of one key are reported as that.
            if !other.has_key() || other.key == field.key {
                continue;
            }
            let overlaps = |theirs: &&Period<'_>| {
                theirs.name == period.name
                    && theirs.versions.start.max(period.versions.start)
                        < theirs.versions.end.min(period.versions.end)
            };
            let theirs = periods(other);
            let Some(theirs) = theirs.iter().find(overlaps) else { continue };
            let (before, name) = (period.versions.end, &period.name);
            match theirs.at {
                None => {
                    let message =
                        format!("before version {before}, `{name}` was field `{}`", other.name());
                    let help = format!(
                        "if `{}` came with version {before}, mark it `#[since({before})]`",
                        other.name()
                    );
                    ctxt.error_help(from, message, help);
                }
                Some(_) if is_before => {
                    let (mine, other) = (field.name(), other.name());
                    let message =
                        format!("fields `{other}` and `{mine}` were both called `{name}`");
                    let help = format!(
                        "if one tensor became two, cut it with `Migration::split` in \
                         `#[migrate(to = {before}, with = Self::to_v{before})]`; if the two are one, mark `{mine}` \
                         `#[alias({other})]`"
                    );
                    ctxt.error_help(from, message, help);
                }
                Some(_) => {}
            }
            break;
        }
    }
}

/// Two steps of code to one version.
fn twice(ctxt: &Ctxt, model: &Model<'_>) {
    let mut seen = BTreeSet::new();
    for Migrate { to, .. } in &model.attrs.migrate {
        if !seen.insert(to.number) {
            let message = format!("duplicate step to version {}", to.number);
            ctxt.error_help(&to.at, message, "make them one function, or correct the version");
        }
    }
}

/// What was removed is a name, and no field had it in the version before. A name that came again can be removed
/// again.
fn removed(ctxt: &Ctxt, model: &Model<'_>) {
    let mut seen = BTreeSet::new();
    for Removed { since, names, .. } in &model.attrs.removed {
        for name in names {
            let text = name.value();
            if let Some((message, help)) =
                text.split('.').find_map(|segment| super::segment(segment).err())
            {
                ctxt.error_help(name, message, help);
            } else if !seen.insert((text.clone(), since.number)) {
                let message = format!("`{text}` is removed twice");
                ctxt.error_help(name, message, "keep one of the two");
            } else if let Some((field, until)) = owner(model, &text, since.number) {
                let (field, number) = (field.name(), since.number);
                let message = match until {
                    None => format!("`{text}` is not removed: field `{field}` has it"),
                    Some(until) => format!(
                        "`{text}` is not removed: before version {until}, field `{field}` was called so"
                    ),
                };
                let help = format!(
                    "remove the attribute; or, if the field came anew, mark it `#[since({number})]`"
                );
                ctxt.error_help(name, message, help);
            }
        }
    }
}

/// Returns the field that had a name in the version before `since`, and the version that called it otherwise.
fn owner<'m, 'i>(
    model: &'m Model<'i>,
    name: &str,
    since: u32,
) -> Option<(&'m Field<'i>, Option<u32>)> {
    model.fields.iter().filter(|field| field.has_key()).find_map(|field| {
        let had = periods(field).into_iter().find(|period| {
            period.name == name && since > 0 && period.versions.contains(&(since - 1))
        })?;
        Some((field, had.at.map(|_| had.versions.end)))
    })
}

/// A version to which no step leads, in a history that has steps of code.
fn gap(ctxt: &Ctxt, model: &Model<'_>, steps: &[Step<'_>]) {
    let Some(Version { number: version, at }) = &model.attrs.version else { return };
    let Some(first) = steps.iter().map(|step| step.number).min() else { return };
    if !model.attrs.words.has(Word::Migrate) {
        return;
    }
    let known: BTreeSet<u32> = steps.iter().map(|step| step.number).collect();
    if let Some(gap) = (first..=*version).find(|number| !known.contains(number)) {
        let message = format!("no step leads from version {} to version {gap}", gap - 1);
        let help = format!(
            "say what changed by `since`, `renamed`, `removed` or `#[migrate(to = {gap}, with = Self::to_v{gap})]`, \
             or correct the versions"
        );
        ctxt.error_help(at, message, help);
    }
}
