"""Pairs of files that differ, and that `statedict diff` once called identical; and what it once could not compare."""

import argparse
import collections
import os
import warnings

import numpy as np
import torch
from torch import nn


def namespace(v):
    n = argparse.Namespace()
    n._metadata = {"t": torch.full((2,), float(v))}
    return {"n": n}


def state_dict(metadata):
    s = collections.OrderedDict(w=torch.ones(2))
    s._metadata = metadata
    return s


def tensor_with(name, value):
    t = torch.ones(2)
    setattr(t, name, value)
    return {"t": t}


def doubled():
    """A value of 40 lists that Python holds once each, and a walk over its paths meets 2 ** 40 times."""
    value = [1]
    for _ in range(40):
        value = [value, value]
    return value


def frozen():
    """The same of sets."""
    value = frozenset([1])
    for _ in range(40):
        value = frozenset([value, (value,)])
    return value


def sparse(is_coalesced):
    indices, values = torch.tensor([[0, 1], [0, 1]]), torch.ones(2)
    return {"s": torch.sparse_coo_tensor(indices, values, (2, 2), is_coalesced=is_coalesced)}


def one_or_two_lists(v):
    value = [1]
    return {"a": value, "b": value if v else [1]}


def replaced(make):
    """One object under two keys, or another one under the first of them."""

    def value(v):
        shared = make()
        return {"x": np.arange(3, dtype="i4") if v else shared, "y": shared}

    return value


def array_in_itself():
    array = np.empty(1, dtype=object)
    array[0] = array
    return array


def parameter(v):
    return {"p": nn.Parameter(torch.ones(2)) if v else torch.ones(2, requires_grad=True)}


METADATA = {"attr": "_metadata"}
Z = torch.tensor([1 + 2j, 3 + 4j])
NAMED = {
    # name: (what makes a value, from what it makes the two, the path of the change, or several)
    "_metadata of an object": (namespace, (1, 2), ["n", METADATA, "t"]),
    "_metadata that is a list": (lambda v: state_dict([v]), (1, 2), [METADATA, 0]),
    "a member of a set": (lambda v: {"s": {torch.full((2,), float(v))}}, (1, 2), ["s"]),
    "a tensor as a key": (lambda v: {"k": {torch.full((2,), float(v)): 1}, "x": 1}, (1, 2), ["k"]),
    "a tensor in _metadata": (
        lambda v: state_dict(collections.OrderedDict({"": {"version": 1, "t": torch.full((2,), float(v))}})), (1, 2), [METADATA, ""]),
    "a string of NumPy": (lambda v: {"a": np.array(["x", v])}, ("y", "z"), ["a"]),
    "a struct of NumPy": (lambda v: {"a": np.array([(1, v)], dtype=[("i", "i4"), ("s", "U3")])}, ("y", "z"), ["a"]),
    "an object of NumPy": (lambda v: {"o": np.array([v], dtype=object)}, ("y", "z"), ["o"]),
    "a date of NumPy": (lambda v: {"d": np.datetime64(v)}, ("2020", "2021"), ["d"]),
    "dates of NumPy": (lambda v: {"d": np.array([v], dtype="M8[D]")}, ("2020-01-01", "2021-01-01"), ["d"]),
    "a storage": (lambda v: {"s": torch.full((3,), float(v)).untyped_storage()}, (1, 2), ["s"]),
    "a typed storage": (lambda v: {"s": torch.full((3,), float(v)).storage()}, (1, 2), ["s"]),
    "a default factory": (lambda v: {"d": collections.defaultdict(v, a=1)}, (list, dict), ["d"]),
    "no default factory": (lambda v: {"d": collections.defaultdict(v, a=1)}, (list, None), ["d"]),
    "coalesced": (sparse, (True, False), ["s"]),
    "a parameter": (parameter, (False, True), ["p"]),
    "_metadata of a tensor": (lambda v: tensor_with("_metadata", v), (5, 6), ["t", METADATA]),
    "conj": (lambda v: {"z": Z, "conj": Z.conj() if v else Z.view(2)}, (False, True), ["conj"]),
    "neg": (lambda v: {"neg": torch._neg_view(torch.ones(2)) if v else torch.ones(2)}, (False, True), ["neg"]),
    "the order of a dict": (lambda v: {"d": dict.fromkeys(v, 1)}, ("ab", "ba"), ["d"]),
    "a byte beyond ASCII, at protocol 4": (lambda v: {"b": v}, (b"\xfa", b"\xfb"), ["b"]),
    "one list, twice": (one_or_two_lists, (False, True), ["b"]),
    # What is replaced was one with what stays, and both are told.
    "one of two names of a list": (replaced(lambda: [1]), (False, True), (["x"], ["y"])),
    "one of two names of an array in itself": (replaced(array_in_itself), (False, True), (["x"], ["y"])),
}  # fmt: skip
SHARED = {
    "shared 2 ** 40 times in _metadata": (
        lambda v: state_dict(collections.OrderedDict({"": {"version": v, "x": doubled()}})), (1, 2), [METADATA, ""]),
    "shared 2 ** 40 times in a list": (lambda v: {"d": doubled(), "v": v}, (1, 2), ["v"]),
    "shared 2 ** 40 times in a set": (lambda v: {"fs": frozen(), "v": v}, (1, 2), ["v"]),
    "shared 2 ** 40 times in a key": (lambda v: {"k": {frozen(): 1}, "v": v}, (1, 2), ["v"]),
}  # fmt: skip


def write_lazy(path):
    """Writes a tensor with views of it whose bits make other numbers of the same bytes."""
    torch.save({"z": Z, "conj": Z.conj(), "neg": torch._neg_view(Z), "again": Z}, path)


def write_all(folder, pairs):
    """Writes the pairs of one of the tables."""
    cases = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for index, (name, (make, (one, other), path)) in enumerate(globals()[pairs].items()):
            names = {file: os.path.join(folder, f"{index}.{file}.pt") for file in ("a", "b", "again", "anew")}
            value = make(one)
            protocol = 4 if name.endswith("at protocol 4") else 2
            torch.save(value, names["a"], pickle_protocol=protocol)
            torch.save(value, names["again"], pickle_protocol=protocol)
            torch.save(make(one), names["anew"], pickle_protocol=protocol, _use_new_zipfile_serialization=False)
            torch.save(make(other), names["b"], pickle_protocol=protocol)
            paths = path if isinstance(path, tuple) else (path,)
            told = [{"path": path, "below": True, "but": [], "since": len(path)} for path in paths]
            cases.append({"about": name, "container": "zip", "opaque": "object" in name, "places": told, **names})
    return cases
