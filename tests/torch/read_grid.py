"""The grid that the reader is compared on: dtype x protocol x container, and what people save.

`write(folder)` saves every case with real PyTorch and returns, for each file, what PyTorch says it
holds (`lines`); `make_old.py` commits a few of them as fixtures.
"""

import collections
import os
import warnings
from unittest import mock

import numpy as np
import torch
from torch import nn

import old_formats
from lines import lines

PLAIN = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
         "complex64", "complex128"]
UNTYPED = ["complex32", "bcomplex32", "uint16", "uint32", "uint64", "float8_e5m2", "float8_e4m3fn",
           "float8_e5m2fnuz", "float8_e4m3fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2", "bits8", "bits16", "bits1x8",
           "bits2x4", "bits4x2"]


def tensors(name):
    """Tensors of one type: several sizes, and bytes of every value."""
    source = (torch.arange(96, dtype=torch.int64) * 37 % 251).to(torch.uint8)
    if name == "bool":
        source = source % 2
    base = source.view(getattr(torch, name))
    two = base.reshape(2, -1)
    return {"flat": base, "matrix": two, "transposed": two.t(), "part": base[1:3], "scalar": base[0],
            "empty": base[:0], "expanded": base[:1].expand(4)}


def views():
    base = torch.arange(120, dtype=torch.float32)
    z = torch.complex(torch.arange(6.0), -torch.arange(6.0)).reshape(2, 3)
    cube = base.reshape(4, 5, 6)
    return {
        "base": base, "narrow": cube.narrow(1, 1, 3), "select": cube.select(2, 4), "step": cube[::2, ::3, ::4],
        "permute": cube.permute(2, 0, 1), "diagonal": cube[0].diagonal(1), "unfold": base.unfold(0, 7, 3),
        "expand": cube[:1, :1].expand(4, 5, 6), "as_strided": base.as_strided((5, 5), (1, 1), 3),
        "unsqueeze": cube[1].unsqueeze(0), "t": cube[2].t(), "zero": cube[:, :0], "scalar": cube[3, 4, 5],
        "movedim": cube.movedim(0, -1), "channels_last": torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "conj": z.conj(), "conj_t": z.conj().t(), "neg": torch._neg_view(base[:3]), "imag": z.clone().conj().imag,
        "real": z.clone().real, "view_as_real": torch.view_as_real(z.clone()), "neg_conj": torch._neg_view(z.conj()),
    }


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.bn = nn.BatchNorm2d(2)
        self.fc = nn.Linear(8, 3)
        self.tied = self.fc
        self.register_buffer("scratch", torch.ones(2), persistent=False)
        self.register_buffer("nothing", None)
        self.register_parameter("absent", None)

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))


class WithState(nn.Module):
    """A module with extra state, and entries of its own in the metadata."""

    def __init__(self):
        super().__init__()
        self.inner = nn.utils.spectral_norm(nn.Linear(2, 2))
        self.after = nn.Linear(2, 2)

    def get_extra_state(self):
        return {"names": ["a", "b"], "step": 3, "t": torch.ones(2)}

    def set_extra_state(self, state):
        pass


def optimizers():
    """A checkpoint of each optimizer of torch.optim, after steps."""
    made = {}
    for name, kind in sorted(vars(torch.optim).items()):
        if not isinstance(kind, type) or not issubclass(kind, torch.optim.Optimizer) or kind is torch.optim.Optimizer:
            continue
        torch.manual_seed(1)
        model = nn.Embedding(5, 3, sparse=True) if name == "SparseAdam" else nn.Linear(3, 2)
        if name == "Muon":
            model = nn.Linear(3, 2, bias=False)
        values = {"lr": 0.01}
        optimizer = kind(model.parameters(), **values)

        def step():
            optimizer.zero_grad()
            given = torch.tensor([0, 2]) if name == "SparseAdam" else torch.randn(4, 3)
            loss = model(given).pow(2).sum()
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(step)
        made[name] = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 2, "loss": 0.5}
    return made


def schedulers(without=()):
    """A checkpoint of each LR scheduler."""
    kinds = torch.optim.lr_scheduler
    model = nn.Linear(2, 2)
    made = {}
    for name, values in {
        "StepLR": {"step_size": 2}, "MultiStepLR": {"milestones": [1, 3]}, "ConstantLR": {}, "LinearLR": {},
        "ExponentialLR": {"gamma": 0.9}, "PolynomialLR": {}, "CosineAnnealingLR": {"T_max": 5},
        "CosineAnnealingWarmRestarts": {"T_0": 3}, "ReduceLROnPlateau": {}, "LambdaLR": {"lr_lambda": lambda e: 0.9**e},
        "MultiplicativeLR": {"lr_lambda": lambda e: 0.95}, "OneCycleLR": {"max_lr": 0.1, "total_steps": 10},
        "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1},
    }.items():
        if name in without:
            continue
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scheduler = getattr(kinds, name)(optimizer, **values)
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        scheduler.step(*([0.5] if name == "ReduceLROnPlateau" else []))
        made[name] = {"scheduler": scheduler.state_dict(), "optimizer": optimizer.state_dict()}
    return made


def checkpoints():
    """What training loops save."""
    torch.manual_seed(0)
    net, other = Net(), Net()
    parallel = nn.DataParallel(Net())
    average = torch.optim.swa_utils.AveragedModel(Net())
    shared = {"w": torch.ones(2)}
    return {
        "two_models": {"generator": net.state_dict(), "discriminator": other.state_dict(), "epoch": 3},
        "data_parallel": {"state_dict": parallel.state_dict(), "arch": "net", "best_acc1": torch.tensor(71.5)},
        "averaged": average.state_dict(),
        "ema_is_model": {"model": net.state_dict(), "ema": net.state_dict()},
        "one_dict_twice": {"a": shared, "b": shared},
        "keep_vars": net.state_dict(keep_vars=True),
        "scaler": {"scaler": torch.amp.GradScaler("cpu").state_dict(), "rng": torch.get_rng_state()},
        "extra_state": WithState().state_dict(),
        "list_of_models": [nn.Linear(1, 1).state_dict() for _ in range(3)],
        "deep": {"a": [{"b": ({"c": [1, 2.5, None, True, "x", b"y", {"d": {1, 2}}]},)}]},
        "keys": {1: "int", "1": "str", None: 0, (1, 2): "tuple", 1.5: "float", True: "bool", b"b": "bytes"},
        "dotted": {"a.b": torch.ones(1), "a": {"b": torch.zeros(1)}},
    }


def composites():
    coo = torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse()
    dense = torch.arange(16.0).reshape(4, 4) * (torch.eye(4) + 1)
    per_channel = torch.quantize_per_channel(
        torch.arange(6.0).reshape(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([0, 5]), 0, torch.qint8)
    return {
        "before": torch.ones(2), "coo": coo, "uncoalesced": torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,)),
        "csr": dense.to_sparse_csr(), "csc": dense.to_sparse_csc(), "bsr": dense.to_sparse_bsr((2, 2)),
        "bsc": dense.to_sparse_bsc((2, 2)), "quint8": torch.quantize_per_tensor(torch.arange(5.0), 0.5, 3, torch.quint8),
        "qint32": torch.quantize_per_tensor(torch.arange(4.0), 0.25, 0, torch.qint32), "per_channel": per_channel,
        "meta": torch.ones(2, 3, device="meta"), "meta_t": torch.ones(2, 3, device="meta").t(), "after": torch.zeros(1),
    }


def arrays():
    return {
        "f8": np.arange(6.0).reshape(2, 3), "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "i4": np.arange(3, dtype=np.int32), "big": np.arange(3, dtype=">i2"), "empty": np.zeros((0, 2)),
        "scalar": np.float64(0.5), "int": np.int64(-3), "bool": np.bool_(True), "half": np.float16(1.5),
        "zero_dim": np.array(2.5), "complex": np.complex64(1 + 2j), "dtype": np.dtype("float32"),
    }


def write(folder):
    """Saves every case into `folder`; returns {file: {"lines": [...], "options": ...}}."""
    warnings.simplefilter("ignore")
    made = {}

    def case(name, value, weights_only=True, expected=None, load=True, **how):
        path = os.path.join(folder, name + ".pt")
        torch.save(value, path, **how)
        # What PyTorch cannot read back itself is compared with what it saved.
        loaded = torch.load(path, weights_only=weights_only) if load else value
        made[name] = list(lines(loaded if expected is None else expected))

    legacy = {"_use_new_zipfile_serialization": False}
    for name in PLAIN + UNTYPED:
        value = tensors(name)
        for protocol in (1, 2, 3, 4, 5):
            how = {"pickle_protocol": protocol, "weights_only": False}
            case(f"{name}.zip.{protocol}", value, **how)
            # Storages without a type can be saved in the old format, but PyTorch does not read them back.
            case(f"{name}.legacy.{protocol}", value, load=name in PLAIN, **how, **legacy)
    cases = {"views": views(), "composites": composites(), "numpy": arrays(),
             **{f"optimizer.{name}": value for name, value in optimizers().items()},
             **{f"scheduler.{name}": value for name, value in schedulers().items()},
             **{f"checkpoint.{name}": value for name, value in checkpoints().items()}}
    for name, value in cases.items():
        for protocol in (2, 4):
            how = {"pickle_protocol": protocol, "weights_only": False}
            case(f"{name}.zip.{protocol}", value, **how)
            case(f"{name}.legacy.{protocol}", value, **how, **legacy)
    for name in ("slices", "written_by_python2", "tar"):
        path = os.path.join(folder, name + ".pt")
        getattr(old_formats, name)(path)
        made[name] = list(lines(torch.load(path, weights_only=False)))
    return made


def whole_model(folder):
    """A model saved as a whole, and what its state dict is.

    The format of before 1.6 carries the source of each class, with its path, where Python finds it. Here it
    finds none: a fixture holds neither PyTorch's code nor the place where somebody installed it.
    """
    torch.manual_seed(0)
    model = nn.Sequential(collections.OrderedDict(
        first=nn.Linear(2, 3), act=nn.ReLU(), norm=nn.BatchNorm1d(3), nested=nn.Sequential(nn.Linear(3, 1, bias=False))))
    model.norm.register_buffer("scratch", torch.ones(1), persistent=False)
    model.again = model.first
    made = {}
    for name, how in (("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False})):
        no_source = mock.patch("torch.serialization.get_source_lines_and_file", side_effect=OSError)
        with warnings.catch_warnings(), no_source:
            warnings.simplefilter("ignore")
            torch.save(model, os.path.join(folder, f"whole_model.{name}.pt"), **how)
        made[f"whole_model.{name}"] = list(lines(dict(model.state_dict(keep_vars=True))))
    return made
