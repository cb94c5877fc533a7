"""Every optimizer of torch.optim, in training: what the Rust tests read, write back and fill.

A case trains for `BEFORE` steps and is saved; torch itself then trains for `AFTER` more. Whoever resumes from a
file must get the same parameters, bit for bit.
"""

import inspect
from pathlib import Path

import torch
from torch import nn, optim

BEFORE, AFTER = 3, 4


def classes():
    """The names of all optimizers."""
    found = [getattr(optim, name) for name in dir(optim)]
    is_optimizer = lambda it: inspect.isclass(it) and issubclass(it, optim.Optimizer)
    return sorted(it.__name__ for it in found if is_optimizer(it) and it is not optim.Optimizer)


def net(bias=True, dtype=torch.float32):
    torch.manual_seed(11)
    return nn.Sequential(nn.Linear(3, 4, bias=bias), nn.Tanh(), nn.Linear(4, 2, bias=bias)).to(dtype)


def embedding():
    torch.manual_seed(12)
    return nn.Sequential(nn.Embedding(6, 3, sparse=True))


def frozen():
    """A parameter that is never used, and so never has a state, in the middle."""
    model = net()
    model[0].bias.requires_grad_(False)
    return model


def tied():
    """One parameter under two names."""
    torch.manual_seed(13)
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


def simple(name, make=net, **options):
    return make, lambda model: getattr(optim, name)(model.parameters(), **options)


def groups(model):
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    return [{"params": weights, "weight_decay": 0.1}, {"params": biases, "lr": 0.02}]


def named_groups(model):
    weights = [it for it in model.named_parameters() if it[0].endswith("weight")]
    biases = [it for it in model.named_parameters() if it[0].endswith("bias")]
    return [{"params": biases}, {"params": weights, "lr": 0.5}]


def scheduled(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=100)
    return optimizer


matrices = lambda: net(bias=False)
double = lambda: net(dtype=torch.float64)
half = lambda: net(dtype=torch.bfloat16)

CASES = {
    "adadelta": simple("Adadelta", lr=0.5),
    "adadelta_foreach": simple("Adadelta", foreach=True, weight_decay=0.1),
    "adafactor": simple("Adafactor"),
    "adafactor_foreach": simple("Adafactor", foreach=True, eps=(1e-5, 1e-3)),
    "adagrad": simple("Adagrad", lr_decay=0.1, initial_accumulator_value=0.5),
    "adagrad_fused": simple("Adagrad", fused=True),
    "adam": simple("Adam", lr=0.01),
    "adam_amsgrad": simple("Adam", amsgrad=True, weight_decay=0.1),
    "adam_differentiable": simple("Adam", differentiable=True),
    "adam_foreach": simple("Adam", foreach=True, maximize=True),
    "adam_frozen": simple("Adam", frozen),
    "adam_fused": simple("Adam", fused=True, amsgrad=True),
    "adam_double": simple("Adam", double),
    "adam_bfloat16": simple("Adam", half),
    "adam_groups": (net, lambda model: optim.Adam(groups(model))),
    "adam_named": (net, lambda model: optim.Adam(model.named_parameters())),
    "adam_named_groups": (net, lambda model: optim.Adam(named_groups(model))),
    "adam_tied": simple("Adam", tied),
    "adam_tensor_betas": (net, lambda model: optim.Adam(
        model.parameters(), betas=(torch.tensor(0.9), torch.tensor(0.99)), foreach=False)),
    "adam_tensor_lr": (net, lambda model: optim.Adam(model.parameters(), lr=torch.tensor(0.01), foreach=False)),
    "adamw": simple("AdamW"),
    "adamw_amsgrad": simple("AdamW", amsgrad=True),
    "adamw_fused": simple("AdamW", fused=True),
    "adamax": simple("Adamax"),
    "adamax_foreach": simple("Adamax", foreach=True),
    "asgd": simple("ASGD", t0=1.0),
    "asgd_foreach": simple("ASGD", foreach=True),
    "lbfgs": simple("LBFGS", max_iter=2),
    "lbfgs_line_search": simple("LBFGS", max_iter=3, history_size=4, line_search_fn="strong_wolfe"),
    "muon": simple("Muon", matrices, lr=0.02),
    "muon_adjusted": simple("Muon", matrices, adjust_lr_fn="match_rms_adamw", nesterov=False),
    "nadam": simple("NAdam"),
    "nadam_decoupled": simple("NAdam", decoupled_weight_decay=True, weight_decay=0.1, foreach=True),
    "radam": simple("RAdam"),
    "radam_decoupled": simple("RAdam", decoupled_weight_decay=True, weight_decay=0.1),
    "rmsprop": simple("RMSprop"),
    "rmsprop_all": simple("RMSprop", momentum=0.9, centered=True, weight_decay=0.1),
    "rmsprop_centered": simple("RMSprop", centered=True),
    "rmsprop_momentum": simple("RMSprop", momentum=0.9, foreach=True),
    "rprop": simple("Rprop"),
    "rprop_foreach": simple("Rprop", foreach=True, maximize=True),
    "sgd": simple("SGD"),
    "sgd_fused": simple("SGD", momentum=0.9, fused=True),
    "sgd_momentum": simple("SGD", lr=0.1, momentum=0.9),
    "sgd_nesterov": simple("SGD", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "sgd_scheduled": (net, scheduled),
    "sgd_dampening": simple("SGD", momentum=0.9, dampening=0.5, foreach=True, maximize=True),
    "sparse_adam": simple("SparseAdam", embedding),
}  # fmt: skip

# They run on devices that the machine of the tests has not, but their state dicts are loaded everywhere.
CAPTURABLE = ["Adadelta", "Adam", "AdamW", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop"]


def start(name):
    """The model and the optimizer of a case, as they are before training."""
    make_model, make_optimizer = CASES[name]
    model = make_model()
    if "differentiable" in name:
        model.requires_grad_(False)
    return model, make_optimizer(model)


def train(model, optimizer, steps):
    """Steps on data that are the same each time."""
    differentiable = optimizer.param_groups[0].get("differentiable")

    def closure():
        optimizer.zero_grad()
        if differentiable:
            # Parameters that ask for gradients cannot be changed in place.
            for p in model.parameters():
                p.grad = 2 * p + 0.25
            return 0.0
        if isinstance(model[0], nn.Embedding):
            loss = (model(torch.tensor([0, 2, 2, 5])) - 0.5).pow(2).sum()
        else:
            data = torch.linspace(-1, 1, 15, dtype=model[0].weight.dtype).reshape(5, 3)
            loss = (model(data) - 0.5).pow(2).sum()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)


def parameters(model):
    return [p.detach().contiguous().view(torch.uint8).numpy().tobytes().hex() for p in model.parameters()]


def checkpoint(model, optimizer):
    return {
        "epoch": BEFORE,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.5,
    }


def write(folder):
    """Trains all cases, saves them in the middle, and returns what is in the files by torch's account."""
    described = {}
    for name in CASES:
        model, optimizer = start(name)
        train(model, optimizer, BEFORE)
        (Path(folder) / name).mkdir()
        torch.save(checkpoint(model, optimizer), Path(folder) / name / "checkpoint.pt")
        torch.save(optimizer.state_dict(), Path(folder) / name / "optimizer.pt")
        described[name] = describe(model, optimizer)
    return described


def describe(model, optimizer):
    state_dict = optimizer.state_dict()
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        "class": type(optimizer).__name__,
        "names": [names[id(p)] for group in optimizer.param_groups for p in group["params"]],
        "options": [{key: plain(it) for key, it in group.items()} for group in state_dict["param_groups"]],
        "state": [[id_, [[key, plain(it)] for key, it in state.items()]] for id_, state in state_dict["state"].items()],
    }  # fmt: skip


def plain(value):
    """A value as JSON can say it."""
    if isinstance(value, torch.Tensor):
        return {
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
            "sum": value.double().sum().item(),
        }
    if isinstance(value, (list, tuple)):
        return [plain(it) for it in value]
    return value


def resume(folder, file):
    """The cases for which training does not go on from `file` as without an interruption, with the reason."""
    failed = {}
    for name in CASES:
        model, optimizer = start(name)
        train(model, optimizer, BEFORE + AFTER)
        expected = parameters(model)
        try:
            model, optimizer = start(name)
            saved = torch.load(Path(folder) / name / file, weights_only=True)
            model.load_state_dict(saved["model_state_dict"])
            optimizer.load_state_dict(saved["optimizer_state_dict"])
            train(model, optimizer, AFTER)
            if parameters(model) != expected:
                failed[name] = "other parameters"
        except Exception as error:
            failed[name] = repr(error)
    return failed


def write_fresh(folder):
    """What each optimizer is when it is constructed, with two groups, without and with names."""
    for name in classes():
        for named in [False, True]:
            params = [nn.Parameter(torch.ones(2, 2)) for _ in range(3)]
            params = [(f"p{i}", p) for i, p in enumerate(params)] if named else params
            groups = [{"params": params}] if name == "LBFGS" else [{"params": params[:2]}, {"params": params[2:]}]
            optimizer = getattr(optim, name)(groups)
            optimizer.state.clear()
            folder_of = Path(folder) / ("named" if named else "plain")
            folder_of.mkdir(exist_ok=True)
            torch.save(optimizer.state_dict(), folder_of / f"{name}.pt")


def write_loads(folder):
    """States that are loaded into optimizers of other types: what is saved, into what, and what torch makes of it."""
    loads = []
    names = ["adam", "adam_amsgrad", "adam_fused", "sgd_momentum", "lbfgs", "adafactor", "adam_named", "adam_groups", "adam_frozen"]
    cases = [(name, dtype, False) for name in names for dtype in [torch.float32, torch.float64, torch.float16, torch.bfloat16]]
    cases += [(name.lower(), torch.float64, True) for name in CAPTURABLE]
    for name, dtype, capturable in cases:
        model, optimizer = start(name)
        train(model, optimizer, BEFORE)
        saved = optimizer.state_dict()
        state = next(iter(saved["state"].values()))
        # A tensor of integers, containers, and what belongs to no parameter.
        state["extra"] = {"step": torch.ones(2), "count": torch.tensor([1, 2]), "pair": (torch.ones(1), [None, 3])}
        saved["state"]["global"] = {"step": torch.ones(2)}
        # Ids are matched by their order.
        renumber = lambda i: i * 10 + 7 if isinstance(i, int) else i
        saved["state"] = {renumber(i): state for i, state in saved["state"].items()}
        for group in saved["param_groups"]:
            group["params"] = [renumber(i) for i in group["params"]]
            group["lr"] = 0.25
            if capturable:
                group["capturable"] = True
                state["step"] = state["step"].double()
        into, optimizer = start(name)
        into.to(dtype)
        place = Path(folder) / f"{name}_{str(dtype).removeprefix('torch.')}{'_capturable' if capturable else ''}"
        place.mkdir()
        torch.save(saved, place / "saved.pt")
        torch.save(optimizer.state_dict(), place / "fresh.pt")
        torch.save(into.state_dict(), place / "model.pt")
        optimizer.load_state_dict(saved)
        torch.save(optimizer.state_dict(), place / "loaded.pt")
        names = {id(p): name for name, p in into.named_parameters()}
        names = [names[id(p)] for group in optimizer.param_groups for p in group["params"]]
        loads.append({"name": place.name, "names": names})
    return loads


def differences(ours, theirs):
    """Where two files differ."""
    found = []
    compare(torch.load(ours, weights_only=True), torch.load(theirs, weights_only=True), "", found)
    return found


def compare(a, b, path, found):
    if type(a) is not type(b):
        found.append(f"{path}: {type(a)} and {type(b)}")
    elif isinstance(a, torch.Tensor):
        if a.dtype != b.dtype or a.shape != b.shape or not torch.equal(a, b):
            found.append(f"{path}: {a} and {b}")
    elif isinstance(a, dict):
        if list(a) != list(b):
            found.append(f"{path}: {list(a)} and {list(b)}")
        else:
            for key in a:
                compare(a[key], b[key], f"{path}.{key}", found)
    elif isinstance(a, (list, tuple)):
        if len(a) != len(b):
            found.append(f"{path}: {len(a)} and {len(b)} elements")
        for index, (x, y) in enumerate(zip(a, b)):
            compare(x, y, f"{path}.{index}", found)
    elif a != b:
        found.append(f"{path}: {a!r} and {b!r}")


def message(saved, file):
    """What torch says of loading a state dict that was saved into that of `file`'s shape."""
    shape = torch.load(file, weights_only=True)
    groups = [{"params": [nn.Parameter(torch.ones(2)) for _ in group["params"]]} for group in shape["param_groups"]]
    try:
        optim.SGD(groups).load_state_dict(torch.load(saved, weights_only=True))
    except Exception as error:
        return str(error)
    return None


def write_quadratic(folder):
    """Optimizers on the loss 0.5 * (p - target)^2, which a Rust test continues; returns where torch gets to."""
    ends = {}
    for name, options in {"Adam": {"lr": 0.05, "amsgrad": True}, "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True}}.items():
        params, optimizer = quadratic(name, options)
        torch.save({"model": dict(zip("ab", params)), "optimizer": optimizer.state_dict()}, Path(folder) / f"{name}.pt")
        descend(params, optimizer)
        ends[name] = [p.detach().reshape(-1).tolist() for p in params]
    return ends


def quadratic(name, options):
    params = [nn.Parameter(torch.linspace(-1, 1, 6).reshape(2, 3)), nn.Parameter(torch.linspace(0, 2, 4))]
    optimizer = getattr(optim, name)(params, **options)
    descend(params, optimizer)
    return params, optimizer


def descend(params, optimizer):
    for _ in range(5):
        for p in params:
            p.grad = p.detach() - 0.25
        optimizer.step()


def continue_quadratic(name, file):
    """Goes on from a file of the Rust test; returns the parameters."""
    saved = torch.load(file, weights_only=True)
    params = [nn.Parameter(saved["model"][key]) for key in "ab"]
    optimizer = getattr(optim, name)(params)
    optimizer.load_state_dict(saved["optimizer"])
    descend(params, optimizer)
    return [p.detach().reshape(-1).tolist() for p in params]
