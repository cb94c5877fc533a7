"""Compares a file that a script wrote with the committed one.

What torch computes differs in the last bits from processor to processor, so floating-point numbers are compared up
to rounding; everything else exactly.
"""

import math
import zipfile

import torch


def difference(written, committed):
    """The first difference of two archives of torch.save, or None."""
    with zipfile.ZipFile(written) as new, zipfile.ZipFile(committed) as old:
        if [(i.filename, i.file_size) for i in new.infolist()] != [(i.filename, i.file_size) for i in old.infolist()]:
            return "the members"
        for name in new.namelist():
            # The serialization id is a hash over the checksums of the others.
            if "/data/" in name or name.endswith(("/data.pkl", "/.data/serialization_id")):
                continue
            if new.read(name) != old.read(name):
                return name
    return differs(torch.load(written), torch.load(committed), "")


def differs(new, old, path):
    """The first path at which two values differ, or None."""
    if type(new) is not type(old):
        return path
    if isinstance(new, torch.Tensor):
        if (new.dtype, new.shape, new.stride()) != (old.dtype, old.shape, old.stride()):
            return path
        close = torch.allclose(new, old, rtol=1e-5, atol=1e-6) if new.is_floating_point() else torch.equal(new, old)
        return None if close else path
    if isinstance(new, float):
        return None if math.isclose(new, old, rel_tol=1e-5, abs_tol=1e-6) else path
    if isinstance(new, dict):
        if list(new) != list(old):
            return path
        new, old = new.items(), old.items()
    elif not isinstance(new, (list, tuple)):
        return None if new == old else path
    else:
        if len(new) != len(old):
            return path
        new, old = enumerate(new), enumerate(old)
    found = (differs(a, b, f"{path}[{key!r}]") for (key, a), (_, b) in zip(new, old))
    return next((path for path in found if path is not None), None)
