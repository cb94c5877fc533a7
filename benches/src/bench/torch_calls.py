"""What torch does with the same files: a line of JSON, as the Rust side prints it.

    torch_calls.py WHAT FILE CALLS
"""

import gc
import json
import os
import sys
import time
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")


def status(name):
    """A number of /proc/self/status, in bytes; 0 where there is no such file."""
    try:
        with open("/proc/self/status") as lines:
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)
    except OSError:
        return 0


def minor_faults():
    try:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    except ImportError:
        return 0


def measure(calls, work, before=lambda: None):
    before()
    gc.collect()
    resident, anonymous = status("VmRSS:"), status("RssAnon:")
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass
    measured = {"seconds": [], "peak": 0, "anonymous": 0, "faults": 0}
    for call in range(calls):
        if call > 0:
            before()
        faults = minor_faults()
        begin = time.perf_counter()
        result = work()
        measured["seconds"].append(time.perf_counter() - begin)
        if call == 0:
            measured["faults"] = minor_faults() - faults
        measured["anonymous"] = max(0, status("RssAnon:") - anonymous)
        del result
    measured["peak"] = max(0, status("VmHWM:") - resident)
    print(json.dumps(measured))


def model_of(state_dict, device):
    """Modules with the names of a state dict."""
    root = nn.Module()
    for key, value in state_dict.items():
        *path, name = key.split(".")
        module = root
        for part in path:
            if part not in module._modules:
                module.add_module(part, nn.Module())
            module = module._modules[part]
        empty = torch.ones(value.shape, dtype=value.dtype, device=device)
        if value.dtype.is_floating_point and "running" not in name:
            module.register_parameter(name, nn.Parameter(empty, requires_grad=False))
        else:
            module.register_buffer(name, empty)
    return root


def linear():
    return nn.utils.skip_init(nn.Linear, 2, 2)


def flat(count):
    return nn.ModuleList(linear() for _ in range(count))


def deep(count):
    root = module = nn.Module()
    for number in range(count):
        module.add_module("lin", linear())
        if number + 1 < count:
            module.add_module("next", nn.Module())
            module = module.next
    return root


def count_of(path):
    """The number of storages of a file."""
    names = torch._C.PyTorchFileReader(path).get_all_records()
    return sum(name.startswith("data/") for name in names)


def many(count):
    """The state dict of a file with so many small tensors: made in seconds, where loading it takes a minute."""
    keys = (f"blocks.{number // 100}.sub.{number % 100}.weight" for number in range(count))
    return {key: torch.rand(4) for key in keys}


def main():
    what, path, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
    out = os.path.splitext(path)[0] + ".out"

    def clear():
        if os.path.exists(out):
            os.remove(out)
        os.sync()

    if what == "load":
        measure(calls, lambda: torch.load(path))
    elif what == "load, mapped":
        measure(calls, lambda: torch.load(path, mmap=True))
    elif what in ("load into a model", "load into a small model"):
        model = model_of(torch.load(path, mmap=True), "cpu")
        measure(calls, lambda: model.load_state_dict(torch.load(path)))
    elif what == "load into a model, mapped":
        model = model_of(torch.load(path, mmap=True), "cpu")
        measure(calls, lambda: model.load_state_dict(torch.load(path, mmap=True)))
    elif what == "assign, mapped":
        model = model_of(torch.load(path, mmap=True), "meta")
        measure(calls, lambda: model.load_state_dict(torch.load(path, mmap=True), assign=True))
    elif what in ("save", "save durably"):
        is_million = os.path.basename(path) == "million.pt"
        state_dict = many(count_of(path)) if is_million else torch.load(path)

        def save():
            torch.save(state_dict, out)
            if what == "save durably":
                file = os.open(out, os.O_RDWR)
                os.fsync(file)
                os.close(file)

        measure(calls, save, clear)
        clear()
    elif what in ("load a flat model", "load a deep model"):
        sys.setrecursionlimit(100_000)
        model = (flat if "flat" in what else deep)(int(path))
        state_dict = model.state_dict()
        measure(calls, lambda: model.load_state_dict(state_dict))
    else:
        raise SystemExit(f"nothing is called {what}")


main()
