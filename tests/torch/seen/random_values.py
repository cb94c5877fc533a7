"""Random graphs of nodes."""

import collections
import datetime
import decimal
import fractions
import ipaddress
import pathlib
import uuid

import numpy as np
import torch
from torch import nn

from seen import random_tensors
from seen.nodes import ATTRIBUTED, MUTABLE, TENSORS, Node, plain, walk
from seen.objects import FACTORIES, Unmakeable, make

TEXTS = [
    "", "a", "lr", "weight", "fc.weight", "0", "1", "-1", "a.b", ".", "..", "a\"]['b", "[0]", "['x']", ".attr", "_metadata", "size",
    "scale", "indices", "__entries__", "__args__", "second", "key", "True", "None", "line\nbreak", "nul\0", "tab\t", "\x1b[31m", "\x7f",
    "ä", "a\u0308", "重み", "🦀", "\u202e", "\u2028", "\ufeff", "\uffff", "\U0010ffff", " ", "a " * 70, "x" * 300, "\\", "\\n", "'", '"', "/",
]  # fmt: skip
NAMES = ["lr", "weight", "tag", "_metadata", "size", "scale", "axis", "values", "__args__", "__entries__", "state", "a b", "ä", "x.y"]
FLOATS = [0.0, -0.0, 1.5, float("inf"), float("-inf"), 5e-324, 1e308, 0.1, 1.0]
GLOBALS = [
    torch.float32, torch.bfloat16, torch.uint4, torch.device("cpu"), torch.device("cuda", 1), torch.strided, torch.sparse_coo,
    torch.Size(()), torch.Size((2, 3)), torch.per_tensor_affine, collections.OrderedDict, torch.Tensor, nn.Parameter, int,
    np.dtype("<f4"), np.dtype(">i8"), np.dtype("<M8[D]"), np.dtype([("a", "<i4"), ("b", "<U2")]), np.dtype("<U5"),
]  # fmt: skip
# Objects of Python's own library.
STANDARD = [
    datetime.datetime(2026, 1, 2, 3), datetime.timedelta(1), datetime.date(2026, 1, 2), decimal.Decimal("1.5"), fractions.Fraction(1, 3),
    pathlib.PurePosixPath("a/b"), range(5), slice(1, 2), uuid.UUID(int=7), ipaddress.IPv4Address("1.2.3.4"), ValueError("text", 1),
]  # fmt: skip


def names_for(node):
    """Names of attributes; some hide the methods with which torch saves a tensor."""
    return [name for name in NAMES if node.kind not in TENSORS or name not in ("size", "values")]


class Values:
    """Makes the values of one file."""

    def __init__(self, random):
        self.random = random
        self.made = []
        self.open = []
        self.left = random.choice((4, 8, 15, 30, 60))

    def root(self):
        kind = self.random.choice(("dict", "dict", "dict", "OrderedDict", "list", "tuple", "any"))
        return self.value() if kind == "any" else self.container(kind)

    def value(self):
        random = self.random
        if self.open and random.random() < 0.02:
            return random.choice(self.open)
        if self.made and random.random() < 0.12:
            return random.choice(self.made)
        self.left -= 1
        if self.left < 0 or len(self.open) > 6 or random.random() < 0.55:
            return self.keep(self.leaf())
        return self.container(random.choice(CONTAINERS))

    def keep(self, node):
        self.made.append(node)
        return node

    def some(self, make, most=4):
        return [make() for _ in range(self.random.randint(0, most))]

    def container(self, kind):
        node = Node(kind)
        if kind == "array":
            node.data = {"dtype": "O", "shape": (0,), "order": "C", "bytes": b""}
        if kind == "defaultdict":
            node.data["factory"] = self.random.choice(list(FACTORIES))
        # An object that is made before what it holds can be in it; the others cannot while they are made.
        if kind in MUTABLE:
            self.open.append(node)
        if kind in ("list", "tuple", "Items", "Reduced"):
            node.items = self.some(self.value)
        elif kind in ("set", "frozenset"):
            node.items = self.distinct(self.some(self.hashable))
        elif kind == "array":
            node.items = self.some(self.value)
            node.data["shape"] = (len(node.items),)
        elif kind not in ("Namespace", "Settings", "Options"):
            keys = self.distinct(self.some(self.key, most=5))
            value = self.count if kind == "Counter" else self.value
            node.entries = [(key, value()) for key in keys]
        self.attributes(node)
        if kind in MUTABLE:
            self.open.pop()
        return self.keep(node)

    def attributes(self, node):
        random = self.random
        always = node.kind in ("Namespace", "Settings", "Options")
        if node.kind not in ATTRIBUTED or not (always or random.random() < 0.25):
            return
        names = random.sample(names_for(node), random.randint(1, 3))
        node.attrs = [(name, self.value()) for name in names if name != "_metadata"]
        if node.kind == "OrderedDict" and random.random() < 0.6 or "_metadata" in names:
            node.attrs.append(("_metadata", self.metadata()))

    def metadata(self):
        """What a state dict has of its modules, or something else of this name."""
        random = self.random
        if random.random() < 0.2:
            return self.value()
        entries = []
        for module in random.sample(["", "fc", "fc.norm", "a\nb", "ä"], random.randint(0, 3)):
            fields = [(plain("version"), plain(random.randint(1, 3)))]
            if random.random() < 0.3:
                fields.append((plain(random.choice(("extra", "t"))), self.value()))
            entries.append((plain(module), self.keep(Node("dict", entries=fields))))
        return self.keep(Node(random.choice(("OrderedDict", "OrderedDict", "dict")), entries=entries))

    def count(self):
        return plain(self.random.randint(-2, 9))

    def distinct(self, nodes):
        """Those of the nodes that no two are equal of, as Python finds."""
        chosen, values = [], set()
        for node in nodes:
            value = make(node)
            is_nan = isinstance(value, (float, complex)) and value != value
            if value not in values and not is_nan:
                values.add(value)
                chosen.append(node)
        return chosen

    def key(self):
        return plain(self.random.choice(TEXTS)) if self.random.random() < 0.7 else self.hashable()

    def hashable(self, depth=2):
        random = self.random
        kind = random.random()
        if kind < 0.12:
            return self.keep(random_tensors.dense(random))
        if kind < 0.3 and depth:
            items = [self.hashable(depth - 1) for _ in range(random.randint(0, 3))]
            kind = random.choice(("tuple", "tuple", "frozenset"))
            return self.keep(Node(kind, items=items if kind == "tuple" else self.distinct(items)))
        if kind < 0.35:
            node = Node(random.choice(("Settings", "Options")))
            self.attributes(node)
            return self.keep(node)
        return plain(self.atom())

    def atom(self):
        random = self.random
        return random.choice((
            lambda: None, lambda: random.random() < 0.5, lambda: random.randint(-3, 9), lambda: random.randint(-3, 9),
            lambda: random.choice((-1, 1)) * random.getrandbits(random.choice((8, 17, 33, 64, 300))),
            lambda: random.choice(FLOATS), lambda: random.random(), lambda: random.choice(TEXTS), lambda: random.choice(TEXTS),
            lambda: complex(random.choice(FLOATS), random.choice(FLOATS)), lambda: random.randbytes(random.randint(0, 4)),
            lambda: "".join(random.choices("abcä重", k=random.randint(0, 5))), lambda: random.choice(GLOBALS),
        ))()  # fmt: skip

    def leaf(self):
        random = self.random
        kind = random.random()
        if kind < 0.42:
            return plain(float("nan") if kind < 0.01 else self.random.choice(STANDARD) if kind < 0.03 else self.atom())
        if kind < 0.46:
            return Node("bytearray", value=random.randbytes(random.randint(0, 4)))
        if kind < 0.54:
            return random_tensors.array(random)
        if kind < 0.58:
            return random_tensors.scalar(random)
        if kind < 0.62:
            return random_tensors.bare(random, self.storage())
        node = random.choice((
            self.view, self.view, self.dense, self.dense, self.dense, lambda: random_tensors.meta(random), lambda: random_tensors.coo(random),
            lambda: random_tensors.compressed(random), lambda: random_tensors.quantized(random),
        ))()  # fmt: skip
        if len(self.open) < 6:
            self.open.append(node)
            self.attributes(node)
            self.open.pop()
        return node

    def dense(self):
        return random_tensors.dense(self.random)

    def storage(self):
        """A storage that was made before, or None."""
        tensors = [node for node in self.made if node.kind == "tensor"]
        return self.random.choice(tensors).parts["storage"] if tensors else None

    def view(self):
        """A tensor that shares its storage with another, where there is one."""
        base = self.storage()
        return random_tensors.dense(self.random, base and base.data["dtype"], base=base)


CONTAINERS = [
    "dict", "dict", "OrderedDict", "defaultdict", "Counter", "Entries", "list", "list", "tuple", "Items", "set", "frozenset",
    "Namespace", "Settings", "Options", "Reduced", "array",
]  # fmt: skip
