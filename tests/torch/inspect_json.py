"""What `statedict inspect --json --hash` must print for a file, from what torch.load finds in it."""

import hashlib
import struct

import torch

from lines import PARTS, tensor_bytes


def leaf(v):
    if v is None:
        return {"type": "NoneType"}
    if isinstance(v, (bool, str)):
        return {"type": type(v).__name__, "value": v}
    if isinstance(v, int):
        return {"type": "int", "value": str(v)}
    if isinstance(v, float):
        return {"type": "float", "bits": struct.pack(">d", v).hex()}
    if isinstance(v, complex):
        return {"type": "complex", "bits": [struct.pack(">d", v.real).hex(), struct.pack(">d", v.imag).hex()]}
    if isinstance(v, (bytes, bytearray)):
        return {"type": type(v).__name__, "hex": bytes(v).hex()}
    if isinstance(v, torch.dtype):
        return {"type": "torch.dtype", "value": str(v)}
    if isinstance(v, torch.device):
        return {"type": "torch.device", "value": str(v)}
    if isinstance(v, (set, frozenset, tuple)):
        return {"type": type(v).__name__, "value": [leaf(x) for x in v]}
    raise TypeError(type(v))


def type_name(v):
    module = type(v).__module__
    return type(v).__name__ if module == "builtins" else f"{module}.{type(v).__name__}"


def expected(value, container, byteorder="little"):
    storages = {}
    out = {"schema": 1, "container": container, "byteorder": byteorder, "root_type": type_name(value),
           "tensors": [], "refused": [], "leaves": [], "metadata": [], "warnings": []}

    def tensor(path, t, layout):
        storage = t.untyped_storage()
        data = None if t.is_meta else hashlib.sha256(tensor_bytes(t)).hexdigest()
        # A meta tensor has no address, and shares its storage with nobody.
        key = ("meta", id(t)) if t.is_meta else storage._cdata
        nbytes = storage.nbytes()
        out["tensors"].append({
            "path": path, "dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape),
            "stride": list(t.stride()), "storage_offset": t.storage_offset(), "requires_grad": t.requires_grad,
            "device": str(t.device), "layout": layout, "storage": storages.setdefault(key, len(storages)),
            "storage_nbytes": nbytes, "sha256": data})

    def walk(path, v):
        if isinstance(v, torch.Tensor) and v.layout != torch.strided:
            names = {"indices": v._indices, "values": v._values} if v.layout == torch.sparse_coo else {
                name: getattr(v, name) for name in PARTS[v.layout]}
            for name, part in names.items():
                tensor([*path, {"attr": name}], part(), str(v.layout).removeprefix("torch."))
            walk([*path, {"attr": "size"}], tuple(v.shape))
        elif isinstance(v, torch.Tensor):
            tensor(path, v, "strided")
            for name, attribute in v.__dict__.items():
                walk([*path, {"attr": name}], attribute)
        elif isinstance(v, dict):
            attributes = dict(getattr(v, "__dict__", {}))
            if (metadata := attributes.pop("_metadata", None)) is not None:
                out["metadata"].append({"path": path, "entries": [[k, e] for k, e in metadata.items()]})
            for key, item in v.items():
                walk([*path, key if isinstance(key, str) else {"key": leaf(key)}], item)
            for name, attribute in attributes.items():
                walk([*path, {"attr": name}], attribute)
        elif isinstance(v, (list, tuple)):
            for index, item in enumerate(v):
                walk([*path, index], item)
        else:
            out["leaves"].append({"path": path, **leaf(v)})

    walk([], value)
    return out
