"""A person's own network: `path/file.py:Name`, a class or a function that makes an `nn.Module`."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from convscope.errors import NetworkError
from convscope.network.layers import Space

PRIVATE = "_convscope_own_network"  # the name under which Python keeps the file: in nobody's way
FORM = "Write the network as path/file.py:ClassOrFunction."
KNOWN = "channels (or in_channels), classes (or num_classes), space; width and depth where given as options"


def is_own(name: str) -> bool:
    """Say whether this names a file and not a network of the house.

    >>> is_own("nets.py:Net"), is_own("plain")
    (True, False)
    """
    return ":" in name or name.endswith(".py")


def build_own(name: str, channels: int, classes: int, space: Space, **scale: float) -> nn.Module:
    """Import the file and call what is named there.

    The call passes what its signature names: `channels` (or `in_channels`), `classes` (or `num_classes`),
    `space`, and `width` and `depth` where given. The file may import its neighbours.

    Raises:
        NetworkError: no such file or name, the file or the call fails, or it makes no `nn.Module`.
    """
    file, _, wanted = name.rpartition(":") if ":" in name else (name, "", "")
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise NetworkError(f"there is no file '{file}'.\n  {FORM}")
    facts = dict.fromkeys(("channels", "in_channels"), channels)
    facts |= dict.fromkeys(("classes", "num_classes"), classes)
    with _neighbours(path.parent):
        make = _find(_import(path), wanted, file)
        arguments = _arguments(make, facts | {"space": space} | scale, name, needed=tuple(scale))
        try:
            network = make(**arguments)
        except Exception as error:  # a person's code may raise anything
            raise _failed(f"'{wanted}' of {file} fails while it is made", error, path) from error
    if not isinstance(network, nn.Module):
        got = type(network).__name__
        raise NetworkError(f"'{wanted}' of {file} makes a {got}, not a nn.Module.\n  Let it return one.")
    return network


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let imports find the files of this folder, then forget them, so that two folders never get mixed up."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if _lies_in(folder, name):
                del sys.modules[name]


def _lies_in(folder: Path, name: str) -> bool:
    """A module that was found in this very folder (not in a .venv that happens to stand there)."""
    origin = getattr(sys.modules[name], "__file__", None)
    if not origin or not Path(origin).is_relative_to(folder):
        return False
    first = Path(origin).relative_to(folder).parts[0]
    return first.removesuffix(".py") == name.partition(".")[0]


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(PRIVATE, path)
    if spec is None or spec.loader is None:
        raise NetworkError(f"'{path}' is no Python file.\n  {FORM}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PRIVATE] = module  # dataclasses and the like look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a person's code may raise anything
        raise _failed(f"{path} cannot be imported", error, path) from error
    finally:
        del sys.modules[PRIVATE]
    return module


def _find(module: ModuleType, wanted: str, file: str) -> Callable[..., Any]:
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == PRIVATE]
    names = [name for name in own if callable(vars(module)[name]) and not name.startswith("_")]
    has = f"\n  It has: {', '.join(names) or 'no class or function'}."
    if not wanted:
        raise NetworkError(f"say which class or function of {file} makes the network: {file}:Name.{has}")
    found = getattr(module, wanted, None)
    if found is None:
        near = get_close_matches(wanted, names, n=1)
        guess = f"; did you mean '{near[0]}'?" if near else "."
        raise NetworkError(f"{file} has no '{wanted}'{guess}{has}")
    if isinstance(found, nn.Module) or not callable(found):
        kind = type(found).__name__
        raise NetworkError(f"'{wanted}' of {file} is a {kind}, not a class or function.{has}")
    return found


def _arguments(
    make: Callable[..., Any], facts: dict[str, Any], name: str, needed: tuple[str, ...]
) -> dict[str, Any]:
    """Of what is known, that which the signature names."""
    signature = inspect.signature(make)
    for knob in needed:
        if knob not in signature.parameters:
            raise NetworkError(f"network '{name}' has no {knob}.\n  Its signature: {signature}.")
    unknown = [key for key, value in signature.parameters.items() if _is_asked(value) and key not in facts]
    if unknown:
        raise NetworkError(
            f"'{name}' asks for {', '.join(unknown)}, which is not known here.\n"
            f"  Known are: {KNOWN}. Give the others a default."
        )
    return {key: value for key, value in facts.items() if key in signature.parameters}


def _is_asked(parameter: inspect.Parameter) -> bool:
    """A parameter that a call cannot leave out."""
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic


def _failed(what: str, error: Exception, path: Path) -> NetworkError:
    line = _line(error, path)
    where = f", line {line}" if line else ""
    return NetworkError(f"{what}{where}.\n  The message was: {type(error).__name__}: {error}")


def _line(error: Exception, path: Path) -> int | None:
    """The line of the person's file that was at work when it failed."""
    if isinstance(error, SyntaxError):
        return error.lineno if error.filename == str(path) else None
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return line
