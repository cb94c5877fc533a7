//! Constructors: what the values of a struct have in common is in its body, what differs are parameters.

use std::collections::{HashMap, HashSet};

use statedict::DType;

use super::name;
use super::structure::{Field, Struct, Structure, Type, What};
use super::target::{LeafType, Target};
use super::tree::{Child, Leaf, Tree};

/// One thing that a constructor must know of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    /// It does not matter: there is no such part.
    Any,
    Size(usize),
    Flag(bool),
    DType(DType, LeafType),
    Key(String),
    /// The elements of a list or map.
    List(Vec<Vec<Atom>>),
}

/// What stands in the body of a constructor.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Fixed(Atom),
    Parameter(String),
}

/// A parameter of a constructor.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) what: Sort,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sort {
    Size,
    Flag,
    DType(LeafType),
    Value(Type),
}

/// The constructor of a struct.
#[derive(Debug, Default)]
pub(super) struct Constructor {
    pub(super) parameters: Vec<Parameter>,
    /// For each field, what its expression is made of.
    pub(super) cells: Vec<Vec<Cell>>,
}

/// All constructors, and what they are called with.
pub(super) struct Shapes {
    pub(super) constructors: Vec<Constructor>,
    /// By module: the arguments for its struct's constructor.
    arguments: HashMap<usize, Vec<Atom>>,
}

/// One thing, in every value of a struct.
struct Column {
    name: String,
    sort: Sort,
    /// The name is the layer's own: columns of one such name are one, and a parameter.
    own: bool,
    atoms: Vec<Atom>,
}

impl Shapes {
    pub(super) fn of(
        tree: &Tree,
        structure: &Structure,
        (names, target): (&[Vec<String>], Target),
    ) -> Shapes {
        let mut shapes = Shapes {
            constructors: structure.structs.iter().map(|_| Constructor::default()).collect(),
            arguments: HashMap::new(),
        };
        let context = Context { tree, structure, target };
        for number in inner_first(structure) {
            let found = &structure.structs[number];
            let mut columns = Vec::new();
            let mut ends = Vec::new();
            for (field, ident) in found.fields.iter().zip(&names[number]) {
                shapes.columns(&context, (found, field, ident), &mut columns);
                ends.push(columns.len());
            }
            let mut cells = shapes.parameters(number, found, &columns).into_iter();
            let mut start = 0;
            let constructor = &mut shapes.constructors[number];
            for end in ends {
                constructor.cells.push(cells.by_ref().take(end - start).collect());
                start = end;
            }
        }
        shapes
    }

    fn columns(
        &self,
        context: &Context<'_>,
        (found, field, ident): (&Struct, &Field, &str),
        columns: &mut Vec<Column>,
    ) {
        let key = &field.key;
        if !matches!(field.what, What::Leaf { .. } | What::Child(_)) {
            return;
        }
        // What each value has there.
        let parts: Vec<Option<Part<'_>>> =
            found.modules.iter().map(|&module| context.part(module, key)).collect();
        if field.optional {
            let own = found.kind.and_then(|kind| kind.presence(key));
            columns.push(Column {
                name: own.unwrap_or(ident).to_owned(),
                sort: Sort::Flag,
                own: own.is_some(),
                atoms: parts.iter().map(|part| Atom::Flag(part.is_some())).collect(),
            });
        }
        let rows: Vec<Option<Vec<Atom>>> = parts
            .iter()
            .map(|part| {
                part.as_ref().map(|part| match part {
                    Part::Leaf(leaf, atoms) => context.leaf_atoms(leaf, atoms),
                    Part::Child(child) => self.atoms(context, *child),
                })
            })
            .collect();
        let sorts: Vec<(String, Sort, bool)> = match &field.what {
            What::Leaf { leaf, .. } => {
                let dtype = leaf.dtype.is_none();
                let dtype = dtype.then(|| ("dtype".to_owned(), Sort::DType(leaf.clone()), false));
                let dims = (0..leaf.rank).map(|dim| {
                    let own = found.kind.and_then(|kind| kind.dimension(key, dim));
                    let name = own.map_or_else(|| format!("{ident}_{dim}"), str::to_owned);
                    (name, Sort::Size, own.is_some())
                });
                dtype.into_iter().chain(dims).collect()
            }
            What::Child(Type::Struct(child)) => {
                let parameters = self.constructors[*child].parameters.iter();
                parameters
                    .map(|inner| (format!("{ident}_{}", inner.name), inner.what.clone(), false))
                    .collect()
            }
            What::Child(found) => vec![(ident.to_owned(), Sort::Value(found.clone()), false)],
            What::Same(_) | What::Path(..) => Vec::new(),
        };
        for (at, (name, sort, own)) in sorts.into_iter().enumerate() {
            let atom = |row: &Option<Vec<Atom>>| {
                row.as_ref().and_then(|row| row.get(at)).cloned().unwrap_or(Atom::Any)
            };
            columns.push(Column { name, sort, own, atoms: rows.iter().map(atom).collect() });
        }
    }

    /// What a module's expression needs to know.
    fn atoms(&self, context: &Context<'_>, module: usize) -> Vec<Atom> {
        let children = || context.tree.modules[module].children.iter();
        let elements = |keys: bool| {
            let elements = children().filter_map(|(name, child)| match child {
                Child::Module(child) => {
                    let key = keys.then(|| Atom::Key(name.clone()));
                    Some(key.into_iter().chain(self.atoms(context, *child)).collect())
                }
                Child::Alias(..) => None,
            });
            vec![Atom::List(elements.collect())]
        };
        match &context.structure.types[module] {
            Type::Struct(_) => self.arguments.get(&module).cloned().unwrap_or_default(),
            Type::List(_) => elements(false),
            Type::Map(_) => elements(true),
            Type::Parameters(leaf) => {
                let leaves = context.tree.modules[module].leaves.iter();
                let leaves = leaves.filter_map(|(_, found)| match found {
                    Leaf::Tensor(slot) => Some(context.leaf_atoms(leaf, slot)),
                    Leaf::Alias(_) => None,
                });
                vec![Atom::List(leaves.collect())]
            }
        }
    }

    /// Finds the parameters that a struct's constructor needs, and notes what each value gives them.
    fn parameters(&mut self, number: usize, found: &Struct, columns: &[Column]) -> Vec<Cell> {
        struct Known {
            parameter: Parameter,
            own: Option<String>,
            atoms: Vec<Atom>,
        }
        let mut known: Vec<Known> = Vec::new();
        let mut taken = HashSet::from(["device".to_owned()]);
        let mut cells = Vec::new();
        for column in columns {
            let is_own_size = column.own && column.sort == Sort::Size;
            let first = column.atoms.iter().find(|atom| **atom != Atom::Any);
            let fixed = column.atoms.iter().all(|atom| *atom == Atom::Any || Some(atom) == first);
            if fixed && !is_own_size {
                cells.push(Cell::Fixed(first.cloned().unwrap_or(Atom::Any)));
                continue;
            }
            let same = known.iter_mut().find(|other| {
                let names = match &other.own {
                    Some(own) => column.own && *own == column.name,
                    None => !column.own,
                };
                names
                    && other.parameter.what == column.sort
                    && other.atoms.iter().zip(&column.atoms).all(|(one, other)| {
                        one == other || *one == Atom::Any || *other == Atom::Any
                    })
            });
            if let Some(same) = same {
                for (one, other) in same.atoms.iter_mut().zip(&column.atoms) {
                    if *one == Atom::Any {
                        one.clone_from(other);
                    }
                }
                cells.push(Cell::Parameter(same.parameter.name.clone()));
                continue;
            }
            let name = name::unique(column.name.clone(), &mut taken);
            cells.push(Cell::Parameter(name.clone()));
            known.push(Known {
                parameter: Parameter { name, what: column.sort.clone() },
                own: column.own.then(|| column.name.clone()),
                atoms: column.atoms.clone(),
            });
        }
        // As PyTorch's constructors: what goes in comes first, what can be left out last.
        known.sort_by_key(|known| {
            let flag = known.parameter.what == Sort::Flag;
            (flag, known.own.as_deref() != Some("inputs"))
        });
        for (at, &module) in found.modules.iter().enumerate() {
            let atoms = known.iter().map(|known| known.atoms.get(at).cloned().unwrap_or(Atom::Any));
            self.arguments.insert(module, atoms.collect());
        }
        let constructor = &mut self.constructors[number];
        constructor.parameters = known.into_iter().map(|known| known.parameter).collect();
        cells
    }
}

struct Context<'c> {
    tree: &'c Tree,
    structure: &'c Structure,
    target: Target,
}

enum Part<'p> {
    Leaf(LeafType, &'p super::tree::Slot),
    Child(usize),
}

impl<'c> Context<'c> {
    fn part(&self, module: usize, key: &str) -> Option<Part<'c>> {
        let module = &self.tree.modules[module];
        let leaf = module.leaves.iter().find(|(name, _)| name == key);
        if let Some((_, Leaf::Tensor(slot))) = leaf {
            return Some(Part::Leaf(self.target.leaf(slot), slot));
        }
        module.children.iter().find_map(|(name, child)| match child {
            Child::Module(child) if name == key => Some(Part::Child(*child)),
            _ => None,
        })
    }

    fn leaf_atoms(&self, leaf: &LeafType, slot: &super::tree::Slot) -> Vec<Atom> {
        let dtype = leaf.dtype.is_none().then(|| Atom::DType(slot.dtype, leaf.clone()));
        dtype.into_iter().chain(slot.shape.iter().map(|&size| Atom::Size(size))).collect()
    }
}

/// The structs, each after all that it contains.
fn inner_first(structure: &Structure) -> Vec<usize> {
    let inner = |number: usize| {
        structure.structs[number].fields.iter().filter_map(|field| match &field.what {
            What::Child(found) => found.of_struct(),
            _ => None,
        })
    };
    let mut done = vec![false; structure.structs.len()];
    let mut order = Vec::new();
    let mut todo = vec![(structure.root(), false)];
    while let Some((number, entered)) = todo.pop() {
        if done[number] {
            continue;
        }
        if entered {
            done[number] = true;
            order.push(number);
            continue;
        }
        todo.push((number, true));
        todo.extend(inner(number).filter(|&inner| !done[inner]).map(|inner| (inner, false)));
    }
    order
}
