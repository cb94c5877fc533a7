"""Writes the formats of before PyTorch 1.6 that today's torch.save does not write, by hand.

Each function writes a file that today's torch.load reads.
"""

import io
import pickle
import pickletools
import struct
import tarfile

import torch

MAGIC = 0x1950A86A20F9469CFC6C
INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


class StorageId:
    """Pickled as a persistent id."""

    def __init__(self, id):
        self.id = id


class Tensor:
    """Pickled as a call of `_rebuild_tensor_v2`, or of `torch.FloatTensor` with a state."""

    def __init__(self, storage, offset, size, stride, how="v2"):
        self.parts, self.how = (StorageId(storage), offset, size, stride), how

    def __reduce__(self):
        if self.how == "v2":
            return torch._utils._rebuild_tensor_v2, (*self.parts, False, {})
        if self.how == "v1":
            return torch._utils._rebuild_tensor, self.parts
        return Empty(), (), self.parts


class Empty:
    """Stands for the class `torch.FloatTensor` in a pickle."""

    def __call__(self):
        raise NotImplementedError


class OldPickler(pickle._Pickler):
    """Writes persistent ids that the caller made, and names that are no longer importable."""

    def persistent_id(self, value):
        return value.id if isinstance(value, StorageId) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Empty):
            self.write(pickle.GLOBAL + b"torch\nFloatTensor\n")
            return
        super().save(value, save_persistent_id)


def dumps(value, protocol=2):
    out = io.BytesIO()
    OldPickler(out, protocol).dump(value)
    return out.getvalue()


def stream(path, value, storages, convert=lambda data: data, before=b"", after=b""):
    """Five pickles and the storages: `storages` is {key: (number of elements, bytes)}."""
    with open(path, "wb") as f:
        f.write(before)
        for part in (MAGIC, 1001, INFO, value, sorted(storages)):
            f.write(convert(dumps(part)))
        for key in sorted(storages):
            numel, data = storages[key]
            f.write(struct.pack("<q", numel) + data)
        f.write(after)


def python2(data):
    """The pickle as Python 2 writes it: its strings are bytes."""
    out = bytearray()
    ops = list(pickletools.genops(data))
    for (op, arg, at), end in zip(ops, [at for _, _, at in ops[1:]] + [len(data)]):
        if op.name == "BINUNICODE":
            text = arg.encode()
            out += b"U" + bytes([len(text)]) + text
        elif op.name == "BININT1":
            out += b"\x8a\x01" + bytes([arg]) if arg < 128 else data[at:end]
        else:
            out += data[at:end]
    return bytes(out)


def f32(*numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


def storage(key, numel, view=None, kind=torch.FloatStorage):
    return ("storage", kind, key, "cpu", numel, view)


def slices(path):
    """Views of one storage, each a storage of its own, as PyTorch 0.3 saved them."""
    data = {"94304870911728": (6, f32(*range(6)))}
    part = lambda name, offset, size: storage("94304870911728", 6, (name, offset, size))
    stream(path, {
        "root": Tensor(storage("94304870911728", 6), 0, (2, 3), (3, 1)),
        "part": Tensor(part("1001", 2, 3), 0, (3,), (1,)),
        "again": Tensor(part("1001", 2, 3), 1, (2,), (1,)),
        "end": Tensor(part("1002", 5, 1), 0, (1,), (1,)),
        "oldest": Tensor(storage("94304870911728", 6), 1, (2, 2), (3, 1), "state"),
        "v1": Tensor(storage("94304870911728", 6), 0, (3, 2), (1, 3), "v1"),
    }, data)


def written_by_python2(path):
    stream(path, {
        "weight": Tensor(storage("140270", 4), 0, (2, 2), (2, 1)),
        "epoch": 12,
        "name": "r\u00e9sum\u00e9",
    }, {"140270": (4, f32(1, 2, 3, 4))}, python2)


def tar(path):
    """The archive of PyTorch 0.1, with a view of a storage and a shared tensor."""
    def member(archive, name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))

    storages = dumps(2)
    storages += dumps((10, "cpu", torch.FloatStorage)) + struct.pack("<q", 6) + f32(*range(6))
    storages += dumps((11, "cpu", torch.LongStorage)) + struct.pack("<qq", 1, 7)
    storages += dumps([(12, 10, 2, 3)])
    tensors = dumps(4)
    for key, root, sizes, strides, offset in (
        (1, 10, (2, 3), (3, 1), 0), (2, 10, (2, 2), (1, 3), 1), (3, 12, (2,), (1,), 1), (4, 11, (1,), (1,), 0),
    ):
        tensors += dumps((key, root, torch.FloatTensor)) + struct.pack("<ii", len(sizes), 0)
        tensors += struct.pack(f"<{2 * len(sizes)}q", *sizes, *strides) + struct.pack("<q", offset)
    value = {"weight": StorageId("1"), "view": StorageId("2"), "slice": StorageId("3"), "steps": StorageId("4"),
             "tied": StorageId("1"), "epoch": 3}
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        member(archive, "sys_info", dumps(INFO))
        member(archive, "pickle", dumps(value))
        member(archive, "tensors", tensors)
        member(archive, "storages", storages)


def several(path, values):
    """One object after the other in a file."""
    with open(path, "wb") as f:
        for value in values:
            torch.save(value, f, _use_new_zipfile_serialization=False)
