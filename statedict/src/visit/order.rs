//! The order of the keys, where a module's leaves come from several structs.

use foldhash::HashSet;

use crate::key;
use crate::visit::walk::{Kind, Name, Names, Walk};

/// Puts the leaves of a module and of those flattened into it into PyTorch's order: all parameters, then
/// all buffers, then the children.
pub(super) fn merge_flattened<T>(walk: &Walk<T>, names: &mut Names) {
    let flattened: HashSet<usize> = walk.flattened.iter().copied().collect();
    for module in names.modules.iter().filter(|module| flattened.contains(&module.index)) {
        let below = |name: &Name| key::below(&name.key, &module.key).is_some();
        let Some(start) = names.leaves.iter().position(below) else { continue };
        let rest = names.leaves.get_mut(start..).unwrap_or_default();
        let length = rest.iter().position(|name| !below(name)).unwrap_or(rest.len());
        let block = rest.get_mut(..length).unwrap_or_default();
        // What is no leaf of the module itself keeps its order after those that are.
        let path = walk.modules.get(module.index).map_or("", |module| &module.path);
        let rank = |name: &Name| match walk.leaves.get(name.index) {
            // An alias within the module has another name than the leaf.
            Some(leaf)
                if leaf.module == module.index
                    && key::below(&leaf.key, path) == key::below(&name.key, &module.key) =>
            {
                match leaf.kind {
                    Kind::Parameter => 0,
                    Kind::Buffer | Kind::NonPersistentBuffer | Kind::ExtraState => 1,
                }
            }
            _ => 2,
        };
        let own: Vec<usize> = block
            .iter()
            .enumerate()
            .filter(|(_, name)| rank(name) < 2)
            .map(|(nth, _)| start + nth)
            .collect();
        block.sort_by_key(rank);
        // Extra states come after the module's own leaves as well: those that were behind are before now.
        for extra in names.extras.iter_mut().filter(|extra| below(&extra.name)) {
            extra.position += own.iter().filter(|&&leaf| leaf >= extra.position).count();
        }
    }
}
