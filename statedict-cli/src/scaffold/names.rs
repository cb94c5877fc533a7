//! What the structs and their fields are called.

use std::collections::HashSet;

use super::name;
use super::structure::{Struct, Structure, Type, What};
use super::tree::Tree;

/// The names of all structs and their fields.
pub(super) struct Names {
    pub(super) structs: Vec<String>,
    pub(super) fields: Vec<Vec<String>>,
    /// The structs in the order in which they are printed.
    pub(super) order: Vec<usize>,
}

impl Names {
    pub(super) fn of(tree: &Tree, structure: &Structure, root: &str) -> Names {
        let mut taken = HashSet::from([root.to_owned()]);
        let mut structs = vec![String::new(); structure.structs.len()];
        let order = outer_first(structure);
        // PyTorch's layers have their own names, whatever comes before them.
        let (layers, others): (Vec<usize>, Vec<usize>) =
            order.iter().partition(|&&number| structure.structs[number].kind.is_some());
        for &number in layers.iter().chain(&others) {
            let found = &structure.structs[number];
            structs[number] = match found.kind {
                _ if number == structure.root() => root.to_owned(),
                Some(kind) => name::unique(kind.name(), &mut taken),
                None => name::type_name(&suggestion(tree, found), &mut taken),
            };
        }
        let fields = structure.structs.iter().map(|found| {
            let mut taken = HashSet::new();
            let mut fields = Vec::new();
            for field in &found.fields {
                let numbered = match &field.what {
                    What::Child(Type::Struct(inner)) => words(&structs[*inner]),
                    What::Child(_) => "blocks".to_owned(),
                    _ => "tensor".to_owned(),
                };
                fields.push(name::field(&field.key, &numbered, &mut taken));
            }
            fields
        });
        Names { fields: fields.collect(), structs, order: [others, layers].concat() }
    }
}

/// What a struct's values are called where they are: `layers.0` is a `layer`.
fn suggestion(tree: &Tree, found: &Struct) -> String {
    let path = found.modules.first().map_or("", |&module| tree.modules[module].path.as_str());
    let mut segments = path.rsplit('.');
    let last = segments.next().unwrap_or_default();
    if !last.bytes().all(|byte| byte.is_ascii_digit()) {
        let stem = last.trim_end_matches(|char: char| char.is_ascii_digit() || char == '_');
        let several = found.modules.len() > 1 && !stem.is_empty();
        return if several { stem.to_owned() } else { last.to_owned() };
    }
    let list = segments.find(|segment| !segment.bytes().all(|byte| byte.is_ascii_digit()));
    name::singular(list.unwrap_or_default())
}

/// `BatchNorm` as a field's name.
fn words(name: &str) -> String {
    name::field(name, "layer", &mut HashSet::new())
}

/// The structs, each before those that it contains, in the order of their fields.
fn outer_first(structure: &Structure) -> Vec<usize> {
    let mut seen = vec![false; structure.structs.len()];
    let mut order = Vec::new();
    let mut todo = vec![structure.root()];
    while let Some(number) = todo.pop() {
        if std::mem::replace(&mut seen[number], true) {
            continue;
        }
        order.push(number);
        let fields = structure.structs[number].fields.iter().rev();
        todo.extend(fields.filter_map(|field| match &field.what {
            What::Child(found) => found.of_struct(),
            _ => None,
        }));
    }
    order
}
