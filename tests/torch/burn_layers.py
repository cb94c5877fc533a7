"""One of each layer that burn has as well: their state dict, and what they make of an input."""

import torch
from torch import nn


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.square = nn.Linear(4, 4, bias=False)
        self.conv1 = nn.Conv1d(4, 6, 3, padding=1, groups=2)
        self.conv2 = nn.Conv2d(4, 6, (3, 2), stride=2, bias=False)
        self.conv3 = nn.Conv3d(2, 3, 2)
        self.up1 = nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2)
        self.up2 = nn.ConvTranspose2d(4, 6, (3, 2), stride=2, groups=2)
        self.up3 = nn.ConvTranspose3d(2, 3, 2)
        self.embedding = nn.Embedding(7, 4)
        self.batch1 = nn.BatchNorm1d(4)
        self.batch2 = nn.BatchNorm2d(4)
        self.layer = nn.LayerNorm(4)
        self.unbiased = nn.LayerNorm(4, bias=False)
        self.group = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.rms = nn.RMSNorm(4, eps=1e-5)
        self.prelu = nn.PReLU(4)
        self.rnn = nn.RNN(4, 3, batch_first=True)
        self.lstm = nn.LSTM(4, 3, batch_first=True)
        self.bilstm = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(4, 3, batch_first=True)
        self.bigru = nn.GRU(4, 3, batch_first=True, bidirectional=True, bias=False)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)


SHAPES = {
    "linear": (2, 4),
    "square": (2, 4),
    "conv1": (2, 4, 9),
    "conv2": (2, 4, 9, 8),
    "conv3": (2, 2, 4, 4, 4),
    "up1": (2, 4, 5),
    "up2": (2, 4, 5, 4),
    "up3": (2, 2, 3, 3, 3),
    "batch1": (5, 4),
    "batch2": (2, 4, 3, 3),
    "layer": (2, 3, 4),
    "unbiased": (2, 3, 4),
    "group": (2, 4, 5),
    "instance": (2, 4, 3, 3),
    "rms": (2, 3, 4),
    "prelu": (2, 4, 3),
    "rnn": (2, 5, 4),
    "lstm": (2, 5, 4),
    "bilstm": (2, 5, 4),
    "gru": (2, 5, 4),
    "bigru": (2, 5, 4),
    "attention": (2, 5, 4),
}


def outputs(model, inputs):
    """What each layer makes of its input."""
    found = {}
    model.eval()
    with torch.no_grad():
        for name, layer in model.named_children():
            args = [inputs[name]] * (3 if name == "attention" else 1)
            output = layer(*args)
            found[name] = output[0] if isinstance(output, tuple) else output
    return found


def save(path, outputs_path, seed=0):
    """Writes a state dict to `path`, and the inputs and outputs of all layers beside it."""
    torch.manual_seed(seed)
    model = Layers()
    with torch.no_grad():
        # Nothing may keep its first value: ones and zeros would hide a mistake.
        for name, tensor in model.state_dict().items():
            if tensor.dtype == torch.int64:
                tensor.fill_(17)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            else:
                tensor.uniform_(-1, 1)
    inputs = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    inputs["embedding"] = torch.tensor([[0, 3, 6], [5, 1, 1]])
    torch.save(model.state_dict(), path)
    both = {f"{name}.input": value for name, value in inputs.items()}
    both |= {f"{name}.output": value for name, value in outputs(model, inputs).items()}
    torch.save(both, outputs_path)


def load(path, theirs, outputs_path):
    """Loads `path` strictly. Names the layers whose outputs are not those in `outputs_path` to the bit,
    and the tensors that are not those of the state dict `theirs`."""
    state = torch.load(path, weights_only=True)
    model = Layers()
    model.load_state_dict(state, strict=True)
    both = torch.load(outputs_path, weights_only=True)
    inputs = {name: both[f"{name}.input"] for name in [*SHAPES, "embedding"]}
    found = outputs(model, inputs)
    expected = torch.load(theirs, weights_only=True)
    return {
        "outputs": [name for name in found if not torch.equal(found[name], both[f"{name}.output"])],
        "tensors": [name for name in expected if not torch.equal(state[name], expected[name])],
        "keys": list(state) == list(expected),
        "versions": [
            name
            for name, data in expected._metadata.items()
            if state._metadata.get(name, data)["version"] != data["version"]
        ],
    }
