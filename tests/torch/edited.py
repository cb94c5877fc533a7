"""Checkpoints that the Rust tests edit or build."""

import torch
from torch import nn, optim


def model():
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 4))


def save_training(path):
    """A checkpoint with all that a training has, and keys of several types."""
    net = model()
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    for _ in range(2):
        net(torch.ones(2, 1, 4, 4)).sum().backward()
        optimizer.step()
    scheduler = optim.lr_scheduler.StepLR(optimizer, 3)
    torch.save({
        "epoch": 3, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(), 7: {(1, 2): "tuple", -1: 2**70}, "best": [0.5, None, {1, 2}],
    }, path)  # fmt: skip


def check_replaced(old, new, key):
    """The new file is the old one, but for the weights, which are 1, and the epoch, which is 4."""
    old = torch.load(old, weights_only=True)
    for mmap in [False, True]:
        found = torch.load(new, weights_only=True, mmap=mmap)
        assert list(found) == list(old)
        assert found["epoch"] == 4
        state_dict = found[key]
        assert type(state_dict) is type(old[key]) and list(state_dict) == list(old[key])
        assert state_dict._metadata == old[key]._metadata
        assert all((tensor == 1).all() for tensor in state_dict.values())
        model().load_state_dict(state_dict, strict=True)
        for other in old.keys() - {"epoch", key}:
            assert same(found[other], old[other]), other


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def save_built(path):
    """What the Rust test builds."""
    net = model()
    parameter = nn.Parameter(torch.ones(2), requires_grad=False)
    torch.save({
        "epoch": 3, "model_state_dict": net.state_dict(), "ema_state_dict": net.state_dict(),
        "param_groups": [{"lr": 0.01, "betas": (0.9, 0.999), "foreach": None}, {"lr": 1e-4, "betas": (0.9, 0.999), "foreach": True}],
        "dtype": torch.bfloat16, "seed": -(2**40), "big": 2**64 - 1, "parameter": parameter, "again": parameter,
        "meta": torch.empty(2, 3, 4, device="meta"),
    }, path)  # fmt: skip


class Extra(nn.Module):
    def __init__(self, state, child=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.state = state
        self.child = child

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        self.state = state


def save_extra(path):
    """A state dict with extra states, and with more than versions in its metadata."""
    shared = [1, "text"]
    child = Extra(torch.arange(3.0), Extra(None))
    state_dict = Extra({"scale": 0.5, "history": [shared, shared], "amax": torch.zeros(4)}, child).state_dict()
    state_dict._metadata["child"]["quantized"] = {"bits": 4, "shared": shared}
    state_dict._metadata["child"]["names"] = ("a", "b")
    torch.save(state_dict, path)
