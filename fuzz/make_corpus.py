#!/usr/bin/env python3
"""Writes the corpora of two targets: of `amplify`, for each kind of operand an input that uses it in several statements;
of `programs`, the parts of two TorchScript archives and two exported programs.

The other corpora are fixtures of tests/fixtures and pickles of tests/tests/library/read."""

from pathlib import Path

OPERANDS = 18
FOLDER = Path(__file__).parent / "corpus" / "amplify"

FOLDER.mkdir(parents=True, exist_ok=True)
for operand in range(OPERANDS):
    # The operand, 2^(10 + 5) bytes, kept or not, the container, three statements and how often each.
    head = bytes([operand, 5, operand % 2, operand % 3, 2])
    statements = bytes(byte for turn in range(3) for byte in (0, (operand * 13 + turn * 71) % 256, 80))
    (FOLDER / f"operand_{operand:02}").write_bytes(head + statements)

PROGRAMS = Path(__file__).parent / "corpus" / "programs"
MARK = b"\n====\n"
TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" b"0X\x03\0\0\0cpuK\x10tQ"
    b"K\0K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtR"
)
CODE = b'class Net(Module):\n  __parameters__ = ["w", ]\n  __buffers__ = ["b", ]\n  training : bool\n'


def module(name, *attributes):
    entries = b"".join(b"X" + len(key).to_bytes(4, "little") + key + value for key, value in attributes)
    return b"c__torch__" + name + b"\n)\x81}(" + entries + b"ub"


def exported(*names):
    meta = b'"tensor_meta":{"dtype":7,"sizes":[{"as_int":2}],"strides":[{"as_int":1}],"storage_offset":{"as_int":1},"device":{"type":"cpu","index":null},"layout":7}'
    entry = b'"%s":{"path_name":"weight_0","is_param":true,"use_pickle":false,' + meta + b"}"
    specs = b",".join(b'{"parameter":{"arg":{"name":"p"},"parameter_name":"%s"}}' % name for name in names)
    model = b'{"graph_module":{"signature":{"input_specs":[' + specs + b"]}}}"
    return model, b'{"config":{' + b",".join(entry % name for name in names) + b"}}"


inner = module(b".a\nNet", (b"w", TENSOR))
files = {
    "torchscript": [b"\0\x80\x02" + module(b"\nNet", (b"w", TENSOR), (b"b", b"N"), (b"m", inner)) + b".", CODE, CODE, b"\x80\x02)."],
    "torchscript_constants": [b"\0\x80\x02" + module(b"\nNet", (b"t", TENSOR)) + b".", CODE, b"", b"\x80\x02(" + TENSOR + b"t."],
    "exported": [b"\1" + exported(b"fc.w", b"fc.b")[0], exported(b"fc.b", b"fc.w")[1], b'{"config":{}}'],
    "exported_constants": [b"\1" + exported(b"w")[0], exported(b"w")[1], exported(b"c")[1].replace(b"weight", b"tensor")],
}  # fmt: skip
PROGRAMS.mkdir(parents=True, exist_ok=True)
for name, parts in files.items():
    (PROGRAMS / name).write_bytes(MARK.join(parts))
