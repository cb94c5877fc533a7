//! What of a file the printed model cannot say, so that saving it writes something else.

use statedict::StateMap;
use statedict::value::SharedValue;

use super::name::escape;
use super::tie::Unsaid;
use super::tree::{Tree, extra_state_of};

/// Returns the values for which no struct has a field.
pub(super) fn left_out<'m>(
    map: &'m StateMap<'_>,
) -> impl Iterator<Item = (&'m str, &'m SharedValue)> {
    map.values().filter(|(key, _)| extra_state_of(key).is_none())
}

pub(super) fn of(tree: &Tree, map: &StateMap<'_>, unsaid: &Unsaid) -> Vec<String> {
    let mut differences = Vec::new();
    let mut say = |what: &str, names: &[&str]| {
        let Some(first) = names.first() else { return };
        let first =
            if first.is_empty() { "the root".to_owned() } else { format!("`{}`", escape(first)) };
        let more = match names.len() {
            1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        differences.push(format!("{what}: {first}{more}"));
    };
    let (keys, modules) = tree.order();
    let mut own = Vec::with_capacity(keys.len());
    let is_extra = |key: &&str| extra_state_of(key).is_some();
    let mut values = map.values().map(|(key, _)| key).filter(is_extra).peekable();
    for (index, key) in map.keys().enumerate() {
        while let Some(value) = values
            .next_if(|value| map.value_position(value).is_some_and(|position| position <= index))
        {
            own.push(value);
        }
        own.push(key);
    }
    own.extend(values);
    let moved: Vec<&str> =
        own.iter().zip(&keys).filter(|(own, key)| *own != key).map(|(own, _)| *own).collect();
    say("in another order of the keys, from", &moved);
    match map.metadata() {
        None => differences.push("it gets versions, and the file has none".to_owned()),
        Some(metadata) => {
            let mut say = |what: &str, names: &[&str]| {
                if let Some(first) = names.first() {
                    differences.push(format!(
                        "{what}: `{}` and as many as {}",
                        escape(first),
                        names.len()
                    ));
                }
            };
            let entries: Vec<&str> = metadata.iter().map(|(path, _)| path).collect();
            let other: Vec<&str> = modules
                .iter()
                .zip(entries.iter().copied().map(Some).chain(std::iter::repeat(None)))
                .filter(|(module, entry)| *entry != Some(module.as_str()))
                .map(|(module, _)| module.as_str())
                .collect();
            say("versions of modules that are not, or elsewhere, in the file's", &other);
            let more: Vec<&str> = metadata
                .iter()
                .filter(|(_, entry)| entry.extra().len() > 0 || entry.version().is_none())
                .map(|(path, _)| path)
                .collect();
            say("modules that note more than a version, or none", &more);
        }
    }
    for (key, value) in left_out(map) {
        let what = value.value().type_name();
        differences
            .push(format!("a value that is no tensor is left out: `{}`, a {what}", escape(key)));
    }
    let views: Vec<&str> = unsaid.views.iter().map(String::as_str).collect();
    let mut say = |what: &str, names: Vec<&str>| {
        if let Some(first) = names.first() {
            differences.push(format!("{what}: `{}` (of {})", escape(first), names.len()));
        }
    };
    say("tensors that show other parts of a shared storage become tensors of their own", views);
    let which = |test: &dyn Fn(&statedict::TensorView<'_>) -> bool| {
        map.iter().filter(|(_, tensor)| test(tensor)).map(|(key, _)| key).collect::<Vec<&str>>()
    };
    say(
        "tensors that are on a device become the CPU's",
        which(&|tensor| tensor.location() != "cpu"),
    );
    say("tensors that ask for gradients do so no longer", which(&|tensor| tensor.requires_grad()));
    say(
        "tensors that are parts of a storage, or not contiguous, become whole",
        which(&|tensor| {
            !tensor.is_contiguous()
                || tensor.storage_offset() != 0
                || tensor.storage().nbytes() != tensor.nbytes()
        }),
    );
    differences
}
