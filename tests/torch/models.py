"""The PyTorch models that the tests save and load; each has its twin in Rust.

Only what makes up the state dict is here: no model is ever run.
"""

import torch
from torch import nn


class TheModelClass(nn.Module):
    """The convolutional net of PyTorch's tutorial on saving and loading models."""

    def __init__(self, channels=(6, 16), hidden=(120, 84)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels[0], 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(channels[0], channels[1], 5)
        self.fc1 = nn.Linear(channels[1] * 5 * 5, hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.fc3 = nn.Linear(hidden[1], 10)


class TheModelClassSmall(TheModelClass):
    """The same net at a quarter of the size in bytes, for a fixture in the repository."""

    def __init__(self):
        super().__init__(channels=(3, 8), hidden=(60, 42))


class ConvBatchNorm(nn.Module):
    """A convolution, its batch normalisation, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 3)


class AutoEncoder(nn.Module):
    """Two `nn.Sequential`s, one with another inside; activations take a number but have no keys."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
        self.decoder = nn.Sequential(
            nn.Linear(3, 8),
            nn.ReLU(),
            nn.Sequential(nn.Linear(8, 12), nn.Sigmoid()),
        )


class MyModule(nn.Module):
    """Everything that is state, and everything that only looks like it; `f3` is `fc`."""

    def __init__(self):
        super().__init__()
        self.my_param = nn.Parameter(torch.empty(2, 3))
        self.register_buffer("my_buffer", torch.empty(3))
        self.fc = nn.Linear(4, 3, bias=False)
        self.conv = nn.Conv2d(3, 2, 3)
        self.fc2 = nn.Linear(3, 2, bias=False)
        self.f3 = self.fc
        self.not_state = torch.arange(3.0)
        self.register_buffer("scratch", torch.zeros(2), persistent=False)


class MyModuleV2(nn.Module):
    """The next version of `MyModule`: two new layers.

    `f3` comes last, because the order of the keys is the order of registration, and in Rust
    an alias of the struct comes after its fields.
    """

    _version = 2

    def __init__(self):
        super().__init__()
        self.my_param = nn.Parameter(torch.empty(2, 3))
        self.register_buffer("my_buffer", torch.empty(3))
        self.fc = nn.Linear(4, 3, bias=False)
        self.conv = nn.Conv2d(3, 2, 3)
        self.fc2 = nn.Linear(3, 2, bias=False)
        self.bn = nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 2)
        self.f3 = self.fc
        self.not_state = torch.arange(3.0)
        self.register_buffer("scratch", torch.zeros(2), persistent=False)


class Linear4bit(nn.Linear):
    """As bitsandbytes' layer: it writes what belongs to its weight below the weight's key, and reads that itself."""

    BELOW = {"absmax": torch.float32, "quant_map": torch.float32, "quant_state.bitsandbytes__nf4": torch.uint8}

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.weight = nn.Parameter(torch.zeros(inputs * outputs // 2, 1, dtype=torch.uint8), requires_grad=False)
        self.below = {name: torch.arange(4).to(dtype) for name, dtype in self.BELOW.items()}

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name, value in self.below.items():
            destination[f"{prefix}weight.{name}"] = value

    def _load_from_state_dict(self, state_dict, prefix, *args):
        for name in self.BELOW:
            self.below[name] = state_dict.pop(f"{prefix}weight.{name}").clone()
        super()._load_from_state_dict(state_dict, prefix, *args)


class Quantized(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Linear4bit(4, 6) for _ in range(2))
        self.norm = nn.LayerNorm(6)


MODELS = {
    model.__name__: model
    for model in (
        TheModelClass,
        TheModelClassSmall,
        ConvBatchNorm,
        AutoEncoder,
        MyModule,
        MyModuleV2,
        Quantized,
    )
}


def make(model, seed):
    """An instance of the class named `model`, every element of its state chosen by `seed`.

    The elements are integers over a power of two: exact in float32, and the same on every
    machine, which `torch.randn` does not promise.
    """
    instance = MODELS[model]()
    generator = torch.Generator().manual_seed(seed)
    for key, tensor in instance.state_dict().items():
        if tensor.is_floating_point():
            values = torch.randint(-(2**20), 2**20, tensor.shape, generator=generator)
            values = values.to(tensor.dtype) / 2**20
            if key.endswith("running_var"):
                values = values.abs() + 0.5
        else:
            values = torch.randint(1, 1000, tensor.shape, generator=generator)
        tensor.copy_(values)
    return instance
