//! Which keys Python can hash, and which it takes for equal.

use crate::value::{Integer, Node, NodeId, Tree};

/// A text that two keys have in common where Python takes them for one; of what it cannot hash, what that is.
pub(super) fn canonical(tree: &Tree<'_>, key: NodeId) -> Result<String, &'static str> {
    let Some(node) = tree.get(key) else { return Err("nothing") };
    Ok(match node {
        Node::None => "None".to_owned(),
        // `1`, `1.0` and `True` are one key.
        Node::Bool(value) => i64::from(*value).to_string(),
        Node::Int(value) => value.to_string(),
        Node::BigInt(bytes) => Integer::big(bytes).to_string(),
        // With a precision all digits are written; without, zeros follow the shortest that tell it from others.
        Node::Float(value) if value.is_finite() && value.fract() == 0.0 => match *value {
            0.0 => "0".to_owned(),
            value => format!("{value:.0}"),
        },
        Node::Float(value) => format!("float {:x}", value.to_bits()),
        Node::Str(text) => format!("str {text}"),
        Node::Bytes(bytes) => format!("bytes {bytes:?}"),
        // Encoding has limited how deep they nest.
        Node::Tuple(items) => {
            let mut text = format!("tuple of {}:", items.len());
            for &item in items {
                let item = canonical(tree, item)?;
                text.push_str(&format!(" {} {item}", item.len()));
            }
            text
        }
        Node::List(_) => return Err("a list"),
        Node::Dict(_) => return Err("a dict"),
        _ => return Err("of a type"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_their_value() {
        let mut tree = Tree::new();
        let one = [Node::Bool(true), Node::Int(1), Node::Float(1.0)].map(|node| tree.add(node));
        let one = one.map(|id| canonical(&tree, id).unwrap());
        assert!(one[0] == one[1] && one[1] == one[2]);
        let big =
            [Node::Float(2f64.powi(70)), Node::BigInt((1i128 << 70).to_le_bytes().to_vec().into())];
        let big = big.map(|node| tree.add(node)).map(|id| canonical(&tree, id).unwrap());
        assert_eq!(big[0], big[1]);
        let zero = [Node::Float(-0.0), Node::Int(0)].map(|node| tree.add(node));
        assert_eq!(canonical(&tree, zero[0]), canonical(&tree, zero[1]));
        let text = tree.add("1");
        assert_ne!(canonical(&tree, text).unwrap(), one[0]);
    }
}
