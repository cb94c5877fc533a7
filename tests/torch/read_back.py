"""Files of every kind for `statedict convert`, and what torch finds in what it made of them, compared whole."""

import collections
import json
import os
import pathlib
import pickle
import re
import warnings
import zipfile

import numpy as np
import torch
from torch import nn

import not_kept
import odd_tensors
import pickled
import python_values
import read_grid
import reported
import whole
import write_identity
import write_nested
from seen import files as seen

# The dtypes that a safetensors file can hold.
HELD = [getattr(torch, name) for name in [
    "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16", "float32", "float64", "complex64",
    "float8_e5m2", "float8_e4m3fn", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn_x2"]]  # fmt: skip
GENERATORS = {
    "quantized": odd_tensors.quantized, "packed": odd_tensors.packed, "flags": odd_tensors.flags, "sparse": odd_tensors.sparse,
    "grid": read_grid.write, "whole": read_grid.whole_model, "not_kept": not_kept.write, "pickled": pickled.write,
    "arrays": python_values.write_arrays, "mappings": python_values.write_mappings, "texts": python_values.write_texts,
    "quantized_models": python_values.write_quantized, "extra_state": python_values.write_extra_state,
    "reported": reported.write, "nested": lambda folder: write_nested.main(pathlib.Path(folder)), "identity": lambda folder: identity(pathlib.Path(folder)),
    "graphs": lambda folder: seen.write_all(folder, range(150)),
}  # fmt: skip
# What torch reads of these is what was in memory: the old format has their parts only after torch converts them.
ODD = ("alone:", *(f"{name}, legacy" for name in [
    "float32 scales", "float16 scales", "int32 zero points", "bool zero points", "float parameters of float64", "float parameters of int8",
    "i32", "f idx", "i8", "i16", "bool idx", "conj v"]))  # fmt: skip
# What torch reads in spite of what is wrong with it, or that is no checkpoint.
UNREADABLE = ("bad_crc.pt", "duplicate.pt", "torchscript.pt", "refused_kinds.pt")
PASSED_OVER = (".json", ".bin", ".py", ".txt", ".md", ".rs", ".safetensors", ".again.pt", ".anew.pt", ".b.pt")


def identity(folder):
    write_identity.main(folder)
    torch.utils.serialization.config.save.storage_alignment = 64


def load(path, **options):
    """What PyTorch, or without it Python, reads from a file."""
    torch._utils._get_sparse_tensors_to_validate().clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not path.endswith(".pkl"):
            return torch.load(path, weights_only=False, **options)
        with open(path, "rb") as file:
            return pickle.load(file)


def generators():
    """The names of the generators."""
    return list(GENERATORS)


def generate(folder, name):
    """Fills a folder with the files of a generator. Returns those that torch reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        GENERATORS[name](folder)
    return readable(folder)


def readable(folder):
    """The files in a folder that torch reads, sparse tensors checked as `weights_only` does."""
    found = []
    for path in sorted(map(str, pathlib.Path(folder).rglob("*"))):
        name = os.path.basename(path)
        if os.path.isdir(path) or name.endswith(PASSED_OVER) or name in UNREADABLE or any(word in name for word in ODD):
            continue
        try:
            with torch.sparse.check_sparse_tensor_invariants():
                load(path)
        except Exception:
            continue
        found.append(path)
    return found


def compare(cases):
    """What is wrong with each output, by its input: the program said `error` and `not_kept` of `before` and `to`."""
    found = {}
    for case in cases:
        before = load(case["before"])
        problems = (safetensors if case["to"] == "safetensors" else same)(before, case)
        if problems:
            found[f"{case['before']} to {case['to']}"] = problems
    return found


def same(before, case):
    """An archive or a stream must hold the same; refused is only what torch does not read back from its own stream."""
    if case["error"]:
        # A quantized tensor without a scale, which nobody saves; a bare storage, of which torch makes a typed one;
        # and parts that torch reads right by chance, where the memory had them.
        words = ["has no scale", "is an untyped storage", "has parts that PyTorch converts"][: 3 if case["to"] == "legacy" else 1]
        is_right = case["to"] == "legacy" and "old format" in case["error"] and not comes_back(before, case["after"])
        return None if is_right or any(word in case["error"] for word in words) else [f"refused: {case['error']}"]
    try:
        return whole.differences(before, load(case["after"]))
    except Exception as error:
        return [f"torch: {type(error).__name__}: {error}"]


def is_followed(path):
    """Whether torch.save was called twice into the file, which it loads as often."""
    with open(path, "rb") as file:
        try:
            torch.load(file, weights_only=False)
            torch.load(file, weights_only=False)
            return not zipfile.is_zipfile(path)
        except Exception:
            return False


def comes_back(value, path):
    """Whether torch reads from its own stream of before 1.6 what it wrote there."""
    try:
        torch.save(value, path, _use_new_zipfile_serialization=False)
        return not whole.differences(value, load(path))
    except Exception:
        return False


def safetensors(before, case):
    """A safetensors file holds the tensors, ties, order, versions and gradients; what else there is, is told."""
    reasons, allowed = unfit(before)
    if case["error"]:
        words = unescaped(case["error"])
        return None if any(word in words for word in reasons + allowed) else [f"refused: {words}, expected {reasons}"]
    if reasons:
        return [f"written, though: {reasons}"]
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(case["after"], framework="pt") as file:
        metadata = dict(file.metadata())
    tensors = load_file(case["after"])
    entries = {str(key): as_tensor(t) for key, t in entries_of(before)}
    ties, found = tied(entries), []
    if {key: metadata.pop(key, None) for key in ties} != ties:
        found.append(f"ties: {ties}")
    order = json.loads(metadata.pop("statedict.order", "null"))
    if (list(tensors) if order is None else order) != list(entries):
        found.append(f"order: {order or list(tensors)}")
    gradients = [key for key, t in entries.items() if t.requires_grad]
    if json.loads(metadata.pop("statedict.requires_grad", "[]")) != gradients:
        found.append(f"gradients: {gradients}")
    versions = versions_of(before)
    if json.loads(metadata.pop("statedict.versions", "null")) != versions:
        found.append(f"versions: {versions}")
    if metadata != {"format": "pt"}:
        found.append(f"metadata: {metadata}")
    if set(tensors) != set(entries) - set(ties):
        found.append(f"names: {list(tensors)}")
    told = [text for text in case["not_kept"] if not text.startswith("another object follows")]
    if sorted(told) != sorted(lost(before)):
        found.append(f"told {case['not_kept']}, lost {lost(before)}")
    if (len(told) < len(case["not_kept"])) != is_followed(case["before"]):
        found.append(f"told {case['not_kept']} of what follows")
    # What is read from it and written as an archive is that too.
    again = load(case["again"])
    if (list(again), tied(again), versions_of(again)) != (list(entries), ties, versions):
        found.append("keys, ties or versions of the archive")
    for key, a in entries.items():
        for b in (tensors[ties.get(key, key)], again[key]):
            if (a.dtype, a.shape) != (b.dtype, b.shape) or elements(a) != elements(b):
                found.append(f"{key}: {a.dtype} {a.shape} and {b.dtype} {b.shape}")
        if again[key].requires_grad != a.requires_grad:
            found.append(f"{key}: gradient")
    return found


class Scaled(nn.Linear):
    """A layer with a parameter of a younger dtype, as of quantization to eight bits."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight = nn.Parameter(self.weight.detach().to(torch.float8_e4m3fn), requires_grad=kwargs["bias"])


def models():
    """Models with parameters that are frozen, and that are not."""
    torch.manual_seed(4)
    frozen = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    frozen[0].weight.requires_grad_(False)
    integers = nn.Sequential(nn.Linear(2, 2))
    integers[0].codes = nn.Parameter(torch.arange(3), requires_grad=False)
    tied = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    tied["b"].weight = tied["a"].weight
    tied["a"].bias.requires_grad_(False)
    buffers = nn.Sequential(nn.Linear(2, 2))
    buffers.register_buffer("scratch", torch.ones(2), persistent=False)
    buffers.register_buffer("learned", torch.ones(2).requires_grad_())
    return {
        "frozen": frozen, "all frozen": nn.Linear(2, 2).requires_grad_(False), "integers": integers, "tied": tied, "buffers": buffers,
        "young": nn.Sequential(nn.Linear(2, 2), Scaled(2, 2, bias=True), Scaled(2, 2, bias=False)),
    }  # fmt: skip


def write_models(folder):
    for name, model in models().items():
        torch.save(model, os.path.join(folder, f"{name}.pt"))
        torch.save({"epoch": 3, "ema": model}, os.path.join(folder, f"{name}.beside.pt"))
    return list(models())


def compare_model(model, state_dict):
    """What is not the same in a state dict as in the whole model."""
    expected = load(model).state_dict(keep_vars=True)
    if state_dict.endswith(".safetensors"):
        from safetensors import safe_open

        with safe_open(state_dict, framework="pt") as file:
            metadata = dict(file.metadata())
            names = set(file.keys())
            found = {key: file.get_tensor(key if key in names else metadata[key]) for key in expected}
        for key in json.loads(metadata.get("statedict.requires_grad", "[]")):
            found[key] = nn.Parameter(found[key])
        order = json.loads(metadata.get("statedict.order", "null")) or list(found)
    else:
        found = torch.load(state_dict, weights_only=True)
        order = list(found)
    problems = [] if order == list(expected) else [f"{order}"]
    for key, a in expected.items():
        b = found[key]
        if (a.dtype, a.shape, a.requires_grad) != (b.dtype, b.shape, b.requires_grad) or elements(a) != elements(b):
            problems.append(f"{key}: {a} and {b}")
    return problems


def entries_of(mapping):
    """The entries, whatever attributes hide the methods."""
    return list(dict.items(mapping) if isinstance(mapping, dict) else mapping.data.items())


def as_tensor(t):
    return t if isinstance(t, torch.Tensor) else python_values.as_tensor(t)


def versions_of(state_dict):
    metadata = getattr(state_dict, "_metadata", None)
    return None if metadata is None else [[path, entry.get("version")] for path, entry in metadata.items()]


def tied(entries):
    """The names of tensors that are the same view as one before, with its name."""
    first, ties = {}, {}
    for key, t in entries.items():
        if t.numel():
            view = (t.untyped_storage()._cdata, t.dtype, t.shape, t.stride(), t.storage_offset(), t.is_conj(), t.is_neg())
            if first.setdefault(view, key) != key:
                ties[key] = first[view]
    return ties


def elements(t):
    t = t.detach().resolve_conj().resolve_neg().contiguous().clone(memory_format=torch.contiguous_format)
    return whole.storage_bytes(t.untyped_storage()) if t.numel() else b""


def lost(before):
    """What a state dict has beside its tensors and versions, by the paths that the program gives."""
    found = [] if type(before) in (dict, collections.OrderedDict) else ["@__class__"]
    kept = {"data"} if isinstance(before, collections.UserDict) else set()
    if getattr(before, "_metadata", None) is not None or hasattr(before, "_metadata"):
        kept.add("_metadata")
    found += [f"@{name}" for name in getattr(before, "__dict__", {}) if name not in kept]
    for key, t in entries_of(before):
        if type(key) is not str:
            found.append(f"{key}@key")
        if not isinstance(t, torch.Tensor):
            found.append(f"{key}@ndarray")
        else:
            found += [f"{key}@{name}" for name in vars(t)]
            found += [f"{key}@parameter"] if type(t) is not torch.Tensor else []
    return found


def unfit(before):
    """Words of which the refusal of a value has one: those for which it must be refused, and may be."""
    if not isinstance(before, (dict, collections.UserDict)):
        return ["should be a dict", "whole-model"], []
    # An object without entries is no dict that can be seen.
    must, may, taken = [], [] if before else ["should be a dict"], {}
    for key, t in entries_of(before):
        name = key if isinstance(key, str) else whole.name_of(key)
        if not isinstance(key, str):
            must.append("key")
        elif name == "__metadata__" or re.search("[\ud800-\udfff]", name):
            must += [name, "surrogates"]
        elif isinstance(t, torch.Tensor):
            if t.is_nested or t.is_quantized or t.layout != torch.strided or t.is_meta or t.dtype not in HELD:
                must.append(name)
            elif t.dtype == torch.float4_e2m1fn_x2 and not t.dim():
                must.append(name)
            elif t.numel():
                span = sum((size - 1) * stride for size, stride in zip(t.shape, t.stride())) + 1
                start = t.storage_offset() * t.element_size()
                end = start + span * t.element_size()
                view = (t.dtype, t.shape, t.stride(), t.is_conj(), t.is_neg())
                others = taken.setdefault(t.untyped_storage()._cdata, [])
                if all(other[2] != view or other[:2] != (start, end) for other in others):
                    must += [name for other in others if other[0] < end and start < other[1]]
                    others.append((start, end, view))
                # An expanded tensor that is far larger than its file.
                if t.numel() * t.element_size() > 2**26:
                    may.append(name)
        elif isinstance(t, (np.ndarray, np.generic)):
            # In a dict without tensors, scalars are no state.
            may.append(name)
            try:
                must += [] if python_values.as_tensor(t).dtype in HELD else [name]
            except TypeError:
                must.append(name)
        else:
            must.append(name)
    metadata = getattr(before, "_metadata", None)
    if metadata is not None and not is_plain(metadata):
        must += ["metadata", "should be a dict"]
    return must, may


def is_plain(metadata):
    """Whether a `_metadata` has nothing but versions."""
    return isinstance(metadata, dict) and all(
        isinstance(entry, dict) and set(entry) <= {"version"} and all(type(v) is int and v >= 0 for v in entry.values()) for entry in metadata.values()
    )


def unescaped(words):
    """The program's words, with the names as they are."""
    words = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), words)
    for escape, character in [("\\n", "\n"), ("\\t", "\t"), ("\\0", "\0"), ("\\r", "\r"), ('\\"', '"'), ("\\'", "'"), ("\\\\", "\\")]:
        words = words.replace(escape, character)
    return words
