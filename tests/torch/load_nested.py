"""Loads checkpoints that we wrote in another way than PyTorch and compares them with PyTorch's own.

usage: load_nested.py DIRECTORY

DIRECTORY is one that `write_nested.py` filled; in its folders there may be `ours.pt`, an archive with
compacted storages, and `ours.legacy`, the format of before 1.6. Exit status 1 and a line for each difference.
Runs with any PyTorch from 1.13 on; what one cannot load of its successors' own files is passed over.
"""

import json
import pathlib
import sys
import warnings

import torch


def load(path, **options):
    try:
        return torch.load(path, map_location="cpu", weights_only=True, **options)
    except Exception:  # of classes that are on no list
        options.pop("weights_only", None)
        return torch.load(path, map_location="cpu", weights_only=False, **options)


def plain(tensor):
    if tensor.is_quantized:
        return tensor.dequantize()
    return tensor if tensor.layout == torch.strided else tensor.to_dense()


def same(a, b, seen):
    """Whether two values are the same, and share the same parts."""
    if id(a) in seen:
        return seen[id(a)] is b
    if type(a) is not type(b):
        return False
    if isinstance(a, (float, complex)):
        return a == b or a != a and b != b
    if "Storage" in type(a).__name__:
        return a.tolist() == b.tolist()
    if isinstance(a, torch.Tensor):
        seen[id(a)] = b
        if (a.dtype, a.shape, a.requires_grad, a.layout) != (b.dtype, b.shape, b.requires_grad, b.layout):
            return False
        if a.device.type == "meta":
            return b.device.type == "meta"
        if not same(getattr(a, "__dict__", {}), getattr(b, "__dict__", {}), seen):
            return False
        a, b = plain(a.detach()), plain(b.detach())
        if a.element_size() == 1 and a.dtype != torch.bool:
            a, b = a.contiguous().view(torch.uint8), b.contiguous().view(torch.uint8)
        return a.shape == b.shape and a.tolist() == b.tolist()
    if isinstance(a, (list, tuple, set, frozenset, dict, bytearray)):
        if a != () and not isinstance(a, bytearray):
            seen[id(a)] = b
        if isinstance(a, dict):
            return list(map(repr, a)) == list(map(repr, b)) and all(same(a[x], b[y], seen) for x, y in zip(a, b))
        if isinstance(a, (list, tuple)):
            return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b))
    return a == b


def main(directory):
    failed, loaded = False, 0
    warnings.simplefilter("ignore")
    manifest = json.loads((directory / "manifest.json").read_text())
    mmaps = [{}, {"mmap": True}] if hasattr(torch, "uint16") else [{}]
    for case in manifest["cases"]:
        folder = directory / case["folder"]
        for name in ["ours.pt", "ours.legacy"]:
            if not (folder / name).exists():
                continue
            try:
                theirs = load(folder / (case["file"] or "object.bytes"))
            except Exception:
                continue
            for mmap in mmaps if name == "ours.pt" else [{}]:
                loaded += 1
                try:
                    equal = same(theirs, load(folder / name, **mmap), {})
                except Exception as error:
                    equal = print(type(error).__name__, error)
                if not equal:
                    print(f"{case['name']}: {name} {mmap} differs")
                    failed = True
    print(f"torch {torch.__version__} loaded {loaded} files")
    sys.exit(failed or loaded < 200)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
