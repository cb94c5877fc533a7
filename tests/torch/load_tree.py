"""Builds a module tree from its description, loads a state dict into it, and tells what came of it."""

import collections
import warnings

import torch
from checkpoint import description
from torch import nn

warnings.filterwarnings("ignore", message="Casting complex values to real")


class Norm(nn.Module):
    """Treats its buffer `num_batches_tracked` as `nn.BatchNorm2d` does: it came with version 2."""

    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


def run(cases):
    """What came of each case."""
    return [run_one(**case) for case in cases]


def run_one(model, state, aliases=(), metadata=None, strict=True, assign=False, hooks=()):
    """Loads `state` into a new `model`."""
    instance = build(model)
    for name, target in aliases:
        add(instance, name, find(instance, target))
    state_dict = collections.OrderedDict((key, tensor(**value)) for key, value in state)
    if metadata is not None:
        entries = [(path, {} if v is None else {"version": v}) for path, v in metadata]
        state_dict._metadata = collections.OrderedDict(entries)
    keys = list(state_dict)
    log = []
    for hook in hooks:
        register(instance, log, **hook)
    result = {"error": None, "missing": [], "unexpected": [], "repr": None}
    try:
        found = instance.load_state_dict(state_dict, strict=strict, assign=assign)
        result.update(missing=found.missing_keys, unexpected=found.unexpected_keys, repr=repr(found))
    except RuntimeError as error:
        result["error"] = str(error)
    assert list(state_dict) == keys, "the caller's dict is never changed"
    return {**result, "log": log, "after": description(instance.state_dict())}


def build(spec):
    """The module that `spec` describes, with all below it."""
    base = Norm if spec["norm"] else nn.Module
    module = type(spec["class"], (base,), {})()
    for leaf in spec["parameters"]:
        value = leaf["tensor"]
        value = None if value is None else nn.Parameter(tensor(**value), requires_grad=False)
        module.register_parameter(leaf["name"], value)
    for leaf in spec["buffers"]:
        value = leaf["tensor"]
        value = None if value is None else tensor(**value)
        module.register_buffer(leaf["name"], value, persistent=leaf["persistent"])
    for name, child in spec["children"]:
        module.add_module(name, None if child is None else build(child))
    return module


def tensor(dtype, shape, hex):
    """A tensor of these bytes."""
    data = torch.frombuffer(bytearray.fromhex(hex) or bytearray(16), dtype=torch.uint8)
    data = data[: len(hex) // 2].clone()
    return data.view(getattr(torch, dtype)).reshape(shape)


def find(module, path):
    """The module, parameter or buffer at `path`."""
    for name in path.split("."):
        module = getattr(module, name)
    return module


def add(root, path, value):
    """Gives `value` a second name."""
    parent, _, name = path.rpartition(".")
    module = find(root, parent) if parent else root
    if isinstance(value, nn.Parameter):
        module.register_parameter(name, value)
    elif isinstance(value, torch.Tensor):
        module.register_buffer(name, value)
    else:
        module.add_module(name, value)


def register(root, log, path, when, does, key=None, to=None):
    """Registers a hook that notes what it saw, and then does one thing."""
    module = find(root, path) if path else root

    def pre(module, state_dict, prefix, local_metadata, strict, missing, unexpected, errors):
        log.append([f"pre {path}", prefix, list(state_dict), local_metadata.get("version")])
        if does == "rename" and key in state_dict:
            state_dict[to] = state_dict.pop(key)
        elif does == "remove":
            state_dict.pop(key, None)
        elif does == "miss":
            missing.append(key)
        elif does == "expect not":
            unexpected.append(key)
        elif does == "fail":
            errors.append(key)

    def post(module, keys):
        log.append([f"post {path}", "", keys.missing_keys + keys.unexpected_keys, None])
        if does == "clear missing":
            keys.missing_keys.clear()
        elif does == "clear unexpected":
            keys.unexpected_keys.clear()
        elif does == "miss":
            keys.missing_keys.append(key)
        elif does == "expect not":
            keys.unexpected_keys.append(key)

    if when == "pre":
        module.register_load_state_dict_pre_hook(pre)
    else:
        module.register_load_state_dict_post_hook(post)


def cast(values, source, target):
    """`copy_` of elements given as bytes into another element type: the bytes, or the exception."""
    data = tensor(source, [-1], values)
    try:
        copied = torch.empty(data.shape, dtype=getattr(torch, target)).copy_(data)
    except (RuntimeError, NotImplementedError) as error:
        return {"error": error.args[0]}
    # NaNs are told apart by no rule; so each is marked.
    nan = []
    if copied.is_complex():
        nan = torch.view_as_real(copied.to(torch.complex128)).isnan().flatten().tolist()
    elif copied.is_floating_point() and copied.dtype != torch.float4_e2m1fn_x2:
        nan = copied.double().isnan().tolist()
    return {"hex": copied.contiguous().view(torch.uint8).numpy().tobytes().hex(), "nan": nan}


def casts(requests):
    """Several `cast`s."""
    return [cast(*request) for request in requests]


def consume_prefix(keys, metadata, prefix):
    """What torch's own utility makes of keys and metadata."""
    state_dict = collections.OrderedDict((key, index) for index, key in enumerate(keys))
    state_dict._metadata = collections.OrderedDict((path, {"version": v}) for path, v in metadata)
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state_dict, prefix)
    renamed = [[path, entry["version"]] for path, entry in state_dict._metadata.items()]
    return {"keys": list(state_dict.items()), "metadata": renamed}
