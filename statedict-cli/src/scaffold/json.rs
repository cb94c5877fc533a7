//! `statedict scaffold --json`: the structure that was recognised, for other programs.

use serde_json::{Value as Json, json};

use super::layer;
use super::print::Program;
use super::structure::What;
use crate::envelope::Envelope;
use crate::failure::Failure;

pub(super) fn write(
    mut object: Envelope<'_>,
    program: &Program<'_>,
    (at, whole_model, differences): (&[String], bool, &[String]),
) -> Result<(), Failure> {
    object.field("for", &program.target.name())?;
    object.field("key", &at)?;
    object.field("whole_model", &whole_model)?;
    object.field("identical", &differences.is_empty())?;
    object.field("differences", &differences)?;
    let mut structs = object.list("structs")?;
    for &number in &program.names.order {
        structs.add(&one(program, number))?;
    }
    structs.end()?;
    object.end()
}

fn one(program: &Program<'_>, number: usize) -> Json {
    let found = &program.structure.structs[number];
    let modules: Vec<&str> =
        found.modules.iter().map(|&module| program.tree.modules[module].path.as_str()).collect();
    let guess = found.modules.iter().find_map(|&module| {
        let module = &program.tree.modules[module];
        let name = module.path.rsplit('.').next().unwrap_or_default();
        found.kind.and_then(|_| layer::recognise(program.tree, module, name)?.guess)
    });
    let fields: Vec<Json> = found
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let (role, target) = match &field.what {
                What::Leaf { buffer: false, .. } => ("parameter", None),
                What::Leaf { buffer: true, .. } => ("buffer", None),
                What::Child(_) => ("module", None),
                What::Same(target) | What::Path(target, _) => ("alias", Some(target)),
            };
            json!({
                "key": field.key,
                "field": program.names.fields[number][index],
                "role": role,
                "type": program.field_type(number, index),
                "optional": field.optional,
                "target": target,
            })
        })
        .collect();
    json!({
        "name": program.names.structs[number],
        "layer": found.kind.map(|kind| kind.name()),
        "guess": guess,
        "version": found.version,
        "extra_state": found.extra_state,
        "modules": modules,
        "fields": fields,
        "aliases": found.aliases,
    })
}
