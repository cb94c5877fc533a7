//! `statedict scaffold`: Rust structs out of a checkpoint.
//!
//! Keys become a tree of modules, ties become aliases, modules become types, types get constructors,
//! and all of that is printed. What is printed compiles, and loads the file strictly.

mod construct;
mod differences;
mod expression;
mod json;
mod layer;
mod name;
mod names;
mod print;
mod shape;
mod structure;
mod target;
mod tie;
mod tree;

use std::fmt::Write as _;

use statedict::StateMap;
use statedict::codec::Document;

use self::name::{escape, literal};
use self::names::Names;
use self::print::Program;
use self::shape::Shapes;
use self::structure::Structure;
pub(crate) use self::target::Target;
use self::tree::Tree;
use crate::envelope::Envelope;
use crate::failure::{Failure, chain};
use crate::opened::Opened;
use crate::terminal::Screen;

/// So many places are named where one must be chosen.
const MOST_PLACES: usize = 8;

/// What was asked for.
pub(crate) struct Request<'r> {
    pub(crate) opened: &'r Opened,
    pub(crate) target: Target,
    /// The name of the outermost struct.
    pub(crate) name: &'r str,
    /// Where the state dict is in the file.
    pub(crate) at: &'r [String],
}

/// The structs as Rust.
pub(crate) fn program(request: &Request<'_>) -> Result<String, Failure> {
    scaffold(request, |program, found| Ok(format!("{}\n{}", head(request, found), program.print())))
}

/// The structs as one JSON object.
pub(crate) fn describe(request: &Request<'_>, screen: &mut Screen) -> Result<(), Failure> {
    scaffold(request, |program, found| {
        let object = Envelope::start(screen, "scaffold")?;
        json::write(object, program, (&found.at, found.whole_model, &found.differences))
    })
}

/// What is found besides the structs.
struct Findings<'f> {
    map: &'f StateMap<'static>,
    at: Vec<String>,
    /// Whether what is there is a pickled module, of which only the state dict is read.
    whole_model: bool,
    /// Whether the file says which tensors are buffers.
    tells_buffers: bool,
    differences: Vec<String>,
}

fn scaffold<T>(
    request: &Request<'_>,
    then: impl FnOnce(&Program<'_>, &Findings<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Request { opened, target, name, .. } = *request;
    if !name::is_type_name(name) {
        return Err(format!("{name:?} cannot be the name of the struct").into());
    }
    let input = &opened.input;
    let (map, at, whole_model) = state_dict(request)?;
    let is_parameter =
        |key: &str| opened.document.is_parameter(&[&at, &[key.to_owned()][..]].concat().join("."));
    let tells_buffers = map.keys().any(|key| is_parameter(key).is_some());
    let tree = Tree::of(&map, is_parameter);
    let mut tree = tree.map_err(|error| format!("{input}: {error}"))?;
    let unsaid = tie::tie(&mut tree, &map);
    let structure = Structure::of(&tree, target);
    let names = Names::of(&tree, &structure, name);
    let shapes = Shapes::of(&tree, &structure, (&names.fields, target));
    let differences = differences::of(&tree, &map, &unsaid);
    let program = Program { tree: &tree, structure: &structure, shapes: &shapes, target, names };
    then(&program, &Findings { map: &map, at, whole_model, tells_buffers, differences })
}

/// The state dict that is meant, and where it is.
fn state_dict(request: &Request<'_>) -> Result<(StateMap<'static>, Vec<String>, bool), Failure> {
    let input = &request.opened.input;
    let document = &request.opened.document;
    let places = nested(document);
    let at = match (request.at, places.as_slice()) {
        // The comment that the program begins with says so.
        ([], [only]) => vec![only.clone()],
        ([], [_, _, ..]) => {
            let mut places: Vec<String> = places.iter().map(|place| literal(place)).collect();
            if places.len() > MOST_PLACES {
                places.truncate(MOST_PLACES);
                places.push("others".to_owned());
            }
            let places = places.join(", ");
            return Err(
                format!("{input}: there are state dicts at {places}: --key says which").into()
            );
        }
        (at, _) => at.to_vec(),
    };
    let path: Vec<&str> = at.iter().map(String::as_str).collect();
    match document.state_map_at(&path) {
        Ok(map) => {
            let value = path.iter().try_fold(document.root(), |value, key| value.get(key));
            let whole_model = value.is_some_and(|value| value.as_mapping().is_none());
            Ok((map, at, whole_model))
        }
        Err(error) => Err(format!("{input}: {}", chain(&error)).into()),
    }
}

/// The state dicts in a checkpoint that is none itself.
fn nested(document: &Document) -> Vec<String> {
    let is_state_dict = |path: &[&str]| {
        let found = document.state_map_partial(path);
        found.is_ok_and(|(map, refused)| !map.is_empty() || !refused.is_empty())
    };
    let Some(root) = document.root().as_mapping().filter(|_| !is_state_dict(&[])) else {
        return Vec::new();
    };
    let dicts = root.iter().filter(|(_, value)| value.as_mapping().is_some());
    let keys = dicts.filter_map(|(key, _)| key.as_str());
    keys.filter(|key| is_state_dict(&[key])).map(str::to_owned).collect()
}

/// What loads the file into the model, and what that has to import.
fn loading(request: &Request<'_>, found: &Findings<'_>) -> (String, String) {
    let Findings { map, at, whole_model, .. } = found;
    // What no struct has a field for is passed over.
    let is_strict = differences::left_out(map).next().is_none();
    let (imported, with, options) = match is_strict {
        true => ("", "", ""),
        false => ("LoadOptions, ", "_with", ", &LoadOptions::new().strict(false)"),
    };
    let file = literal(&request.opened.input.short_name());
    if at.is_empty() && !whole_model {
        let imports = if is_strict { "StateDictExt" } else { "{LoadOptions, StateDictExt}" };
        return (imports.to_owned(), format!("model.load{with}({file}{options})?;"));
    }
    let place = match at.as_slice() {
        [] => "()".to_owned(),
        [key] => literal(key),
        keys => format!("[{}]", keys.iter().map(|key| literal(key)).collect::<Vec<_>>().join(", ")),
    };
    let (reading, open) = match whole_model {
        false => ("", format!("open({file})")),
        true => {
            ("ReadOptions, ", format!("open_with({file}, &ReadOptions::new().whole_models(true))"))
        }
    };
    let load = format!(
        "let file = Checkpoint::{open}?;\n//     model.load_state_dict{with}(&file.state_dict({place})?{options})?;"
    );
    (format!("{{Checkpoint, {imported}{reading}StateDictExt}}"), load)
}

/// The comment before the program.
fn head(request: &Request<'_>, found: &Findings<'_>) -> String {
    let Findings { map, at, differences, .. } = found;
    let mut text = String::new();
    let file = request.opened.input.short_name();
    let place: String = at.iter().map(|key| format!("[{}]", literal(key))).collect();
    let tensors = map.len();
    let _ = writeln!(text, "// The {tensors} tensors of {}{place} as structs.", escape(&file));
    let name = request.name;
    let device = if request.target.has_device() { "&device" } else { "" };
    let fallible = if request.target.is_fallible() { "?" } else { "" };
    let (imports, load) = loading(request, found);
    let _ = writeln!(
        text,
        "//\n//     use statedict::{imports};\n//\n\
         //     let mut model = {name}::new({device}){fallible};\n//     {load}",
    );
    let features = match request.target {
        Target::Plain => None,
        Target::Ndarray => Some("the feature `ndarray` of statedict, and the crate ndarray"),
        Target::Candle => Some("the feature `candle` of statedict, and the crate candle-core"),
        Target::Burn => Some("the feature `burn` of statedict, and the crate burn"),
    };
    if let Some(features) = features {
        let _ = writeln!(text, "//\n// It needs {features}.");
    }
    text.push_str(match found.tells_buffers {
        true => {
            "//\n// The file does not say of which class a layer is: check that, where it matters, with the model's \
             source.\n"
        }
        false => {
            "//\n// A file does not say what is a parameter and what a buffer, nor of which class a layer is: \
             check\n// both, where it matters, with the model's source.\n"
        }
    });
    match differences.as_slice() {
        [] => text.push_str("// Saved again, the state dict is the same, byte for byte.\n"),
        _ => {
            text.push_str("// Saved again, the state dict differs from the file:\n");
            for difference in differences {
                let _ = writeln!(text, "// - {difference}");
            }
        }
    }
    text
}
