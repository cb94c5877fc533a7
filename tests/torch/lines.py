"""What torch.load finds in a file, as lines: one for each value, the same words as `src/lines.rs`."""

import collections
import struct
import zlib

import numpy as np
import torch
from torch import nn

PARTS = {
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}


def tensor_bytes(t):
    t = t.detach().resolve_conj().resolve_neg().contiguous().cpu()
    if t.numel() == 0:
        return b""
    storage = t.clone(memory_format=torch.contiguous_format).untyped_storage()
    return bytes(storage)


def describe_tensor(t):
    data = tensor_bytes(t)
    words = [
        "tensor",
        str(t.dtype).removeprefix("torch."),
        str(list(t.shape)),
        "stride " + str(list(t.stride())),
        f"offset {t.storage_offset()}",
        f"grad {t.requires_grad}",
        f"parameter {isinstance(t, nn.Parameter)}",
        f"nbytes {len(data)}",
        f"crc {zlib.crc32(data):08x}",
    ]
    return " ".join(words)


def describe_quantized(t):
    # The integers as they are in memory: those of less than a byte are packed.
    data = bytes(t.contiguous().untyped_storage())
    if t.is_contiguous() and t.storage_offset() == 0:
        data = data[: t.untyped_storage().nbytes()]
    return f"{str(t.dtype).removeprefix('torch.')} {list(t.shape)} crc {zlib.crc32(data):08x}"


def key_segment(key):
    if isinstance(key, str):
        return f'["{key}"]'
    return "{" + leaf(key) + "}"


def leaf(v):
    if v is None:
        return "None"
    if isinstance(v, bool):
        return f"bool {v}"
    if isinstance(v, torch.Size):
        return f"Size {list(v)}"
    if isinstance(v, int):
        return f"int {v}"
    if isinstance(v, float):
        return "float " + struct.pack(">d", v).hex()
    if isinstance(v, complex):
        return "complex " + struct.pack(">dd", v.real, v.imag).hex()
    if isinstance(v, str):
        return "str " + v
    if isinstance(v, bytearray):
        return "bytearray " + bytes(v).hex()
    if isinstance(v, bytes):
        return "bytes " + v.hex()
    if isinstance(v, torch.dtype):
        return f"dtype {v}"
    if isinstance(v, torch.device):
        return f"device {v}"
    if isinstance(v, (set, frozenset)):
        return f"{type(v).__name__} " + ", ".join(sorted(leaf(x) for x in v))
    if isinstance(v, tuple):
        return "tuple " + ", ".join(leaf(x) for x in v)
    raise TypeError(type(v))


def lines(value, path="", seen=None):
    """One line for each value; a container that is met again is only named."""
    seen = {} if seen is None else seen
    if isinstance(value, (list, dict)) and id(value) in seen:
        yield f"{path}\tagain {seen[id(value)]}"
        return
    seen[id(value)] = path
    if isinstance(value, torch.Tensor) and value.layout != torch.strided:
        yield f"{path}\tsparse {value.layout} {list(value.shape)}"
        if value.layout == torch.sparse_coo:
            parts = {"indices": value._indices(), "values": value._values()}
        else:
            parts = {name: getattr(value, name)() for name in PARTS[value.layout]}
        for name, part in parts.items():
            yield f"{path}.{name}\t{describe_tensor(part)}"
    elif isinstance(value, torch.Tensor) and value.is_quantized:
        yield f"{path}\tquantized {describe_quantized(value)}"
        if value.qscheme() == torch.per_tensor_affine:
            yield f"{path}.scale\t{leaf(value.q_scale())}"
            yield f"{path}.zero_point\t{leaf(value.q_zero_point())}"
        else:
            yield f"{path}.scales\t{describe_tensor(value.q_per_channel_scales())}"
            yield f"{path}.zero_points\t{describe_tensor(value.q_per_channel_zero_points())}"
            yield f"{path}.axis\t{leaf(value.q_per_channel_axis())}"
    elif isinstance(value, torch.Tensor) and value.is_meta:
        yield (f"{path}\tmeta {str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
               f" stride {list(value.stride())}")
    elif isinstance(value, (np.ndarray, np.generic)):
        data = np.ascontiguousarray(value)
        data = data.astype(data.dtype.newbyteorder("<")).tobytes()
        yield (f"{path}\tnumpy {type(value).__name__ if isinstance(value, np.generic) else 'ndarray'}"
               f" {value.dtype.newbyteorder('=').name} {list(value.shape)} {data.hex()}")
    elif isinstance(value, np.dtype):
        yield f"{path}\tnumpy dtype {value.name}"
    elif isinstance(value, torch.Tensor):
        yield f"{path}\t{describe_tensor(value)}"
        attributes = dict(value.__dict__)
        for name, attribute in attributes.items():
            yield from lines(attribute, f"{path}.{name}", seen)
    elif isinstance(value, dict):
        kind = {dict: "dict", collections.OrderedDict: "OrderedDict", collections.Counter: "Counter",
                collections.defaultdict: "defaultdict"}[type(value)]
        yield f"{path}\t{kind} of {len(value)}"
        for key, item in value.items():
            yield from lines(item, path + key_segment(key), seen)
        for name, attribute in getattr(value, "__dict__", {}).items():
            yield from lines(attribute, f"{path}.{name}", seen)
    elif isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        yield f"{path}\t{type(value).__name__} of {len(value)}"
        for index, item in enumerate(value):
            yield from lines(item, f"{path}[{index}]", seen)
    else:
        yield f"{path}\t{leaf(value)}"
