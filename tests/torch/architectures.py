"""Well-known architectures in plain `torch.nn`, small: only their state dicts are looked at.

Each has its twin in `tests/tests/torch/architectures/mod.rs`.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.utils import parametrizations


class Bottleneck(nn.Module):
    """The block of ResNet-50."""

    def __init__(self, inputs, width, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = downsample


class ResNet50(nn.Module):
    """torchvision's layout with two channels where it has 64."""

    def __init__(self, width=2):
        super().__init__()
        self.inputs = width
        self.conv1 = nn.Conv2d(3, width, 7, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3)
        self.layer1 = self.layer(width, 3)
        self.layer2 = self.layer(2 * width, 4)
        self.layer3 = self.layer(4 * width, 6)
        self.layer4 = self.layer(8 * width, 3)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(32 * width, 10)

    def layer(self, width, blocks):
        layers = []
        for index in range(blocks):
            downsample = None
            if index == 0:
                conv = nn.Conv2d(self.inputs, 4 * width, 1, bias=False)
                downsample = nn.Sequential(conv, nn.BatchNorm2d(4 * width))
            layers.append(Bottleneck(self.inputs, width, downsample))
            self.inputs = 4 * width
        return nn.Sequential(*layers)


def transformer():
    """Encoder and decoder with `nn.MultiheadAttention`."""
    return nn.Transformer(4, 2, 2, 2, 8)


class LstmStack(nn.Module):
    """Two layers in both directions, then one with a projection."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
        self.decoder = nn.LSTM(8, 4, proj_size=2)
        self.out = nn.Linear(2, 5)


class GptBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.Module()
        self.attn.c_attn = nn.Linear(width, 3 * width)
        self.attn.c_proj = nn.Linear(width, width)
        self.attn.register_buffer("bias", torch.tril(torch.ones(5, 5)))
        self.attn.register_buffer("mask", torch.ones(5), persistent=False)
        self.ln_2 = nn.LayerNorm(width, bias=False)
        self.mlp = nn.Sequential(
            OrderedDict(
                c_fc=nn.Linear(width, 4 * width),
                gelu=nn.GELU(),
                c_proj=nn.Linear(4 * width, width),
            )
        )


class Gpt(nn.Module):
    """A GPT whose head is its embedding."""

    def __init__(self, width=4):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(7, width),
                "wpe": nn.Embedding(5, width),
                "drop": nn.Dropout(0.1),
                "h": nn.ModuleList([GptBlock(width) for _ in range(2)]),
                "ln_f": nn.LayerNorm(width),
            }
        )
        self.lm_head = nn.Linear(width, 7, bias=False)
        self.transformer.wte.weight = self.lm_head.weight


def double(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """The way down in a `ModuleList`, the way up in a `ModuleDict`; parameters in a list and a dict."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([double(1, 2), double(2, 4)])
        self.middle = double(4, 8)
        self.up = nn.ModuleDict(
            {
                "two": nn.ModuleList([nn.ConvTranspose2d(8, 4, 2), double(8, 4)]),
                "one": nn.ModuleList([nn.ConvTranspose2d(4, 2, 2), double(4, 2)]),
            }
        )
        self.skips = nn.ParameterList([torch.ones(2), torch.ones(4)])
        # Of a plain dict it would take the keys sorted.
        self.gates = nn.ParameterDict(OrderedDict(b=torch.ones(3), a=torch.ones(1)))
        self.head = nn.Conv2d(2, 1, 1)


class Norms(nn.Module):
    """Every kind of normalization, with and without its parts."""

    def __init__(self):
        super().__init__()
        self.batch = nn.BatchNorm1d(2)
        self.plain = nn.BatchNorm2d(2, affine=False)
        self.untracked = nn.BatchNorm3d(2, track_running_stats=False)
        self.instance = nn.InstanceNorm1d(2)
        self.tracked = nn.InstanceNorm2d(2, affine=True, track_running_stats=True)
        self.sync = nn.SyncBatchNorm(2)
        self.group = nn.GroupNorm(1, 2)
        self.layer = nn.LayerNorm(2)


class Parametrized(nn.Module):
    """The names that weight and spectral normalization give, in their old form and in the new one."""

    def __init__(self):
        super().__init__()
        self.old_weight = nn.utils.weight_norm(nn.Linear(3, 2))
        self.weight = parametrizations.weight_norm(nn.Linear(3, 2))
        self.old_spectral = nn.utils.spectral_norm(nn.Linear(3, 2))
        self.spectral = parametrizations.spectral_norm(nn.Linear(3, 2))


ARCHITECTURES = {
    "resnet50": ResNet50,
    "transformer": transformer,
    "lstm": LstmStack,
    "gpt": Gpt,
    "unet": UNet,
    "norms": Norms,
    "parametrized": Parametrized,
}


def make(name):
    """Its state dict."""
    return ARCHITECTURES[name]().state_dict()


def describe(name):
    """Keys, types, shapes and sharing in order, and the modules' versions in order."""
    state = make(name)
    storages = {}
    tensors = []
    for key, tensor in state.items():
        storage = storages.setdefault(tensor.untyped_storage().data_ptr(), len(storages))
        dtype = str(tensor.dtype).removeprefix("torch.")
        tensors.append([key, dtype, list(tensor.shape), storage])
    # The old spectral norm notes a version of its own beside the module's.
    versions = [[path, entry["version"]] for path, entry in state._metadata.items()]
    return {"tensors": tensors, "versions": versions}


def load(name, path):
    """Loads a state dict strictly into a new model."""
    model = ARCHITECTURES[name]()
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return len(model.state_dict())
