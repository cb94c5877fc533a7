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


class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.arange(6.0).view(2, 3))


def tied_models():
    """Models with tensors under several names, some of which end differently."""
    torch.manual_seed(2)
    table = nn.ModuleDict({"emb": Table(), "head": nn.Linear(3, 2)})
    table["head"].weight = table["emb"].table
    again = nn.ModuleDict({"a": nn.Linear(2, 2), "c": nn.BatchNorm1d(2)})
    again["b"], again["d"] = again["a"], again["c"]
    three = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    three[1].weight = three[2][0].weight = three[0].weight
    three[2][0].bias = three[1].bias
    root = nn.Linear(2, 2)
    root.inner = nn.Linear(2, 2)
    root.inner.weight = root.weight
    return {"table": table, "again": again, "three": three, "root": root, "untied": nn.Linear(2, 2), "tied": Tied()}


# What is no tie, though the text is a tensor's name.
CHANCE = [{"title": "weight"}, {"weight.note": "bias"}, {"modelspec.title": "weight", "format": "pt"}, {"best": "bias"}]


def save_tied(folder):
    """Saves each model with `save_model`, and files in whose metadata a tensor is named by chance. Returns the keys of
    each, and which are the same as one before."""
    found = {}
    for name, model in tied_models().items():
        path = f"{folder}/{name}.safetensors"
        save_model(model, path)
        found[path] = names(model.state_dict())
    for number, metadata in enumerate(CHANCE):
        path = f"{folder}/chance {number}.safetensors"
        tensors = {key: t.clone() for key, t in nn.Linear(2, 2).state_dict().items()}
        save_file(tensors, path, metadata=metadata)
        found[path] = names(tensors)
    return found


def names(state_dict):
    first = {}
    return {key: first.setdefault(t.untyped_storage().data_ptr(), key) for key, t in state_dict.items()}


def check_tied(theirs, ours, name):
    """Ours records what theirs does, and the model takes it."""
    with safe_open(theirs, framework="pt") as a, safe_open(ours, framework="pt") as b:
        assert set(a.keys()) == set(b.keys()), (a.keys(), b.keys())
        a, b = dict(a.metadata() or {}), dict(b.metadata())
        assert all(b.pop(key) == text for key, text in a.items()), (a, b)
        assert not b.keys() - {"format", "statedict.order"}, b
    if name in (models := tied_models()):
        made, expected = models[name], load_file(theirs)
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.zero_()
        # Of a module under two names it does not take its own files either.
        refused = refusal(tied_models()[name], theirs)
        assert refusal(made, ours) == refused, refused
        state_dict = made.state_dict()
        assert all(torch.equal(state_dict[key], t) for key, t in expected.items())


def refusal(model, path):
    """What `load_model` says of a file, and has loaded by then."""
    try:
        load_model(model, path, strict=True)
    except RuntimeError as error:
        return str(error)


def load_tied(path):
    """The names that `load_model` misses or does not know."""
    missing, unexpected = load_model(Tied(), path, strict=False)
    return [sorted(missing), sorted(unexpected)]
