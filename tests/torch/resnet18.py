"""ResNet-18 in plain `torch.nn`, as torchvision has it, with random weights: what adapters' models are
compared with, by their logits."""

import torch
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or inputs != width:
            conv = nn.Conv2d(inputs, width, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(width))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + identity)


class ResNet18(nn.Module):
    def __init__(self, width=64, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self.layer(width, width, 1)
        self.layer2 = self.layer(width, 2 * width, 2)
        self.layer3 = self.layer(2 * width, 4 * width, 2)
        self.layer4 = self.layer(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)

    @staticmethod
    def layer(inputs, width, stride):
        return nn.Sequential(BasicBlock(inputs, width, stride), BasicBlock(width, width, 1))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def make(width, classes, seed):
    """One as after some training: running statistics, scales and counts that are not the first ones."""
    torch.manual_seed(seed)
    model = ResNet18(width, classes)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            module.num_batches_tracked.fill_(1000)
    return model.eval()


def save(path, logits, width=64, classes=1000, size=64, seed=18):
    """Writes a state dict to `path`, and to `logits` an input and what the model makes of it."""
    model = make(width, classes, seed)
    torch.save(model.state_dict(), path)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        torch.save({"input": images, "logits": model(images)}, logits)


def load(path, logits, width=64, classes=1000):
    """Loads `path` strictly; the largest difference of the logits to those in `logits`, and their scale."""
    model = ResNet18(width, classes).eval()
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    expected = torch.load(logits, weights_only=True)
    with torch.no_grad():
        found = model(expected["input"])
    difference = (found - expected["logits"]).abs().max().item()
    return {"difference": difference, "scale": expected["logits"].abs().max().item()}
