//! Types and values of fields as Rust.

use super::name::literal;
use super::shape::{Atom, Cell, Constructor, Sort};
use super::structure::{Struct, Type};
use super::target::{LeafType, Target};

/// Writes expressions, with the structs' names.
pub(super) struct Expressions<'e> {
    pub(super) names: &'e [String],
    pub(super) structs: &'e [Struct],
    pub(super) constructors: &'e [Constructor],
    pub(super) target: Target,
}

impl Expressions<'_> {
    pub(super) fn rust_type(&self, found: &Type) -> String {
        match found {
            Type::Struct(number) => self.names.get(*number).cloned().unwrap_or_default(),
            Type::List(inner) => format!("Vec<{}>", self.rust_type(inner)),
            Type::Map(inner) => format!("BTreeMap<String, {}>", self.rust_type(inner)),
            Type::Parameters(leaf) => format!("ParameterList<{}>", leaf.rust),
        }
    }

    /// A leaf's shape and element type, for a comment.
    pub(super) fn shape(&self, leaf: &LeafType, optional: bool, cells: &[Cell]) -> String {
        let cells = cells.get(usize::from(optional)..).unwrap_or_default();
        let (dtype, dims) = match (leaf.dtype, cells.split_first()) {
            (Some(dtype), _) => (dtype.name().to_owned(), cells),
            (None, Some((Cell::Fixed(Atom::DType(dtype, _)), dims))) => {
                (dtype.name().to_owned(), dims)
            }
            (None, Some((cell, dims))) => (self.atom(cell), dims),
            (None, None) => (String::new(), cells),
        };
        let dims: Vec<String> = dims.iter().map(|cell| self.atom(cell)).collect();
        format!("`[{}]`, {dtype}", dims.join(", "))
    }

    pub(super) fn leaf(&self, leaf: &LeafType, optional: bool, cells: &[Cell]) -> String {
        let (flag, cells) = self.flag(optional, cells);
        let (dtype, dims) = match (leaf.dtype, cells.split_first()) {
            (None, Some((dtype, dims))) => (self.atom(dtype), dims),
            _ => (String::new(), cells.as_slice()),
        };
        let dims: Vec<String> = dims.iter().map(|cell| self.atom(cell)).collect();
        self.only_if(flag, self.target.zeros(leaf, &dims, &dtype))
    }

    pub(super) fn child(&self, found: &Type, optional: bool, cells: &[Cell]) -> String {
        let (flag, cells) = self.flag(optional, cells);
        self.only_if(flag, self.value(found, cells))
    }

    fn flag(&self, optional: bool, cells: &'_ [Cell]) -> (Option<String>, Vec<Cell>) {
        match cells.split_first() {
            Some((flag, rest)) if optional => (Some(self.atom(flag)), rest.to_vec()),
            _ => (None, cells.to_vec()),
        }
    }

    fn only_if(&self, flag: Option<String>, value: String) -> String {
        match flag {
            None => value,
            Some(flag) if self.target.is_fallible() => {
                format!("if {flag} {{ Some({value}) }} else {{ None }}")
            }
            Some(flag) if !value.contains('(') => format!("{flag}.then_some({value})"),
            Some(flag) => format!("{flag}.then(|| {value})"),
        }
    }

    fn value(&self, found: &Type, cells: Vec<Cell>) -> String {
        let (inner, list) = match (found, cells.as_slice()) {
            (Type::Struct(number), _) if self.structs.get(*number).is_some_and(Struct::is_unit) => {
                return self.names.get(*number).cloned().unwrap_or_default();
            }
            (Type::Struct(number), cells) => {
                let parameters =
                    self.constructors.get(*number).map_or(&[][..], |found| &found.parameters);
                let mut arguments: Vec<String> = parameters
                    .iter()
                    .zip(cells)
                    .map(|(parameter, cell)| self.argument(&parameter.what, cell))
                    .collect();
                if self.target.has_device() {
                    arguments.push("device".to_owned());
                }
                let name = self.names.get(*number).cloned().unwrap_or_default();
                let after = if self.target.is_fallible() { "?" } else { "" };
                return format!("{name}::new({}){after}", arguments.join(", "));
            }
            (_, [Cell::Parameter(name)]) => return name.clone(),
            (_, [Cell::Fixed(Atom::List(list))]) => (found, list.as_slice()),
            (_, _) => (found, [].as_slice()),
        };
        let fixed = |atoms: &[Atom]| atoms.iter().cloned().map(Cell::Fixed).collect::<Vec<Cell>>();
        match inner {
            Type::Parameters(leaf) => {
                let items = list.iter().map(|atoms| self.leaf(leaf, false, &fixed(atoms)));
                format!("ParameterList(vec![{}])", several(items.collect()))
            }
            Type::Map(inner) => {
                let items = list.iter().map(|atoms| {
                    let (key, atoms) = match atoms.split_first() {
                        Some((Atom::Key(key), rest)) => (key.as_str(), rest),
                        _ => ("", atoms.as_slice()),
                    };
                    format!("({}.to_owned(), {})", literal(key), self.value(inner, fixed(atoms)))
                });
                format!("BTreeMap::from([{}])", several(items.collect()))
            }
            Type::List(inner) => {
                let first = list.first();
                let alike = list.iter().all(|atoms| Some(atoms) == first);
                let items = list.iter().map(|atoms| self.value(inner, fixed(atoms)));
                match first {
                    Some(first) if alike && list.len() > 1 && !self.target.is_fallible() => {
                        let one = self.value(inner, fixed(first));
                        format!("(0..{}).map(|_| {one}).collect()", list.len())
                    }
                    _ => format!("vec![{}]", several(items.collect())),
                }
            }
            Type::Struct(_) => String::new(),
        }
    }

    /// An argument of a constructor; where it does not matter, any.
    fn argument(&self, sort: &Sort, cell: &Cell) -> String {
        match (sort, cell) {
            (Sort::Value(found), cell) => self.value(found, vec![cell.clone()]),
            (Sort::Size, Cell::Fixed(Atom::Any)) => "0".to_owned(),
            (Sort::Flag, Cell::Fixed(Atom::Any)) => "false".to_owned(),
            (Sort::DType(leaf), Cell::Fixed(Atom::Any)) => {
                self.target.dtype(statedict::DType::F32, leaf)
            }
            (_, cell) => self.atom(cell),
        }
    }

    fn atom(&self, cell: &Cell) -> String {
        match cell {
            Cell::Parameter(name) => name.clone(),
            Cell::Fixed(Atom::Size(size)) => size.to_string(),
            Cell::Fixed(Atom::Flag(flag)) => flag.to_string(),
            Cell::Fixed(Atom::DType(dtype, leaf)) => self.target.dtype(*dtype, leaf),
            // Only arguments can be any, and only elements have lists.
            Cell::Fixed(Atom::Any | Atom::Key(_) | Atom::List(_)) => String::new(),
        }
    }
}

/// Items of a list, a line each where they are long together.
fn several(items: Vec<String>) -> String {
    let line = items.join(", ");
    if line.len() <= 60 || items.len() < 2 {
        return line;
    }
    let lines: String = items.iter().map(|item| format!("\n                {item},")).collect();
    format!("{lines}\n            ")
}
