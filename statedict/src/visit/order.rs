//! The order of the keys, where a module's leaves come from several structs.

use foldhash::HashSet;

use crate::key;
use crate::visit::ids::ModuleId;
use crate::visit::name::{Name, Names};
use crate::visit::walk::{Kind, Walk};

/// Puts the leaves of a module and of those flattened into it into PyTorch's order: all parameters, then
/// all buffers, then the children.
pub(super) fn merge_flattened<T>(walk: &Walk<T>, names: &mut Names) {
    if walk.flattened.is_empty() {
        return;
    }
    let flattened: HashSet<ModuleId> = walk.flattened.iter().copied().collect();
    let mut speller = walk.keys.speller();
    // Each name with its key: what is together is found by the keys.
    let mut all: Vec<(String, Name)> =
        names.leaves.iter().map(|name| (speller.spell(name.key).to_owned(), *name)).collect();
    for module in names.modules.iter().filter(|module| flattened.contains(&module.id)) {
        let place = walk.keys.spell(module.key);
        let below = |key: &str| key::below(key, &place).is_some();
        let Some(start) = all.iter().position(|(key, _)| below(key)) else { continue };
        let rest = &mut all[start..];
        let length = rest.iter().position(|(key, _)| !below(key)).unwrap_or(rest.len());
        let block = &mut rest[..length];
        // What is no leaf of the module itself keeps its order after those that are.
        let path = walk.keys.spell(walk.modules[module.id].path);
        let rank = |(key, name): &(String, Name)| {
            let leaf = &walk.leaves[name.id];
            // An alias within the module has another name than the leaf.
            let own = leaf.module == module.id
                && key::below(&walk.keys.spell(leaf.key), &path) == key::below(key, &place);
            match leaf.kind {
                _ if !own => 2,
                Kind::Parameter => 0,
                Kind::Buffer | Kind::NonPersistentBuffer | Kind::ExtraState => 1,
            }
        };
        let own: Vec<usize> = block
            .iter()
            .enumerate()
            .filter(|(_, name)| rank(name) < 2)
            .map(|(nth, _)| start + nth)
            .collect();
        block.sort_by_cached_key(rank);
        // Extra states come after the module's own leaves as well: those that were behind are before now.
        for extra in &mut names.extras {
            if below(&walk.keys.spell(extra.name.key)) {
                extra.position += own.iter().filter(|&&leaf| leaf >= extra.position).count();
            }
        }
    }
    names.leaves = all.into_iter().map(|(_, name)| name).collect();
}
