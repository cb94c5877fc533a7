"""State dicts saved by PyTorch, each with a description to rebuild it from.

usage: write_identity.py DIRECTORY

Writes into DIRECTORY, for each case: the file `torch.save` makes, the raw bytes of its storages one
after the other (`.bin`), and in `manifest.json` what there is to know about its tensors. What reads
the manifest needs no code that reads PyTorch's files.
"""

import collections
import ctypes
import io
import json
import pathlib
import random
import sys

import torch
import torch.serialization
from torch import nn
from torch.utils.serialization import config

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
    torch.complex32, torch.bcomplex32, torch.uint16, torch.uint32, torch.uint64, torch.float8_e5m2,
    torch.float8_e4m3fn, torch.float8_e5m2fnuz, torch.float8_e4m3fnuz, torch.float8_e8m0fnu,
    torch.float4_e2m1fn_x2, torch.bits8, torch.bits16, torch.bits1x8, torch.bits2x4, torch.bits4x2,
]  # fmt: skip

CASES = []
RANDOM = random.Random(20260731)


def case(name, state_dict, **how):
    """Adds a case. `how`: file (a name to save to; without it, a file object), alignment, tag (of the location)."""
    CASES.append((name, state_dict, how))


def filled(dtype, shape, storage_elements=None):
    """A tensor of pseudo-random bytes (zeros and ones for bool)."""
    numel = 1
    for size in shape:
        numel *= size
    wanted = numel if storage_elements is None else storage_elements
    nbytes = wanted * torch.empty(0, dtype=dtype).element_size()
    data = RANDOM.randbytes(nbytes)
    if dtype == torch.bool:
        data = bytes(byte & 1 for byte in data)
    raw = torch.frombuffer(bytearray(data), dtype=torch.uint8) if nbytes else torch.empty(0, dtype=torch.uint8)
    storage = raw.clone().untyped_storage()
    tensor = torch.empty(0, dtype=dtype)
    return tensor.set_(storage, 0, shape, contiguous_strides(shape))


def contiguous_strides(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def many(count, prefix="w"):
    return collections.OrderedDict((f"{prefix}{i}.weight", torch.tensor([float(i)])) for i in range(count))


def with_metadata(state_dict, entries):
    state_dict._metadata = collections.OrderedDict()
    for path, version in entries:
        # `dict(version=...)` as in torch.nn.Module: the key is the interned constant.
        state_dict._metadata[path] = {} if version is None else dict(version=version)
    return state_dict


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)
        self.bn = nn.BatchNorm1d(3)
        self.tied = self.fc
        self.register_buffer("temporary", torch.zeros(1), persistent=False)
        self.register_buffer("absent", None)


class Named(nn.Module):
    """Parameters of the root with given names, and children with given names."""

    def __init__(self, parameters, children=()):
        super().__init__()
        for name in parameters:
            if name == "_metadata":  # nn.Module would take it for an attribute of its own
                self._parameters[name] = nn.Parameter(torch.ones(2))
            else:
                setattr(self, name, nn.Parameter(torch.ones(2)))
        for name in children:
            self.add_module(name, nn.Linear(2, 1))


def build():
    torch.manual_seed(1)
    for dtype in DTYPES:
        name = str(dtype).removeprefix("torch.")
        case(f"dtype {name}", collections.OrderedDict(
            scalar=filled(dtype, ()), vector=filled(dtype, (5,)), empty=filled(dtype, (0,)),
            matrix=filled(dtype, (3, 4)), cube=filled(dtype, (2, 1, 3)), deep=filled(dtype, (1, 2, 1, 2, 2)),
        ))  # fmt: skip
    case("every dtype", collections.OrderedDict((str(d), filled(d, (2, 2))) for d in DTYPES), file="every.pt")

    case("nothing", collections.OrderedDict())
    case("nothing, to a path", collections.OrderedDict(), file="nothing.pt")
    case("nothing but metadata", with_metadata(collections.OrderedDict(), [("", 1)]))
    case("metadata without versions", with_metadata(many(2), [("", None), ("w0", 2), ("w1", None)]))
    case("metadata without modules", with_metadata(many(1), []))
    case("large versions", with_metadata(many(1), [("", 0), ("a", 255), ("b", 256), ("c", 2**31), ("d", 2**40)]))

    case("tied and absent", Tied().state_dict(), file="net.v1.pt")
    case("linear", nn.Linear(10, 10).state_dict())
    case("convolutions", nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1)).state_dict())
    case("recurrent", nn.LSTM(3, 4, 2, bidirectional=True).state_dict())
    case("transformer", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3).state_dict(), file="transformer.best.pth")
    case("half", nn.Linear(3, 3).half().state_dict())
    case("parameter list", nn.ParameterList([torch.zeros(i) for i in range(3)]).state_dict())
    case("parameter dict", nn.ParameterDict({"b": torch.zeros(1), "a": torch.ones(1)}).state_dict())
    case("channels last", nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last).state_dict())
    case("root key storage", Named(["storage", "weight"]).state_dict())
    case("root key version", Named(["version", "weight"]).state_dict())
    case("root key _metadata", Named(["_metadata", "storage", "version"], ["a"]).state_dict())
    case("modules called like constants", Named(["weight"], ["version", "storage", "_metadata", "0"]).state_dict())
    case("keys beyond ASCII", Named(["größe", "重み", "b"], ["слой"]).state_dict(), file="schicht.pt")
    case("long key", collections.OrderedDict([("k" * 70_000, torch.zeros(1))]))
    case("empty key", collections.OrderedDict([("", torch.zeros(1))]))

    for count in [1, 2, 3, 10, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 100, 101, 257, 998, 999, 1000, 1001, 1002, 1999, 2000, 2001, 10_000]:
        case(f"{count} tensors", many(count))
    for modules in [1, 2, 997, 998, 999, 1000, 1001, 1998, 1999, 2000, 2001]:
        case(f"{modules} modules", nn.Sequential(*[nn.Identity() for _ in range(modules)]).state_dict())
    case("300 layers", nn.Sequential(*[nn.BatchNorm1d(2) for _ in range(300)]).state_dict(), file="deep.pt")

    base = filled(torch.float32, (6, 8))
    views = collections.OrderedDict(
        whole=base, row=base[2], column=base[:, 3], transposed=base.t(), step=base[::2, 1::3],
        narrow=base[:, :1], one=base[4, 5], expanded=base[:, :1].expand(6, 5), same=base[2], none=base[:, :0],
    )  # fmt: skip
    case("views of one storage", views)
    for key in ["row", "column", "transposed", "step", "narrow", "one", "expanded", "none"]:
        case(f"only the view {key}", collections.OrderedDict([(key, views[key])]))
    case("strides of single elements", collections.OrderedDict(
        a=filled(torch.float32, (1, 5)).t(), b=filled(torch.int64, (5, 1)).t(), c=filled(torch.int8, (2, 1, 3)).permute(1, 0, 2),
        d=torch.empty(0, 7).t(), e=filled(torch.float32, (4, 1, 1, 3)).contiguous(memory_format=torch.channels_last),
    ))  # fmt: skip
    huge = filled(torch.int8, (70_000,))
    case("large offsets", collections.OrderedDict(a=huge[255:256], b=huge[256:300], c=huge[65_535:], d=huge[65_536:], e=huge))
    tiny = torch.zeros(1, dtype=torch.int8)
    case("sizes beyond 32 bits", collections.OrderedDict(
        a=tiny.expand(2**31 - 1), b=tiny.expand(2**31), c=tiny.expand(2**32, 3), d=tiny.expand(2**40), e=tiny.expand(2, 2**39 - 1),
    ))  # fmt: skip
    shared = filled(torch.uint8, (16,))
    case("bytes seen as younger types", collections.OrderedDict(
        a=shared, b=shared.view(torch.float8_e5m2), c=shared.view(torch.uint32), d=shared.view(torch.uint16)[2:],
    ))  # fmt: skip
    complex_ = filled(torch.complex64, (2, 3))
    case("conjugate and negative", collections.OrderedDict(
        plain=complex_, conj=complex_.conj(), both=torch._neg_view(complex_.conj()), again=complex_.conj().t(),
        neg=torch._neg_view(filled(torch.float32, (3,))), imag=filled(torch.complex64, (3,)).conj().imag,
        half=filled(torch.complex32, (3,)).conj(),
    ))  # fmt: skip
    case("asking for gradients", collections.OrderedDict(a=torch.ones(2, requires_grad=True), b=torch.zeros(2)))
    case("five dimensions", collections.OrderedDict(a=filled(torch.float32, (1, 2, 3, 4, 5)), b=filled(torch.float32, (2,) * 9)))

    for alignment in [1, 2, 48, 512, 4096, 32_768]:
        case(f"alignment {alignment}", Tied().state_dict(), alignment=alignment)
    for stem in ["a", "ab", "noext", "two.dots.pt", "with space.pt", "x..pt", "m" * 120 + ".pt"]:
        case(f"file name {stem}", Tied().state_dict(), file=stem)

    for size in [4, 7, 8, 9, 100]:
        marked = (b"PK\x07\x08" + bytes(range(96)))[:size]
        case(f"{size} bytes that look like a descriptor", collections.OrderedDict(
            a=torch.frombuffer(bytearray(marked), dtype=torch.uint8).clone(), b=torch.zeros(3)))

    case("on cuda:0", Tied().state_dict(), tag="cuda:0")
    case("on mps", with_metadata(many(3), [("", 1)]), tag="mps")
    case("large storages", collections.OrderedDict(
        a=filled(torch.float32, (700_000,)), b=filled(torch.uint8, (1 << 20,)), c=filled(torch.uint8, ((1 << 20) - 1,)),
        d=filled(torch.uint8, (3,)), e=filled(torch.uint8, ((1 << 20) + 1,)),
    ), file="large.pt")  # fmt: skip

    for number in range(60):
        case(f"random {number}", random_state_dict(), **({"file": f"r{number}.pt"} if number % 2 else {}))


def random_state_dict():
    state_dict = collections.OrderedDict()
    pool = []
    for index in range(RANDOM.choice([1, 2, 5, 20, 60])):
        key = ".".join(RANDOM.choice(["a", "b", "layer", "0", "weight", "version"]) for _ in range(RANDOM.randint(1, 3)))
        key = f"{key}.{index}"
        kind = RANDOM.random()
        if pool and kind < 0.3:
            tensor = RANDOM.choice(pool)
            tensor = tensor.view(tensor.shape)  # another object over the same storage
        else:
            shape = tuple(RANDOM.choice([0, 1, 1, 2, 3, 5, 300]) for _ in range(RANDOM.randint(0, 3)))
            tensor = filled(RANDOM.choice(DTYPES), shape)
            pool.append(tensor)
        if tensor.dim() and RANDOM.random() < 0.3:
            dim = RANDOM.randrange(tensor.dim())
            if tensor.shape[dim] > 1:
                tensor = tensor[(slice(None),) * dim + (slice(1, None, RANDOM.choice([1, 2])),)]
        if tensor.dim() > 1 and RANDOM.random() < 0.3:
            tensor = tensor.transpose(0, -1)
        state_dict[key] = tensor
    if RANDOM.random() < 0.7:
        with_metadata(state_dict, [("", 1)] + [(f"m{i}", RANDOM.randint(1, 3)) for i in range(RANDOM.randint(0, 5))])
    return state_dict


def describe(state_dict, tag, raw):
    storages, numbers, entries = [], {}, []
    for key, tensor in state_dict.items():
        storage = tensor.untyped_storage()
        number = numbers.setdefault(storage._cdata, len(storages))
        if number == len(storages):
            raw.write(ctypes.string_at(storage.data_ptr(), storage.nbytes()) if storage.nbytes() else b"")
            storages.append({"nbytes": storage.nbytes(), "location": tag})
        entries.append({
            "key": key, "dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape),
            "strides": list(tensor.stride()), "offset": tensor.storage_offset(),
            "requires_grad": tensor.requires_grad, "conj": tensor.is_conj(), "neg": tensor.is_neg(),
            "storage": number,
        })  # fmt: skip
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        metadata = [[path, entry.get("version")] for path, entry in metadata.items()]
    return {"storages": storages, "entries": entries, "metadata": metadata}


def main(directory):
    fake = None

    def tagger(storage):
        # As torch.serialization's own for a device with an index: put together at each call.
        if fake is not None and ":" in fake:
            kind, index = fake.split(":")
            return kind + ":" + str(int(index))
        return fake

    torch.serialization.register_package(5, tagger, lambda storage, location: None)
    build()
    manifest = []
    for number, (name, state_dict, how) in enumerate(CASES):
        folder = directory / f"case{number}"
        folder.mkdir()
        file = folder / how.get("file", "object.bytes")
        config.save.storage_alignment = how.get("alignment", 64)
        fake = how.get("tag")
        if "file" in how:
            torch.save(state_dict, str(file))
        else:
            buffer = io.BytesIO()
            torch.save(state_dict, buffer)
            file.write_bytes(buffer.getvalue())
        with open(folder / "storages.bin", "wb") as raw:
            description = describe(state_dict, fake or "cpu", raw)
        description.update(name=name, folder=folder.name, file=how.get("file"), alignment=config.save.storage_alignment)
        manifest.append(description)
    (directory / "manifest.json").write_text(json.dumps({"torch": torch.__version__, "cases": manifest}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
