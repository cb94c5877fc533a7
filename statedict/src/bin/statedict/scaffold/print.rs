//! The structs as Rust.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use super::expression::Expressions;
use super::layer;
use super::name::{self, escape, literal};
use super::shape::{Shapes, Sort};
use super::structure::{Struct, Structure, Type, What};
use super::target::Target;
use super::tree::Tree;

/// A line may be so long.
const LINE: usize = 100;

/// What is printed, but for what stands before it.
pub(super) struct Program<'p> {
    pub(super) tree: &'p Tree,
    pub(super) structure: &'p Structure,
    pub(super) shapes: &'p Shapes,
    pub(super) target: Target,
    pub(super) names: Names,
}

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

impl Program<'_> {
    pub(super) fn print(&self) -> String {
        let mut text = String::new();
        for import in self.imports() {
            let _ = writeln!(text, "use {import};");
        }
        for &number in &self.names.order {
            text.push('\n');
            self.definition(number, &mut text);
            if number == self.structure.root() || !self.structure.structs[number].is_unit() {
                text.push('\n');
                self.constructor(number, &mut text);
            }
            if self.structure.structs[number].extra_state {
                text.push('\n');
                self.extra_state(number, &mut text);
            }
        }
        text
    }

    /// What of `std`, of statedict and of the library is named.
    fn imports(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::from(["StateDict".to_owned()]);
        let mut imports = BTreeSet::new();
        let structs = self.names.order.iter().map(|&number| &self.structure.structs[number]);
        for found in structs {
            if found.extra_state {
                used.extend(["ExtraState", "ExtraStateError"].map(str::to_owned));
                imports.insert("statedict::value::{SharedValue, Tree, Value}".to_owned());
            }
            for field in &found.fields {
                let leaf = match &field.what {
                    What::Leaf { leaf, .. } => leaf,
                    What::Same(_) | What::Path(..) => {
                        used.insert("Alias".to_owned());
                        continue;
                    }
                    What::Child(found) => {
                        let mut inner = found;
                        loop {
                            match inner {
                                Type::Map(next) => {
                                    imports.insert("std::collections::BTreeMap".to_owned());
                                    inner = next;
                                }
                                Type::List(next) => inner = next,
                                _ => break,
                            }
                        }
                        let Type::Parameters(leaf) = inner else { continue };
                        used.insert("ParameterList".to_owned());
                        leaf
                    }
                };
                match leaf.rust.split('<').next().unwrap_or_default() {
                    "CpuTensor" => used.extend(["CpuTensor", "DType"].map(str::to_owned)),
                    class if class.starts_with("Array") => {
                        imports.insert(format!("ndarray::{class}"));
                    }
                    "Param" => {
                        imports.insert("burn::module::Param".to_owned());
                    }
                    _ => {}
                }
                if leaf.rust.contains(", Int") {
                    imports.insert("burn::tensor::Int".to_owned());
                }
            }
        }
        match self.target {
            Target::Candle => {
                imports.insert("candle_core::{Device, Result, Tensor}".to_owned());
            }
            Target::Burn => {
                imports.insert("burn::tensor::{DType as BurnDType, Device, Tensor}".to_owned());
            }
            Target::Plain | Target::Ndarray => {}
        }
        let used: Vec<String> = used.into_iter().collect();
        imports.insert(match used.as_slice() {
            [one] => format!("statedict::{one}"),
            several => format!("statedict::{{{}}}", several.join(", ")),
        });
        imports
    }

    fn definition(&self, number: usize, text: &mut String) {
        let found = &self.structure.structs[number];
        let _ = writeln!(text, "/// {}.", self.doc(number));
        for guess in self.guesses(number) {
            let _ = writeln!(text, "///\n/// A guess: {guess}.");
        }
        text.push_str("#[derive(StateDict)]\n");
        if found.version != 1 {
            let _ = writeln!(text, "#[version({})]", found.version);
        }
        if found.extra_state {
            text.push_str("#[state_dict(extra_state)]\n");
        }
        for (name, target) in &found.aliases {
            let _ = writeln!(text, "#[alias({} = {})]", literal(name), literal(target));
        }
        let name = &self.names.structs[number];
        if found.is_unit() {
            let _ = writeln!(text, "pub struct {name};");
            return;
        }
        let _ = writeln!(text, "pub struct {name} {{");
        for (index, field) in found.fields.iter().enumerate() {
            let ident = &self.names.fields[number][index];
            for line in self.field_doc(number, index) {
                let _ = writeln!(text, "    /// {line}");
            }
            match &field.what {
                What::Leaf { buffer: false, .. } => text.push_str("    #[param]\n"),
                What::Leaf { buffer: true, .. } => text.push_str("    #[buffer]\n"),
                What::Child(_) => {}
                What::Same(target) => {
                    let place = found.fields.iter().position(|other| other.key == *target);
                    let target = place.map_or(target, |place| &self.names.fields[number][place]);
                    let _ = writeln!(text, "    #[alias({target})]");
                }
                What::Path(path, _) => {
                    let _ = writeln!(text, "    #[alias({})]", literal(path));
                }
            }
            if matches!(field.what, What::Same(_) | What::Path(..)) {
                // It has no content that anybody could read.
                text.push_str("    #[allow(dead_code)]\n");
            }
            if *ident != field.key {
                let _ = writeln!(text, "    #[rename({})]", literal(&field.key));
            }
            let _ = writeln!(text, "    pub {ident}: {},", self.field_type(number, index));
        }
        if found.extra_state {
            let ident = self.extra_ident(number);
            text.push_str("    /// What is saved besides tensors, as it is in the file.\n");
            let _ = writeln!(text, "    #[skip]\n    pub {ident}: Option<SharedValue>,");
        }
        text.push_str("}\n");
    }

    /// What a struct is, in a line.
    fn doc(&self, number: usize) -> String {
        let found = &self.structure.structs[number];
        let place = |module: &usize| {
            let path = self.tree.modules[*module].path.as_str();
            if path.is_empty() { "the root".to_owned() } else { format!("`{}`", escape(path)) }
        };
        let first = found.modules.first().map_or_else(String::new, place);
        let where_ = match found.modules.len() {
            0 | 1 => first,
            2 => format!("{first} and one more"),
            several => format!("{first} and {} more", several - 1),
        };
        match found.kind {
            Some(kind) => format!("{}: {where_}", kind.doc()),
            None if number == self.structure.root() => "The model".to_owned(),
            None => format!("The module at {where_}"),
        }
    }

    /// Which values of a layer's struct could be of another class, and which.
    fn guesses(&self, number: usize) -> Vec<String> {
        let found = &self.structure.structs[number];
        let mut guesses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for &module in found.modules.iter().filter(|_| found.kind.is_some()) {
            let module = &self.tree.modules[module];
            let name = module.path.rsplit('.').next().unwrap_or_default();
            if let Some(other) =
                layer::recognise(self.tree, module, name).and_then(|found| found.guess)
            {
                guesses.entry(other).or_default().push(&module.path);
            }
        }
        let all = found.modules.len();
        guesses
            .into_iter()
            .map(|(other, paths)| match paths.as_slice() {
                [one] if all > 1 => format!("`{}` could be {other}", escape(one)),
                [one, rest @ ..] if rest.len() + 1 < all => {
                    format!("`{}` and {} more could be {other}", escape(one), rest.len())
                }
                _ => format!("it could be {other}"),
            })
            .collect()
    }

    fn field_doc(&self, number: usize, index: usize) -> Vec<String> {
        let found = &self.structure.structs[number];
        let field = &found.fields[index];
        match &field.what {
            What::Leaf { leaf, .. } => {
                let cells = &self.shapes.constructors[number].cells[index];
                vec![self.expressions().shape(leaf, field.optional, cells)]
            }
            What::Child(_) | What::Same(_) | What::Path(..) => Vec::new(),
        }
    }

    pub(super) fn field_type(&self, number: usize, index: usize) -> String {
        let found = &self.structure.structs[number];
        let field = &found.fields[index];
        let plain = match &field.what {
            What::Leaf { leaf, .. } => leaf.rust.clone(),
            What::Child(found) => self.expressions().rust_type(found),
            What::Same(target) => {
                let place = found.fields.iter().position(|other| other.key == *target);
                // A name that is itself an alias is never one's target.
                let inner = place.filter(|&place| place != index);
                let inner = inner.map_or_else(String::new, |place| self.field_type(number, place));
                format!("Alias<{inner}>")
            }
            What::Path(_, Some(found)) => format!("Alias<{}>", self.expressions().rust_type(found)),
            What::Path(_, None) => "Alias<()>".to_owned(),
        };
        if field.optional { format!("Option<{plain}>") } else { plain }
    }

    fn expressions(&self) -> Expressions<'_> {
        Expressions {
            names: &self.names.structs,
            structs: &self.structure.structs,
            constructors: &self.shapes.constructors,
            target: self.target,
        }
    }

    fn extra_ident(&self, number: usize) -> String {
        let mut taken: HashSet<String> = self.names.fields[number].iter().cloned().collect();
        name::unique("extra_state".to_owned(), &mut taken)
    }

    fn constructor(&self, number: usize, text: &mut String) {
        let found = &self.structure.structs[number];
        let constructor = &self.shapes.constructors[number];
        let name = &self.names.structs[number];
        let mut parameters: Vec<String> = constructor
            .parameters
            .iter()
            .map(|parameter| {
                let what = match &parameter.what {
                    Sort::Size => "usize".to_owned(),
                    Sort::Flag => "bool".to_owned(),
                    Sort::DType(leaf) if leaf.rust == "Tensor" => "candle_core::DType".to_owned(),
                    Sort::DType(_) => "DType".to_owned(),
                    Sort::Value(found) => self.expressions().rust_type(found),
                };
                format!("{}: {what}", parameter.name)
            })
            .collect();
        let mut result = "Self";
        if self.target.has_device() {
            parameters.push("device: &Device".to_owned());
        }
        if self.target.is_fallible() {
            result = "Result<Self>";
        }
        let _ = writeln!(text, "impl {name} {{\n    /// Zeros, in the file's shapes.");
        if parameters.len() > 7 {
            text.push_str("    #[allow(clippy::too_many_arguments)]\n");
        }
        let signature = format!("    pub fn new({}) -> {result} {{", parameters.join(", "));
        if signature.chars().count() <= LINE {
            let _ = writeln!(text, "{signature}");
        } else {
            text.push_str("    pub fn new(\n");
            for parameter in &parameters {
                let _ = writeln!(text, "        {parameter},");
            }
            let _ = writeln!(text, "    ) -> {result} {{");
        }
        let (before, after) = if self.target.is_fallible() { ("Ok(", ")") } else { ("", "") };
        if found.is_unit() {
            let _ = writeln!(text, "        {before}{name}{after}");
            text.push_str("    }\n}\n");
            return;
        }
        let _ = writeln!(text, "        {before}{name} {{");
        for (index, field) in found.fields.iter().enumerate() {
            let cells = &constructor.cells[index];
            let value = match &field.what {
                What::Leaf { leaf, .. } => self.expressions().leaf(leaf, field.optional, cells),
                What::Child(found) => self.expressions().child(found, field.optional, cells),
                What::Same(_) | What::Path(..) => "Alias::new()".to_owned(),
            };
            let ident = &self.names.fields[number][index];
            let _ = match value == *ident {
                true => writeln!(text, "            {ident},"),
                false => writeln!(text, "            {ident}: {value},"),
            };
        }
        if found.extra_state {
            let ident = self.extra_ident(number);
            let _ = writeln!(text, "            {ident}: None,");
        }
        let _ = writeln!(text, "        }}{after}");
        text.push_str("    }\n}\n");
        if parameters.is_empty() && !self.target.is_fallible() {
            let _ = writeln!(
                text,
                "\nimpl Default for {name} {{\n    fn default() -> Self {{\n        \
                 {name}::new()\n    }}\n}}"
            );
        }
    }

    fn extra_state(&self, number: usize, text: &mut String) {
        let (name, ident) = (&self.names.structs[number], self.extra_ident(number));
        let _ = write!(
            text,
            "impl ExtraState for {name} {{\n    fn get_extra_state(&self) -> Tree<'_> {{\n        \
             let mut tree = Tree::of(());\n        if let Some(found) = &self.{ident} {{\n            \
             let root = tree.copy_of(found.value());\n            tree.set_root(root);\n        }}\n        \
             tree\n    }}\n\n    fn set_extra_state(&mut self, value: Value<'_>) -> \
             std::result::Result<(), ExtraStateError> {{\n        let mut tree = Tree::of(());\n        \
             let root = tree.copy_of(value);\n        tree.set_root(root);\n        \
             self.{ident} = Some(SharedValue::of(&tree)?);\n        Ok(())\n    }}\n}}\n"
        );
    }
}
