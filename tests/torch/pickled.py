"""Checkpoints by `pickle.dump`, without `torch.save`: each storage is a file within the pickle."""

import collections
import io
import os
import pickle
import warnings

import torch
from torch import nn
from torch import _utils as rebuild

from lines import lines
from odd_tensors import Call


def model():
    torch.manual_seed(3)
    m = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    m.tied = m[0].weight
    return m


def values():
    storage = torch.arange(12.0)._typed_storage()
    view = lambda offset: Call(rebuild._rebuild_tensor_v2, storage, offset, (2, 3), (3, 1), False, collections.OrderedDict())
    shared = torch.ones(2)
    return {
        "state_dict": model().state_dict(), "parameters": model().state_dict(keep_vars=True),
        "nested": {"model": model().state_dict(), "epoch": 3, "list": [torch.arange(3), (torch.tensor(1.5),)]},
        "one storage": {"a": view(0), "b": view(6), "c": shared, "d": shared}, "dtypes": {
            name: (torch.arange(32, dtype=torch.uint8) % 3 % 2).view(getattr(torch, name)) for name in [
                "float64", "float16", "bfloat16", "int64", "int8", "complex64", "bool"]},
        "views": {"t": torch.arange(6.0).reshape(2, 3).t(), "part": torch.arange(9.0)[2:5], "empty": torch.empty(0, 3), "scalar": torch.tensor(7)},
        "composites": {"coo": torch.eye(3).to_sparse(), "quantized": torch.quantize_per_tensor(torch.arange(4.0), 0.5, 3, torch.quint8)},
        "a tensor": torch.full((3,), 2.5), "a storage": {"s": torch.arange(3.0)._typed_storage()}, "no tensors": {"a": 1},
    }  # fmt: skip


def shared(value):
    """The names of the tensors of a dict that share a storage with one before, with its name."""
    if not isinstance(value, dict):
        return []
    seen, found = {}, []
    for name, t in value.items():
        if isinstance(t, torch.Tensor) and t.layout == torch.strided and not t.is_quantized and t.untyped_storage().nbytes():
            first = seen.setdefault(t.untyped_storage().data_ptr(), name)
            if first != name:
                found.append([first, name])
    return found


class Zipped:
    """A storage whose file within the pickle is a ZIP archive."""

    def __init__(self, storage):
        self.storage = storage

    def __reduce__(self):
        file = io.BytesIO()
        torch.save(self.storage, file)
        return torch.storage._load_from_bytes, (file.getvalue(),)


def write(folder):
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = values()
        cases["zipped"] = {"t": Call(rebuild._rebuild_tensor_v2, Zipped(torch.arange(4.0)._typed_storage()), 1, (3,), (1,), False, collections.OrderedDict())}
        for name, value in cases.items():
            for protocol in [0, 1, 2, 3, 4, 5]:
                data = pickle.dumps(value, protocol=protocol)
                file = f"{name} {protocol}.pkl"
                with open(os.path.join(folder, file), "wb") as out:
                    out.write(data)
                loaded = pickle.loads(data)
                says = [] if name == "a storage" else list(lines(loaded))
                found[file] = {"says": says, "shared": shared(loaded)}
    return found
