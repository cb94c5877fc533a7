"""Checkpoints of all kinds saved by PyTorch, to be read and written again unchanged.

usage: write_nested.py DIRECTORY

Writes into DIRECTORY a folder for each case with the file that `torch.save` makes, and a
`manifest.json` with the cases' names and files; where PyTorch can read it, also the same value in the
format of before 1.6, `legacy.bytes`.
"""

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import json
import pathlib
import random
import sys
import warnings

import numpy
import torch
from torch import nn, optim

RANDOM = random.Random(20261122)
CASES = []


def case(name, value, file=None, loadable=True):
    """Adds a case: `file` is a name to save to (without it, a file object)."""
    CASES.append((name, value, file, loadable))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.bn = nn.BatchNorm2d(2)
        self.fc = nn.Linear(8, 4)
        self.tied = self.fc
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1)) * self.scale


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Settings:
    lr: float = 0.1
    name: str = "x"
    layers: list = dataclasses.field(default_factory=lambda: [1, 2])


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, [2]


class Items(list):
    pass


class Entries(dict):
    pass


class Reduced:
    def __reduce__(self):
        return Reduced, (), {"state": 1}, iter([1, 2, 3]), iter([("a", 1)])

    def append(self, item):
        pass

    def extend(self, items):
        pass

    def __setitem__(self, key, value):
        pass


OPTIMIZERS = {
    "SGD": (optim.SGD, dict(lr=0.1)),
    "SGD momentum": (optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    "Adam": (optim.Adam, dict()),
    "Adam amsgrad": (optim.Adam, dict(amsgrad=True, betas=(0.8, 0.99))),
    "AdamW": (optim.AdamW, dict(weight_decay=0.1)),
    "Adagrad": (optim.Adagrad, dict()),
    "RMSprop": (optim.RMSprop, dict(momentum=0.5, centered=True)),
    "Adadelta": (optim.Adadelta, dict()),
    "Adamax": (optim.Adamax, dict()),
    "NAdam": (optim.NAdam, dict()),
    "RAdam": (optim.RAdam, dict()),
    "ASGD": (optim.ASGD, dict()),
    "Rprop": (optim.Rprop, dict()),
    "Adafactor": (optim.Adafactor, dict()),
    "LBFGS": (optim.LBFGS, dict(max_iter=3)),
}


def trained(optimizer_class, options, groups=1, steps=2):
    model = Model()
    parameters = list(model.parameters())
    if groups == 2:
        parameters = [{"params": parameters[:3], "lr": 0.5}, {"params": parameters[3:]}]
    optimizer = optimizer_class(parameters, **options)

    def closure():
        optimizer.zero_grad()
        loss = model(torch.ones(2, 1, 4, 4)).pow(2).sum()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return model, optimizer


def training():
    for name, (optimizer_class, options) in OPTIMIZERS.items():
        model, optimizer = trained(optimizer_class, options)
        case(f"{name}: optimizer alone", optimizer.state_dict())
        case(f"{name}: checkpoint", {
            "epoch": 3, "model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
            "loss": 0.25, "best": float("inf"), "args": {"lr": 1e-3, "device": "cpu"}, "rng": torch.get_rng_state(),
        }, file="checkpoint.pt")  # fmt: skip
        if name != "LBFGS":
            model, optimizer = trained(optimizer_class, options, groups=2, steps=1)
            case(f"{name}: two groups", {"optimizer": optimizer.state_dict(), "model": model.state_dict()}, file="groups.v2.pt")
    model, optimizer = trained(optim.Adam, {})
    named = optim.SGD(model.named_parameters(), lr=0.1)
    case("named parameters", named.state_dict())
    schedulers = {
        "StepLR": optim.lr_scheduler.StepLR(optimizer, 3),
        "MultiStepLR": optim.lr_scheduler.MultiStepLR(optimizer, [3, 5, 5]),
        "CosineAnnealingLR": optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "OneCycleLR": optim.lr_scheduler.OneCycleLR(optim.SGD(model.parameters(), 0.1, 0.9), 0.1, total_steps=10),
        "ReduceLROnPlateau": optim.lr_scheduler.ReduceLROnPlateau(optimizer),
    }
    for name, scheduler in schedulers.items():
        case(f"scheduler {name}", {"scheduler": scheduler.state_dict(), "model": model.state_dict()})
    sequence = optim.lr_scheduler.SequentialLR(optimizer, [schedulers["StepLR"], schedulers["CosineAnnealingLR"]], [3])
    case("scheduler SequentialLR", sequence.state_dict())
    averaged = optim.swa_utils.AveragedModel(model)
    case("two models", {"model": model.state_dict(), "ema": averaged.state_dict(), "again": model.state_dict()}, file="two.pt")
    state_dict = model.state_dict()
    case("one state dict twice", {"model": state_dict, "ema": state_dict})
    case("kept parameters", model.state_dict(keep_vars=True))
    case("list of parameters", list(model.parameters()))
    case("whole model", model, loadable=False)
    case("whole optimizer", optimizer, loadable=False)
    case("gradients", {name: parameter.grad for name, parameter in model.named_parameters()})
    case("grad scaler", torch.amp.GradScaler("cpu").state_dict())


def containers():
    def many(count):
        return {f"key {i}": i for i in range(count)}

    for count in [0, 1, 2, 3, 999, 1000, 1001, 2000, 2001]:
        case(f"dict of {count}", many(count))
        case(f"OrderedDict of {count}", collections.OrderedDict(many(count)))
        case(f"list of {count}", list(range(count)))
        case(f"tuple of {count}", tuple(range(count)))
        case(f"set of {count}", set(range(count)))
        case(f"frozenset of {count}", frozenset(range(count)))
        case(f"defaultdict of {count}", collections.defaultdict(list, many(count)))
        case(f"Counter of {count}", collections.Counter(many(count)))
        case(f"list subclass of {count}", Items(range(count)), loadable=False)
        case(f"dict subclass of {count}", Entries(many(count)), loadable=False)
    case("tensors in a list of 1001", [torch.tensor([i]) for i in range(1001)])
    case("strings beyond the short memo", [f"{i}" for i in range(300)] * 2)
    case("memo beyond 16 bits", [[i] for i in range(70_000)])
    case("keys of all kinds", {1: "int", -1: "negative", (1, 2): "tuple", "a": "str", None: "None", True: "bool", 2.5: "float", b"b": "bytes", frozenset([1]): "set"})
    case("integers", [0, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -1, -255, -256, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 2**100, -(2**100), 2**2039, -(2**2039)])
    case("huge integers", [2**2040, -(2**2047) - 1, 2**20_000], loadable=False)
    case("floats", [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308])
    case("complex", [1 + 2j, complex("nan"), -0j])
    case("strings", ["", "a", "ä", "重み", "🦀", "a" * 255, "a" * 256, "a" * 70_000, "line\nbreak", "nul\0"])
    case("bytes", [b"", b"a", b"ab", b"\xff", bytes(range(256)), b"x" * 70_000, b"", b"ab"])
    case("bytes and text of one character", ["a", b"a", b"a", bytearray(b"a"), "b", bytearray(b"b"), b"b"])
    case("bytearrays", [bytearray(), bytearray(b"abc"), bytearray(range(256)), bytearray(b"abc")])
    same = bytearray(b"same")
    case("a bytearray twice", [same, same, bytes(same)])
    case("bools and None", [True, False, None, (None,), (True, False), ()])
    case("root: int", 5)
    case("root: str", "text")
    case("root: None", None)
    case("root: tensor", torch.arange(3.0), file="tensor.pt")
    shared = ["shared"]
    case("shared", {"a": shared, "b": shared, "c": (shared, shared), "d": [(shared,)] * 2})
    loop = []
    loop.append(loop)
    case("a list in itself", loop)
    loop = {}
    loop["self"] = loop
    case("a dict in itself", loop)
    loop = ([],)
    loop[0].append(loop)
    case("a tuple in its list", loop)
    loop = (1, 2, 3, 4, [])
    loop[4].extend([loop, loop])
    case("a long tuple in its list", {"loop": loop, "again": loop})
    deep = []
    for _ in range(150):
        deep = [deep, {"deep": (deep,)}]
    case("deep", deep)
    ordered = collections.OrderedDict(a=1)
    ordered.attribute = [ordered]
    case("OrderedDict with attributes", ordered)
    counter = collections.Counter("abracadabra")
    case("counters and defaults", [counter, counter, collections.defaultdict(None, {1: 2}), collections.defaultdict(dict)])
    case("torch's own", [
        torch.float32, torch.float16, torch.float32, torch.uint4, torch.device("cpu"), torch.device("cuda", 1), torch.device("cuda"),
        torch.Size([]), torch.Size([2, 3]), torch.Size([1, 2, 3, 4, 5]), torch.strided, torch.sparse_coo, torch.strided, torch.per_tensor_affine,
    ])  # fmt: skip
    device, size = torch.device("cuda:0"), torch.Size([4, 5])
    case("torch's own twice", [device, device, size, size, {"size": size, "device": device}])
    case("the constants of torch", {"storage": "storage", "cpu": "cpu", "version": "version", "t": torch.ones(2), "_metadata": "latin1"})
    case("not the constants of torch", {"".join(["stor", "age"]): "".join(["c", "pu"]), "t": torch.ones(2), "b": b"bytes"})
    case("types", [int, dict, set, collections.OrderedDict, torch.Tensor, nn.Parameter, torch.float32])


def tensors():
    base = torch.arange(48.0).reshape(6, 8)
    case("views", {"whole": base, "part": [base[2], (base[:, 3], base.t())], "again": base, "one": base[1, 1]})
    parameter = nn.Parameter(torch.ones(2, 3))
    case("parameters", [parameter, parameter, nn.Parameter(torch.zeros(1), requires_grad=False), parameter.data])
    stated = nn.Parameter(torch.ones(2))
    stated.tag, stated.rank = "expert", {"tensor": base}
    case("parameters with state", {"a": stated, "b": stated, "c": [nn.Parameter(torch.ones(3))]})
    tagged = torch.ones(3)
    tagged.tag, tagged.other = [1, 2], base
    case("tensors with attributes", [tagged, tagged, tagged[1:]])
    selfish = torch.ones(1)
    selfish.me = [selfish]
    case("a tensor in its own attributes", selfish)
    case("buffers", nn.BatchNorm1d(3).state_dict(keep_vars=True))
    buffer = nn.Buffer(torch.ones(2))
    case("a buffer by itself", buffer)
    case("requires grad", [torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True) * 2])
    case("meta", [torch.empty(2, 3, device="meta"), torch.empty((), device="meta", dtype=torch.int8), nn.Parameter(torch.empty(4, device="meta"))])
    case("a model on meta", Model().to("meta").state_dict(), file="meta.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        per_tensor = torch.quantize_per_tensor(torch.arange(4.0), 0.5, 3, torch.quint8)
        per_channel = torch.quantize_per_channel(torch.ones(2, 2), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.qint8)
        case("quantized", [per_tensor, per_channel, per_tensor, torch.quantize_per_tensor(base, 1.0, 0, torch.qint32)[2:, 1:]])
        for packed in [torch.quint4x2, torch.quint2x4]:
            two = [torch.quantize_per_channel(torch.ones(3, 5), torch.full((3,), 0.1), torch.zeros(3), 0, packed)]
            case(str(packed), [*two, *two])
        case("sparse", [
            torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.eye(4).to_sparse_csc(), torch.eye(4).to_sparse_bsr((2, 2)),
            {"twice": (sparse := torch.eye(2).to_sparse()), "again": sparse},
        ])  # fmt: skip
        case("nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), loadable=False)
        bytes_ = torch.arange(4, dtype=torch.uint8)
        case("storages", [bytes_.untyped_storage(), bytes_, torch.ones(3).untyped_storage()], loadable=False)
        typed = torch.arange(3.0)
        case("typed storages", {"storage": typed.storage(), "tensor": typed, "again": typed.storage()})
    complex_ = torch.ones(3, dtype=torch.complex64)
    case("bits", [complex_.conj(), torch._neg_view(complex_), torch._neg_view(complex_.conj())])
    case("younger types", {str(d): torch.zeros(2, dtype=torch.uint8).view(d) for d in [torch.float8_e4m3fn, torch.bits8, torch.uint16]})
    case("younger types with attributes", nn.Parameter(torch.zeros(2, dtype=torch.float8_e5m2), requires_grad=False))
    case("many dtypes", [torch.zeros(2, dtype=d) for d in [torch.float64, torch.int8, torch.bool, torch.uint16, torch.complex128, torch.bfloat16]])
    case("empty tensors", [torch.empty(0), torch.empty(0, 3), torch.empty(2, 0, dtype=torch.int8), torch.tensor(5)])


def opaque():
    case("namespace", {"args": argparse.Namespace(lr=0.1, layers=[1, 2], device="cpu"), "t": torch.ones(1)}, loadable=False)
    case("numpy", [numpy.arange(6).reshape(2, 3), numpy.float64(2.5), numpy.dtype("float32"), numpy.array(["a", "bc"]), numpy.int64(7), numpy.zeros(0)], loadable=False)
    case("numpy twice", [(array := numpy.ones(3)), array, array.dtype, array.T], loadable=False)
    case("objects", [Settings(), Settings(), Slots(), Color.RED, Color.RED, Reduced()], loadable=False)
    settings = Settings()
    settings.me = settings
    case("an object in itself", settings, loadable=False)
    case("standard library", [
        datetime.datetime(2026, 1, 2, 3), datetime.timedelta(1), decimal.Decimal("1.5"), fractions.Fraction(1, 3), pathlib.PurePosixPath("a/b"),
        range(5), slice(1, 2), collections.deque([1, 2], 5), functools.partial(int, base=2), collections.UserDict(a=1),
    ], loadable=False)  # fmt: skip
    case("functions", [len, json.dumps, Settings, Model.forward], loadable=False)
    case("exceptions", [ValueError("text", 1), KeyError("k")], loadable=False)


def random_value(depth, pool):
    """A random value; `pool` has values that may be used again."""
    kind = RANDOM.random()
    if pool and kind < 0.15:
        return RANDOM.choice(pool)
    if depth == 0 or kind < 0.5:
        value = RANDOM.choice([
            lambda: RANDOM.randint(-(2 ** RANDOM.choice([4, 9, 17, 33, 70])), 2 ** RANDOM.choice([4, 9, 17, 33, 70])),
            lambda: RANDOM.random(), lambda: "".join(RANDOM.choices("abcä重", k=RANDOM.randint(0, 5))), lambda: None,
            lambda: RANDOM.random() < 0.5, lambda: RANDOM.randbytes(RANDOM.randint(0, 4)), random_tensor, random_tensor,
            lambda: nn.Parameter(torch.rand(2)), lambda: torch.Size(RANDOM.choices(range(5), k=RANDOM.randint(0, 4))),
            lambda: RANDOM.choice([torch.float32, torch.int8]), lambda: bytearray(RANDOM.randbytes(3)), lambda: complex(RANDOM.random(), 1),
        ])()  # fmt: skip
    else:
        items = [random_value(depth - 1, pool) for _ in range(RANDOM.choice([0, 1, 2, 3, 5, 8]))]
        names = ["lr", "state", "weight", "cpu", "version", "storage", "a"]
        keys = [RANDOM.choice([RANDOM.choice(names), i, f"layer.{i}", (i, "x")]) for i in range(len(items))]
        value = RANDOM.choice([
            lambda: items, lambda: tuple(items), lambda: dict(zip(keys, items)), lambda: collections.OrderedDict(zip(keys, items)),
            lambda: {i for i in keys}, lambda: collections.defaultdict(list, zip(keys, items)),
        ])()  # fmt: skip
    pool.append(value)
    return value


TENSORS = []


def random_tensor():
    if TENSORS and RANDOM.random() < 0.3:
        tensor = RANDOM.choice(TENSORS)
        return tensor.view(tensor.shape)
    shape = [RANDOM.choice([0, 1, 2, 3, 20]) for _ in range(RANDOM.randint(0, 3))]
    tensor = torch.zeros(shape, dtype=RANDOM.choice([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.uint16]))
    if tensor.dim() > 1 and RANDOM.random() < 0.4:
        tensor = tensor.transpose(0, 1)
    TENSORS.append(tensor)
    return tensor


def save_legacy(value, path):
    """Saves in the format of before 1.6. Returns the storages' names in the order of their first use, or
    None where PyTorch cannot read the file back."""
    names = {}
    location_tag = torch.serialization.location_tag

    def recording(storage):
        names[str(storage._cdata)] = None
        return location_tag(storage)

    torch.serialization.location_tag = recording
    try:
        torch.save(value, path, _use_new_zipfile_serialization=False)
    finally:
        torch.serialization.location_tag = location_tag
    return None if b"UntypedStorage" in path.read_bytes() else list(names)


def main(directory):
    torch.manual_seed(3)
    training()
    containers()
    tensors()
    opaque()
    for number in range(100):
        pool = []
        TENSORS.clear()
        case(f"random {number}", {"value": random_value(5, pool), "rest": [random_value(3, pool) for _ in range(4)]})
    manifest = []
    for number, (name, value, file, loadable) in enumerate(CASES):
        folder = directory / f"case{number}"
        folder.mkdir()
        path = folder / (file or "object.bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if file:
                torch.save(value, str(path))
            else:
                buffer = io.BytesIO()
                torch.save(value, buffer)
                path.write_bytes(buffer.getvalue())
            legacy = save_legacy(value, folder / "legacy.bytes") if loadable else None
        manifest.append({"name": name, "folder": folder.name, "file": file, "legacy": legacy})
    (directory / "manifest.json").write_text(json.dumps({"torch": torch.__version__, "cases": manifest}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
