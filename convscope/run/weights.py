"""Tensors ⇄ bytes (safetensors: names, types, shapes and numbers, never code), and tensors into a network."""

from collections.abc import Mapping

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from convscope.errors import RunError
from convscope.shapes import show


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as the content of a safetensors file; the same tensors give the same bytes.

    >>> unpack(pack({"a": torch.arange(3)}), "x")
    {'a': tensor([0, 1, 2])}
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save({name: _own(tensor) for name, tensor in plain.items()})


def _own(tensor: Tensor) -> Tensor:
    """A copy where the tensor is a window into a larger one, which safetensors may refuse."""
    return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()


def unpack(data: bytes, what: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Args:
        data: the file's content, its hash already checked.
        what: the file, for the message.

    Raises:
        RunError: it is no safetensors file, or its header contradicts itself. Nothing in it is ever executed.
    """
    if data[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise RunError(
            f"{what} is a pickle (as torch.save writes), which can run code of its maker when it is opened.\n"
            "  convscope never opens those; it needs a safetensors file."
        )
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, RuntimeError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise RunError(
            f"{what} is not a sound safetensors file: {error}\n  Take it from a backup, or train again."
        ) from error


def select(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name begins with `prefix`, without it.

    >>> select({"model.w": torch.tensor(1), "progress.step": torch.tensor(7)}, "model.")
    {'w': tensor(1)}
    """
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def fill(model: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Copy saved tensors into a network, in place.

    Args:
        model: the network.
        tensors: parameter or buffer name → values.
        what: where they come from, for the message.

    Raises:
        RunError: a name is missing or too many, or a shape or type is not the network's.
    """
    wanted = model.state_dict()
    faults = [f"{name} is missing" for name in wanted.keys() - tensors.keys()]
    faults += [f"{name} is not in the network" for name in tensors.keys() - wanted.keys()]
    for name in wanted.keys() & tensors.keys():
        ours, theirs = wanted[name], tensors[name]
        if ours.shape != theirs.shape:
            faults.append(f"{name} is {_show(theirs)}, the network wants {_show(ours)}")
        elif ours.dtype.is_floating_point != theirs.dtype.is_floating_point:
            faults.append(f"{name} holds {theirs.dtype}, the network wants {ours.dtype}")
    if faults:
        raise RunError(_misfit(sorted(faults), what))
    with torch.no_grad():
        model.load_state_dict(dict(tensors))


def _show(tensor: Tensor) -> str:
    return show(tuple(tensor.shape)) or "a single number"


def _misfit(faults: list[str], what: str) -> str:
    more = [f"… and {len(faults) - 5} more"] if len(faults) > 5 else []
    lines = "\n".join(f"    {fault}" for fault in faults[:5] + more)
    return (
        f"the weights in {what} do not fit the network:\n{lines}\n"
        "  The network's code has changed since, or the file belongs to another run."
    )
