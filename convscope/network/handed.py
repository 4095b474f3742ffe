"""A network that was handed over in Python: a class, a function or a network itself → what a run can record.

Where it can be made again from a file, the run is as complete as any: another process makes the network by
itself. Else the run records that it was handed over as an object.
"""

import hashlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import torch
from torch import Tensor, nn

from convscope.errors import NetworkError, got
from convscope.network import fit, in_a_row, keras_file, written
from convscope.network.keras_file import imported
from convscope.network.layers import MadeFor, demand_no_scale
from convscope.network.model import Model
from convscope.network.own import build_own, call
from convscope.randomness import forked, seeded

FORMS = "Give a name, file.py:Class, a class or function that makes an nn.Module, or an nn.Module."

CLOSE = {"rtol": 1e-5, "atol": 1e-6, "equal_nan": True}  # two that are made alike round alike


class Settled(NamedTuple):
    """What was handed over, as a run records it.

    Attributes:
        name: `file.py:Name` where a file makes it; else what it is called. Of a file that was written here
            the name alone: it is in nobody's folder but the run's.
        body: the network with the weights to start from; None: a file makes it, weights and all.
        file: `file.py:Name` that makes it again, wherever it is; None: there is none.
    """

    name: str
    body: nn.Module | None
    file: str | None


def settle(given: Any, shape: MadeFor, folder: Path, seed: int, scale: dict[str, float]) -> Settled:  # noqa: ANN401
    """Make the network, and find a file that makes it again.

    A network itself is copied, to the CPU: training changes the copy. Its weights are the start.

    Args:
        given: an `nn.Module`, or a class or function that makes one.
        shape: what it is made for.
        folder: where files are written for those that have none.
        seed: of the weights.
        scale: width and depth, where given.

    Raises:
        NetworkError: it makes no network, or one that does not fit the samples.
    """
    if keras_file.is_keras(given):
        return _of_keras(given, folder, scale)
    if isinstance(given, nn.Module):
        return _of_network(given, shape, folder, scale)
    if not callable(given):
        raise NetworkError(f"the network is {got(given)}.\n  {FORMS}")
    file = _file(given, folder)
    name = getattr(given, "__name__", type(given).__name__)
    try:
        with seeded(seed):
            made = call(given, name, *shape, **scale)
    except NetworkError:
        raise
    except (Exception, SystemExit) as error:  # a person's code may raise anything
        if file:
            build_own(file, *shape, **scale)  # fails alike, and is explained
        why = str(error) or type(error).__name__
        raise NetworkError(
            f"{name} cannot be made: {why}.\n  It is called with what its arguments name of channels, classes"
            " and space; give others a default, or hand over the network itself."
        ) from error
    fit.check(made, *shape)
    if file and _made_alike(file, made, shape, scale):
        return Settled(_recorded(file, folder), None, file)
    return Settled(_spoken(name), made, None)


def copied(given: Any) -> nn.Module:  # noqa: ANN401
    """A copy of a network on the CPU; of a run's model without its first and last step.

    Raises:
        NetworkError: it is no network, or cannot be copied.
    """
    if not isinstance(given, nn.Module):
        raise NetworkError(f"the network is {got(given)}, expected an nn.Module.\n  {FORMS}")
    body = getattr(given, "_orig_mod", given)
    body = body.network if isinstance(body, Model) else body
    try:
        return deepcopy(body).cpu()
    except Exception as error:  # numbers that are nowhere (meta), locks and files inside
        why = str(error) or type(error).__name__
        words = f"the network cannot be copied: {why}.\n  Hand over the class that makes it."
        raise NetworkError(words) from error


def _of_network(given: nn.Module, shape: MadeFor, folder: Path, scale: dict[str, float]) -> Settled:
    body, name = copied(given), type(given).__name__
    demand_no_scale(name, scale)
    fit.check(body, *shape)
    file = _file_in_a_row(body, folder) if type(body) is nn.Sequential else _file(type(body), folder)
    if file and _made_alike(file, body, shape, {}):
        return Settled(_recorded(file, folder), body, file)
    return Settled(name, body, None)


def _of_keras(model: Any, folder: Path, scale: dict[str, float]) -> Settled:  # noqa: ANN401
    """A Keras model is saved as Keras does it, weights and all; the file makes it again."""
    if not isinstance(model, imported().Model):
        raise NetworkError(f"the network is {got(model)}, expected a keras.Model.\n  {FORMS}")
    demand_no_scale(model.name, scale)
    path = folder / f"{uuid4().hex}.keras"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
        content = path.read_bytes()
    except Exception as error:  # of Keras, or of the disk
        why = str(error) or type(error).__name__
        words = f"the Keras model {model.name} cannot be saved: {why}.\n  Hand over what makes it."
        raise NetworkError(words) from error
    named = folder / hashlib.sha256(content).hexdigest()[:16] / f"{model.name}.keras"
    named.parent.mkdir(exist_ok=True)
    path.replace(named)
    return Settled(named.name, None, str(named))


def _file(make: Callable[..., Any], folder: Path) -> str | None:
    """The file that has a class or function, written where there is none; None: it has no source."""
    name = getattr(make, "__name__", "")
    if not name.isidentifier():
        return None
    if file := written.own_file(make):
        return file
    try:
        text = written.source(make)
    except written.Unwritable:
        return None
    return _put(text, name, folder)


def _file_in_a_row(network: nn.Sequential, folder: Path) -> str | None:
    """A file that makes a row of torch's own layers; None: it has others."""
    try:
        return _put(in_a_row.source(network), in_a_row.NAME, folder)
    except written.Unwritable:
        return None


def _put(text: str, name: str, folder: Path) -> str | None:
    """Write a file that makes a network, `file.py:name`; None: it cannot be written."""
    path = folder / hashlib.sha256(text.encode()).hexdigest()[:16] / "network.py"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return f"{path}:{name}"


def _made_alike(file: str, made: nn.Module, shape: MadeFor, scale: dict[str, float]) -> bool:
    """Whether the file makes the same network: its weights, which of them learn, and with these its output.

    In training too: a dropout that was set to another share or frozen weights are in no source.
    """
    inputs = torch.zeros(2, shape.channels, *shape.space)
    inputs += torch.linspace(-1, 1, inputs.numel()).view_as(inputs)
    try:
        with forked(), torch.no_grad():
            other = build_own(file, *shape, **scale)
            fit.check(other, *shape)
            other.load_state_dict(made.state_dict())
            if _as_set(other) != _as_set(made):
                return False
            return all(
                torch.allclose(_said(other, inputs, training), _said(made, inputs, training), **CLOSE)
                for training in (False, True)
            )
    except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, the file does not make it
        return False


def _as_set(network: nn.Module) -> tuple[list, list]:
    """How each layer was set, and which weights learn."""
    return (
        [(name, each.extra_repr()) for name, each in network.named_modules()],
        [(name, each.requires_grad) for name, each in network.named_parameters()],
    )


def _said(network: nn.Module, inputs: Tensor, training: bool) -> Tensor:
    with seeded(0):
        return deepcopy(network).train(training)(inputs)


def _recorded(file: str, folder: Path) -> str:
    """The person's own file with its path, one that was written here without."""
    return Path(file).name if Path(file).is_relative_to(folder) else file


def _spoken(name: str) -> str:
    """A name for people: a lambda has none."""
    return name if name.isidentifier() else "network"
