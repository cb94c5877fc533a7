"""Tensors that nobody's `torch.save` writes, and rare ones that it does: which of them torch loads.

Each function writes a file for each case into `folder` and returns, by its name, what torch says of it: `error`
where it refuses the file, else `says`, what it finds.
"""

import collections
import io
import os
import random
import struct
import warnings
import zipfile
import zlib

import torch
from torch import _utils as rebuild

from lines import lines

OD = collections.OrderedDict


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def save_all(folder, cases, say):
    found = {}
    for name, (value, options) in cases.items():
        path = os.path.join(folder, f"{name}.pt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save({"v": value}, path, **options)
            # Of a load that failed, torch has tensors left to check.
            rebuild._get_sparse_tensors_to_validate().clear()
            try:
                found[name] = {"says": say(torch.load(path, weights_only=True)["v"])}
            except Exception as error:
                found[name] = {"error": str(error).split("\n")[0]}
    return found


def both(cases):
    """Each case in an archive and, where torch reads untyped storages there, in a stream of before 1.6."""
    both = {}
    for name, value in cases.items():
        both[name] = (value, {})
        if b"UntypedStorage" not in pickle_of(value):
            both[f"{name}, legacy"] = (value, {"_use_new_zipfile_serialization": False})
    return both


def pickle_of(value):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, file)
    return zipfile.ZipFile(file).read("archive/data.pkl")


def numbers(tensor):
    return [struct.pack(">d", number).hex() for number in tensor.double().flatten().tolist()]


def say_quantized(t):
    if not t.is_quantized:
        return list(lines(t))
    data = bytes(t.untyped_storage())
    start, end = t.storage_offset(), (t.numel() + PER_BYTE.get(t.dtype, 1) - 1) // PER_BYTE.get(t.dtype, 1)
    data = data[start * t.element_size() : (start + end) * t.element_size()]
    words = [f"{str(t.dtype).removeprefix('torch.')} {list(t.shape)} crc {zlib.crc32(data):08x}"]
    if t.qscheme() == torch.per_tensor_affine:
        return words + [struct.pack(">d", t.q_scale()).hex(), str(t.q_zero_point())]
    words += numbers(t.q_per_channel_scales()) + numbers(t.q_per_channel_zero_points())
    return words + [str(t.q_per_channel_axis())]


PER_BYTE = {torch.quint4x2: 2, torch.quint2x4: 4}


def storage(dtype, count=6):
    t = torch._empty_affine_quantized([count], scale=1.0, zero_point=0, dtype=dtype)
    data = torch.arange(count, dtype=torch.uint8) * 41
    t.untyped_storage().copy_(data.repeat(4)[: t.untyped_storage().nbytes()].clone().untyped_storage())
    return t._typed_storage()


def quantized(folder):
    f64 = lambda *x: torch.tensor(x, dtype=torch.float64)
    f32 = lambda *x: torch.tensor(x, dtype=torch.float32)
    i = lambda *x: torch.tensor(x)
    q8, qu8, qi32 = storage(torch.qint8), storage(torch.quint8), storage(torch.qint32)
    pt, pc, pf = torch.per_tensor_affine, torch.per_channel_affine, torch.per_channel_affine_float_qparams

    def case(parameters, s=q8, size=(2, 3), stride=(3, 1), grad=False, offset=0):
        return Call(rebuild._rebuild_qtensor, s, offset, size, stride, parameters, grad, OD())

    cases = {
        "per tensor": case((pt, 0.5, 3)), "int scale": case((pt, 1, 3)), "bool scale": case((pt, True, 3)),
        "large int scale": case((pt, 2**60 + 1, 3)), "nan scale": case((pt, float("nan"), 3)), "negative scale": case((pt, -1.0, 3)),
        "float zero point": case((pt, 0.5, 3.0)), "bool zero point": case((pt, 0.5, True)), "zero point beyond dtype": case((pt, 0.5, 300)),
        "zero point beyond 64 bits": case((pt, 0.5, 2**70)), "str scale": case((pt, "x", 3)), "None scale": case((pt, None, 3)),
        "alone: tensor scale": case((pt, f64(0.5)[0], 3)), "alone: tensor zero point": case((pt, 0.5, i(3)[0])), "alone: huge scale": case((pt, 2**70, 3)),
        "symmetric": case((torch.per_tensor_symmetric, 0.5, 3)), "channels symmetric": case((torch.per_channel_symmetric, f64(0.5, 0.25), i(0, 1), 0)),
        "a list of parameters": case([pt, 0.5, 3]), "too many parameters": case((pt, 0.5, 3, 0)), "too few": case((pt, 0.5)), "none": case(()),
        "per channel": case((pc, f64(0.5, 0.25), i(0, 1), 0)), "axis 1": case((pc, f64(0.5, 0.25, 1), i(0, 1, 2), 1)),
        "float32 scales": case((pc, f32(0.5, 0.25), i(0, 1), 0)), "float16 scales": case((pc, f32(0.5, 0.25).half(), i(0, 1), 0)),
        "int32 zero points": case((pc, f64(0.5, 0.25), i(0, 1).int(), 0)), "bool zero points": case((pc, f64(0.5, 0.25), i(0, 1).bool(), 0)),
        "int scales": case((pc, i(1, 2), i(0, 1), 0)), "complex scales": case((pc, f64(0.5, 0.25) + 1j, i(0, 1), 0)),
        "two dimensions of scales": case((pc, f64(0.5, 0.25).reshape(2, 1), i(0, 1), 0)),
        "two dimensions of zero points": case((pc, f64(0.5, 0.25), i(0, 1).reshape(1, 2), 0)),
        "axis 9": case((pc, f64(0.5, 0.25), i(0, 1), 9)), "axis 2": case((pc, f64(0.5, 0.25, 1), i(0, 1, 2), 2)),
        "axis -1": case((pc, f64(0.5, 0.25, 1), i(0, 1, 2), -1)), "axis True": case((pc, f64(0.5, 0.25, 1), i(0, 1, 2), True)),
        "axis 1.0": case((pc, f64(0.5, 0.25, 1), i(0, 1, 2), 1.0)), "one scale for two": case((pc, f64(0.5), i(0), 0)),
        "one zero point for two": case((pc, f64(0.5, 0.25), i(0), 0)), "no channels": case((pc, f64(), i(), 0), size=(0, 3)),
        "lists": case((pc, [0.5, 0.25], [0, 1], 0)), "lists of int": case((pc, [1, 2], [0, 1], 0)), "lists of bool": case((pc, [True, 2], [False, 1], 0)),
        "a list of floats as zero points": case((pc, [1, 2], [0.0, 1.5], 0)), "a list of text": case((pc, ["a", 2], [0, 1], 0)),
        "nested lists": case((pc, [[0.5], [0.25]], [0, 1], 0)), "a list of None": case((pc, [0.5, None], [0, 1], 0)),
        "zero points beyond 64 bits": case((pc, [0.5, 0.25], [0, 2**63], 0)), "NaN as a zero point": case((pc, [0.5, 0.25], [0, float("nan")], 0)),
        "a list too short": case((pc, [0.5], [0], 0)), "a list of scales": case((pc, [0.5, 0.25], i(0, 1), 0)),
        "a list of zero points": case((pc, f64(0.5, 0.25), [0, 1], 0)), "tuples": case((pc, (0.5, 0.25), (0, 1), 0)),
        "alone: lists of tensors": case((pc, [f64(0.5)[0], 0.25], [0, 1], 0)),
        "float parameters": case((pf, f32(0.5, 0.25), f32(0, 1.5), 0), qu8), "float parameters of float64": case((pf, f64(0.5, 0.25), f64(0, 1), 0), qu8),
        "float parameters of int8": case((pf, f32(0.5, 0.25), f32(0, 1), 0)), "lists of float parameters": case((pf, [0.5, 1 / 3], [0.1, 1], 0), qu8),
        "scales on meta": case((pc, torch.empty(2, dtype=torch.float64, device="meta"), i(0, 1), 0)),
        "scales that are quantized": case((pc, torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8), i(0, 1), 0)),
        "scales that are sparse": case((pc, f64(0.5, 0.25).to_sparse(), i(0, 1), 0)),
        "float32 base": case((pt, 0.5, 3), torch.arange(6.0)._typed_storage()), "int8 base": case((pt, 0.5, 3), torch.arange(6).char()._typed_storage()),
        "float32 base of channels": case((pc, f64(0.5, 0.25), i(0, 1), 0), torch.arange(6.0)._typed_storage()),
        "untyped base": case((pt, 0.5, 3), torch.arange(6).char().untyped_storage()), "qint32 base": case((pt, 0.5, 3), qi32),
        "grad": case((pt, 0.5, 3), grad=True), "grad of channels": case((pc, f64(0.5, 0.25), i(0, 1), 0), grad=True), "grad None": case((pt, 0.5, 3), grad=None),
        "too large": case((pt, 0.5, 3), size=(20, 30), stride=(30, 1)), "expanded": case((pt, 0.5, 3), size=(5, 3), stride=(0, 1)),
        "negative size": case((pt, 0.5, 3), size=(-2, 3)), "lists as size": case((pt, 0.5, 3), size=[2, 3], stride=[3, 1]),
    }  # fmt: skip
    cases.pop("expanded")  # The bytes of an expanded one are not those of its storage.
    return save_all(folder, both(cases), say_quantized)


def packed(folder):
    """Several elements in a byte."""
    def channels(shape, dtype):
        value = torch.arange(max(1, torch.Size(shape).numel()), dtype=torch.float32)[: torch.Size(shape).numel()].reshape(shape)
        return torch.quantize_per_channel(value, torch.full((shape[0],), 0.5), torch.zeros(shape[0]), 0, dtype)

    def call(dtype, size, stride, offset=0):
        return Call(rebuild._rebuild_qtensor, storage(dtype), offset, size, stride, (torch.per_tensor_affine, 0.5, 3), False, OD())

    cases = {}
    for dtype in PER_BYTE:
        word = str(dtype).removeprefix("torch.")
        for shape in [(3, 4), (3, 3), (5,), (1,), (2, 3, 5), (2, 0), (0, 3), (3, 1, 2)]:
            cases[f"{word} {shape}"] = channels(shape, dtype)
        cases[f"{word} per tensor"] = torch._empty_affine_quantized([3, 5], scale=0.5, zero_point=1, dtype=dtype)
        cases[f"{word} scalar"] = call(dtype, (), ())
    q4, q2 = torch.quint4x2, torch.quint2x4
    cases |= {
        "six of six": call(q4, (6,), (1,)), "seven of six": call(q4, (7,), (1,)), "eight of six": call(q2, (8,), (1,)), "nine of six": call(q2, (9,), (1,)),
        "alone: a part": call(q4, (5,), (1,), 1), "a part too long": call(q4, (5,), (1,), 2), "alone: transposed": call(q4, (3, 2), (1, 3)),
        "alone: the last": call(q4, (), (), 5), "beyond the last": call(q4, (), (), 6), "alone: the last of four": call(q2, (), (), 7),
        "beyond the last of four": call(q2, (), (), 8),
    }  # fmt: skip
    return save_all(folder, both(cases), say_quantized)


def flags(folder):
    """`requires_grad`, `conj` and `neg`."""
    real, z = torch.arange(6.0)._typed_storage(), (torch.arange(6) * (1 + 1j))._typed_storage()
    raw = torch.zeros(32, dtype=torch.uint8).untyped_storage()

    def v2(metadata, s=real):
        return Call(rebuild._rebuild_tensor_v2, s, 0, (6,), (1,), False, OD(), metadata)

    metadata = {
        "neg True": {"neg": True}, "neg False": {"neg": False}, "neg 1": {"neg": 1}, "neg 0": {"neg": 0}, "neg None": {"neg": None}, "neg 2.5": {"neg": 2.5},
        "neg text": {"neg": "x"}, "neg list": {"neg": []}, "bytes key": {b"neg": True}, "int key": {1: True}, "other key": {"other": True},
        "other key of text": {"other": "x"}, "empty": {}, "empty list": [], "list": [1], "nothing": None, "zero": 0, "five": 5,
        "conj of real": {"conj": True}, "conj False of real": {"conj": False}, "OrderedDict": OD(neg=True),
    }  # fmt: skip
    cases = {name: v2(value) for name, value in metadata.items()}
    for name in [{"conj": True}, {"conj": False}, {"conj": False, "neg": False}]:
        cases[f"complex {name}".replace("'", "")] = v2(name, z)
    cases["neg of int"] = v2({"neg": True}, torch.arange(6)._typed_storage())
    v3 = lambda dtype, *metadata: Call(rebuild._rebuild_tensor_v3, raw, 0, (1,), (1,), False, OD(), dtype, *metadata)
    cases["v3 neg False"] = v3(torch.float16, {"neg": False})
    cases["v3 conj of real"] = v3(torch.float16, {"conj": True})
    for name in ["float64", "float16", "int64", "uint8", "bool", "complex64", "complex32", "bcomplex32", "uint16", "float8_e5m2", "float8_e8m0fnu",
                 "float4_e2m1fn_x2", "bits8", "bits4x2", "quint8", "qint32", "quint4x2"]:
        dtype = getattr(torch, name)
        plain = v3(dtype)
        cases[f"parameter of {name}"] = Call(rebuild._rebuild_parameter, plain, True, OD())
        cases[f"parameter of {name} without grad"] = Call(rebuild._rebuild_parameter, plain, False, OD())
        cases[f"meta {name}"] = Call(rebuild._rebuild_meta_tensor_no_storage, dtype, (2,), (1,), True)
        cases[f"meta {name} without grad"] = Call(rebuild._rebuild_meta_tensor_no_storage, dtype, (2,), (1,), False)
    ints = torch.arange(6)._typed_storage()
    cases |= {
        "grad of int64": Call(rebuild._rebuild_tensor_v2, ints, 0, (6,), (1,), True, OD()), "grad of float32": Call(rebuild._rebuild_tensor_v2, real, 0, (6,), (1,), True, OD()),
        "grad of uint16": Call(rebuild._rebuild_tensor_v3, raw, 0, (1,), (1,), True, OD(), torch.uint16),
        "Parameter of int": Call(torch.nn.Parameter, Call(rebuild._rebuild_tensor_v2, ints, 0, (6,), (1,), False, OD())),
        "Parameter of int without grad": Call(torch.nn.Parameter, Call(rebuild._rebuild_tensor_v2, ints, 0, (6,), (1,), False, OD()), False),
        "parameter with state": Call(rebuild._rebuild_parameter_with_state, torch.arange(6), True, OD(), {"a": 1}),
        "parameter of sparse": Call(rebuild._rebuild_parameter, torch.eye(2).to_sparse(), True, OD()),
        "parameter of sparse int": Call(rebuild._rebuild_parameter, torch.eye(2).long().to_sparse(), True, OD()),
        "parameter of quantized": Call(rebuild._rebuild_parameter, torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8), True, OD()),
        "Tensor()": Call(torch.Tensor), "FloatTensor()": Call(torch.FloatTensor), "LongTensor()": Call(torch.LongTensor),
    }  # fmt: skip
    # Of a stream, torch knows the storages' bytes only after the tensors: the cases are the same.
    return save_all(folder, both(cases), say_bits)


def say_bits(t):
    if t.is_quantized or t.layout != torch.strided:
        return [str(t.dtype).removeprefix("torch.")]
    return list(lines(t)) + [f"conj {t.is_conj()} neg {t.is_neg()} {t.device}"]


def sparse(folder):
    """Sparse tensors: shapes, dtypes and indices that fit, and that do not."""
    coo, csr, csc, bsr, bsc = torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc
    i, sz, E = torch.tensor, lambda *sizes: torch.Size(sizes), torch.empty
    S = lambda layout, *parts: Call(rebuild._rebuild_sparse_tensor, layout, parts)
    I, C, P, v = i([[0, 1], [0, 1]]), i([0, 1, 2]), i([0, 1]), torch.ones(2)
    cases = {
        "ok": S(coo, I, v, sz(2, 2), True), "ok3": S(coo, I, v, sz(2, 2)), "none": S(coo, I, v, sz(2, 2), None), "coal 1": S(coo, I, v, sz(2, 2), 1), "size tuple": S(coo, I, v, (2, 2), False), "size list": S(coo, I, v, [2, 2], False),
        "neg": S(coo, i([[0, -1], [0, 1]]), v, sz(2, 2), False), "oob": S(coo, i([[0, 9], [0, 1]]), v, sz(2, 2), False), "i32": S(coo, I.int(), v, sz(2, 2), False), "f idx": S(coo, I.float(), v, sz(2, 2), False), "i8": S(coo, I.char(), v, sz(2, 2), False), "bool idx": S(coo, I.bool(), v, sz(2, 2), False),
        "1d idx": S(coo, i([0, 1]), v, sz(2), False), "3d idx": S(coo, I[None], v, sz(2, 2), False), "0d v": S(coo, i([[0], [1]]), i(1.), sz(2, 2), False), "nnz": S(coo, I, torch.ones(3), sz(2, 2), False), "dims": S(coo, I, v, sz(2, 2, 2), False), "dims-": S(coo, I, v, sz(2), False),
        "dense": S(coo, I, torch.ones(2, 3), sz(2, 2, 3), False), "dense wrong": S(coo, I, torch.ones(2, 3), sz(2, 2, 4), False), "neg size": S(coo, I, v, sz(-2, 2), False), "0 size": S(coo, E(2, 0, dtype=torch.int64), E(0), sz(0, 2), False), "0 size nnz": S(coo, I, v, sz(0, 2), False),
        "unsorted coal": S(coo, i([[1, 0], [0, 1]]), v, sz(2, 2), True), "dup coal": S(coo, i([[1, 1], [0, 0]]), v, sz(2, 2), True), "dup unc": S(coo, i([[1, 1], [0, 0]]), v, sz(2, 2), False), "unsorted coal None": S(coo, i([[1, 0], [0, 1]]), v, sz(2, 2), None),
        "0 sparse dim": S(coo, E(0, 1, dtype=torch.int64), torch.ones(1, 3), sz(3), False), "0 sparse dim nnz2 coal": S(coo, E(0, 2, dtype=torch.int64), torch.ones(2, 3), sz(3), True), "0 sd nnz2": S(coo, E(0, 2, dtype=torch.int64), torch.ones(2, 3), sz(3), False),
        "huge size": S(coo, I, v, sz(2**40, 2**40), True), "huge size dense": S(coo, I, torch.ones(2, 0), sz(2**40, 2**40, 0), True), "huge unc": S(coo, I, v, sz(2**40, 2**40), False), "large ok coal": S(coo, I, v, sz(2**31, 2**31), True),
        "meta v": S(coo, I, E(2, device="meta"), sz(2, 2), False), "meta i": S(coo, E(2, 2, dtype=torch.int64, device="meta"), v, sz(2, 2), False),
        "int v": S(coo, I, i([1, 2]), sz(2, 2), False), "quant v": S(coo, I, torch.quantize_per_tensor(v, 1., 0, torch.qint8), sz(2, 2), False), "sparse v": S(coo, I, v.to_sparse(), sz(2, 2), False), "param v": S(coo, I, torch.nn.Parameter(v), sz(2, 2), False), "grad v": S(coo, I, v.clone().requires_grad_(), sz(2, 2), False),
        "5 args": S(coo, I, v, sz(2, 2), False, 1), "2 args": S(coo, I, v), "strided": S(torch.strided, I, v, sz(2, 2)), "mkldnn": S(torch._mkldnn, I, v, sz(2, 2)), "noncontig i": S(coo, i([[0, 0], [1, 1]]).t(), v, sz(2, 2), True), "nested coal str": S(coo, I, v, sz(2, 2), "x"), "conj v": S(coo, I, (v+0j).conj(), sz(2, 2), False), "neg i": S(coo, torch._neg_view(I), v, sz(2, 2), False),
        "csr": S(csr, C, P, v, sz(2, 2)), "csc": S(csc, C, P, v, sz(2, 2)), "csr32": S(csr, C.int(), P.int(), v, sz(2, 2)), "mixed": S(csr, C.int(), P, v, sz(2, 2)), "i16": S(csr, C.short(), P.short(), v, sz(2, 2)), "f idx csr": S(csr, C.float(), P.float(), v, sz(2, 2)), "u8 idx": S(csr, C.byte(), P.byte(), v, sz(2, 2)), "i8c": S(csr, C.char(), P, v, sz(2, 2)),
        "c len": S(csr, i([0, 1]), P, v, sz(2, 2)), "p len": S(csr, C, i([0, 1, 0]), v, sz(2, 2)), "c dims": S(csr, C[None], P, v, sz(2, 2)), "batch": S(csr, C[None], P[None], v[None], sz(1, 2, 2)), "batch2": S(csr, C[None].repeat(2, 1), P[None].repeat(2, 1), v[None].repeat(2, 1), sz(2, 2, 2)), "batch mism": S(csr, C[None].repeat(2, 1), P[None].repeat(2, 1), v[None], sz(2, 2, 2)),
        "c0": S(csr, i(0), i(0), v, sz(2, 2)), "dense csr": S(csr, C, P, torch.ones(2, 3), sz(2, 2, 3)), "dense csr wrong": S(csr, C, P, torch.ones(2, 3), sz(2, 2, 4)), "dims csr": S(csr, C, P, v, sz(2, 2, 2)), "dims1 csr": S(csr, C, P, v, sz(2)), "neg csr": S(csr, C, P, v, sz(2, -2)), "0d v csr": S(csr, C, P, i(1.), sz(2, 2)),
        "c[0]": S(csr, i([1, 1, 2]), P, v, sz(2, 2)), "c[-1]": S(csr, i([0, 1, 1]), P, v, sz(2, 2)), "c 7": S(csr, i([0, 1, 7]), P, v, sz(2, 2)), "decr": S(csr, i([0, 2, 1, 2]), P, v, sz(3, 2)), "too many": S(csr, i([0, 3, 3]), i([0, 1, 1]), torch.ones(3), sz(2, 2)), "p oob": S(csr, C, i([0, 9]), v, sz(2, 2)), "p neg": S(csr, C, i([0, -1]), v, sz(2, 2)), "unsorted": S(csr, i([0, 2, 2]), i([1, 0]), v, sz(2, 2)), "dup": S(csr, i([0, 2, 2]), i([1, 1]), v, sz(2, 2)),
        "0 nnz": S(csr, i([0, 0, 0]), E(0, dtype=torch.int64), E(0), sz(2, 2)), "0 nnz bad c": S(csr, i([0, 1, 5]), E(0, dtype=torch.int64), E(0), sz(2, 2)), "0 rows": S(csr, i([0]), E(0, dtype=torch.int64), E(0), sz(0, 2)), "0 cols": S(csr, i([0, 0, 0]), E(0, dtype=torch.int64), E(0), sz(2, 0)), "batch 0": S(csr, E(0, 3, dtype=torch.int64), E(0, 2, dtype=torch.int64), E(0, 2), sz(0, 2, 2)),
        "bsr": S(bsr, C, P, torch.ones(2, 2, 2), sz(4, 4)), "bsr 23": S(bsr, C, P, torch.ones(2, 2, 3), sz(4, 6)), "bsr div": S(bsr, C, P, torch.ones(2, 2, 2), sz(4, 5)), "bsr 0block": S(bsr, C, P, torch.ones(2, 0, 2), sz(4, 4)), "bsr 2d v": S(bsr, C, P, torch.ones(2, 2), sz(4, 4)), "bsr dense": S(bsr, C, P, torch.ones(2, 2, 2, 3), sz(4, 4, 3)), "bsc": S(bsc, C, P, torch.ones(2, 2, 3), sz(4, 6)), "bsr c len": S(bsr, C, P, torch.ones(2, 2, 2), sz(6, 4)),
        "noncontig c": S(csr, i([0, 9, 1, 9, 2, 9])[::2], P, v, sz(2, 2)), "noncontig p": S(csr, C, i([0, 9, 1, 9])[::2], v, sz(2, 2)), "expanded batch c": S(csr, C[None].expand(2, 3), P[None].expand(2, 2), v[None].repeat(2, 1), sz(2, 2, 2)), "batch transposed c": S(csr, C[None].repeat(2, 1).t().contiguous().t(), P[None].repeat(2, 1), v[None].repeat(2, 1), sz(2, 2, 2)),
        "csr 3": S(csr, C, P, v), "csr5": S(csr, C, P, v, sz(2, 2), True), "csr meta v": S(csr, C, P, E(2, device="meta"), sz(2, 2)), "csr size list": S(csr, C, P, v, [2, 2]), "csr 2^40": S(csr, C, P, v, sz(2, 2**40)), "csr int32 2^40": S(csr, C.int(), P.int(), v, sz(2, 2**40)), "csr rows neg batch": S(csr, C[None], P[None], v[None], sz(-1, 2, 2)), "alone: csr quant v": S(csr, C, P, torch.quantize_per_tensor(v, 1., 0, torch.qint8), sz(2, 2)),
        "alone: list i": S(coo, [[0, 1], [0, 1]], v, sz(2, 2), False), "alone: list v": S(coo, I, [1.0, 2.0], sz(2, 2), False),
        "alone: csr list": S(csr, [0, 1, 2], [0, 1], v, sz(2, 2)),
    }  # fmt: skip
    cases = both(cases)
    for name in ["f idx", "i32", "i8", "bool idx", "neg i"]:
        # Indices of a stream torch converts before it has read them.
        del cases[f"{name}, legacy"]
    return save_all(folder, cases, lambda t: [f"{t.layout} {list(t.shape)}"])


def sparse_at_random(folder):
    """Sparse tensors of each layout, and the same with a number or two of their parts changed."""
    generator = random.Random(19)
    cases = {}
    for index in range(300):
        rows, columns = generator.choice([1, 2, 4]), generator.choice([2, 4, 6])
        dense = torch.tensor([[float(generator.random() < 0.5) for _ in range(columns)] for _ in range(rows)])
        layout = generator.choice(["coo", "csr", "csc", "bsr", "bsc"])
        if layout == "coo":
            t = dense.to_sparse()
            parts = [t.indices(), t.values(), t.shape, generator.random() < 0.5]
        else:
            t = getattr(dense, f"to_sparse_{layout}")(*([(1, 2)] if layout.startswith("b") else []))
            names = ("crow_indices", "col_indices") if layout in ("csr", "bsr") else ("ccol_indices", "row_indices")
            parts = [getattr(t, names[0])(), getattr(t, names[1])(), t.values(), t.shape]
            if generator.random() < 0.3:
                parts[:2] = [part.int() for part in parts[:2]]
        for _ in range(generator.choice([0, 0, 1, 1, 2])):
            place = generator.randrange(len(parts) if layout != "coo" else 3)
            part = parts[place]
            if isinstance(part, torch.Size):
                sizes = list(part)
                sizes[generator.randrange(len(sizes))] += generator.choice([-1, 1, 2])
                parts[place] = torch.Size(sizes)
            elif generator.random() < 0.2 and part.shape[-1] > 0:
                parts[place] = part[..., 1:].contiguous()
            elif part.numel():
                parts[place] = part.clone().contiguous()
                flat = parts[place].flatten()
                flat[generator.randrange(flat.numel())] += generator.choice([-1, 1, 1, 9])
                parts[place] = flat.reshape(part.shape)
        cases[f"{index} {layout}"] = Call(rebuild._rebuild_sparse_tensor, getattr(torch, f"sparse_{layout}"), tuple(parts))
    return save_all(folder, {name: (case, {}) for name, case in cases.items()}, lambda t: [f"{t.layout} {list(t.shape)}"])


def allowed_globals():
    """The module and name of each class and function that torch loads with `weights_only`."""
    from torch._weights_only_unpickler import _get_allowed_globals

    return [name.rpartition(".")[::2] for name in _get_allowed_globals()]


class Subclass(torch.Tensor):
    pass


def plain(folder):
    """Tensors of classes that are not torch's own, each with the plain tensor that it is, or None."""
    import numpy as np
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        mesh = init_device_mesh("cpu", (1,))
        whole = torch.arange(6.0).view(2, 3)
        large = torch.Size((4, 3)), (3, 1)
        array = np.arange(6, dtype=np.float32).reshape(2, 3)
        cases = {
            "subclass": (whole.as_subclass(Subclass), whole),
            "transposed": (whole.t().as_subclass(Subclass), whole.t()),
            "requires_grad": (whole.clone().requires_grad_().as_subclass(Subclass), whole.clone().requires_grad_()),
            "sharded": (DTensor.from_local(whole, mesh, [Shard(0)]), whole),
            "replicated": (DTensor.from_local(whole, mesh, [Replicate()]), whole),
            "summand": (DTensor.from_local(whole, mesh, [Partial()]), None),
            "part": (DTensor.from_local(whole, mesh, [Shard(0)], shape=large[0], stride=large[1]), None),
            "numpy": (Call(rebuild._rebuild_device_tensor_from_numpy, array, torch.float32, "cpu", False), whole),
            "fortran": (
                Call(rebuild._rebuild_device_tensor_from_numpy, np.asfortranarray(array), torch.float32, "cpu", False),
                whole,
            ),
            "narrower": (
                Call(rebuild._rebuild_device_tensor_from_numpy, array, torch.bfloat16, "cpu", True),
                whole.bfloat16().requires_grad_(),
            ),
            "cpu_tensor": (Call(rebuild._rebuild_device_tensor_from_cpu_tensor, whole, torch.float32, "cpu", False), whole),
        }
        found = {}
        for name, (value, expected) in cases.items():
            torch.save({"v": value, "w": torch.ones(1)}, os.path.join(folder, f"{name}.pt"))
            if isinstance(value, Call):
                made = torch.load(os.path.join(folder, f"{name}.pt"), weights_only=False)["v"]
                assert torch.equal(made, expected)
            found[name] = None if expected is None else [
                str(expected.dtype).removeprefix("torch."),
                list(expected.shape),
                expected.detach().float().flatten().tolist(),
                expected.requires_grad,
            ]
        return found
    finally:
        dist.destroy_process_group()
