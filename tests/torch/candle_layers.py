"""One of each layer that candle-nn has as well: their state dict, and what they make of an input."""

import torch
from torch import nn
from torch.nn import functional as F


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.unbiased = nn.Linear(4, 3, bias=False)
        self.conv1 = nn.Conv1d(4, 6, 3, padding=1, groups=2)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, bias=False)
        self.up1 = nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(4, 6, 3, stride=2)
        self.embedding = nn.Embedding(7, 4)
        self.layer = nn.LayerNorm(4)
        self.rms = nn.RMSNorm(4, eps=1e-5)
        self.batch = nn.BatchNorm2d(4)
        self.group = nn.GroupNorm(2, 4)
        self.prelu = nn.PReLU(4)
        self.lstm = nn.LSTM(4, 3, num_layers=2, batch_first=True)
        self.gru = nn.GRU(4, 3, batch_first=True)


SHAPES = {
    "linear": (2, 4),
    "unbiased": (2, 4),
    "conv1": (2, 4, 9),
    "conv2": (2, 4, 9, 8),
    "up1": (2, 4, 5),
    "up2": (2, 4, 5, 4),
    "layer": (2, 3, 4),
    "rms": (2, 3, 4),
    "batch": (2, 4, 3, 3),
    "group": (2, 4, 5),
    "prelu": (2, 4, 3),
    "lstm": (2, 5, 4),
    "gru": (2, 5, 4),
}


def outputs(model, inputs):
    """What each layer makes of its input."""
    model.eval()
    found = {}
    with torch.no_grad():
        for name, layer in model.named_children():
            output = layer(inputs[name])
            found[name] = output[0] if isinstance(output, tuple) else output
    return found


def save(path, examples, seed=5):
    """Writes a state dict, and for each layer `NAME.input` and `NAME.output`."""
    torch.manual_seed(seed)
    model = Layers()
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.1, 1.0)
    model.batch.num_batches_tracked.fill_(7)
    torch.save(model.state_dict(), path)
    inputs = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    inputs["embedding"] = torch.randint(7, (2, 3))
    found = outputs(model, inputs)
    example = {f"{name}.input": tensor for name, tensor in inputs.items()}
    example.update({f"{name}.output": tensor for name, tensor in found.items()})
    torch.save(example, examples)


def load(path, examples):
    """Loads `path` strictly; for each layer how far its output is from the one in `examples`."""
    model = Layers()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state, strict=True)
    examples = torch.load(examples, weights_only=True)
    inputs = {name: examples[f"{name}.input"] for name, _ in model.named_children()}
    found = outputs(model, inputs)
    differences = {
        name: (output - examples[f"{name}.output"]).abs().max().item()
        for name, output in found.items()
    }
    versions = {name: info["version"] for name, info in state._metadata.items()}
    return {"differences": differences, "versions": versions}


def versions():
    """The versions that PyTorch saves of these layers."""
    return {name: info["version"] for name, info in Layers().state_dict()._metadata.items()}


def mlp(path, logits):
    """How far the logits of the model in `path` are from those in `logits`."""
    model = Mlp().eval()
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    expected = torch.load(logits, weights_only=True)
    with torch.no_grad():
        found = model(expected["input"])
    return {
        "difference": (found - expected["logits"]).abs().max().item(),
        "scale": expected["logits"].abs().max().item(),
    }
