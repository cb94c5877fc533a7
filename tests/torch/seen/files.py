"""Writes pairs of files that differ in one thing, for the tests of what `statedict diff` sees.

Every pair has a number, from which all of it follows. A pair is: `a`, `b`, `again` (the object of `a` saved once more),
`anew` (made and saved once more, in another container), and the places at which the change may be told.
"""

import itertools
import os
import pickle
import random
import tempfile
import warnings

import torch

from seen import nodes, tensor_changes  # noqa: F401: registers its changes
from seen.changes import CHANGES
from seen.identity_changes import IDENTITIES
from seen.nodes import OPAQUE, TENSORS, walk
from seen.objects import Unmakeable, make
from seen.places import TooMany, places
from seen.random_tensors import CLASSIC
from seen.random_values import STANDARD, Values

# A value that Python or torch makes of no description, or cannot pickle.
REFUSALS = (Unmakeable, RuntimeError, RecursionError, ValueError, TypeError, TooMany, NotImplementedError)


def candidates(number):
    """Graphs and changes of them: the first that can be made and saved is the pair of this number."""
    chance = random.Random(number)
    while True:
        try:
            a = Values(chance).root()
            for _ in range(20):
                changed = identity(chance, a) if chance.random() < 0.15 else one_change(chance, a)
                if changed is not None:
                    yield changed
                    break
        except REFUSALS:
            continue


def one_change(chance, a):
    b = a.clone()
    # What a tensor is made of is saved as numbers, without attributes and the like: its changes are the tensor's.
    parts = {part for node in walk(b) for part in node.parts.values()}
    chosen = [node for node in walk(b) if node not in parts]
    there = {node.kind for node in chosen}
    possible = {name: weight for name, (_, kinds, weight) in CHANGES.items() if there & set(kinds)}
    name = chance.choices(list(possible), possible.values())[0]
    function, kinds, _ = CHANGES[name]
    node = chance.choice([node for node in chosen if node.kind in kinds])
    told = function(chance, b, node)
    if told is None:
        return None
    found = []
    for graph in (a, b):
        by_id = {node.id: node for node in walk(graph)}
        for touched, options in told:
            if touched.id in by_id:
                found += places(graph, by_id[touched.id], **options)
    return a, b, f"{name} of {node.kind}", unique(found)


def identity(chance, a):
    name = chance.choice(list(IDENTITIES))
    changed = IDENTITIES[name](chance, a.clone())
    if changed is None:
        return None
    one, two, ids = changed
    found = [place for graph in (one, two) for node in walk(graph) if node.id in ids for place in places(graph, node)]
    graphs = (one, two) if chance.random() < 0.5 else (two, one)
    return *graphs, name, unique(found)


def unique(found):
    return list({repr(place): place for place in found}.values())


def save(value, path, container, protocol):
    if container == "pickle":
        with open(path, "wb") as file:
            pickle.dump(value, file, protocol=protocol)
    else:
        torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=container == "zip")


def containers(graph):
    """The containers that can hold a graph: what torch.save writes, and pickles of what has no tensors."""
    there = list(walk(graph))
    kinds = {node.kind for node in there}
    young = any(node.kind == "storage" and node.data["dtype"] not in CLASSIC for node in there)
    # The old format has no untyped storages: torch.save writes them, and torch.load cannot read that.
    if young or any(node.kind == "bare" and not node.data["typed"] for node in there):
        return ("zip",)
    return ("zip", "legacy") if kinds & {*TENSORS, "bare"} else ("zip", "legacy", "pickle")


def chosen(folder, number):
    """The pair of this number, written."""
    nodes.IDS = itertools.count()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a, b, about, found in candidates(number):
            try:
                return a, b, {"number": number, "about": about, "places": found, **save_all(folder, number, a, b)}
            except REFUSALS:
                continue


def write(folder, number, without=()):
    """Writes the pair of this number; of its graphs, the nodes of the ids `without` are left out."""
    a, b, case = chosen(folder, number)
    if without:
        leave_out(a, set(without))
        leave_out(b, set(without))
        if described(a, {}) == described(b, {}):
            raise ValueError("the change was left out")
        case.update(save_all(folder, number, a, b))
    return case


def save_all(folder, number, a, b):
    chance = random.Random(-number)
    both = [container for container in containers(a) if container in containers(b)]
    container, other = chance.choice(both), chance.choice(both)
    protocol = chance.choice((2, 2, 2, 3, 4, 5))
    names = {name: os.path.join(folder, f"{number}.{name}.pt") for name in ("a", "b", "again", "anew")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = make(a)
        save(value, names["a"], container, protocol)
        save(value, names["again"], container, protocol)
        save(make(a), names["anew"], other, chance.choice((2, protocol)))
        save(make(b), names["b"], container, protocol)
    opaque = any(is_opaque(node) for graph in (a, b) for node in walk(graph))
    return {"container": container, "protocol": protocol, "opaque": opaque, "ids": [node.id for node in walk(a)][::-1], **names}


def is_opaque(node):
    """Whether a node is opened with `--opaque` alone."""
    return node.kind in OPAQUE or type(node.data.get("value")) in {type(value) for value in STANDARD}


def leave_out(graph, ids):
    for node in list(walk(graph)):
        node.items = [item for item in node.items if item.id not in ids]
        node.entries = [entry for entry in node.entries if entry[1].id not in ids]
        node.attrs = [entry for entry in node.attrs if entry[1].id not in ids]


def write_all(folder, numbers):
    """Writes several pairs."""
    return [write(folder, number) for number in numbers]


def show(number, without=()):
    """What the files of a pair hold, and where they differ, as text."""
    with tempfile.TemporaryDirectory() as folder:
        a, b, case = chosen(folder, number)
    for graph in (a, b):
        leave_out(graph, set(without))
    texts = [f"    {name}: {described(graph, {})}" for name, graph in (("a", a), ("b", b))]
    return "\n".join([f"    {case['container']}, protocol {case['protocol']}", *texts, f"    places: {case['places']}"])


def described(node, seen):
    """A node as text; a node that is met again by its number."""
    if node.kind == "plain":
        return repr(node.data["value"])
    if node in seen:
        return f"<{seen[node]}>"
    seen[node] = len(seen)
    if node.kind == "storage":
        return f"<{seen[node]}>={node.data['dtype']}:{node.data['bytes'].hex()}"
    if node.kind == "bytearray":
        return f"bytearray({node.data['value']!r})"
    told = [f"{name}={value.hex() if isinstance(value, (bytes, bytearray)) else value}" for name, value in node.data.items()
            if value is not False and value != b""]  # fmt: skip
    told += [f"{name}: {described(part, seen)}" for name, part in node.parts.items()]
    told += [described(item, seen) for item in node.items]
    told += [f"{described(key, seen)}: {described(value, seen)}" for key, value in node.entries]
    told += [f".{name}={described(value, seen)}" for name, value in node.attrs]
    return f"<{seen[node]}>{node.kind}({', '.join(told)})"
