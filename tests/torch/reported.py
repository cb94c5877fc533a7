"""Files like those of public bug reports about reading checkpoints, each kind in several forms."""

import argparse
import collections
import os
import pickle
import re
import warnings

import numpy as np
import torch
from torch import nn

from odd_tensors import Call


class AttrDict(dict):
    pass


class Ord(collections.OrderedDict):
    pass


def t(v, n=2):
    return torch.full((n,), float(v))


def doubled(value, times, join):
    for _ in range(times):
        value = join(value)
    return value


def state_dict(metadata):
    made = collections.OrderedDict(w=t(1))
    made._metadata = metadata
    return made


def attributed(**attributes):
    made = t(1)
    made.__dict__.update(attributes)
    return made


def files():
    """Files by name: what is saved with `torch.save`."""
    torch.manual_seed(1)
    z = torch.tensor([1 + 2j, 3 + 4j])
    wide = torch.arange(48.0).view(6, 8)
    config = argparse.Namespace()
    config._metadata = {"t": t(2)}
    p = "layers.0.fc."
    dynamic = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3)), {nn.Linear})
    real = torch.arange(6.0)._typed_storage()
    negated = lambda value: Call(torch._utils._rebuild_tensor_v2, real, 0, (6,), (1,), False, collections.OrderedDict(), {"neg": value})
    return {
        "shared without end": state_dict(collections.OrderedDict({"": {"version": 1, "x": doubled([1], 40, lambda x: [x, x])}})),
        "tuples without end": {"x": doubled((1,), 40, lambda x: (x, x)), "w": t(1)}, "dicts without end": {"x": doubled({"a": t(1)}, 30, lambda x: {"a": x, "b": x})},
        "metadata of a namespace": {"n": config}, "metadata that is a list": state_dict([1]), "a tensor in metadata": state_dict(collections.OrderedDict({"": {"t": t(3)}})),
        "a set of tensors": {"s": {t(1)}}, "a tensor as key": {t(1): 1, "w": t(2)}, "odd arrays": {"a": np.array(["x", "y"]), "o": np.array([None, "a"], object), "d": np.datetime64("2020")},
        "a bare storage": {"s": t(1, 3).storage(), "w": t(1)}, "factories": [collections.defaultdict(list, a=1), collections.defaultdict(dict), collections.Counter("aab")],
        "bytes of a path": {"w": t(1), "path": os.fsdecode(b"/data/caf\xe9")}, "a half of a pair": {"w": t(1), "x\ud83d": 1}, "pairs": {"w": "\ud83d\ude00", b"\xff": t(1)},
        "packed": {"q": torch.quantize_per_channel(torch.rand(3, 4), torch.full((3,), 0.1), torch.zeros(3), 0, torch.quint4x2), "w": t(1)},
        "packed oddly": {"q": torch.quantize_per_channel(torch.rand(3, 5), torch.full((3,), 0.1), torch.zeros(3), 0, torch.quint2x4), "w": t(1)},
        "neg False": {"w": negated(False)}, "neg None": {"w": negated(None)}, "neg True": {"w": negated(True)},
        "an attribute": {"w": attributed(lr_scale=3)}, "attributes": {"w": attributed(a=[1], b=t(2)), "p": nn.Parameter(t(1))}, "attributes of the dict": Ord(w=t(1)),
        "nf4": {p + "weight": torch.zeros(8, 1, dtype=torch.uint8), p + "weight.absmax": t(1), p + "bias": t(0, 4)}, "a key below a key": {"a": t(1), "a.b": t(2), "a.b.c": t(3)},
        "a key before its module": {"a.b": t(1), "a": t(2)}, "an empty part": {"a..b": t(1), ".a": t(2), "a.": t(3)},
        "dict subclasses": {"model": AttrDict(w=t(1)), "ord": Ord(w=t(2)), "ud": collections.UserDict({"w": t(3)}), "hp": AttrDict(lr=0.25)},
        "a dict subclass": AttrDict(w=t(1), v=t(2)), "an ordered subclass": Ord(w=t(1)), "a user's dict": collections.UserDict(w=t(1)),
        "dynamic": dynamic.state_dict(), "dynamic within": {"model": dynamic.state_dict()}, "a dtype beside": {"w": t(1), "x": torch.float16, "s": torch.Size([2])},
        "zoo": {"model": {"w": np.ones((2, 3), np.float32), "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">f4"), "s": np.float32(0.5)}, "__author__": "z"},
        "lazy": {"z": z, "conj": z.conj(), "neg": torch._neg_view(torch.ones(2))}, "lazy alone": {"conj": z.conj().clone().conj()}, "lazy twice": {"a": z.conj(), "b": z.conj()},
        "lazy both": {"a": torch._neg_view(z.conj()), "b": torch._neg_view(torch.ones(3, requires_grad=False))},
        "overlaps": {"packed": wide, "head": wide[:2], "tail": wide[1:]}, "columns": {"a": wide[:, :4], "b": wide[:, 4:]}, "rows": {"a": wide[:3], "b": wide[3:]},
        "turned": {"a": wide, "b": wide.t()}, "the same view twice": {"a": wide[1:3], "b": wide[1:3], "c": wide[1:3].view(16)},
        **{f"{name} as young": {"w": tensor, "v": t(1)} for name, tensor in [
            ("parameter", nn.Parameter(t(1).to(torch.float8_e5m2))), ("frozen", nn.Parameter(t(1).to(torch.float8_e4m3fn), requires_grad=False)), ("meta", torch.empty(2, dtype=torch.uint16, device="meta"))]},
    }  # fmt: skip


def write(folder):
    for name, value in files().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save(value, os.path.join(folder, f"{name}.pt"))
            # By itself too, of what can be pickled without an archive.
            if name in ("zoo", "dict subclasses", "dynamic", "bytes of a path", "lazy alone"):
                for protocol in (0, 2, 4, 5):
                    with open(os.path.join(folder, f"{name} {protocol}.pkl"), "wb") as file:
                        pickle.dump(value, file, protocol=protocol)


TREES = {
    "mega": {"model": {"lm": {"emb": {"weight": t(1)}, "enc": {"layers.0.weight": t(2)}}}, "top": t(3)},
    "dotted": {"a.b": {"c": t(1)}, "a": {"d.e": t(2), "f": {}}}, "ordered": collections.OrderedDict(x=collections.OrderedDict(y=t(1)), z=t(2)),
    "shared": {"a": {"w": (one := t(1))}, "b": {"v": one}}, "flat": {"w": t(1), "b": t(2)},
}  # fmt: skip


def write_trees(folder):
    for name, tree in TREES.items():
        torch.save(tree, os.path.join(folder, f"{name}.pt"))
    return list(TREES)


def joined(tree, above=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from joined(value, f"{above}{key}.")
        else:
            yield above + key, value


def compare_tree(name, path):
    """What is not the same in a file as in the tree whose keys are joined."""
    found, expected = torch.load(path), dict(joined(TREES[name]))
    ties = lambda entries: [[a is b or a.data_ptr() == b.data_ptr() for a in entries.values()] for b in entries.values()]
    if list(found) != list(expected) or ties(found) != ties(expected):
        return f"{list(found)} and {list(expected)}"
    return None if all(torch.equal(found[key], expected[key]) for key in expected) else "elements"


KEYS = ["_orig_mod.module.b.0._orig_mod.fc.weight", "module.a.module.b", "enc.1.LayerNorm.gamma", "enc.12.LayerNorm.beta", "x.x.x"]
# A pattern, and what takes its place in Rust and in Python.
RULES = [
    (r"(^|\.)(_orig_mod|module)\.", "$1", r"\1"), (r"module\.", "", ""), (r"\.gamma$", ".weight", ".weight"), (r"enc\.(\d+)\.", "layer$1.", r"layer\1."),
    (r"(?P<n>\d+)", "<${n}>", r"<\g<n>>"), (r"x", "y", "y"), (r"^", "net.", "net."), (r"([a-z]+)\.(\d+)", "$2.$1", r"\2.\1"),
]  # fmt: skip


def write_keys(path):
    torch.save({key: t(index) for index, key in enumerate(KEYS)}, path)
    return [[pattern, ours] for pattern, ours, _ in RULES]


def compare_keys(number, path):
    """The keys that a rule gave, and those that Python gives."""
    pattern, _, theirs = RULES[number]
    # Python leaves what it has replaced out of the search, as Rust does.
    return [list(torch.load(path)), [re.sub(pattern, theirs, key) for key in KEYS]]
