"""Safetensors files: read by Python's library, and written by it."""

import torch
from safetensors import safe_open
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn


def describe(path):
    """What Python's library finds: names, types, sizes and bytes, and the file's metadata."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = {}
    for name, tensor in load_file(path).items():
        data = bytes(tensor.contiguous().view(-1).view(torch.uint8).tolist()).hex()
        tensors[name] = [str(tensor.dtype).removeprefix("torch."), list(tensor.shape), data]
    return {"tensors": tensors, "metadata": metadata}


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)
        self.last = nn.Linear(3, 3)
        self.last.weight = self.first.weight


def save(plain, tied, torch_file):
    """A file of `save_file`, one of `save_model`, and the state dict of both as torch saves it."""
    torch.manual_seed(1)
    model = Tied()
    save_file(
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        plain,
        metadata={"format": "pt", "note": "two\nlines"},
    )
    save_model(model, tied)
    torch.save(model.state_dict(), torch_file)


def load_tied(path):
    """The names that `load_model` misses or does not know."""
    missing, unexpected = load_model(Tied(), path, strict=False)
    return [sorted(missing), sorted(unexpected)]
