"""Changes of tensors and arrays: one element, one flag, one number of how they are made."""

import struct

import numpy as np
import torch

from seen.changes import another, change
from seen.nodes import NUMPY, TENSORS, Node, plain, walk
from seen.random_tensors import GRADIENTS, SIZES, contiguous, random_bytes

LAZY = ("complex64", "complex128")


def users(root, storage):
    """All nodes that show this storage."""
    return [node for node in walk(root) if storage in node.parts.values()]


def reached(node):
    """The index of an element of each place in its storage that a tensor shows."""
    places = [node.data["offset"]]
    for size, stride in zip(node.data["shape"], node.data["stride"]):
        places = [place + i * stride for place in places for i in range(size)]
    return places


def flip(random, data, start, size, dtype):
    """Changes a bit of an element; a boolean has one."""
    at = start + random.randrange(size)
    data[at] ^= 1 if dtype == "bool" else 1 << random.randrange(8)


@change("tensor", weight=8)
def element(random, b, node):
    part, places = node.parts["storage"], reached(node)
    if not places:
        return None
    dtype = part.data["dtype"]
    flip(random, part.data["bytes"], random.choice(places) * SIZES[dtype], SIZES[dtype], dtype)
    return [(user, {}) for user in users(b, part)]


@change("tensor")
def zero_of_the_other_sign(random, b, node):
    """Numbers that are equal, in other bytes."""
    part, places = node.parts["storage"], reached(node)
    formats = {"float32": "<f", "float64": "<d", "float16": "<e", "bfloat16": None, "complex64": "<f"}
    if not places or part.data["dtype"] not in formats:
        return None
    size = SIZES[part.data["dtype"]]
    start = random.choice(places) * size
    old = bytes(part.data["bytes"][start : start + size])
    if old in (bytes(size), bytes(size - 1) + b"\x80"):
        return None
    new = random.choice((bytes(size), bytes(size - 1) + b"\x80"))
    part.data["bytes"][start : start + size] = new
    return [(user, {}) for user in users(b, part)]


@change("bare", weight=6)
def byte_of_storage(random, b, node):
    part = node.parts["storage"]
    if not part.data["bytes"]:
        return None
    dtype = part.data["dtype"]
    flip(random, part.data["bytes"], random.randrange(len(part.data["bytes"])), 1, dtype)
    return [(user, {}) for user in users(b, part)]


@change("bare", weight=2)
def type_of_storage(random, b, node):
    if node.parts["storage"].data["dtype"] != "uint8" or len(users(b, node.parts["storage"])) > 1:
        return None
    node.data["typed"] = not node.data["typed"]
    return [(node, {})]


@change("bare", weight=2)
def length_of_storage(random, b, node):
    part = node.parts["storage"]
    if len(users(b, part)) > 1:
        return None
    part.data["bytes"] += random_bytes(random, part.data["dtype"], 1)
    return [(node, {})]


def own(node, **more):
    """At a tensor, and not at its attributes."""
    return [(node, {"without": [{"attr": name} for name, _ in node.attrs], **more})]


@change("tensor", "meta", weight=3)
def requires_grad(random, b, node):
    dtype = node.data["dtype"] if node.kind == "meta" else node.parts["storage"].data["dtype"]
    if dtype not in GRADIENTS:
        return None
    node.data["requires_grad"] = not node.data["requires_grad"]
    return own(node)


@change(*TENSORS, weight=2)
def is_parameter(random, b, node):
    node.data["parameter"] = not node.data["parameter"]
    return own(node)


@change("tensor", weight=3)
def conj(random, b, node):
    if node.parts["storage"].data["dtype"] not in LAZY:
        return None
    node.data["conj"] = not node.data["conj"]
    return own(node)


@change("tensor", weight=2)
def neg(random, b, node):
    if node.parts["storage"].data["dtype"] not in ("float32", "float64", "int64", *LAZY):
        return None
    node.data["neg"] = not node.data["neg"]
    return own(node)


@change("coo", weight=4)
def coalesced(random, b, node):
    node.data["coalesced"] = not node.data["coalesced"]
    return own(node)


@change("tensor", "meta", weight=2)
def shape(random, b, node):
    shape = node.data["shape"]
    if not shape or random.random() < 0.3:
        node.data["shape"], node.data["stride"] = (1, *shape), (1, *node.data["stride"])
    else:
        axis = random.randrange(len(shape))
        if shape[axis] == 0:
            return None
        node.data["shape"] = (*shape[:axis], shape[axis] - 1, *shape[axis + 1 :])
    return own(node)


@change("tensor", "meta", weight=2)
def dtype(random, b, node):
    """The same bytes as another type."""
    holder = node if node.kind == "meta" else node.parts["storage"]
    if node.kind == "tensor" and (len(users(b, holder)) > 1 or node.data["conj"] or node.data["neg"]):
        return None
    size = SIZES[holder.data["dtype"]]
    same = [name for name in SIZES if SIZES[name] == size and name not in ("bool", "bits8", "bits16")]
    if node.data["requires_grad"]:
        same = [name for name in same if name in GRADIENTS]
    if same in ([], [holder.data["dtype"]]):
        return None
    holder.data["dtype"] = another(random, holder.data["dtype"], same)
    return own(node)


@change("meta")
def meta_to_zeros(random, b, node):
    """A tensor of zeros in the place of one without bytes."""
    part = Node("storage", dtype=node.data["dtype"], bytes=bytearray(SIZES[node.data["dtype"]] * int(np.prod(node.data["shape"]))))
    node.kind, node.parts = "tensor", {"storage": part}
    node.data.pop("dtype")
    node.data.update(offset=0, stride=contiguous(node.data["shape"]), conj=False, neg=False)
    return own(node)


@change("coo", "compressed", weight=6)
def number_of_a_sparse_part(random, b, node):
    """An index that still is one, or a value."""
    name = random.choice(list(node.parts))
    part = node.parts[name]
    storage = part.parts["storage"]
    places = reached(part)
    if not places:
        return None
    size = SIZES[storage.data["dtype"]]
    start = random.choice(places) * size
    if name == "values":
        flip(random, storage.data["bytes"], start, size, storage.data["dtype"])
    else:
        form = "<q" if size == 8 else "<i"
        number = struct.unpack_from(form, storage.data["bytes"], start)[0]
        struct.pack_into(form, storage.data["bytes"], start, number + random.choice((1, -1)))
    return [(node, {"suffix": ({"attr": name},)})]


@change("coo")
def size_of_sparse(random, b, node):
    shape = node.data["shape"]
    node.data["shape"] = (shape[0] + 1, *shape[1:])
    return own(node)


@change("quantized", weight=3)
def quantized_element(random, b, node):
    storage = node.parts["integers"].parts["storage"]
    flip(random, storage.data["bytes"], random.randrange(len(storage.data["bytes"])), 1, "")
    return own(node)


@change("quantized", weight=3)
def quantizer(random, b, node):
    if "scales" not in node.parts:
        name = random.choice(("scale", "zero_point"))
        node.data[name] += 1
        return [(node, {"suffix": ({"attr": name},)})]
    name = random.choice(("scales", "zero_points"))
    storage = node.parts[name].parts["storage"]
    start = random.randrange(len(storage.data["bytes"]) // 8) * 8
    if name == "scales":
        struct.pack_into("<d", storage.data["bytes"], start, random.randint(100, 199) / 64)
    else:
        struct.pack_into("<q", storage.data["bytes"], start, random.randint(100, 120))
    return [(node, {"suffix": ({"attr": name},)})]


@change("quantized", weight=2)
def axis(random, b, node):
    sizes = node.data["shape"]
    if "axis" not in node.data:
        return None
    others = [i for i, size in enumerate(sizes) if size == sizes[node.data["axis"]] and i != node.data["axis"]]
    if not others:
        return None
    node.data["axis"] = random.choice(others)
    return [(node, {"suffix": ({"attr": "axis"},)})]


# NumPy's.


def fields(dtype, base=0):
    """The place and type of each plain part of an element."""
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        for index in range(int(np.prod(shape))):
            yield from fields(inner, base + index * inner.itemsize)
    elif dtype.names:
        for name in dtype.names:
            inner, at = dtype.fields[name][:2]
            yield from fields(inner, base + at)
    else:
        yield base, dtype


@change(*NUMPY, weight=4)
def element_of_numpy(random, b, node):
    kind, data = np.dtype(node.data["dtype"]), node.data["bytes"]
    if not data:
        return None
    at, plain_type = random.choice(list(fields(kind)))
    at += random.randrange(len(data) // kind.itemsize) * kind.itemsize
    if plain_type.kind == "U":
        at += 0 if plain_type.byteorder != ">" else 3
        data[at] = 97 if data[at] != 97 else 98
    elif plain_type.kind == "b":
        data[at] ^= 1
    elif plain_type.kind == "S":
        data[at] = 97 if data[at] != 97 else 98
    else:
        flip(random, data, at, plain_type.itemsize, "")
    return [(node, {})]


@change("array", weight=2)
def shape_of_array(random, b, node):
    shape = node.data["shape"]
    if node.items:
        node.data["shape"] = (1, *shape)
    else:
        node.data["shape"] = another(random, shape, [(1, *shape), (*shape, 1), tuple(reversed(shape)), (int(np.prod(shape, dtype=int)),), shape])
    return [(node, {})] if node.data["shape"] != shape else None


@change(*NUMPY, weight=2)
def type_of_numpy(random, b, node):
    """The same bytes as another type."""
    old = np.dtype(node.data["dtype"])
    groups = [
        ("<i4", ">i4", "<f4", "<u4", "|V4", "|S4"), ("<i8", "<f8", ">f8", "<M8[D]", "<M8[h]", "<m8", "<c8", "<u8", "<m8[25s]", ">M8[ns]"),
        ("|u1", "|i1", "|V1", "|S1"), ("<f2", "<u2", ">f2", "<i2"), ("|V3", "|S3"), ("<c16", ">c16"),
    ]  # fmt: skip
    for group in groups:
        if any(np.dtype(name) == old for name in group):
            node.data["dtype"] = another(random, node.data["dtype"], [name for name in group if np.dtype(name) != old])
            return [(node, {})]
    return None


@change("scalar", weight=2)
def scalar_to_array(random, b, node):
    node.kind = "array"
    return [(node, {})]


@change("array")
def item_of_objects(random, b, node):
    if not node.items:
        return None
    node.items[random.randrange(len(node.items))] = plain(random.choice(("another", 12345)))
    return [(node, {})]
