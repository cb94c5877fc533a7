"""Compares two values of Python whole: everything that a reader could see of them, identity included."""

import ctypes
import types

import numpy as np
import torch

ATOMS = (bool, int, str, bytes, type(None), type(Ellipsis), torch.dtype, torch.device, torch.layout, torch.memory_format,
         torch.qscheme, type, types.BuiltinFunctionType, types.FunctionType)  # fmt: skip
COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices", "values"), torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"), torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}  # fmt: skip
STORAGES = (torch.UntypedStorage, torch.storage.TypedStorage)


def parts(t):
    """The tensors that a sparse tensor is made of."""
    if t.layout == torch.sparse_coo:
        return {"indices": t._indices(), "values": t._values()}
    return {name: getattr(t, name)() for name in COMPRESSED[t.layout]}


def storage_bytes(storage):
    """All bytes of a storage."""
    return ctypes.string_at(storage.data_ptr(), storage.nbytes())


class Comparison:
    """The differences of two values, each as a path and what differs there."""

    def __init__(self):
        self.found = []
        # What was met, by identity in one value and in the other, and kept alive so that no identity is used again.
        self.pairs, self.tuples, self.alive = ({}, {}), set(), []

    def tell(self, path, *what):
        self.found.append(f"{path or 'the root'}: {' and '.join(str(part)[:80] for part in what)}")

    def is_new(self, a, b, a_id, b_id, path):
        """Whether a pair of objects is met for the first time; that one was met with another is a difference."""
        one, two = self.pairs[0].get(a_id), self.pairs[1].get(b_id)
        if one is None and two is None:
            self.pairs[0][a_id], self.pairs[1][b_id] = b_id, a_id
            self.alive.append((a, b))
            return True
        if (one, two) != (b_id, a_id):
            self.tell(path, "shared otherwise")
        return False

    def compare(self, a, b, path=""):
        left = [(a, b, path)]
        while left:
            a, b, path = left.pop()
            if type(a) is not type(b):
                self.tell(path, type(a), type(b))
            else:
                left += self.step(a, b, path)
        return self.found

    def step(self, a, b, path):
        """Compares two values of one type; yields what is in them."""
        if type(a) in ATOMS or isinstance(a, type):
            if not (a is b or a == b):
                self.tell(path, repr(a), repr(b))
        elif type(a) in (float, complex):
            if repr(a) != repr(b):
                self.tell(path, a, b)
        elif type(a) is tuple or type(a) is torch.Size:
            # A tuple cannot be told from an equal one, but by what is in it.
            if (id(a), id(b)) not in self.tuples:
                self.tuples.add((id(a), id(b)))
                self.alive.append((a, b))
                yield from self.items(a, b, path)
        elif isinstance(a, STORAGES):
            typed = isinstance(a, torch.storage.TypedStorage)
            if typed and a.dtype != b.dtype:
                self.tell(path, a.dtype, b.dtype)
            self.storage(*((s._untyped_storage if typed else s) for s in (a, b)), path)
        elif not self.is_new(a, b, id(a), id(b), path):
            return
        elif isinstance(a, torch.Tensor):
            yield from self.tensor(a, b, path)
        elif isinstance(a, np.ndarray):
            yield from self.array(a, b, path)
        elif type(a) is np.dtype or isinstance(a, np.generic):
            if repr(a) != repr(b):
                self.tell(path, a, b)
        elif type(a) is bytearray:
            if a != b:
                self.tell(path, a, b)
        elif type(a) in (set, frozenset):
            # Without an order, members that are more than their text cannot be told apart.
            plain = [sorted(repr(item) for item in items if type(item) in ATOMS) for items in (a, b)]
            yield len(a), len(b), f"{path}.len()"
            yield plain[0], plain[1], path
        elif isinstance(a, dict) and type(a).__module__ in ("builtins", "collections"):
            yield from self.mapping(a, b, path)
        elif type(a) is list:
            yield from self.items(a, b, path)
        else:
            yield from self.reduced(a, b, path)

    def items(self, a, b, path):
        if len(a) != len(b):
            return self.tell(path, f"length {len(a)}", len(b))
        for index, (x, y) in enumerate(zip(a, b)):
            yield x, y, f"{path}[{index}]"

    def mapping(self, a, b, path):
        if len(a) != len(b):
            return self.tell(path, f"length {len(a)}", len(b))
        for index, ((key, x), (other, y)) in enumerate(zip(dict.items(a), dict.items(b))):
            yield key, other, f"{path}.keys()[{index}]"
            yield x, y, f"{path}[{name_of(key)}]"
        yield getattr(a, "default_factory", None), getattr(b, "default_factory", None), f"{path}.default_factory"
        yield getattr(a, "__dict__", {}) or None, getattr(b, "__dict__", {}) or None, f"{path}.__dict__"

    def reduced(self, a, b, path):
        """Any object: what Python would pickle of it."""
        a, b = a.__reduce_ex__(4), b.__reduce_ex__(4)
        if isinstance(a, str):
            return self.tell(path, a, b) if a != b else None
        a, b = ([*reduced[:3], *(list(part or ()) for part in reduced[3:5])] for reduced in (a, b))
        yield a, b, path

    def storage(self, a, b, path):
        if a.nbytes() != b.nbytes():
            return self.tell(path, f"storage of {a.nbytes()} bytes", b.nbytes())
        # Storages without bytes cannot be told apart.
        if a.nbytes() and self.is_new(a, b, ("storage", a._cdata), ("storage", b._cdata), path):
            if a.device.type != "meta" and storage_bytes(a) != storage_bytes(b):
                self.tell(path, "bytes of the storage")

    def tensor(self, a, b, path):
        if isinstance(a, torch.nn.parameter.UninitializedTensorMixin):
            return self.reduced(a, b, path)
        about = lambda t: (t.dtype, None if t.is_nested else t.shape, t.layout, t.device, t.requires_grad, t.is_conj(), t.is_neg(), t.is_quantized, t.is_nested)
        if about(a) != about(b):
            return self.tell(path, about(a), about(b))
        yield getattr(a, "__dict__", {}) or None, getattr(b, "__dict__", {}) or None, f"{path}.__dict__"
        a, b = a.detach(), b.detach()
        if a.is_nested:
            for name in ("values", "offsets") if a.layout == torch.jagged else ("_nested_tensor_size", "_nested_tensor_strides", "_nested_tensor_storage_offsets"):
                yield getattr(a, name)(), getattr(b, name)(), f"{path}.{name}"
            if a.layout == torch.strided:
                self.storage(a.untyped_storage(), b.untyped_storage(), path)
        elif a.layout != torch.strided:
            if a.layout == torch.sparse_coo and a.is_coalesced() != b.is_coalesced():
                self.tell(path, f"coalesced {a.is_coalesced()}", b.is_coalesced())
            others = parts(b)
            for name, part in parts(a).items():
                yield part, others[name], f"{path}.{name}"
        else:
            if (a.stride(), a.storage_offset()) != (b.stride(), b.storage_offset()):
                self.tell(path, (a.stride(), a.storage_offset()), (b.stride(), b.storage_offset()))
            if a.is_quantized:
                yield quantization(a), quantization(b), f"{path}.quantization"
            self.storage(a.untyped_storage(), b.untyped_storage(), path)

    def array(self, a, b, path):
        about = lambda array: (array.dtype, array.dtype.str, array.shape, array.flags.c_contiguous, array.flags.f_contiguous)
        if about(a) != about(b):
            return self.tell(path, about(a), about(b))
        if a.dtype.hasobject:
            yield a.tolist(), b.tolist(), path
        elif a.tobytes() != b.tobytes():
            self.tell(path, "elements")


def name_of(key):
    return repr(key)[:60] if type(key) in (str, int, bytes, float) else type(key).__name__


def quantization(t):
    """What turns a quantized tensor's integers into numbers."""
    if t.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return t.qscheme(), t.q_scale(), t.q_zero_point()
    scales, points = t.q_per_channel_scales(), t.q_per_channel_zero_points()
    return t.qscheme(), scales.dtype, scales.tolist(), points.dtype, points.tolist(), t.q_per_channel_axis()


def differences(a, b):
    """The first differences of two values."""
    return Comparison().compare(a, b)[:5]
