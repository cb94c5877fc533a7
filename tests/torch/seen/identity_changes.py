"""Changes of which values are one: two equal objects become one object, one becomes two.

These change both graphs, and are made of a graph that is not copied yet.
"""

from seen.nodes import MUTABLE, Node, walk
from seen.tensor_changes import reached, users


def slots(root):
    """Where a graph refers to nodes that can be shared: the node that refers, a list of it, and the index in that."""
    for node in walk(root):
        if node.kind in ("set", "frozenset"):
            continue
        for held in (node.items, node.entries, node.attrs):
            for index, item in enumerate(held):
                target = item if isinstance(item, Node) else item[1]
                if target.kind in MUTABLE:
                    yield node, held, index


def get(held, index):
    item = held[index]
    return item if isinstance(item, Node) else item[1]


def put(held, index, node):
    held[index] = node if isinstance(held[index], Node) else (held[index][0], node)


def spread(root, nodes):
    """The nodes, all that they are made of, and all that shares storages with those."""
    touched = {inner for node in nodes for inner in walk(node)}
    for storage in [node for node in touched if node.kind == "storage"]:
        touched.update(users(root, storage))
    return touched


def shared_object(random, b):
    """One object twice in `b`; in `a` the second is a copy of it. Or the reverse."""
    places = list(slots(b))
    random.shuffle(places)
    for node, held, index in places:
        original = get(held, index)
        others = [
            (n, h, i) for n, h, i in places
            if (h is not held or i != index) and n not in set(walk(original))
        ]  # fmt: skip
        if not others:
            continue
        holder, other, at = random.choice(others)
        twin = original.clone(fresh=True)
        put(other, at, original)
        one = b.clone()
        put(other, at, twin)
        two = b.clone()
        if not (same(one, original) and same(two, original) and same(two, twin)):
            continue  # the one was in what the other replaced
        shared = {node.id for node in spread(one, [same(one, original)])}
        shared |= {node.id for node in spread(two, [same(two, original), same(two, twin)])}
        return one, two, shared
    return None


def tied_tensor(random, b):
    """Two tensors of one storage; in the other file each has its own."""
    return two_tensors(random, b, lambda node: bool(reached(node)), lambda first, second: own_storage(second))


def view_or_tensor(random, b):
    """Two tensors of one storage; in the other file they are one tensor."""
    return two_tensors(random, b, lambda node: not node.attrs, None)


def own_storage(node):
    node.parts["storage"] = node.parts["storage"].clone(fresh=True)


def two_tensors(random, b, is_suitable, change):
    """Puts a second tensor like one in the place of another; without a `change` of it, the other file has the first."""
    places = [place for place in slots(b) if get(*place[1:]).kind == "tensor" and is_suitable(get(*place[1:]))]
    random.shuffle(places)
    for node, held, index in places:
        first = get(held, index)
        others = [(h, i) for _, h, i in places if (h is not held or i != index)]
        if not others:
            continue
        other, at = random.choice(others)
        second = Node(first.kind, parts=first.parts, **first.data)
        put(other, at, second)
        one = b.clone()
        change(first, second) if change else put(other, at, first)
        two = b.clone()
        if same(one, first) and same(one, second) and same(two, first):
            ids = {node.id for node in users(one, same(one, first.parts["storage"]))}
            return one, two, ids | {first.id, second.id}
    return None


def same(root, wanted):
    return next((node for node in walk(root) if node.id == wanted.id), None)


IDENTITIES = {function.__name__: function for function in (shared_object, tied_tensor, view_or_tensor)}
