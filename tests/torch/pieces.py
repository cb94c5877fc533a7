"""What PyTorch's own modules make of their older checkpoints."""

from collections import OrderedDict

import checkpoint
import torch
from torch import nn


def spectral_norm(outputs, inputs, seed):
    """A checkpoint of `nn.utils.spectral_norm` of before PyTorch 1.0, and what torch reads from it.

    The old hook kept the normalised weight beside the original and had no `weight_v`.
    """
    torch.manual_seed(seed)
    module = nn.utils.spectral_norm(nn.Linear(inputs, outputs))
    for _ in range(20):
        module(torch.randn(3, inputs))
    old = OrderedDict((key, value.clone()) for key, value in module.state_dict().items())
    old["weight"] = module.weight.detach().clone()
    del old["weight_v"]
    fresh = nn.utils.spectral_norm(nn.Linear(inputs, outputs))
    fresh.load_state_dict(old)
    # A copy loses `_metadata`, of which only the version of the hook is there.
    new = OrderedDict(fresh.state_dict())
    return {"old": checkpoint.description(old), "new": checkpoint.description(new)}


def weight_norm(seed):
    """A checkpoint of the old `weight_norm`, and the state of the parametrization that loaded it."""
    torch.manual_seed(seed)
    old = nn.utils.weight_norm(nn.Linear(3, 2)).state_dict()
    module = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    module.load_state_dict(old)
    return {
        "old": checkpoint.description(old),
        "new": checkpoint.description(module.state_dict()),
    }


def attention(seed):
    """The packed projections, and the three that torch's own forward pass cuts them into."""
    torch.manual_seed(seed)
    module = nn.MultiheadAttention(4, 2)
    nn.init.normal_(module.in_proj_bias)
    parts = OrderedDict()
    for name, weight, bias in zip(
        "qkv", module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    ):
        parts[f"{name}.weight"] = weight.detach().clone()
        parts[f"{name}.bias"] = bias.detach().clone()
    return {
        "packed": checkpoint.description(module.state_dict()),
        "parts": checkpoint.description(parts),
    }


def instance_norm(prefix):
    """The text with which torch refuses the statistics of an unversioned file."""
    model = nn.Module()
    model.add_module(prefix.rstrip("."), nn.InstanceNorm1d(2))
    state = {f"{prefix}running_mean": torch.zeros(2), f"{prefix}running_var": torch.ones(2)}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        return str(error).partition("\n\t")[2]
    raise AssertionError("torch accepted it")


def batch_norm(version, tracked):
    """What `num_batches_tracked` is in torch after loading a file without it; None where it raises."""
    model = nn.BatchNorm1d(2)
    model.num_batches_tracked.fill_(tracked)
    state = nn.BatchNorm1d(2).state_dict()
    del state["num_batches_tracked"]
    if version is None:
        del state._metadata
    else:
        state._metadata[""]["version"] = version
    try:
        model.load_state_dict(state)
    except RuntimeError:
        return None
    return model.num_batches_tracked.item()
