"""Programs that torch saves with their parameters: TorchScript archives, and exported programs."""

import collections
import os
import shutil
import warnings
import zipfile
from typing import Dict, List, NamedTuple, Tuple

import torch
from torch import nn

from lines import lines


class Part(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self.register_buffer("not_saved", torch.full((2,), 2.0), persistent=False)
        self.register_buffer("count", torch.arange(3))
        self.scale, self.names, self.sizes = 2.5, ["a", "b"], {"k": 1}

    def forward(self, x):
        return self.fc(x) * self.scale + self.not_saved.sum() + self.count.sum()


class Whole(nn.Module):
    """Modules under two names, ties, views, lists, and tensors that are neither parameters nor buffers."""

    def __init__(self):
        super().__init__()
        self.a, self.b = Part(3), Part(3)
        self.shared = self.a
        self.list = nn.ModuleList([nn.Linear(3, 3), Part(3)])
        self.seq = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())
        self.by_name = nn.ModuleDict({"x": nn.Linear(3, 2, bias=False)})
        self.tied = nn.Linear(3, 3)
        self.tied.weight = self.a.fc.weight
        self.turned = nn.Parameter(torch.arange(12.0).reshape(3, 4).t())
        self.low = nn.Parameter(torch.ones(2, dtype=torch.float16), requires_grad=False)
        self.register_buffer("nothing", None)
        self.plain, self.pair = torch.full((4,), 5.0), (torch.ones(1), 2)

    def forward(self, x):
        x = self.a(x) + self.b(x) + self.shared(x)
        for m in self.list:
            x = m(x)
        return self.by_name["x"](self.seq(self.tied(x))) + self.plain.sum() + self.pair[0] + self.turned.sum()


class Dtypes(nn.Module):
    def __init__(self):
        super().__init__()
        for dtype in [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool, torch.float16,
                      torch.bfloat16, torch.float64, torch.complex64, torch.complex128]:
            self.register_buffer("of_" + str(dtype).removeprefix("torch."), (torch.arange(6) % 2).reshape(2, 3).to(dtype))
        self.scalar, self.empty = nn.Parameter(torch.tensor(1.5)), nn.Parameter(torch.empty(0, 3))
        self.part = nn.Parameter(torch.arange(9.0)[2:5])

    def forward(self, x):
        return x + self.scalar + self.part.sum() + self.of_int64.sum()


class Kept(NamedTuple):
    x: torch.Tensor
    n: int


class Holder(nn.Module):
    """Tensors in the containers that TorchScript knows."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.tensors: List[torch.Tensor] = [torch.zeros(1), torch.ones(2)]
        self.named: Dict[str, torch.Tensor] = {"a": torch.zeros(3)}
        self.kept = Kept(torch.ones(1), 2)
        self.ints: List[int] = [1, 2]

    def forward(self, x):
        return x + self.weight + self.tensors[1] + self.named["a"].sum() + self.kept[0] + self.ints[0]


class Restored(nn.Module):
    """A module that TorchScript saves and restores by code of its own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.training = False

    @torch.jit.export
    def __getstate__(self):
        return (self.weight, self.training)

    @torch.jit.export
    def __setstate__(self, state: Tuple[torch.Tensor, bool]):
        self.weight = state[0]
        self.training = state[1]

    def forward(self, x):
        return x + self.weight


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.restored, self.fc = Restored(), nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(self.restored(x))


class Deep(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.bias = nn.Parameter(torch.full((1,), float(depth)))
        self.next = Deep(depth - 1) if depth else nn.Identity()

    def forward(self, x):
        return self.next(x + self.bias)


class Many(nn.Module):
    def __init__(self):
        super().__init__()
        self.all = nn.ParameterList([nn.Parameter(torch.full((1,), float(i))) for i in range(12)])
        self.pairs = nn.ParameterDict({"b": nn.Parameter(torch.ones(1)), "a": nn.Parameter(torch.zeros(1))})

    def forward(self, x):
        return x + self.all[3] + self.pairs["b"]


class Net(nn.Module):
    """The model that the Rust side computes as well."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.first, self.norm, self.last = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.relu(self.norm(self.first(x))))


@torch.jit.script
def function(x: torch.Tensor) -> torch.Tensor:
    return x + torch.ones(1)


@torch.jit.script
class Class:
    def __init__(self, x: torch.Tensor):
        self.x = x


class OfClass(nn.Module):
    def __init__(self):
        super().__init__()
        self.held, self.weight = Class(torch.ones(2)), nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x + self.held.x + self.weight


def shared(tensors):
    """The names of the tensors that share a storage with one before, with its name."""
    seen, found = {}, []
    for name, t in tensors:
        if t.untyped_storage().nbytes():
            first = seen.setdefault(t.untyped_storage().data_ptr(), name)
            if first != name:
                found.append([first, name])
    return found


def edited(path, edit):
    """Writes the archive again, its code changed."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members:
            new.writestr(name, edit(content.decode()).encode() if name.endswith(".py") else content)


def script(folder):
    """Writes TorchScript archives, and says what torch.jit.load finds in each."""
    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    script, x = torch.jit.script, torch.ones(2, 3)
    models = {
        "scripted": script(Whole()), "traced": torch.jit.trace(Whole(), x), "dtypes": script(Dtypes()), "containers": script(Holder()),
        "restored": script(Outer()), "deep": script(Deep(40)), "many": script(Many()), "net": script(Net()),
        "frozen": torch.jit.freeze(script(Net().eval())), "optimized": torch.jit.optimize_for_inference(script(Net().eval())),
        "function": function, "class": script(OfClass()), "empty": script(nn.ReLU()), "lstm": script(nn.LSTM(3, 2, 2)),
        "no buffers": script(Part(2)),
        "quantized": script(torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), {nn.Linear})),
    }  # fmt: skip
    found = {}
    for name, model in models.items():
        path = os.path.join(folder, name + ".pt")
        torch.jit.save(model, path)
        if name == "no buffers":
            # What PyTorch wrote before it told buffers from other tensors.
            edited(path, lambda code: "".join(line for line in code.splitlines(True) if "__buffers__" not in line))
        if name == "scripted":
            model._save_for_lite_interpreter(os.path.join(folder, "lite.ptl"))
            shutil.copy(path, os.path.join(folder, "copy.pth"))
        found[name + ".pt"] = says(torch.jit.load(path), model if name not in ("function", "no buffers") else None)
    found["lite.ptl"] = found["copy.pth"] = found["scripted.pt"]
    return found


def says(loaded, model):
    state = collections.OrderedDict(loaded.state_dict().items())
    # Of what it loads, torch does not keep which tensors share a storage.
    ties = shared(model.state_dict().items()) if model is not None else []
    names = {name for name, _ in loaded.named_parameters(remove_duplicate=False)}
    return {"says": list(lines(state)), "shared": ties, "parameters": [key for key in state if key in names]}


class Export(nn.Module):
    """As `Whole`, of what can be exported."""

    def __init__(self):
        super().__init__()
        self.fc, self.tied, self.norm = nn.Linear(3, 4), nn.Linear(3, 4), nn.BatchNorm1d(4)
        self.tied.weight = self.fc.weight
        self.register_buffer("not_saved", torch.ones(2), persistent=False)
        self.register_buffer("count", torch.arange(3))
        self.low = nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
        self.turned = nn.Parameter(torch.arange(6.0).reshape(2, 3).t())
        self.fixed = nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False)
        self.plain = torch.full((2,), 3.0)
        self.shared = self.norm

    def forward(self, x):
        y = self.shared(self.norm(self.fc(x) + self.tied(x)))
        rest = [self.not_saved, self.count, self.low, self.turned, self.fixed, self.plain, torch.ones(1)]
        return y + sum(t.sum().float() for t in rest)


class Parts(nn.Module):
    """Tensors that are parts of one storage."""

    def __init__(self):
        super().__init__()
        base = torch.arange(24.0)
        self.first, self.second = nn.Parameter(base[:12].reshape(3, 4)), nn.Parameter(base[12:].reshape(4, 3).t())
        self.register_buffer("step", base[::5])

    def forward(self, x):
        return x + self.first.sum() + self.second.sum() + self.step.sum()


def export(folder):
    """Writes exported programs, and says what state dict each model had."""
    warnings.simplefilter("ignore")
    torch.manual_seed(2)
    x = torch.ones(2, 3)
    models = {
        "whole": (Export().eval(), (x,)), "training": (Export(), (x,)), "dtypes": (Dtypes(), (x,)), "parts": (Parts(), (x,)),
        "net": (Net(), (torch.ones(2, 4),)), "empty": (nn.ReLU(), (x,)), "deep": (Deep(20), (x,)), "many": (Many(), (x,)),
        "part": (Part(3), (x,)), "lstm": (nn.LSTM(3, 2), (torch.ones(2, 1, 3),)), "conv": (nn.Conv2d(1, 2, 3), (torch.ones(1, 1, 5, 5),)),
        "attention": (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval(), (torch.ones(1, 2, 4),)),
        "embedding": (nn.Sequential(nn.Embedding(5, 3), nn.LayerNorm(3)), (torch.ones(2, dtype=torch.long),)),
    }  # fmt: skip
    found, programs = {}, {}
    for name, (model, args) in models.items():
        program = torch.export.export(model, args)
        torch.export.save(program, os.path.join(folder, name + ".pt2"))
        programs[name] = program
        # Parameters come before all buffers in a program, and its file tells no other order.
        order = [spec.target for spec in program.graph_signature.input_specs]
        tensors = {key: t.detach() for key, t in model.state_dict().items()}
        state = collections.OrderedDict((key, tensors[key]) for key in order if key in tensors)
        assert len(state) == len(tensors)
        names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        constants = [(key, t) for key, t in program.constants.items() if isinstance(t, torch.Tensor)]
        buffers = set(dict(model.named_buffers())) - set(state)
        found[name + ".pt2"] = {
            "says": list(lines(state)), "shared": shared(state.items()), "parameters": [key for key in state if key in names],
            "constants": sum(key not in buffers for key, _ in constants), "not_saved": sum(key in buffers for key, _ in constants),
        }  # fmt: skip
    return found


def several(path):
    """Writes several programs into one archive, and says what state dicts they have."""
    from torch.export.pt2_archive._package import package_pt2

    models = {"b": Net(), "a": nn.Linear(3, 2)}
    programs = {"b": torch.export.export(models["b"], (torch.ones(2, 4),)), "a": torch.export.export(models["a"], (torch.ones(2, 3),))}
    package_pt2(path, exported_programs=programs)
    state = {name: collections.OrderedDict((k, t.detach()) for k, t in models[name].state_dict().items()) for name in sorted(models)}
    return list(lines(state))


def old(path):
    """Writes a program as PyTorch did up to 2.7, and says what torch loads of it."""
    from torch._export.serde.serialize import serialize

    warnings.simplefilter("ignore")
    model = Export()
    artifact = serialize(torch.export.export(model, (torch.ones(2, 3),)))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("serialized_exported_program.json", artifact.exported_program)
        file.writestr("serialized_state_dict.pt", artifact.state_dict)
        file.writestr("serialized_constants.pt", artifact.constants)
        file.writestr("serialized_example_inputs.pt", artifact.example_inputs)
        file.writestr("version", "8.8")
    loaded = torch.export.load(path)
    parameters = [key for key, t in loaded.state_dict.items() if isinstance(t, nn.Parameter)]
    return {"says": list(lines(dict(loaded.state_dict))), "shared": shared(loaded.state_dict.items()), "parameters": parameters}


def net(folder):
    """The same model in both forms, with what it computes."""
    warnings.simplefilter("ignore")
    model = Net()
    x = torch.linspace(-1, 1, 8).reshape(2, 4)
    torch.jit.save(torch.jit.script(model), os.path.join(folder, "net.pt"))
    torch.export.save(torch.export.export(model, (x,)), os.path.join(folder, "net.pt2"))
    with torch.no_grad():
        return {"x": x.flatten().tolist(), "y": model(x).flatten().tolist()}
