"""State dicts with more in them than tensors and versions, and what of it is gone from a copy."""

import collections
import os

import numpy as np
import torch


class Key(str):
    pass


class AttrDict(dict):
    pass


class Ordered(collections.OrderedDict):
    pass


def attributed(t, **attributes):
    t.__dict__.update(attributes)
    return t


def values():
    t = lambda v: torch.full((2,), float(v))
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    noted = module.state_dict()
    noted.note = ["one", {"two": 2}]
    noted.tensor = t(9)
    attributes = {"lr_scale": 3, "name with @": None}
    ordered = Ordered(w=attributed(t(1), lr_scale=2))
    ordered.extra = 1
    attr_dict = AttrDict(w=t(1), b=torch.nn.Parameter(t(2)))
    attr_dict.lr = 0.25
    return {
        "state_dict": module.state_dict(), "keep_vars": module.state_dict(keep_vars=True), "note": noted,
        "tensor": {"w": attributed(t(1), **attributes), "v": t(2)},
        "shared": {key: attributed(t(1), **attributes) for key in "abc"},
        "parameter": {"w": attributed(torch.nn.Parameter(t(1), requires_grad=False), sharded=True)},
        "keys": {Key("a"): t(1), "b": t(2), np.str_("c"): t(3), Key("d.e"): attributed(t(4), x=1)},
        "arrays": {"a": np.ones((2, 3), np.float32), "b": t(1), "c": np.arange(3)},
        "attr_dict": attr_dict, "ordered": ordered, "user": collections.UserDict(w=t(1)),
        "default": collections.defaultdict(list, w=t(1)), "counter": collections.Counter(w=t(1)), "plain": {"w": t(1)},
        "requires_grad": {"w": t(1).requires_grad_()}, "sides": {"w": t(1), "x._extra_state": {"a": Key("b")}},
    }  # fmt: skip


def write(folder):
    names = []
    for name, value in values().items():
        torch.save(value, os.path.join(folder, f"{name}.pt"))
        names.append(name)
    return names


def lost(before, after):
    """What the dict in `before` has and the one in `after` has not, by the paths that Rust gives."""
    before, after = (torch.load(path, weights_only=False) for path in (before, after))
    found = []
    if type(before) not in (dict, type(after)):
        found.append("@__class__")
    kept = set(vars(after)) | {"data"}
    found += [f"@{name}" for name in getattr(before, "__dict__", {}) if name not in kept]
    assert [str(key) for key in before] == list(after)
    for (key, a), b in zip(before.items(), after.values()):
        if type(key) is not str:
            found.append(f"{key}@key")
        if isinstance(a, np.ndarray) and isinstance(b, torch.Tensor):
            found.append(f"{key}@ndarray")
            a = torch.from_numpy(a)
        if isinstance(a, torch.Tensor):
            assert torch.equal(a, b) and a.requires_grad == b.requires_grad
            found += [f"{key}@{name}" for name in vars(a) if name not in vars(b)]
            found += [f"{key}@parameter"] if type(a) is not type(b) else []
        else:
            assert a == b and type(a["a"]) is type(b["a"])
    return sorted(found)
