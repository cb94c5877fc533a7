"""Runs what a guide says of PyTorch."""

import contextlib
import io
import os
import re
import tempfile
from collections import OrderedDict
from copy import deepcopy

import torch
from torch import nn, optim


def run(path):
    """Runs all Python blocks of a document in order, in a folder of their own; how many there are."""
    with open(path, encoding="utf-8") as document:
        blocks = re.findall(r"^```python\n(.*?)^```$", document.read(), re.DOTALL | re.MULTILINE)
    names = {
        "OrderedDict": OrderedDict,
        "deepcopy": deepcopy,
        "nn": nn,
        "optim": optim,
        "os": os,
        "torch": torch,
        "__name__": "guide",
    }
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            for block in blocks:
                # As one module, so that `torch.save(model)` finds the classes.
                exec(compile(block, path, "exec"), names)
        finally:
            os.chdir(before)
    return len(blocks)
