"""Loads what we wrote with PyTorch and compares it with what PyTorch loads from its own file.

usage: load_written.py DIRECTORY

DIRECTORY is one that `write_identity.py` filled and in whose folders there is our file beside
PyTorch's, as `ours.pt`. Exit status 1 and a line for each difference.
"""

import json
import pathlib
import sys

import torch


def elements(tensor):
    """The elements as bytes, whatever operations their type lacks."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    size = tensor.element_size()
    return torch.empty(0, dtype=torch.uint8).set_(
        tensor.untyped_storage(), tensor.storage_offset() * size,
        tuple(tensor.shape) + (size,), tuple(stride * size for stride in tensor.stride()) + (1,),
    )  # fmt: skip


def sharing(state_dict):
    first = {}
    return [first.setdefault(tensor.untyped_storage()._cdata, key) for key, tensor in state_dict.items()]


def differences(ours, theirs):
    if type(ours) is not type(theirs) or list(ours) != list(theirs):
        yield "keys"
        return
    if getattr(ours, "_metadata", None) != getattr(theirs, "_metadata", None):
        yield "_metadata"
    if sharing(ours) != sharing(theirs):
        yield "sharing"
    for key, a in ours.items():
        b = theirs[key]
        if (a.dtype, a.shape, a.requires_grad) != (b.dtype, b.shape, b.requires_grad):
            yield f"{key[:40]}: {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        elif a.numel() < 1 << 25 and not torch.equal(elements(a), elements(b)):
            yield f"{key[:40]}: elements"


def main(directory):
    failed = False
    manifest = json.loads((directory / "manifest.json").read_text())
    for case in manifest["cases"]:
        folder = directory / case["folder"]
        theirs = torch.load(folder / (case["file"] or "object.bytes"), map_location="cpu", weights_only=True)
        for mmap in [False, True]:
            ours = torch.load(folder / "ours.pt", map_location="cpu", weights_only=True, mmap=mmap)
            for difference in differences(ours, theirs):
                print(f"{case['name']}, mmap={mmap}: {difference}")
                failed = True
    print(f"torch {torch.__version__} loaded {len(manifest['cases'])} files")
    sys.exit(failed)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
