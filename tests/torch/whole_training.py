"""Checkpoints of trainings, with all that PyTorch itself puts into one."""

import collections

import numpy
import torch
from checkpoint import description
from lines import lines
from torch import nn, optim
from torch.optim import lr_scheduler, swa_utils


def net(seed=5):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 4))


def schedulers(optimizer):
    """One of each kind of scheduler, most after some steps."""
    made = {
        "LambdaLR": lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch),
        "MultiplicativeLR": lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9),
        "StepLR": lr_scheduler.StepLR(optimizer, 2),
        "MultiStepLR": lr_scheduler.MultiStepLR(optimizer, [1, 3, 3]),
        "ConstantLR": lr_scheduler.ConstantLR(optimizer),
        "LinearLR": lr_scheduler.LinearLR(optimizer),
        "ExponentialLR": lr_scheduler.ExponentialLR(optimizer, 0.5),
        "PolynomialLR": lr_scheduler.PolynomialLR(optimizer),
        "CosineAnnealingLR": lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "CosineAnnealingWarmRestarts": lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4),
        "CyclicLR": lr_scheduler.CyclicLR(optimizer, 0.01, 0.1, cycle_momentum=False),
        "OneCycleLR": lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=20),
        "ReduceLROnPlateau": lr_scheduler.ReduceLROnPlateau(optimizer, patience=1),
    }
    for name, scheduler in made.items():
        for _ in range(3):
            optimizer.step()
            scheduler.step(*([0.5] if name == "ReduceLROnPlateau" else []))
    made["SequentialLR"] = lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.ConstantLR(optimizer), lr_scheduler.ExponentialLR(optimizer, 0.9)],
        milestones=[2],
    )
    made["ChainedScheduler"] = lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(optimizer), lr_scheduler.StepLR(optimizer, 3)]
    )
    return made


def training():
    """All of a training: several models, optimizers, schedulers, an average of weights, states of random
    numbers, a configuration, and values that are shared."""
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    average = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))
    for _ in range(2):
        model(torch.ones(2, 1, 4, 4)).sum().backward()
        optimizer.step()
        average.update_parameters(model)
    model_state = model.state_dict()
    history = [0.5, 0.25, float("inf")]
    checkpoint = {
        "epoch": 3,
        "global_step": 2**40,
        "huge": -(2**200),
        "model_state_dict": model_state,
        "best_model": model_state,
        "optimizer_state_dict": optimizer.state_dict(),
        "ema": average.state_dict(),
        "discriminator": net(6).state_dict(),
        "rng_state": torch.get_rng_state(),
        "numpy_rng": [624, bytes(range(256)), b"x"],
        "losses": history,
        "same_losses": history,
        "config": {
            "lr": 1e-3, "betas": (0.9, 0.999), "name": "ünïcode.key", "flags": [True, False, None],
            "fc.weight": {"decay": 0.0}, 3: "three", (1, 2): "pair", -1.5: "float", None: "none", True: "true",
            "nested": {"a": {"b": {"c": [[], {}, (), [{"d": 1}]]}}}, "set": {1, 2}, "device": torch.device("cpu"),
            "dtype": torch.bfloat16, "size": torch.Size([2, 3]), "complex": 1.5 - 2j,
        },
        "counts": collections.Counter("aab"),
        "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
        "parameter": nn.Parameter(torch.ones(2)),
        "view": model_state["3.weight"][1:3],
    }
    checkpoint["schedulers"] = {name: s.state_dict() for name, s in schedulers(optimizer).items()}
    return checkpoint


def save(path):
    """Saves it as PyTorch does; what is in it, line by line."""
    torch.save(training(), path)
    return read(path)


def read(path):
    """What PyTorch finds in a checkpoint, line by line."""
    return list(lines(torch.load(path, weights_only=True)))


def resume(path):
    """Puts what a checkpoint holds into PyTorch's own objects, which must take it, and gives their states."""
    found = torch.load(path, weights_only=True)
    model = net(7)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    average = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))
    model.load_state_dict(found["model_state_dict"], strict=True)
    average.load_state_dict(found["ema"], strict=True)
    made = schedulers(optimizer)
    optimizer.load_state_dict(found["optimizer_state_dict"])
    for name, scheduler in made.items():
        scheduler.load_state_dict(found["schedulers"][name])
    torch.set_rng_state(found["rng_state"])
    # After these the random numbers of two runs are the same.
    same = torch.rand(3).tolist()
    torch.set_rng_state(found["rng_state"])
    assert torch.rand(3).tolist() == same
    return {
        "epoch": found["epoch"],
        "last_epochs": {name: getattr(s, "last_epoch", None) for name, s in made.items()},
        "n_averaged": average.n_averaged.item(),
        "random": same,
    }


def save_built(path):
    """What the Rust test builds with serde."""
    torch.save({
        "epoch": 5, "loss": 0.25, "model_state_dict": net().state_dict(), "seed": 2**64 - 1,
        "small": -(2**100), "config": {"lr": 0.5, "betas": (0.9, 0.999), "layers": [64, 10], "note": None,
        "nested": {"mode": "min", "deep": [[True, False], []]}}, "widened": float(numpy.float32(0.1)),
        "best": {3: "first.pt", 7: "second.pt"}, "empty": [(), [], {}, ""], "raw": b"\x00\xff\xc3",
    }, path)  # fmt: skip


def save_gan(path):
    torch.save({
        "epoch": 7,
        "modelA_state_dict": net(1).state_dict(),
        "modelB_state_dict": net(2).state_dict(),
    }, path)  # fmt: skip


def load_gan(path):
    """Both models, strictly; what is in them."""
    found = torch.load(path, weights_only=True)
    models = {}
    for key in ["modelA_state_dict", "modelB_state_dict"]:
        model = net(9)
        model.load_state_dict(found[key], strict=True)
        models[key] = description(model.state_dict())
    return models


def save_tagged(path, tags):
    """A checkpoint whose storages say they are elsewhere: `tags` are given to them in the order of their use."""
    shared = torch.arange(6.0)
    value = {
        "state_dict": collections.OrderedDict(a=torch.ones(2), b=torch.zeros(3)),
        "optimizer": {"state": {0: {"momentum_buffer": torch.full((2,), 2.0)}}, "param_groups": []},
        "views": [shared[:3], shared[3:]],
    }
    given = {}
    location_tag = torch.serialization.location_tag

    def tag(storage):
        return given.setdefault(storage._cdata, tags[len(given) % len(tags)])

    torch.serialization.location_tag = tag
    try:
        torch.save(value, path)
    finally:
        torch.serialization.location_tag = location_tag


def tags(path, map_location=None):
    """The tags that `torch.load` sees in a file, in its order, and what comes of a mapping to the CPU."""
    seen = []

    def to_cpu(storage, tag):
        seen.append(tag)
        return storage

    torch.load(path, map_location=to_cpu, weights_only=True)
    return seen


def locate(path, map_location):
    """The devices of all tensors that `torch.load` gives with this mapping; or its error."""
    if isinstance(map_location, list):
        table = dict(map_location)
        # A function of the storage and its tag; `None` leaves it to PyTorch.
        map_location = lambda storage, tag: storage if table.get(tag) == "cpu" else None
    try:
        found = torch.load(path, map_location=map_location, weights_only=True)
    except RuntimeError as error:
        return str(error)
    tensors = [*found["state_dict"].values(), found["optimizer"]["state"][0]["momentum_buffer"], *found["views"]]
    return [str(tensor.device) for tensor in tensors]
