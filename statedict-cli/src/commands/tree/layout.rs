//! Which nodes get a line, and what is drawn before each.

use super::nodes::{Content, Nodes};

/// Lists of plain values that are longer than this are one line.
const INLINE: usize = 3;

/// A line of the tree.
pub(super) struct Line {
    pub(super) node: usize,
    /// For each level whether more follows on it.
    more: Vec<bool>,
    /// How many nodes the line stands for.
    pub(super) folded: usize,
    last: usize,
    /// Whether what is below was left out.
    pub(super) is_cut: bool,
}

impl Line {
    pub(super) fn depth(&self) -> usize {
        self.more.len()
    }

    /// The name; of several nodes the first and the last.
    pub(super) fn name(&self, nodes: &Nodes) -> String {
        let name = match nodes[self.node].name.as_str() {
            "" => "(empty)",
            name => name,
        };
        match self.folded {
            1 => name.to_owned(),
            _ => format!("{name} … {}", nodes[self.last].name),
        }
    }

    /// What is drawn before the name.
    pub(super) fn branch(&self) -> String {
        let Some((is_followed, above)) = self.more.split_last() else { return String::new() };
        let mut text: String = above.iter().map(|&more| if more { "│  " } else { "   " }).collect();
        text.push_str(if *is_followed { "├─ " } else { "└─ " });
        text
    }
}

/// The lines of the tree below the root.
pub(super) fn lines(nodes: &Nodes, depth: u32, fold: bool) -> Vec<Line> {
    let depth = usize::try_from(depth).unwrap_or(usize::MAX);
    let mut lines = Vec::new();
    // What is still to be drawn, the next one last.
    let mut open: Vec<Line> = below(nodes, 0, &[], fold);
    while let Some(mut line) = open.pop() {
        let node = &nodes[line.node];
        let is_plain = fold && is_plain_list(nodes, line.node);
        line.is_cut = !node.children.is_empty() && !is_plain && line.depth() >= depth;
        if !line.is_cut && !is_plain {
            open.extend(below(nodes, line.node, &line.more, fold));
        }
        lines.push(line);
    }
    lines
}

/// The lines right below a node, the first one last.
fn below(nodes: &Nodes, node: usize, above: &[bool], fold: bool) -> Vec<Line> {
    let children = &nodes[node].children;
    let mut lines: Vec<Line> = Vec::new();
    for &child in children {
        if fold
            && let Some(line) = lines.last_mut()
            && is_next(nodes, line.last, child)
        {
            line.folded += 1;
            line.last = child;
            continue;
        }
        let mut more = Vec::with_capacity(above.len() + 1);
        more.extend(above);
        more.push(true);
        lines.push(Line { node: child, more, folded: 1, last: child, is_cut: false });
    }
    if let Some(more) = lines.last_mut().and_then(|line| line.more.last_mut()) {
        *more = false;
    }
    lines.reverse();
    lines
}

/// Whether two modules have the same layout, and the numbers that are their names follow each other.
fn is_next(nodes: &Nodes, before: usize, next: usize) -> bool {
    let number = |node: usize| nodes[node].name.parse::<u64>().ok();
    let are_modules = [before, next].iter().all(|&node| !nodes[node].children.is_empty());
    are_modules
        && nodes[before].layout == nodes[next].layout
        && number(before).zip(number(next)).is_some_and(|(a, b)| a.checked_add(1) == Some(b))
}

/// Whether it is a list of nothing but plain values, and too many to show.
fn is_plain_list(nodes: &Nodes, node: usize) -> bool {
    let node = &nodes[node];
    let is_value = |&child: &usize| {
        matches!(nodes[child].content, Content::Value(_)) && nodes[child].children.is_empty()
    };
    matches!(&node.content, Content::Container(kind) if kind != "dict" && kind != "collections.OrderedDict")
        && node.children.len() > INLINE
        && node.children.iter().all(is_value)
}
