"""Makes the objects that nodes describe."""

import argparse
import collections

import numpy as np
import torch
from torch import nn

from seen import classes

FACTORIES = {"list": list, "dict": dict, "int": int, "OrderedDict": collections.OrderedDict, "None": None}


class Unmakeable(Exception):
    """Python makes another value of a description, or none."""


def make(root):
    """The object of a graph, made anew."""
    return _Maker().make(root)


class _Maker:
    def __init__(self):
        self.made = {}
        self.unfilled = []

    def make(self, root):
        self.object(root)
        while self.unfilled:
            node = self.unfilled.pop(0)
            self.fill(node, self.made[node])
        return self.made[root]

    def object(self, node):
        """The object of a node, the same each time; what it holds may come later."""
        if node not in self.made:
            self.made[node] = MAKERS[node.kind](self, node)
            if node.kind not in ("plain", "storage"):
                self.unfilled.append(node)
        return self.made[node]

    def fill(self, node, value):
        if node.kind in ("list", "Items"):
            value.extend(self.object(item) for item in node.items)
        elif node.kind == "set":
            for item in node.items:
                value.add(self.object(item))
            check(len(value) == len(node.items), "equal members")
        elif node.kind == "array" and node.items:
            flat = value.reshape(-1)
            for index, item in enumerate(node.items):
                flat[index] = self.object(item)
            check(value.size == 0 or np.shares_memory(flat, value), "a copy")
        elif node.kind == "Reduced":
            value.state = {name: self.object(item) for name, item in node.attrs} or None
            return
        for key, item in node.entries:
            # Of a Counter and a defaultdict too, this is the dict's own.
            dict.__setitem__(value, self.object(key), self.object(item)) if not isinstance(
                value, collections.OrderedDict
            ) else value.__setitem__(self.object(key), self.object(item))
        check(not node.entries or len(value) == len(node.entries), "equal keys")
        for name, item in node.attrs:
            value.__dict__[name] = self.object(item)


def check(holds, reason):
    if not holds:
        raise Unmakeable(reason)


def dtype_of(name):
    return getattr(torch, name)


def dressed(node, tensor):
    """The tensor as a parameter, or as it requires gradients."""
    if node.data.get("parameter"):
        return nn.Parameter(tensor, requires_grad=node.data["requires_grad"])
    return tensor.requires_grad_() if node.data.get("requires_grad") else tensor


def storage(maker, node):
    data = bytes(node.data["bytes"])
    made = torch.UntypedStorage(len(data))
    if data:
        torch.empty(0, dtype=torch.uint8).set_(made)[:] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    return made


def strided(maker, node):
    data = node.data
    made = torch.empty(0, dtype=dtype_of(node.parts["storage"].data["dtype"]))
    made.set_(maker.object(node.parts["storage"]), data["offset"], data["shape"], data["stride"])
    return made


def tensor(maker, node):
    made = strided(maker, node)
    if node.data["conj"]:
        made = made.conj()
    if node.data["neg"]:
        made = torch._neg_view(made)
    return dressed(node, made)


def bare(maker, node):
    """A storage that is no tensor's, or also one's."""
    untyped = maker.object(node.parts["storage"])
    if not node.data["typed"]:
        return untyped
    dtype = dtype_of(node.parts["storage"].data["dtype"])
    return torch.storage.TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


def meta(maker, node):
    data = node.data
    made = torch.empty_strided(data["shape"], data["stride"], dtype=dtype_of(data["dtype"]), device="meta")
    return dressed(node, made)


def coo(maker, node):
    parts, data = node.parts, node.data
    made = torch.sparse_coo_tensor(maker.object(parts["indices"]), maker.object(parts["values"]), data["shape"],
                                   is_coalesced=data["coalesced"], check_invariants=True)  # fmt: skip
    check(made.is_coalesced() == data["coalesced"], "coalesced by itself")
    return dressed(node, made)


def compressed(maker, node):
    parts = [maker.object(part) for part in node.parts.values()]
    layout = getattr(torch, node.data["layout"])
    made = torch.sparse_compressed_tensor(*parts, node.data["shape"], layout=layout, check_invariants=True)
    return dressed(node, made)


def quantized(maker, node):
    parts, data = node.parts, node.data
    integers = maker.object(parts["integers"])
    if "scales" in parts:
        scales, zeros = maker.object(parts["scales"]), maker.object(parts["zero_points"])
        made = torch._make_per_channel_quantized_tensor(integers, scales, zeros, data["axis"])
    else:
        made = torch._make_per_tensor_quantized_tensor(integers, data["scale"], data["zero_point"])
    return dressed(node, made)


def array(maker, node):
    dtype, shape = np.dtype(node.data["dtype"]), node.data["shape"]
    if dtype == object:
        return np.full(shape, None, dtype=object)
    flat = np.frombuffer(bytes(node.data["bytes"]), dtype=dtype) if node.data["bytes"] else np.empty(0, dtype)
    return flat.copy().reshape(shape, order=node.data["order"]).copy(order=node.data["order"])


def scalar(maker, node):
    return array(maker, node).reshape(())[()]


def immutable(kind):
    def make(maker, node):
        value = kind([maker.object(item) for item in node.items])
        check(len(value) == len(node.items), "equal members")
        return value

    return make


MAKERS = {
    "plain": lambda maker, node: node.data["value"],
    "bytearray": lambda maker, node: bytearray(node.data["value"]),
    "list": lambda maker, node: [],
    "Items": lambda maker, node: classes.Items(),
    "tuple": immutable(tuple),
    "set": lambda maker, node: set(),
    "frozenset": immutable(frozenset),
    "dict": lambda maker, node: {},
    "OrderedDict": lambda maker, node: collections.OrderedDict(),
    "defaultdict": lambda maker, node: collections.defaultdict(FACTORIES[node.data["factory"]]),
    "Counter": lambda maker, node: collections.Counter(),
    "Entries": lambda maker, node: classes.Entries(),
    "OtherEntries": lambda maker, node: classes.OtherEntries(),
    "Namespace": lambda maker, node: argparse.Namespace(),
    "Settings": lambda maker, node: classes.Settings(),
    "Options": lambda maker, node: classes.Options(),
    "Reduced": lambda maker, node: classes.Reduced(*map(maker.object, node.items)),
    "storage": storage,
    "tensor": tensor,
    "bare": bare,
    "meta": meta,
    "coo": coo,
    "compressed": compressed,
    "quantized": quantized,
    "array": array,
    "scalar": scalar,
}
