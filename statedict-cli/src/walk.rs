//! What commands tell of a file: everything that it holds, sorted by what it is to people.

use statedict::TensorView;
use statedict::contents::{self, Contents, Parts, Step, TooManyPaths};
use statedict::value::{Kind, Refusal, Value};

use crate::failure::{Failure, chain};
use crate::leaf::{self, Texts};
use crate::opened::Opened;
use crate::path;

/// What there is under a path.
pub(crate) enum Found<'g> {
    /// A dense tensor, and the layout of the tensor that it is a part of.
    Tensor(TensorView<'g>, &'g str),
    Refused(&'g Refusal),
    /// A value that no path leads further from, or all of whose parts it tells of itself.
    Leaf(Value<'g>),
    /// Such a value whose text is too long to be told of again; `get` with its path has all of it.
    Long(Value<'g>),
    /// What a dict or tensor is told of itself.
    Flag(Value<'g>),
    /// A container within itself.
    Cycle,
    /// What is under another path too: its name.
    Same(String),
    /// A container, before what is in it.
    Container(Value<'g>),
    /// What the `_metadata` of the state dict at the path says, before what JSON has no words for.
    Metadata(Value<'g>),
}

/// Where something was found.
pub(crate) struct Place<'p, 'g> {
    pub(crate) steps: &'p [Step<'g>],
    pub(crate) value: Value<'g>,
    is_flat: bool,
}

impl Place<'_, '_> {
    /// The path as people read and type it.
    pub(crate) fn name(&self) -> String {
        path::name(self.steps, self.is_flat)
    }
}

/// The attribute of a state dict that says the modules' versions.
pub(crate) const METADATA: &str = "_metadata";

/// Checks that no value of the root leads further: what a state dict is like.
pub(crate) fn is_flat(root: Value<'_>) -> bool {
    let has_parts = |value| Parts::of(value).get(0).is_some();
    root.as_mapping().is_none_or(|dict| dict.iter().all(|(_, value)| !has_parts(value)))
}

/// Tells `tell` of everything in a file with its path, in the file's order.
///
/// What is used several times comes under each of its paths, unless these are very many.
pub(crate) fn walk<'o>(
    opened: &'o Opened,
    tell: impl FnMut(&Place<'_, 'o>, Found<'o>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    walk_under(opened, (Vec::new(), opened.root()), tell)
}

/// Tells `tell` of everything under a path of a file.
pub(crate) fn walk_under<'o>(
    opened: &'o Opened,
    (mut steps, root): (Vec<Step<'o>>, Value<'o>),
    mut tell: impl FnMut(&Place<'_, 'o>, Found<'o>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let above = steps.len();
    let is_flat = is_flat(opened.root());
    let budget = opened.allowed.saturating_mul(64).saturating_add(1 << 22);
    let about = |error: TooManyPaths| format!("{}: {}", opened.input, chain(&error));
    let each_path = || Contents::of(root).under_each_path().budget(budget);
    // What is looked at only to know whether all of it can be told of in one piece.
    let looked = Texts::of(opened.allowed);
    let fits = fits(each_path(), budget, &Texts::of(opened.allowed));
    let mut contents = if fits { each_path() } else { Contents::of(root).budget(budget) };
    while let Some(found) = contents.advance().map_err(about)? {
        steps.truncate(above);
        steps.extend(contents.steps());
        let (contents::Found::Value(value)
        | contents::Found::Same(value)
        | contents::Found::Cycle(value)
        | contents::Found::Long(value)) = found;
        let found = match found {
            contents::Found::Cycle(_) => Found::Cycle,
            contents::Found::Long(value) => Found::Long(value),
            contents::Found::Same(_) => {
                steps.truncate(above);
                steps.extend(contents.first_steps(value).unwrap_or_default());
                let first = path::name(&steps, is_flat);
                steps.truncate(above);
                steps.extend(contents.steps());
                Found::Same(first)
            }
            contents::Found::Value(_) => {
                let is_mapping = |value: Value<'_>| value.as_mapping().is_some();
                if let Some(Step::Attribute(METADATA)) = steps.last()
                    && contents.parent().is_some_and(is_mapping)
                    && let Kind::Dict(_) = value.kind()
                {
                    let steps = &steps[..steps.len() - 1];
                    tell(&Place { steps, value, is_flat }, Found::Metadata(value))?;
                    if leaf::plain(value, &looked).1 {
                        contents.skip();
                    }
                    continue;
                }
                let found = found_of(value, &contents);
                if let (Found::Leaf(_), Kind::Set(_) | Kind::FrozenSet(_)) = (&found, value.kind())
                    && leaf::leaf(value, &looked).1
                {
                    contents.skip();
                }
                found
            }
        };
        tell(&Place { steps: &steps, value, is_flat }, found)?;
    }
    Ok(())
}

/// Checks that what comes under each of its paths is not far more than the file.
fn fits(mut contents: Contents<'_>, budget: u64, texts: &Texts) -> bool {
    let mut left = budget;
    loop {
        match contents.advance() {
            Ok(Some(contents::Found::Value(value))) => {
                if let Kind::Set(_) | Kind::FrozenSet(_) = value.kind() {
                    // A set is told of in one piece.
                    let cost = u64::try_from(leaf::size(value, texts)).unwrap_or(u64::MAX);
                    match left.checked_sub(cost.saturating_mul(64)) {
                        Some(rest) => left = rest,
                        None => return false,
                    }
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn found_of<'g>(value: Value<'g>, contents: &Contents<'g>) -> Found<'g> {
    let parent = contents.parent().map(Value::kind);
    let layout = match parent {
        Some(Kind::Sparse(sparse)) => sparse.layout().trim_start_matches("torch."),
        _ => "strided",
    };
    let is_flag = matches!(
        (parent, contents.steps().last()),
        (Some(Kind::Dict(_)), Some(Step::Attribute("default_factory")))
            | (Some(Kind::Sparse(_)), Some(Step::Attribute("is_coalesced")))
    );
    if is_flag {
        return Found::Flag(value);
    }
    match value.kind() {
        Kind::List(_) | Kind::Tuple(_) | Kind::Size(_) | Kind::Dict(_) | Kind::Sparse(_) => {
            Found::Container(value)
        }
        Kind::Refused(refusal) => Found::Refused(refusal),
        _ => match tensor(value) {
            Some(tensor) => Found::Tensor(tensor, layout),
            None => Found::Leaf(value),
        },
    }
}

/// The tensor that a value is, or that its integers are.
pub(crate) fn tensor(value: Value<'_>) -> Option<TensorView<'_>> {
    match value.kind() {
        Kind::Tensor(tensor) => tensor.view(),
        Kind::Quantized(quantized) => quantized.tensor().view(),
        _ => None,
    }
}
