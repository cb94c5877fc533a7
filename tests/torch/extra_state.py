"""Modules with extra state of every kind, saved and loaded."""

import torch
from torch import nn


class Extra(nn.Module):
    """Its extra state is made anew each time it is asked for."""

    def __init__(self, make, child=None):
        super().__init__()
        self.make = make
        self.taken = None
        self.register_module("child", child)
        self.register_buffer("mean", torch.ones(1))
        self.weight = nn.Parameter(torch.ones(2))

    def get_extra_state(self):
        return self.make()

    def set_extra_state(self, state):
        if state == "refused":
            raise ValueError("this is refused")
        self.taken = state


class Net(Extra):
    def __init__(self):
        super().__init__(
            lambda: {"scale": 0.5, "history": [1, -2, "text"], "flags": (True, None)},
            Extra(lambda: None, Extra(lambda: torch.arange(3.0))),
        )
        self.tied = self.child.child
        self.last = Extra(lambda: {"scale": 0.25, "amax": torch.zeros(4), "bytes": b"\x00\xff"})


def save(path):
    torch.save(Net().state_dict(), path)


def load(path):
    """Loads strictly; what the modules were given, as text."""
    net = Net()
    net.load_state_dict(torch.load(path, weights_only=True))
    return {name: repr(module.taken) for name, module in net.named_modules()}


def failure(path, remove=(), add=(), strict=True):
    """The error, or the lists, of a load without some keys, and with extra states for others."""
    state = torch.load(path, weights_only=True)
    for key in remove:
        del state[key]
    for key in add:
        state[key] = 1
    try:
        return repr(Net().load_state_dict(state, strict=strict))
    except RuntimeError as error:
        return str(error)
