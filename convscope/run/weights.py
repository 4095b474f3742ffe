"""Tensors ⇄ bytes (safetensors: names, types, shapes and numbers, never code), and tensors into a network."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from convscope.errors import RunError
from convscope.run.manifest import SNAPSHOTS
from convscope.shapes import show

BEST, LAST = "best.safetensors", "last.safetensors"  # of the best epoch, of the last step
TRAINING = "training.safetensors"  # what beside the last weights a finished training needs to be trained on
MODEL = "model."  # how the names of weights begin in a checkpoint

START = "start.safetensors"  # those that a network was handed over with
SNAPSHOT = re.compile(r"snapshots/(\d+)\.safetensors")  # those of a moment of training


def snapshot_name(step: int) -> str:
    """The file of the weights after so many steps.

    >>> snapshot_name(100), snapshot_steps([snapshot_name(100), snapshot_name(0), LAST])
    ('snapshots/100.safetensors', (0, 100))
    """
    return f"{SNAPSHOTS}/{step}.safetensors"


def snapshot_steps(names: Iterable[str]) -> tuple[int, ...]:
    """The steps of the snapshots among some files."""
    return tuple(sorted(int(found[1]) for name in names if (found := SNAPSHOT.fullmatch(name))))


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as the content of a safetensors file; the same tensors give the same bytes.

    >>> unpack(pack({"a": torch.arange(3)}), "x")
    {'a': tensor([0, 1, 2])}
    """
    # Copies, for views of one storage (tied weights, a flat vector) and other strides are refused
    plain = torch.contiguous_format
    return safetensors.torch.save(
        {k: v.detach().cpu().clone(memory_format=plain) for k, v in tensors.items()}
    )


def unpack(data: bytes, what: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Args:
        data: the file's content, its hash already checked.
        what: the file, for the message.

    Raises:
        RunError: it is no safetensors file, or its header contradicts itself. Nothing in it is ever executed.
    """
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, RuntimeError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise RunError(f"{what} is not a sound safetensors file: {error}\n{_advice(data)}") from error


def _advice(data: bytes) -> str:
    if data[:2] == b"PK" or data[:1] == b"\x80":
        return (
            "  It looks like a pickle (as torch.save writes), which can run code of its maker when opened.\n"
            "  convscope opens safetensors files only."
        )
    return "  Take it from a backup, or train again."


def select(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name begins with `prefix`, without it.

    >>> select({"model.w": torch.tensor(1), "progress.step": torch.tensor(7)}, "model.")
    {'w': tensor(1)}
    """
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def parted(state: Mapping[str, Tensor]) -> dict[str, bytes]:
    """A checkpoint's tensors as two files: the weights, and the rest; each number once."""
    rest = {name: tensor for name, tensor in state.items() if not name.startswith(MODEL)}
    return {LAST: pack(select(state, MODEL)), TRAINING: pack(rest)}


def joined(last: bytes, rest: bytes, folder: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, from the two files of `parted`."""
    model = unpack(last, str(folder / LAST))
    return {f"{MODEL}{name}": tensor for name, tensor in model.items()} | unpack(rest, str(folder / TRAINING))


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
