//! `statedict scaffold`: Rust structs out of a checkpoint.
//!
//! Keys become a tree of modules, ties become aliases, modules become types, types get constructors,
//! and all of that is printed. What is printed compiles, and loads the file strictly.

mod differences;
mod expression;
mod json;
mod layer;
mod name;
mod print;
mod shape;
mod structure;
mod target;
mod tie;
mod tree;

use std::fmt::Write as _;
use std::path::PathBuf;

use statedict::StateMap;
use statedict::codec::{self, Document, ReadOptions};
use statedict::value::{Kind, Value};

use self::name::{escape, literal};
use self::print::{Names, Program};
use self::shape::Shapes;
use self::structure::Structure;
pub(crate) use self::target::Target;
use self::tree::Tree;
use crate::Failure;

/// What was asked for.
pub(crate) struct Request {
    pub(crate) file: PathBuf,
    pub(crate) target: Target,
    /// The name of the outermost struct.
    pub(crate) name: String,
    /// Where the state dict is in the file.
    pub(crate) at: Vec<String>,
    pub(crate) json: bool,
}

pub(crate) fn run(request: &Request) -> Result<String, Failure> {
    if !name::is_type_name(&request.name) {
        return Err(format!("{:?} cannot be the name of the struct", request.name).into());
    }
    let file = request.file.display();
    let about = |error: &dyn std::fmt::Display| format!("{file}: {error}");
    let document = codec::open(&request.file, &ReadOptions::default().opaque(true))
        .map_err(|error| about(&error))?;
    let at = match request.at.is_empty() {
        true => only_state_dict(&document),
        false => request.at.clone(),
    };
    let path: Vec<&str> = at.iter().map(String::as_str).collect();
    let map = document.state_map_at(&path).map_err(|error| {
        let nested = error.to_string().contains("state_map_at");
        let advice = if nested { ": choose one with --key" } else { "" };
        format!("{}{advice}", about(&error))
    })?;

    let mut tree = Tree::of(&map).map_err(|error| about(&error))?;
    let unsaid = tie::tie(&mut tree, &map);
    let structure = Structure::of(&tree, request.target);
    let shapes = Shapes::of(&tree, &structure, request.target);
    let names = Names::of(&tree, &structure, &request.name);
    let differences = differences::of(&tree, &map, &unsaid);
    let program = Program {
        tree: &tree,
        structure: &structure,
        shapes: &shapes,
        target: request.target,
        names,
    };
    if request.json {
        let mut text = json::of(&program, &at, &differences).to_string();
        text.push('\n');
        return Ok(text);
    }
    Ok(format!("{}\n{}", head(request, &at, &map, &differences), program.print()))
}

/// Where the state dict is, if the root is none and there is one only: the place is then said in the
/// comment that the program begins with.
fn only_state_dict(document: &Document) -> Vec<String> {
    let is_tensor = |value: Value<'_>| matches!(value.kind(), Kind::Tensor(_) | Kind::Refused(_));
    let Some(root) = document.root().as_dict() else { return Vec::new() };
    if root.iter().next().is_none_or(|(_, value)| is_tensor(value)) {
        return Vec::new();
    }
    let mut places = root.iter().filter_map(|(key, value)| {
        let (_, first) = value.as_dict()?.iter().next()?;
        is_tensor(first).then(|| key.as_str()).flatten()
    });
    match (places.next(), places.next()) {
        (Some(only), None) => vec![only.to_owned()],
        _ => Vec::new(),
    }
}

/// The comment before the program.
fn head(request: &Request, at: &[String], map: &StateMap<'_>, differences: &[String]) -> String {
    let mut text = String::new();
    let file = request.file.file_name().unwrap_or_default().to_string_lossy();
    let place: String = at.iter().map(|key| format!("[{}]", literal(key))).collect();
    let tensors = map.len();
    let _ = writeln!(text, "// The {tensors} tensors of {}{place} as structs.", escape(&file));
    let name = &request.name;
    let device = if request.target.has_device() { "&device" } else { "" };
    let fallible = if request.target.is_fallible() { "?" } else { "" };
    let _ = writeln!(text, "//\n//     let mut model = {name}::new({device}){fallible};");
    if at.is_empty() {
        let _ = writeln!(text, "//     model.load({})?;", literal(&file));
    } else {
        let file = literal(&file);
        let keys: Vec<String> = at.iter().map(|key| literal(key)).collect();
        let _ = writeln!(
            text,
            "//     let file = statedict::codec::open({file}, &Default::default())?;\n\
             //     model.load_state_dict(&file.state_map_at(&[{}])?)?;",
            keys.join(", ")
        );
    }
    let features = match request.target {
        Target::Plain => None,
        Target::Ndarray => Some("the feature `ndarray` of statedict, and the crate ndarray"),
        Target::Candle => Some("the feature `candle` of statedict, and the crate candle-core"),
        Target::Burn => Some("the feature `burn` of statedict, and the crate burn"),
    };
    if let Some(features) = features {
        let _ = writeln!(text, "//\n// It needs {features}.");
    }
    let _ = writeln!(
        text,
        "//\n// A file does not say what is a parameter and what a buffer, nor of which class a layer is: \
         check\n// both, where it matters, with the model's source."
    );
    match differences {
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
