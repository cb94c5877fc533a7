"""Values that are no plain tensors and dicts, in files, and what Python finds in them."""

import argparse
import collections
import enum
import math
import os
import pickle
import zlib

import numpy as np
import torch
from torch import nn


def row(key, t):
    """A tensor in one line."""
    data = t.detach().contiguous().clone().untyped_storage()
    data = bytes(data) if t.numel() else b""
    return f"{key} {str(t.dtype).removeprefix('torch.')} {list(t.shape)} {zlib.crc32(data):08x}"


def as_tensor(value):
    """An array as torch takes it: without byte order and layout."""
    if isinstance(value, np.ndarray):
        value = np.ascontiguousarray(value).reshape(value.shape)
        value = value.astype(value.dtype.newbyteorder("="))
    try:
        return torch.as_tensor(value)
    except TypeError:
        # torch does not take a scalar of uint64 itself.
        return torch.as_tensor(np.asarray(value))


def rows(values):
    """The tensors of a dict, and of its other values the types."""
    found = []
    for key, value in values.items():
        try:
            found.append(row(key, as_tensor(value)) if isinstance(value, (torch.Tensor, np.ndarray, np.generic)) else f"{key} {type(value).__name__}")
        except TypeError:
            found.append(f"{key} {type(value).__name__}")
    return found


NUMBERS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"]


def arrays():
    """State dicts of arrays."""
    grid = np.arange(24).reshape(2, 3, 4)
    cases = {"types": {name: (grid % 3).astype(name) for name in NUMBERS}}
    cases["big"] = {name: (grid % 3).astype(np.dtype(name).newbyteorder(">")) for name in NUMBERS}
    cases["orders"] = {
        "fortran": np.asfortranarray(grid), "turned": grid.transpose(2, 0, 1), "steps": grid[:, ::2, 1:], "back": grid[::-1, :, ::-1],
        "stretched": np.broadcast_to(np.arange(3.0), (4, 3)), "fortran big": np.asfortranarray(grid.astype(">i2")), "read only": np.frombuffer(b"abcdefgh", ">u2"),
    }  # fmt: skip
    cases["shapes"] = {
        "none": np.array(0.5), "none big": np.array(3, ">i8"), "empty": np.zeros((0, 3), "f4"), "empty fortran": np.zeros((3, 0), "f4", order="F"), "one": np.ones((1, 1, 1))}  # fmt: skip
    cases["scalars"] = {"w": np.ones(2), **{name: np.dtype(name).type(1) for name in NUMBERS}}
    shared = np.arange(3.0)
    cases["shared"] = {"a": shared, "b": shared, "t": torch.ones(2)}
    cases["others"] = {"w": np.ones(2, "f4"), "text": np.array(["a", "bc"]), "dates": np.array(["2020-01-01"], "M8[D]"), "words": np.str_("x"), "n": 3}
    return cases


def write_arrays(folder):
    found = {}
    for name, value in arrays().items():
        for protocol in range(6):
            path = os.path.join(folder, f"{name} {protocol}.pkl")
            with open(path, "wb") as out:
                pickle.dump({"model": value, "__author__": "z"}, out, protocol=protocol)
            found[path] = rows(value)
        path = os.path.join(folder, f"{name}.pt")
        torch.save({"model": value}, path)
        found[path] = rows(value)
    return found


def loaded(path, at=None):
    """The tensors of a file that was written."""
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        return sorted(rows(load_file(path)))
    value = torch.load(path, weights_only=False)
    return rows(value if at is None else value[at])


class AttrDict(dict):
    """As Lightning keeps its hyperparameters."""

    def __getattr__(self, name):
        return self[name]


class Itself(dict):
    """A dict whose attributes are its entries."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__ = self


class Ordered(collections.OrderedDict):
    pass


class Default(collections.defaultdict):
    pass


class Items(list):
    pass


def tensors(start):
    return {"w": torch.full((2,), float(start)), "b.x": torch.full((3,), start + 0.5)}


def model_state(kind):
    state = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).state_dict()
    made = kind(state)
    made._metadata = state._metadata
    return made


def write_mappings(folder):
    cases = {
        "attr": AttrDict(tensors(1)), "ordered": Ordered(tensors(2)), "user": collections.UserDict(tensors(3)), "itself": Itself(tensors(4)),
        "default": Default(list, tensors(5)), "model": model_state(Ordered), "plain": tensors(6),
    }  # fmt: skip
    extra = {
        "hyper_parameters": AttrDict(lr=0.25, layers=[1, 2], inner=AttrDict(n=7)), "args": argparse.Namespace(lr=0.5, bs=8, same=8, w=torch.ones(2)),
        "items": Items([4, 5, 6]),
    }  # fmt: skip
    found = {}
    for name, options in [("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False}), ("four", {"pickle_protocol": 4})]:
        path = os.path.join(folder, f"{name}.pt")
        torch.save({**cases, **extra}, path, **options)
        found[path] = {key: rows(value) for key, value in torch.load(path, weights_only=False).items() if key in cases}
    return found


class Quantized(nn.Module):
    """A model of which some modules are quantized."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.second = nn.Sequential(nn.Linear(3, 2), nn.ReLU())


def write_quantized(folder):
    torch.manual_seed(5)
    static = torch.ao.nn.quantized.Linear(3, 2)
    embedding = torch.ao.nn.quantized.Embedding(4, 8)
    models = {
        "dynamic": torch.ao.quantization.quantize_dynamic(Quantized(), {nn.Linear}),
        "half": torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3)), {nn.Linear}, dtype=torch.float16),
        "lstm": torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 2)), {nn.Linear}),
        "static": nn.Sequential(static, nn.Linear(2, 2)), "embedding": nn.Sequential(embedding, nn.Linear(2, 2)),
    }  # fmt: skip
    found = {}
    for name, model in models.items():
        state = model.state_dict()
        for kind, value in [("state", state), ("nested", {"model": state, "epoch": 3}), ("bare", dict(state))]:
            path = os.path.join(folder, f"{name} {kind}.pt")
            torch.save(value, path)
            found[path] = [[key, isinstance(part, torch.Tensor) and not part.is_quantized] for key, part in state.items()]
    return found


class Stateful(nn.Module):
    """A module whose extra state has a class that nothing else knows."""

    def __init__(self, state):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(2.0))
        self.state = state

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        self.state = state


def write_extra_state(folder):
    """Modules with extra states of all kinds, and what a module without any says of their state dicts."""
    plain = nn.Module()
    plain.weight = nn.Parameter(torch.zeros(2))
    states = {
        "object": AttrDict(a=1), "itself": Itself(a=torch.ones(2)), "namespace": argparse.Namespace(a=1), "text": Tagged("x", 3), "enum": Word.A,
        "array": np.arange(3), "lone": "\udce9", "none": None, "list": [1, (2, b"x")],
    }  # fmt: skip
    found = {}
    for name, state in states.items():
        path = os.path.join(folder, f"{name}.pt")
        model = Stateful(state)
        torch.save(model.state_dict(), path)
        try:
            plain.load_state_dict(load(path))
        except RuntimeError as error:
            found[path] = str(error)
    return found


def same(first, second):
    """Whether torch finds the same in two files."""
    return alike(load(first), load(second))


def load(path):
    if path.endswith(".pkl"):
        with open(path, "rb") as file:
            return pickle.load(file)
    return torch.load(path, weights_only=False)


def alike(a, b):
    if type(a) is not type(b):
        return f"{type(a)} and {type(b)}"
    if isinstance(a, torch.Tensor):
        is_same = a.dtype == b.dtype and a.shape == b.shape and a.layout == b.layout and (torch.equal(a, b) or a.isnan().any())
        return None if is_same else f"{a} and {b}"
    if isinstance(a, np.ndarray):
        return None if a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() else f"{a} and {b}"
    if isinstance(a, dict):
        if a is getattr(a, "__dict__", None):
            a, b = dict(a.items()), dict(b.items())
        for x, y in zip(a, b):
            if type(x) is not type(y) or repr(x) != repr(y) or vars_of(x) != vars_of(y):
                return f"keys {ascii(x)} and {ascii(y)}"
        found = [f"{ascii(key)}: {alike(x, y)}" for key, x, y in zip(a, a.values(), b.values()) if alike(x, y)]
        if len(a) != len(b):
            return f"lengths {len(a)} and {len(b)}"
        return (found or [None])[0] or (alike(vars_of(a), vars_of(b)) if vars_of(a) else None)
    if isinstance(a, (list, tuple)):
        found = [f"{index}: {alike(x, y)}" for index, (x, y) in enumerate(zip(a, b)) if alike(x, y)]
        return f"lengths {len(a)} and {len(b)}" if len(a) != len(b) else (found or [None])[0]
    if vars_of(a) and not isinstance(a, (type, enum.Enum)):
        return alike(vars(a), vars(b))
    return None if a == b or (a != a and b != b) else ascii((a, b))


def vars_of(value):
    return vars(value) if hasattr(value, "__dict__") else {}


class Text(str):
    """A class that is made from `str`."""


class Tagged(str):
    """One whose objects have attributes."""

    def __new__(cls, text, tag=None):
        made = super().__new__(cls, text)
        made.tag = tag
        return made


class Word(str, enum.Enum):
    A = "a word"


def texts():
    t = lambda v: torch.full((2,), float(v))
    lone = os.fsdecode(b"caf\xe9")
    return {
        "values": {"w": t(1), "path": "/data/" + lone, "pair": "\ud83d\ude00", "pairs": ["\udfff\ud800x", lone], "text": Text("x"), "quote": "\"'\\\udc80\n"},
        "keys": {
            lone: t(1), "w": t(2), b"w": t(3), b"\xff\x00": t(4), (1, 2): t(5), (1, 3): t(6), (lone, b"x", None): t(7), Text("sub"): t(8), Tagged("tagged", 3): t(9),
            np.str_("np é"): t(10), Word.A: t(11), "1": t(12), 1: t(13), 1.5: t(14), float("nan"): t(15), None: t(16), "\udc80" * 300: t(17), b"y" * 300: t(18),
            (Text("in"), ()): t(19), "[1]": {"x": 1}, frozenset([1]): t(20), -1: t(21), "(1, 2)": {"x": 2}, torch.float32: t(22), complex(1, -2): t(23),
        },
        "alike": {float("nan"): t(1), math.nan: {"x": t(2)}, Text("a"): {"x": t(3)}, "": t(4)},
        "subclass": {Text("w"): t(1), np.str_("b.x"): t(2), Tagged("c", 1): t(3), "d": t(4)},
        "bytes": {"a": t(1), b"w": t(2)}, "lone": {"a": t(1), lone: t(2)}, "tuple": {("a", 1): t(1), "b": t(2)},
    }  # fmt: skip


def write_texts(folder):
    found = []
    for name, options in [("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False}), ("four", {"pickle_protocol": 4})]:
        found.append(os.path.join(folder, f"{name}.pt"))
        torch.save(texts(), found[-1], **options)
    for protocol in range(6):
        found.append(os.path.join(folder, f"{protocol}.pkl"))
        with open(found[-1], "wb") as out:
            pickle.dump(texts(), out, protocol=protocol)
    return found


def keys(path, at):
    """The keys of a dict in a file, escaped."""
    return [ascii(key) for key in load(path)[at]]
