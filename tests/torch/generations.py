"""Three generations of one model, each able to load its ancestors' checkpoints.

Generation 1 was saved without `_metadata`. Generation 2 of `Block` renamed its norm and a parameter, and
dropped a scale; generation 3 cut the packed projection in three, transposed the gate, and added a
bias of its own. `Encoder`, the root, renamed a child in its own version 2.
"""

import checkpoint
import torch
from torch import nn

WIDTH = 4


class BlockV1(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.old_gate = nn.Parameter(torch.empty(2, WIDTH))
        self.scale = nn.Parameter(torch.empty(()))
        self.ln = nn.LayerNorm(WIDTH)


class BlockV2(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.gate = nn.Parameter(torch.empty(2, WIDTH))
        self.norm = nn.LayerNorm(WIDTH)


class BlockV3(nn.Module):
    _version = 3

    def __init__(self):
        super().__init__()
        self.q = nn.Parameter(torch.empty(WIDTH, WIDTH))
        self.k = nn.Parameter(torch.empty(WIDTH, WIDTH))
        self.v = nn.Parameter(torch.empty(WIDTH, WIDTH))
        self.gate = nn.Parameter(torch.empty(WIDTH, 2))
        self.bias = nn.Parameter(torch.empty(WIDTH))
        self.norm = nn.LayerNorm(WIDTH)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        version = local_metadata.get("version") or 0
        if version < 2:
            for key in [key for key in state_dict if key.startswith(prefix + "ln.")]:
                state_dict[key.replace(prefix + "ln.", prefix + "norm.", 1)] = state_dict.pop(key)
            state_dict[prefix + "gate"] = state_dict.pop(prefix + "old_gate")
            del state_dict[prefix + "scale"]
        if version < 3:
            packed = state_dict.pop(prefix + "in_proj_weight")
            for name, part in zip("qkv", packed.split(WIDTH, 0)):
                state_dict[prefix + name] = part
            state_dict[prefix + "gate"] = state_dict[prefix + "gate"].t()
            state_dict.setdefault(prefix + "bias", self.bias)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


class EncoderV1(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = BlockV1()
        self.blocks = nn.ModuleList([BlockV1(), BlockV1()])


class EncoderV2(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.stem = BlockV2()
        self.blocks = nn.ModuleList([BlockV2(), BlockV2()])


class EncoderV3(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.stem = BlockV3()
        self.blocks = nn.ModuleList([BlockV3(), BlockV3()])

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """The root's own renaming: torch gives a parent no say over its children's metadata."""
        metadata = getattr(state_dict, "_metadata", None)
        version = (metadata or {}).get("", {}).get("version") or 0
        if version < 2:
            moved = type(state_dict)(
                (key.replace("first.", "stem.", 1) if key.startswith("first.") else key, value)
                for key, value in state_dict.items()
            )
            if metadata is not None:
                moved._metadata = type(metadata)(
                    ("stem" + path[5:] if path == "first" or path.startswith("first.") else path, entry)
                    for path, entry in metadata.items()
                )
            state_dict = moved
        return super().load_state_dict(state_dict, strict, assign)


GENERATIONS = {1: EncoderV1, 2: EncoderV2, 3: EncoderV3}


def make(generation, seed):
    """A model of a generation, its elements exact in float32 and chosen by `seed`."""
    model = GENERATIONS[generation]()
    generator = torch.Generator().manual_seed(seed)
    for tensor in model.state_dict().values():
        values = torch.randint(-(2**20), 2**20, tensor.shape, generator=generator)
        tensor.copy_(values.to(tensor.dtype) / 2**20)
    return model


def save(generation, path, seed):
    """Writes a checkpoint as that generation did: the first without `_metadata`."""
    state = make(generation, seed).state_dict()
    torch.save(dict(state) if generation == 1 else state, path)


def state(generation, seed):
    """What a model of a generation holds when it is made with `seed`."""
    return checkpoint.description(make(generation, seed).state_dict())


def upgraded(path, seed):
    """What torch's third generation, made with `seed`, holds after loading `path`."""
    model = make(3, seed)
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return checkpoint.description(model.state_dict())
