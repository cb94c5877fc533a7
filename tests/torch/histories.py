"""Models whose classes load their ancestors' checkpoints, as one writes it by hand in PyTorch.

A history comes from `tests/src/histories.rs`: for each class its version, its fields, and what changed. PyTorch gives a
parent no say over its children's versions, so the steps move the entries of `_metadata` in the dict that
`load_state_dict` holds.
"""

import collections

import torch
from torch import nn

# The `_metadata` of the load that is going on.
records = None


def moved(entries, prefix, names):
    """The entries with all `names` below `prefix` replaced at once; `None` takes them out."""
    result = []
    for key, value in entries.items():
        for old, new in names.items():
            if key == prefix + old or key.startswith(prefix + old + "."):
                key = None if new is None else prefix + new + key[len(prefix + old) :]
                break
        if key is not None:
            result.append((key, value))
    assert len({key for key, _ in result}) == len(result)
    entries.clear()
    entries.update(result)


class Node(nn.Module):
    def __init__(self, classes, number):
        super().__init__()
        described = classes[number]
        self._version = described["version"]
        self.changes = described["changes"]
        for name, child in described["fields"]:
            if child is None:
                self.register_buffer(name, torch.zeros((), dtype=torch.int64))
            else:
                self.add_module(name, Node(classes, child))

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        saved = local_metadata.get("version") or 0
        for version in range(saved + 1, self._version + 1):
            here = [change for change in self.changes if change[1] == version]
            removed = {name: None for kind, _, name, *_ in here if kind == "removed"}
            renamed = {name: new[0] for kind, _, name, *new in here if kind == "renamed"}
            for names in (removed, renamed):
                moved(state_dict, prefix, names)
                moved(records, prefix, names)
        for kind, since, name, *_ in self.changes:
            if kind == "added" and since > saved:
                self.keep(state_dict, prefix, name)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    def keep(self, state_dict, prefix, name):
        """Keeps what came later as it is, where the state dict has nothing of it."""
        whole = prefix + name
        if any(key == whole or key.startswith(whole + ".") for key in state_dict) or whole in records:
            return
        child = self._modules.get(name)
        if child is None:
            state_dict[whole] = self._buffers[name]
            return
        for key, value in child.state_dict().items():
            state_dict[f"{whole}.{key}"] = value
        for path, module in child.named_modules():
            records[f"{whole}.{path}" if path else whole] = {"version": module._version}


def load(classes, state, versions):
    """What the newest model holds once it has loaded a file strictly, key by key."""
    global records
    model = Node(classes, 0)
    state_dict = collections.OrderedDict(
        (key, torch.tensor(value, dtype=torch.int64)) for key, value in state
    )
    records = collections.OrderedDict((path, {"version": version}) for path, version in versions)
    state_dict._metadata = records
    model.load_state_dict(state_dict, strict=True)
    return {key: value.item() for key, value in model.state_dict().items()}


def load_all(cases):
    """The same for several."""
    return [load(*case) for case in cases]


def save_odd_versions(folder):
    """Writes state dicts whose `_metadata` says something odd; for each whether a plain module and one with a history
    take it."""
    takes = {}
    odd = {"none": None, "empty": {}, "text": "2", "float": 2.5, "negative": -1, "nothing": None, "list": [2]}
    for name, version in odd.items():
        found = []
        for model in (nn.Linear(2, 2), nn.BatchNorm1d(2)):
            state_dict = model.state_dict()
            entry = {} if name == "empty" else {"version": version}
            state_dict._metadata = None if name == "none" else collections.OrderedDict({"": entry})
            torch.save(state_dict, f"{folder}/{name}.{type(model).__name__}.pt")
            loaded = torch.load(f"{folder}/{name}.{type(model).__name__}.pt", weights_only=True)
            try:
                model.load_state_dict(loaded)
                found.append(True)
            except (TypeError, AttributeError):
                found.append(False)
        takes[name] = found
    return takes
