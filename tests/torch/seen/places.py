"""Where in a file a node is: the paths at which a change of it may be told.

A place is a path of `statedict diff --json` with `below` (what is below it may be told too) and `but`, the segments
below it that have nothing to do with the change. A segment that is null stands for any that is no string or number:
how a key that is no str is written is the program's matter.
"""

import torch
from inspect_json import leaf

# How many paths of a node are followed: a value can be in a file more often than there are bytes.
MOST = 4000


class TooMany(Exception):
    """A graph with more paths than can be followed."""


def attribute(name):
    return {"attr": name}


def key_segment(key):
    """The segment of a key."""
    if key.kind != "plain":
        return None
    value = key.data["value"]
    if isinstance(value, str):
        return value
    if isinstance(value, torch.Size):
        return {"key": {**leaf(value), "type": "torch.Size"}}
    try:
        return {"key": leaf(value)}
    except TypeError:
        return None


# What holds the entries of an object that is also a dict, if it is not the object itself.
HOLDERS = {"Entries": "__entries__", "OtherEntries": "__entries__", "Items": "__items__", "Reduced": "__args__"}


def holders(node):
    """The ways to the items of a node: of an object with items, they may be in an attribute."""
    return [()] if node.kind not in HOLDERS else [(), (attribute(HOLDERS[node.kind]),)]


def steps(node):
    """The nodes that `node` is made of, with the segments to each; None for those without a path of their own."""
    kind = node.kind
    for name, part in node.parts.items():
        yield (() if name in ("storage", "integers") else (attribute(name),)), part
    for index, item in enumerate(node.items):
        for holder in holders(node):
            yield (None if kind in ("set", "frozenset", "array") else (*holder, index)), item
    for key, value in node.entries:
        yield None, key
        for holder in holders(node):
            yield (*holder, key_segment(key)), value
    for name, value in node.attrs:
        yield (attribute(name),), value


def siblings(node, but=()):
    """The last segments of the ways to all that `node` is made of, without those to the nodes `but`."""
    segments = [(way[-1], child) for way, child in steps(node) if way]
    return [segment for segment, child in segments if child not in but and segment is not None]


def places(root, wanted, suffix=(), below=True, without=()):
    """The places of what is `suffix` behind the node `wanted`.

    What is in a key or a set is at the place of the dict or set.
    """
    found, left = [], [0]

    def visit(node, path, within, since):
        left[0] += 1
        if left[0] > MOST:
            raise TooMany
        if node is wanted:
            found.append(place([*path, *suffix], below, list(without), since))
        if node in within:
            return
        within = within | {node}
        for way, child in steps(node):
            if way is None:
                if reaches(child, wanted):
                    keys = [value for key, value in node.entries if key is child]
                    but = siblings(node, keys) if keys else []
                    found.extend(place([*path, *holder], True, but, since) for holder in holders(node))
                continue
            # What is said of a module in `_metadata` may be told as one.
            start = since
            if start is None and path and path[-1] == attribute("_metadata"):
                start = len(path) + len(way)
            visit(child, [*path, *way], within, start)

    visit(root, [], frozenset(), None)
    return found


def place(path, below, but, since):
    return {"path": list(path), "below": below, "but": but, "since": len(path) if since is None else min(since, len(path))}


def reaches(node, wanted):
    """Whether one node is part of another."""
    seen, left = {node}, [node]
    while left:
        node = left.pop()
        if node is wanted:
            return True
        for child in node.children():
            if child not in seen:
                seen.add(child)
                left.append(child)
    return False
