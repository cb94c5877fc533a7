//! The structs as Rust.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use super::expression::Expressions;
use super::layer;
use super::name::{self, escape, literal};
use super::names::Names;
use super::shape::Shapes;
use super::structure::{Structure, Type, What};
use super::target::Target;
use super::tree::Tree;

/// A line may be so long.
pub(super) const LINE: usize = 100;

/// What is printed, but for what stands before it.
pub(super) struct Program<'p> {
    pub(super) tree: &'p Tree,
    pub(super) structure: &'p Structure,
    pub(super) shapes: &'p Shapes,
    pub(super) target: Target,
    pub(super) names: Names,
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
        // Whether there are tensors of the library at all.
        let mut library = false;
        let structs = self.names.order.iter().map(|&number| &self.structure.structs[number]);
        for found in structs {
            if found.extra_state {
                used.extend(["ExtraState", "ExtraStateError"].map(str::to_owned));
                imports.insert("statedict::value::{Graph, SharedValue, Value}".to_owned());
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
                library |= leaf.rust.contains("Tensor") && leaf.rust != "CpuTensor";
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
            Target::Candle if library => {
                imports.insert("candle_core::{Device, Result, Tensor}".to_owned());
            }
            Target::Candle => {
                imports.insert("candle_core::{Device, Result}".to_owned());
            }
            Target::Burn if library => {
                imports.insert("burn::tensor::{DType as BurnDType, Device, Tensor}".to_owned());
            }
            Target::Burn => {
                imports.insert("burn::tensor::Device".to_owned());
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

    pub(super) fn expressions(&self) -> Expressions<'_> {
        Expressions {
            names: &self.names.structs,
            structs: &self.structure.structs,
            constructors: &self.shapes.constructors,
            target: self.target,
        }
    }

    pub(super) fn extra_ident(&self, number: usize) -> String {
        let mut taken: HashSet<String> = self.names.fields[number].iter().cloned().collect();
        name::unique("extra_state".to_owned(), &mut taken)
    }
}
