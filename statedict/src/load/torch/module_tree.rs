//! The model's modules as the tree that PyTorch's rules walk, a node for each path.

use foldhash::HashMap;

use crate::load::plan::expected::Plan;
use crate::visit::Kind;

/// Every path of a module once, the root first. A module with several names has several nodes.
pub(in crate::load) struct ModuleTree {
    pub(in crate::load) nodes: Vec<Node>,
}

#[derive(Default)]
pub(in crate::load) struct Node {
    pub(in crate::load) path: String,
    /// The module's place in the plan; `None` for a path that only an alias goes through.
    pub(in crate::load) place: Option<usize>,
    pub(in crate::load) parent: Option<usize>,
    /// The children in order, without those that are `None`.
    pub(in crate::load) children: Vec<usize>,
    /// The children by name, with those that are `None`.
    by_name: HashMap<String, Option<usize>>,
    /// The module's own names, indices into the plan's: parameters, then buffers.
    pub(in crate::load) names: Vec<usize>,
    /// The module's extra states, indices into the plan's names of such.
    pub(in crate::load) extras: Vec<usize>,
}

/// The list that a key that is nobody's ends up in.
pub(in crate::load) enum End {
    /// The deepest module on the key's path, and whether the key would be its extra state.
    Module { node: usize, extra_state: bool },
    /// Below a child that is `None`, where PyTorch does not look.
    None,
}

impl ModuleTree {
    pub(in crate::load) fn new(plan: &Plan) -> Self {
        let mut paths = [(String::new(), 0)].into_iter().collect::<HashMap<_, _>>();
        let mut tree = ModuleTree { nodes: vec![Node::default()] };
        let mut speller = plan.keys.speller();
        for (index, place) in plan.places.iter().enumerate() {
            let node = tree.node(&mut paths, speller.spell(place.key));
            tree.nodes[node].place = Some(index);
        }
        let is_buffer = |name: usize| plan.leaf(plan.names[name].index()).kind == Kind::Buffer;
        // The leaves of a module follow each other, so its node is looked up once.
        let mut last = (String::new(), 0);
        for (index, name) in plan.names.iter().enumerate() {
            let (module, _) = speller.spell(name.key).rsplit_once('.').unwrap_or_default();
            if module != last.0 {
                last = (module.to_owned(), tree.node(&mut paths, module));
            }
            tree.nodes[last.1].names.push(index);
        }
        for node in &mut tree.nodes {
            node.names.sort_by_key(|&name| is_buffer(name));
        }
        for (index, extra) in plan.extra_names.iter().enumerate() {
            let (module, _) = speller.spell(extra.name.key).rsplit_once('.').unwrap_or_default();
            let node = tree.node(&mut paths, module);
            tree.nodes[node].extras.push(index);
        }
        for (path, name) in &plan.none_children {
            if let Some(&node) = paths.get(path) {
                tree.nodes[node].by_name.entry(name.clone()).or_insert(None);
            }
        }
        tree
    }

    /// The node at `path`; made with those above it, where there is none.
    fn node(&mut self, paths: &mut HashMap<String, usize>, path: &str) -> usize {
        if let Some(&node) = paths.get(path) {
            return node;
        }
        // Parents come first, so this is not deep: only aliases lead through paths without a module.
        let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
        let parent = self.node(paths, above);
        let node = self.nodes.len();
        self.nodes.push(Node { path: path.to_owned(), parent: Some(parent), ..Node::default() });
        self.nodes[parent].children.push(node);
        self.nodes[parent].by_name.insert(name.to_owned(), Some(node));
        paths.insert(path.to_owned(), node);
        node
    }

    /// Follows a key down the modules as far as they go.
    pub(in crate::load) fn end_of(&self, key: &str) -> End {
        let (mut at, mut rest) = (0, key);
        while let Some((name, below)) = rest.split_once('.') {
            match self.nodes[at].by_name.get(name) {
                Some(Some(child)) => (at, rest) = (*child, below),
                Some(None) => return End::None,
                None => break,
            }
        }
        End::Module { node: at, extra_state: rest == "_extra_state" }
    }
}
