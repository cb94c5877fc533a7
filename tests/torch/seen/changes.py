"""One random change of a graph of nodes, and where a comparison has to tell of it.

Each function here changes `b`, a copy of the graph `a` with the same ids, and says where in `a` and `b` that is: a list
of `(node, options of places)`; None where it cannot be done to this node.
"""

import datetime
import decimal
import fractions
import ipaddress
import pathlib
import struct
import uuid

import numpy as np
import torch

from seen import random_tensors
from seen.nodes import ATTRIBUTED, MAPPINGS, MUTABLE, OBJECTS, SEQUENCES, SETS, Node, plain, walk
from seen.places import HOLDERS, key_segment, siblings
from seen.random_values import FLOATS, TEXTS, names_for

CHANGES = {}


def change(*kinds, weight=1):
    """Registers a change that nodes of these kinds can have."""

    def register(function):
        CHANGES[function.__name__] = (function, kinds, weight)
        return function

    return register


def another(random, value, choices):
    """One of the choices that is not `value`."""
    return random.choice([choice for choice in choices if repr(choice) != repr(value)])


# Plain values.


def other_value(random, value):
    """A value of the same type that differs as little as it can."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + random.choice((1, -1, 256))
    if isinstance(value, float):
        bits = struct.unpack("<q", struct.pack("<d", value))[0]
        return random.choice((struct.unpack("<d", struct.pack("<q", bits ^ 1))[0], -value))
    if isinstance(value, complex):
        return random.choice((complex(value.real, other_value(random, value.imag)), complex(other_value(random, value.real), value.imag)))
    if isinstance(value, str):
        return value + random.choice(("\0", " ", "é", "x")) if random.random() < 0.7 or not value else value[:-1]
    if isinstance(value, bytes):
        return value + b"\0" if random.random() < 0.5 or not value else bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, torch.Size):
        return torch.Size((*value, 1))
    for group in (*OTHERS, *OTHER_OBJECTS):
        if any(value is choice or type(value) is type(choice) and repr(value) == repr(choice) for choice in group):
            return another(random, value, group)
    return None


OTHERS = [
    [torch.float32, torch.bfloat16, torch.uint4, torch.float8_e4m3fn],
    [torch.device("cpu"), torch.device("cuda", 1), torch.device("cuda", 0), torch.device("cuda")],
    [torch.strided, torch.sparse_coo, torch.sparse_csr],
    [torch.per_tensor_affine, torch.per_channel_affine],
    [int, float, torch.Tensor, torch.nn.Parameter],
    [np.dtype("<f4"), np.dtype(">f4"), np.dtype("<i4"), np.dtype("<M8[D]"), np.dtype("<M8[h]"), np.dtype(">i8"), np.dtype("<i8"),
     np.dtype([("a", "<i4"), ("b", "<U2")]), np.dtype([("a", "<i4"), ("c", "<U2")]), np.dtype("<U5"), np.dtype("<U4")],
]  # fmt: skip
# Other objects of Python's own library, of the same types.
OTHER_OBJECTS = [
    [datetime.datetime(2026, 1, 2, 3), datetime.datetime(2026, 1, 2, 3, 0, 0, 1)], [datetime.timedelta(1), datetime.timedelta(1, 1)],
    [datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)], [decimal.Decimal("1.5"), decimal.Decimal("1.50")],
    [fractions.Fraction(1, 3), fractions.Fraction(2, 3)], [pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("a/c")],
    [range(5), range(6)], [slice(1, 2), slice(1, 3)], [uuid.UUID(int=7), uuid.UUID(int=8)],
    [ipaddress.IPv4Address("1.2.3.4"), ipaddress.IPv4Address("1.2.3.5")], [ValueError("text", 1), ValueError("text", 2)],
]  # fmt: skip


def other_type(value):
    """Values of other types that are as good as the same to Python, or look the same."""
    if isinstance(value, bool):
        return [int(value), str(value), None]
    if isinstance(value, int):
        return [float(value), str(value), complex(value)] if abs(value) < 2**50 else [str(value)]
    if isinstance(value, float):
        return [str(value), complex(value)]
    if isinstance(value, str):
        return [value.encode(), None, (value,)]
    if isinstance(value, bytes):
        return [value.decode("latin1"), tuple(value)]
    if isinstance(value, torch.Size):
        return [tuple(value)]
    return [None if value is not None else "None", str(value), 0]


@change("plain", weight=6)
def value(random, b, node):
    new = other_value(random, node.data["value"])
    if new is None:
        return None
    node.data["value"] = new
    return [(node, {})]


@change("plain", weight=2)
def type_of_value(random, b, node):
    new = random.choice(other_type(node.data["value"]))
    if isinstance(new, tuple):
        node.kind, node.items = "tuple", [plain(item) for item in new]
    node.data["value"] = new
    return [(node, {})]


@change("bytearray", weight=2)
def byte_of_array(random, b, node):
    node.data["value"] = other_value(random, bytes(node.data["value"]))
    return [(node, {})]


@change("bytearray")
def bytearray_to_bytes(random, b, node):
    node.kind = "plain"
    return [(node, {})]


# Containers.


@change(*SEQUENCES, "tuple", weight=2)
def added_item(random, b, node):
    node.items.append(plain(random.choice(TEXTS)))
    return entry(node, len(node.items) - 1)


@change(*SEQUENCES, "tuple", weight=2)
def removed_item(random, b, node):
    if not node.items:
        return None
    node.items.pop()
    return entry(node, len(node.items))


def entry(node, segment):
    """An entry that is new or gone: it may be told by itself, or as the content of an object."""
    ways = [(segment,)]
    if node.kind in HOLDERS:
        ways.append(({"attr": HOLDERS[node.kind]}, segment))
        # Of an object that had none, all that holds them is new.
        if len(node.items) + len(node.entries) <= 1:
            ways.append(({"attr": HOLDERS[node.kind]},))
    # A container that was or is empty is told of itself too.
    at_container = [(node, {"below": False})] if len(node.items) + len(node.entries) <= 1 else []
    return [(node, {"suffix": way}) for way in ways] + at_container


@change("list", "tuple", "dict", "OrderedDict", "defaultdict", "Namespace", "Settings", "Options", "Items", "Entries", weight=2)
def replaced(random, b, node):
    """Another value in the place of one."""
    slots = [(node.items, i) for i in range(len(node.items))] + [(node.attrs, i) for i in range(len(node.attrs))]
    slots += [(node.entries, i) for i in range(len(node.entries))]
    if not slots:
        return None
    slot, index = random.choice(slots)
    new = random.choice((
        lambda: plain(random.choice(FLOATS)), lambda: Node("list", items=[plain(1)]), lambda: random_tensors.dense(random),
        lambda: Node("dict", entries=[(plain("new"), plain(None))]), lambda: random_tensors.array(random),
    ))()  # fmt: skip
    old = slot[index]
    before = old if slot is node.items else old[1]
    if before.kind == new.kind == "plain" and repr(before.data) == repr(new.data):
        return None
    if slot is node.items:
        slot[index] = new
        ways = within(node, index)
    else:
        slot[index] = (old[0], new)
        ways = [({"attr": old[0]},)] if slot is node.attrs else within(node, key_segment(old[0]))
    return [(node, {"suffix": way}) for way in ways] + untied(b, before)


def untied(b, before):
    """What is still in `b` and was one with something in `before`, or shared a storage with it: that it no longer is
    may be told."""
    gone = set(walk(before))
    shares = lambda node: node in gone or gone & set(node.parts.values())  # noqa: E731
    return [(node, {"below": False}) for node in walk(b) if node.kind in MUTABLE and shares(node)]


def within(node, segment):
    ways = [(segment,)]
    return ways + [({"attr": HOLDERS[node.kind]}, segment)] if node.kind in HOLDERS else ways


@change(*MAPPINGS, weight=2)
def added_entry(random, b, node):
    key = plain(random.choice((*TEXTS, 1, (1, "a"), None, True, 1.5, b"a")))
    node.entries.append((key, plain(1)))
    return entry(node, key_segment(key))


@change(*MAPPINGS, weight=2)
def removed_entry(random, b, node):
    if not node.entries:
        return None
    key, _ = node.entries.pop(random.randrange(len(node.entries)))
    return entry(node, key_segment(key))


@change(*MAPPINGS, weight=2)
def another_key(random, b, node):
    """A key that is another, or one of another type."""
    chosen = [index for index, (key, _) in enumerate(node.entries) if key.kind == "plain"]
    if not chosen:
        return None
    index = random.choice(chosen)
    key, item = node.entries[index]
    old = key.data["value"]
    new = other_value(random, old) if random.random() < 0.5 else random.choice(other_type(old))
    if new is None or isinstance(new, tuple):
        return None
    node.entries[index] = (plain(new), item)
    return [(node, {"suffix": way}) for k in (key, plain(new)) for way in within(node, key_segment(k))]


@change(*MAPPINGS, weight=2)
def order_of_entries(random, b, node):
    if len(node.entries) < 2:
        return None
    index = random.randrange(len(node.entries) - 1)
    node.entries[index : index + 2] = reversed(node.entries[index : index + 2])
    keys = [node, *(key for key, _ in node.entries[index : index + 2])]
    ways = [way for key in keys[1:] for way in within(node, key_segment(key))]
    holders = [({"attr": HOLDERS[node.kind]},)] if node.kind in HOLDERS else []
    return [(node, {"suffix": way, "below": False}) for way in [(), *holders, *ways]]


@change(*ATTRIBUTED)
def order_of_attributes(random, b, node):
    if len(node.attrs) < 2:
        return None
    index = random.randrange(len(node.attrs) - 1)
    node.attrs[index : index + 2] = reversed(node.attrs[index : index + 2])
    ways = [(), *(({"attr": name},) for name, _ in node.attrs[index : index + 2])]
    return [(node, {"suffix": way, "below": False}) for way in ways]


@change(*ATTRIBUTED, weight=2)
def added_attribute(random, b, node):
    name = random.choice([name for name in (*names_for(node), "tag 2") if node.attr(name) is None])
    node.attrs.append((name, plain(random.choice((1, "text", None)))))
    return attribute_or_state(node, name)


@change(*ATTRIBUTED, weight=2)
def removed_attribute(random, b, node):
    if not node.attrs:
        return None
    name, _ = node.attrs.pop(random.randrange(len(node.attrs)))
    return attribute_or_state(node, name)


def attribute_or_state(node, name):
    """An attribute that is new or gone; of one without others its object changes too."""
    at_object = [(node, {"below": False})] if len(node.attrs) <= 1 else []
    return [(node, {"suffix": ({"attr": name},)}), *at_object]


@change(*ATTRIBUTED, weight=2)
def renamed_attribute(random, b, node):
    if not node.attrs:
        return None
    index = random.randrange(len(node.attrs))
    name, item = node.attrs[index]
    new = random.choice([other for other in (*names_for(node), name + "2") if node.attr(other) is None])
    node.attrs[index] = (new, item)
    return [(node, {"suffix": ({"attr": way},)}) for way in (name, new)]


@change(*SETS, weight=3)
def added_member(random, b, node):
    node.items.append(random.choice((plain("new"), plain(77), random_tensors.dense(random))))
    return [(node, {})]


@change(*SETS, weight=3)
def removed_member(random, b, node):
    if not node.items:
        return None
    node.items.pop(random.randrange(len(node.items)))
    return [(node, {})]


@change("defaultdict", weight=3)
def default_factory(random, b, node):
    node.data["factory"] = another(random, node.data["factory"], ("list", "dict", "int", "OrderedDict", "None"))
    return [(node, {"below": True, "without": siblings(node)})]


CLASSES = [("dict", "OrderedDict", "defaultdict", "Entries"), ("Entries", "OtherEntries"), OBJECTS, ("list", "tuple"), ("set", "frozenset"), ("list", "Items")]


@change(*MAPPINGS, *SEQUENCES, *SETS, *OBJECTS, "tuple", weight=3)
def class_of_object(random, b, node):
    group = random.choice([group for group in CLASSES if node.kind in group] or [(node.kind,)])
    if len(group) == 1 or (node.attrs and node.kind not in OBJECTS and group != ("Entries", "OtherEntries")):
        return None
    new = another(random, node.kind, group)
    if node.kind == "tuple" and any(node in walk_from(item) for item in node.items):
        return None
    if node.kind == "set" and new == "frozenset" and any(node in walk_from(item) for item in node.items):
        return None
    old, node.kind = node.kind, new
    node.data = {"factory": "list"} if new == "defaultdict" else {}
    # An object's content may have other paths than a dict's or list's.
    moved = (old in HOLDERS) != (new in HOLDERS)
    return [(node, {"without": [] if moved or new in SETS else siblings(node)})]


def walk_from(node):
    return set(walk(node))
