"""Saves, loads and describes checkpoints: what the tests compare this library with."""

import models
import torch


def save(model, path, seed=0, legacy=False):
    """Writes a state dict of the class named `model` to `path`; returns what was in it."""
    state = models.make(model, seed).state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    return description(state)


def load(model, path, resave=None):
    """Loads `path` as a careful user does, strictly into a new model of the class named `model`.

    Returns what was in the file (`file`) and what the model holds then (`model`). With `resave`
    the model's state dict is also saved there, for a comparison byte by byte.
    """
    state = torch.load(path, weights_only=True)
    instance = models.MODELS[model]()
    instance.load_state_dict(state, strict=True)
    if resave is not None:
        torch.save(instance.state_dict(), resave)
    return {"file": description(state), "model": description(instance.state_dict())}


def describe(path):
    """What the checkpoint at `path` holds, without a model."""
    return description(torch.load(path, weights_only=True))


def description(state):
    """A state dict as plain data: the tensors in order, and `_metadata` where there is one.

    `storage` numbers the storages in order of first use: equal numbers are shared elements.
    `hex` is all elements in row-major order, little-endian.
    """
    storages = {}
    tensors = []
    for key, tensor in state.items():
        # All empty storages live at address 0, and share nothing.
        identity = _storage(tensor).data_ptr() or ("empty", key)
        tensors.append(
            {
                "key": key,
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "shape": list(tensor.shape),
                "stride": list(tensor.stride()),
                "storage_offset": tensor.storage_offset(),
                "storage": storages.setdefault(identity, len(storages)),
                "requires_grad": tensor.requires_grad,
                "hex": _elements(tensor).hex(),
            }
        )
    metadata = getattr(state, "_metadata", None)
    return {
        "tensors": tensors,
        "metadata": None if metadata is None else [list(item) for item in metadata.items()],
    }


def _storage(tensor):
    """The storage without an element type; torch 1.13 has no `untyped_storage`."""
    return tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()


def _elements(tensor):
    """All elements as bytes, of whatever dtype; numpy has no bfloat16, so the view is of bytes."""
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()
