"""Values as graphs of nodes: a graph can be copied, changed in one place, and made into Python's objects.

Two edges to one node are two references to one object.
"""

import itertools

IDS = itertools.count()

# What a node can be made of: nodes whose objects are filled after they exist, so that they can be in cycles.
MAPPINGS = ("dict", "OrderedDict", "defaultdict", "Counter", "Entries", "OtherEntries")
SEQUENCES = ("list", "Items")
OBJECTS = ("Namespace", "Settings", "Options")
SETS = ("set", "frozenset")
TENSORS = ("tensor", "meta", "coo", "compressed", "quantized")
NUMPY = ("array", "scalar")
# Nodes whose identity can be seen: what is done to one reference is seen through the other.
MUTABLE = (*MAPPINGS, *SEQUENCES, *OBJECTS, *TENSORS, "set", "bytearray", "array", "bare")
# Nodes that may have attributes. Sparse and quantized tensors with attributes are refused, and `diff` says that they
# cannot be compared.
ATTRIBUTED = (*OBJECTS, "tensor", "meta", "OrderedDict", "Entries", "OtherEntries", "Items", "Reduced")
# Nodes that are opened with `--opaque` alone.
OPAQUE = (*OBJECTS, "Entries", "OtherEntries", "Items", "Reduced")


class Node:
    """A value: `data` is what is plain of it, and by its kind the others are what it is made of.

    `items` are those of a list, tuple, set or array of objects; `entries` those of a dict, pairs of nodes;
    `attrs` pairs of a name and a node; `parts` the tensors and storages that a tensor is made of, by name.
    """

    def __init__(self, kind, items=(), entries=(), attrs=(), parts=(), **data):
        self.id = next(IDS)
        self.kind = kind
        self.data = data
        self.items = list(items)
        self.entries = list(entries)
        self.attrs = list(attrs)
        self.parts = dict(parts)

    def children(self):
        """All nodes that this one refers to."""
        yield from self.parts.values()
        yield from self.items
        for entry in self.entries:
            yield from entry
        for _, value in self.attrs:
            yield value

    def clone(self, memo=None, fresh=False):
        """The graph from here on again; its nodes have the same ids, or `fresh` ones."""
        memo = {} if memo is None else memo
        if self in memo:
            return memo[self]
        node = memo[self] = Node.__new__(Node)
        node.id = next(IDS) if fresh else self.id
        node.kind = self.kind
        node.data = {key: bytearray(v) if isinstance(v, bytearray) else v for key, v in self.data.items()}
        node.items = [item.clone(memo, fresh) for item in self.items]
        node.entries = [(key.clone(memo, fresh), value.clone(memo, fresh)) for key, value in self.entries]
        node.attrs = [(name, value.clone(memo, fresh)) for name, value in self.attrs]
        node.parts = {name: part.clone(memo, fresh) for name, part in self.parts.items()}
        return node

    def attr(self, name):
        """The attribute of this name, or None."""
        return dict(self.attrs).get(name)

    def __repr__(self):
        return f"<{self.kind} {self.id} {self.data}>"


def plain(value):
    """A node of a value without parts that cannot change."""
    return Node("plain", value=value)


def walk(root):
    """All nodes of a graph, each once."""
    seen, left = {root}, [root]
    while left:
        node = left.pop()
        yield node
        for child in node.children():
            if child not in seen:
                seen.add(child)
                left.append(child)
