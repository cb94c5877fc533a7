"""The training of `examples/resume_training.rs`, in PyTorch."""

import torch
from torch import nn, optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 8)
        self.fc2 = nn.Linear(8, 1)
        with torch.no_grad():
            for parameter in self.parameters():
                numbers = [((i * 7 + 3) % 11) / 10 - 0.5 for i in range(parameter.numel())]
                parameter.copy_(torch.tensor(numbers).reshape(parameter.shape))

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


def data():
    x = torch.tensor([[(i % 8) / 4 - 0.875, (i * 5 % 32) / 16 - 0.96875] for i in range(32)])
    return x, x[:, :1] * x[:, 1:]


def train(path, epochs, resume=None):
    """Trains up to `epochs`, from the file `resume` if there is one, and saves to `path`; returns the losses."""
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    epoch = 0
    if resume is not None:
        checkpoint = torch.load(resume, weights_only=True)
        model.load_state_dict(checkpoint["model_state_dict"])
        optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
        epoch = checkpoint["epoch"]
    losses = []
    x, y = data()
    while epoch < epochs:
        total = 0.0
        for start in range(0, 32, 8):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[start : start + 8]), y[start : start + 8])
            loss.backward()
            optimizer.step()
            total += loss.item()
        epoch += 1
        losses.append([epoch, total / 4])
    torch.save({
        "epoch": epoch,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": losses[-1][1],
    }, path)  # fmt: skip
    return losses
