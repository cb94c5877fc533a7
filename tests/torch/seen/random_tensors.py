"""Random nodes of tensors of every kind, and of NumPy's arrays."""

import numpy as np
import torch

from seen.nodes import Node

SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1,
    "bool": 1, "complex64": 8, "complex128": 16, "complex32": 4, "uint16": 2, "uint32": 4, "uint64": 8, "float8_e5m2": 1,
    "float8_e4m3fn": 1, "float8_e5m2fnuz": 1, "float8_e4m3fnuz": 1, "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1, "bits8": 1,
    "bits16": 2,
}  # fmt: skip
COMMON = ["float32", "float32", "float64", "int64", "bool", "uint8", "complex64", "bfloat16"]
# The types that have a class of storages; storages of the others are bytes.
CLASSIC = [
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128",
]  # fmt: skip
# Of these a tensor can require gradients.
GRADIENTS = ("float64", "float32", "float16", "bfloat16", "complex64", "complex128")
# NumPy's element types; those of structs have their fields.
ARRAYS = [
    "?", "<i4", ">i4", "<f4", ">f8", "<f2", "<c8", ">c16", "|u1", "|i1", "<u2", ">u4", "<i8", "<u8", "<U3", ">U2", "|S4", "|V3",
    "<M8[D]", ">M8[ns]", "<m8[25s]", "<m8", [("a", "<i4"), ("b", "<U2")], [("x", ">f4", (2,)), ("y", [("z", "|i1")])],
]  # fmt: skip


def random_bytes(random, dtype, count):
    """The bytes of this many elements."""
    if dtype == "bool":
        return bytearray(random.choice((0, 1)) for _ in range(count))
    return bytearray(random.randbytes(count * SIZES[dtype]))


def storage(random, dtype, count):
    return Node("storage", dtype=dtype, bytes=random_bytes(random, dtype, count))


def contiguous(shape):
    """The strides of row-major elements."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def flags(random, dtype):
    """Whether a tensor is a parameter, and whether it requires gradients."""
    parameter = random.random() < 0.2
    return {"parameter": parameter, "requires_grad": dtype in GRADIENTS and random.random() < 0.3}


def dense(random, dtype=None, shape=None, base=None):
    """A strided tensor, of a storage of its own or of `base`."""
    dtype = dtype or random.choice([*COMMON, *SIZES])
    plain = shape is not None
    if shape is None:
        shape = tuple(random.choice((1, 2, 3, 3, 0)) for _ in range(random.randint(0, 3)))
    strides, offset = contiguous(shape), 0
    if not plain and random.random() < 0.4:
        order = random.sample(range(len(shape)), len(shape))
        permuted = contiguous([shape[i] for i in order])
        strides = tuple(permuted[order.index(i)] for i in range(len(shape)))
        strides = tuple(0 if random.random() < 0.15 else stride for stride in strides)
        offset = random.choice((0, 0, 1, 3))
    reach = offset + sum((size - 1) * stride for size, stride in zip(shape, strides) if size) + 1
    if base is None or len(base.data["bytes"]) < reach * SIZES[dtype]:
        base = storage(random, dtype, max(reach, 1) if plain else reach + random.choice((0, 0, 0, 2)))
    lazy = dtype in ("complex64", "complex128")
    return Node("tensor", parts={"storage": base}, shape=shape, stride=strides, offset=offset,
                conj=lazy and not plain and random.random() < 0.3,
                neg=dtype in ("float32", "float64", "complex64") and not plain and random.random() < 0.15,
                **({"parameter": False, "requires_grad": False} if plain else flags(random, dtype)))  # fmt: skip


def from_values(dtype, values, shape):
    """A strided tensor of these numbers."""
    data = torch.tensor(values, dtype=getattr(torch, dtype)).reshape(-1)
    data = bytearray(data.view(torch.uint8).tolist() if data.numel() else b"")
    part = Node("storage", dtype=dtype, bytes=data)
    return Node("tensor", parts={"storage": part}, shape=tuple(shape), stride=contiguous(shape), offset=0,
                conj=False, neg=False, parameter=False, requires_grad=False)  # fmt: skip


def meta(random):
    dtype = random.choice(COMMON)
    shape = tuple(random.randint(0, 4) for _ in range(random.randint(0, 3)))
    return Node("meta", dtype=dtype, shape=shape, stride=contiguous(shape), **flags(random, dtype))


def pattern(random, shape):
    """A matrix whose elements are there or not."""
    chosen = torch.tensor([random.random() < 0.4 for _ in range(shape[0] * shape[1])], dtype=torch.float32)
    return chosen.reshape(shape)


def coo(random):
    shape = (random.randint(1, 4), random.randint(1, 4))
    indices = pattern(random, shape).to_sparse().indices()
    values = dense(random, random.choice(("float32", "int64", "complex64")), (indices.shape[1],))
    return Node("coo", shape=shape, coalesced=random.random() < 0.5, parameter=random.random() < 0.1, requires_grad=False,
                parts={"indices": from_values("int64", indices.tolist(), indices.shape), "values": values})  # fmt: skip


PARTS = {
    "sparse_csr": ("crow_indices", "col_indices"), "sparse_csc": ("ccol_indices", "row_indices"),
    "sparse_bsr": ("crow_indices", "col_indices"), "sparse_bsc": ("ccol_indices", "row_indices"),
}  # fmt: skip


def compressed(random):
    layout = random.choice(list(PARTS))
    shape = (random.choice((2, 4)), random.choice((2, 4)))
    blocks = () if layout in ("sparse_csr", "sparse_csc") else ((2, 2),)
    made = getattr(pattern(random, shape), f"to_{layout}")(*blocks)
    index = random.choice(("int64", "int32"))
    parts = {}
    for name in PARTS[layout]:
        part = getattr(made, name)()
        parts[name] = from_values(index, part.tolist(), part.shape)
    parts["values"] = dense(random, random.choice(("float32", "float64", "int32")), tuple(made.values().shape))
    return Node("compressed", shape=shape, layout=layout, parts=parts, parameter=False, requires_grad=False)


def quantized(random):
    dtype = random.choice(("uint8", "int8", "int32"))
    shape = tuple(random.randint(1, 3) for _ in range(random.randint(1, 3)))
    parts = {"integers": dense(random, dtype, shape)}
    data = {"shape": shape, "parameter": random.random() < 0.1, "requires_grad": False}
    if random.random() < 0.5:
        return Node("quantized", parts=parts, scale=random.randint(1, 99) / 64, zero_point=random.randint(0, 99), **data)
    axis = random.randrange(len(shape))
    parts["scales"] = from_values("float64", [random.randint(1, 99) / 64 for _ in range(shape[axis])], (shape[axis],))
    parts["zero_points"] = from_values("int64", [random.randint(0, 99) for _ in range(shape[axis])], (shape[axis],))
    return Node("quantized", parts=parts, axis=axis, **data)


def bare(random, base=None):
    """A storage by itself, or that of a tensor."""
    if base is None or random.random() < 0.5:
        typed = random.random() < 0.5
        base = storage(random, random.choice(COMMON) if typed else "uint8", random.randint(1, 4))
        return Node("bare", parts={"storage": base}, typed=typed)
    # Files have no typed storages of younger types, and one type for each storage.
    return Node("bare", parts={"storage": base}, typed=base.data["dtype"] in CLASSIC)


def array_bytes(random, dtype, count):
    """The bytes of elements that NumPy can show: letters, numbers, and nothing between fields."""
    dtype = np.dtype(dtype)
    if dtype.names:
        made = np.zeros(count, dtype)
        for name in dtype.names:
            field = dtype.fields[name][0]
            whole = count * int(np.prod(field.shape, dtype=int))
            part = np.frombuffer(array_bytes(random, field.base, whole), field.base) if whole else np.empty(0, field.base)
            made[name] = part.reshape((count, *field.shape))
        return made.tobytes()
    if dtype.kind in "US":
        letters = ["".join(random.choices("abcä重"[: 5 if dtype.kind == "U" else 3], k=random.randint(0, 4))) for _ in range(count)]
        return np.array(letters, dtype).tobytes()
    if dtype.kind == "b":
        return bytes(random.choice((0, 1)) for _ in range(count))
    return random.randbytes(count * dtype.itemsize)


def array(random):
    """An array of numbers, texts, structs or dates."""
    dtype = random.choice(ARRAYS)
    shape = tuple(random.choice((1, 2, 3, 0)) for _ in range(random.choice((0, 1, 1, 2))))
    count = int(np.prod(shape, dtype=int))
    data = bytearray(array_bytes(random, dtype, count))
    return Node("array", dtype=dtype, shape=shape, order=random.choice("CCF"), bytes=data)


def scalar(random):
    dtype = random.choice(ARRAYS)
    return Node("scalar", dtype=dtype, shape=(), order="C", bytes=bytearray(array_bytes(random, dtype, 1)))
