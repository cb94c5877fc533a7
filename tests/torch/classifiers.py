"""The classifier whose checkpoints the examples begin with.

Weights and inputs are small integers over a power of two, so that every sum is exact: what another program
computes with them is the same to the last bit, in whichever order it adds.
"""

import torch
from torch import nn, optim


class Classifier(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.features = nn.Linear(4, 16)
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        return self.head(torch.relu(self.features(x)))


def numbers(generator, shape):
    return torch.randint(-64, 64, shape, generator=generator).float() / 64


def make(classes, seed):
    generator = torch.Generator().manual_seed(seed)
    model = Classifier(classes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(numbers(generator, parameter.shape))
    return model, generator


def save_classifier(path):
    """As the tutorials save a training: what warm_start.rs begins with."""
    model, _ = make(10, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    torch.save({
        "epoch": 20,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.125,
    }, path)  # fmt: skip


def save_data_parallel(path):
    """As PyTorch's ImageNet example saves a training on several devices, with what the model makes of some
    inputs."""
    model, generator = make(10, 2)
    parallel = nn.DataParallel(model)
    optimizer = optim.SGD(parallel.parameters(), lr=0.1, momentum=0.9)
    inputs = numbers(generator, (8, 4))
    torch.save({
        "epoch": 12,
        "arch": "classifier",
        "state_dict": parallel.state_dict(),
        "best_acc1": 0.75,
        "optimizer": optimizer.state_dict(),
        "inputs": inputs,
        "logits": model(inputs).detach(),
    }, path)  # fmt: skip


def predict(path, key="model_state_dict"):
    """Loads a state dict of a checkpoint strictly into a plain classifier, and what it makes of inputs."""
    state = torch.load(path, weights_only=True)[key]
    model = Classifier(len(state["head.bias"]))
    model.load_state_dict(state, strict=True)
    return model(numbers(torch.Generator().manual_seed(3), (8, 4))).tolist()


def load_parallel(path):
    """Loads a state dict into a wrapped classifier, strictly; the versions that came with it."""
    state = torch.load(path, weights_only=True)["state_dict"]
    parallel = nn.DataParallel(Classifier(10))
    parallel.load_state_dict(state, strict=True)
    return sorted(state._metadata)
