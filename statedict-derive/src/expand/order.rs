//! The order in which a module lists its fields: PyTorch's.

use crate::model::{Alias, Field, Model, Role};
use crate::spec::Word;

/// An entry of a module's table.
pub(super) enum Entry<'m> {
    Field(&'m Field<'m>),
    ExtraState,
    /// An alias that is not a field.
    Alias(&'m Alias),
}

/// The entries of a variant: parameters, buffers, extra state, children, aliases.
pub(super) fn entries<'m>(model: &'m Model<'_>, variant: usize) -> Vec<Entry<'m>> {
    let with_rank = |rank| {
        model
            .fields_of(variant)
            .filter(move |field| self::rank(model, field) == Some(rank))
            .map(Entry::Field)
    };
    let extra_state = model.attrs.words.has(Word::ExtraState).then_some(Entry::ExtraState);
    let aliases = model.aliases.iter().filter(|alias| alias.field.is_none()).map(Entry::Alias);
    let leaves = (0..3).flat_map(with_rank);
    leaves.chain(extra_state).chain(with_rank(3)).chain(aliases).collect()
}

/// Where a field stands among the others; `None` where it is not listed.
fn rank(model: &Model<'_>, field: &Field<'_>) -> Option<u8> {
    match &field.role {
        Role::Training => Some(0),
        Role::Parameter => Some(1),
        Role::Buffer { .. } => Some(2),
        Role::Child { .. } => Some(3),
        // Where it would be if it were what it stands for.
        Role::Alias(target) => {
            let target = target.as_ref()?.field;
            Some(match target.map(|target| &model.fields[target].role) {
                Some(Role::Parameter) => 1,
                Some(Role::Buffer { .. }) => 2,
                _ => 3,
            })
        }
        Role::Skipped | Role::Plain => None,
    }
}
