"""A person's own network: `path/file.py:Name`, a class or a function that makes an `nn.Module`.

The file is imported and called here. Where that fails, `NotMade` carries everything that is known, and the
room `lint` says why.
"""

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from convscope.errors import NetworkError, got, guess
from convscope.network import keras_file
from convscope.network.layers import MadeFor, Space
from convscope.paths import expanded

PRIVATE = "_convscope_own_network"  # the name under which Python keeps the file: in nobody's way
FORM = "Write the network as path/file.py:ClassOrFunction."
NEARLY_INIT = re.compile(r"_+(init|int|inti|ini|intit|innit|initt)_+")


class NotMade(NetworkError):  # noqa: N818 - reads as a sentence where it is raised
    """A person's own file that makes no network.

    Attributes:
        error: as it was raised.
        text: what the person wrote.
        file: where that stands.
        name: of the class or function.
        remake: makes the network from another text, or raises; the folder has to be importable.
    """

    def __init__(
        self, error: BaseException, text: str, file: str, name: str, remake: Callable[[str], nn.Module]
    ) -> None:
        super().__init__(f"{name} cannot be made: {error or type(error).__name__}.")
        self.error, self.text, self.file, self.name, self.remake = error, text, file, name, remake


class Incomplete(Exception):  # noqa: N818 - nothing failed: what was made cannot be a network
    """Something that Python allows and that is no network.

    Attributes:
        kind: what is amiss: "forward", "init", "self", "asked", "module".
        thing: the class or function that has it.
        detail: what the mistake is about.
    """

    def __init__(self, kind: str, thing: Any, detail: Any = None) -> None:  # noqa: ANN401
        super().__init__(kind)
        self.kind, self.thing, self.detail = kind, thing, detail


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
    path = expanded(file).resolve()
    if not path.is_file():
        raise NetworkError(_no_file(path, file))
    text = _read(path, file)

    def make(text: str) -> nn.Module:
        return call(_find(_import(path, text), wanted, file), name, channels, classes, space, **scale)

    with neighbours(path.parent), keras_file.on_torch():
        try:
            return make(text)
        except NetworkError:
            raise
        except (Exception, SystemExit) as error:  # a person's code may raise anything
            keras_file.demand_torch(error)
            raise NotMade(error, text, str(path), wanted or path.name, make) from error


def call(
    make: Callable[..., Any], name: str, channels: int, classes: int, space: Space, **scale: float
) -> nn.Module:
    """Call a class or function with what its signature names, see `build_own`; `name` is for messages.

    Raises:
        Incomplete: it makes no network. And whatever it raises itself.
    """
    facts = dict.fromkeys(("channels", "in_channels"), channels)
    facts |= dict.fromkeys(("classes", "num_classes"), classes)
    arguments = _arguments(make, facts | {"space": space} | scale, name, needed=tuple(scale))

    def anew() -> Any:  # noqa: ANN401 - whatever a person's code makes
        with keras_file.names_anew():
            return make(**arguments)

    made = anew()
    if keras_file.is_keras(made):
        from convscope.network.keras_network import around

        return around(made, MadeFor(channels, classes, space), anew)
    return _demand_network(make, made)


def _no_file(path: Path, file: str) -> str:
    """What to say where there is no such file."""
    near = get_close_matches(path.name, [each.name for each in path.parent.glob("*.py")], n=1)
    meant = f"; did you mean '{Path(file).parent / near[0]}'?" if near else "."
    return f"there is no file '{file}'{meant}\n  {FORM}"


def _read(path: Path, file: str) -> str:
    if path.suffix != ".py":
        raise NetworkError(f"'{file}' is no Python file.\n  {FORM}")
    try:
        return importlib.util.decode_source(path.read_bytes())
    except (SyntaxError, UnicodeDecodeError) as error:
        raise NetworkError(f"'{file}' cannot be read as text: {error}.\n  Save it as UTF-8.") from error


def _demand_network(make: Callable[..., Any], network: object) -> nn.Module:
    """Demand a network of what was made.

    Raises:
        Incomplete: it is none, or one whose methods are not those that nn.Module calls.
    """
    if not isinstance(network, nn.Module):
        raise Incomplete("module", make, network)
    for kind in dict.fromkeys(type(each) for each in network.modules()):
        if kind.__module__ == PRIVATE and nearly_init(kind):
            raise Incomplete("init", kind)
    if type(network).forward is nn.Module.forward:
        raise Incomplete("forward", type(network))
    if _lacks_self(type(network), "forward"):
        raise Incomplete("self", type(network), "forward")
    return network


def nearly_init(kind: type) -> str:
    """The method that was meant to be `__init__`; "" where there is none.

    >>> nearly_init(type("Net", (), {"_init_": None})), nearly_init(type("Net", (), {}))
    ('_init_', '')
    """
    if "__init__" in vars(kind):
        return ""
    return next((name for name in vars(kind) if NEARLY_INIT.fullmatch(name)), "")


def _lacks_self(kind: object, method: str) -> bool:
    """A method without arguments, or a forward with the input alone."""
    code = getattr(vars(kind).get(method), "__code__", None) if isinstance(kind, type) else None
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return False
    return not code.co_argcount or (method == "forward" and code.co_varnames[: code.co_argcount] == ("x",))


@contextmanager
def neighbours(folder: Path) -> Iterator[None]:
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


def _import(path: Path, text: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(PRIVATE, path)
    assert spec is not None  # a file that ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[PRIVATE] = module  # dataclasses and the like look their module up
    try:
        exec(compile(text, str(path), "exec"), vars(module))
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
        raise NetworkError(f"{file} has no '{wanted}'{guess(wanted, names)}{has}")
    if isinstance(found, nn.Module) or not callable(found):
        raise NetworkError(f"'{wanted}' of {file} is {got(found)}, not a class or function.{has}")
    return found


def _arguments(
    make: Callable[..., Any], facts: dict[str, Any], name: str, needed: tuple[str, ...]
) -> dict[str, Any]:
    """Of what is known, that which the signature names."""
    if _lacks_self(make, "__init__"):
        raise Incomplete("self", make, "__init__")
    signature = inspect.signature(make)
    for knob in needed:
        if knob not in signature.parameters:
            raise NetworkError(f"network '{name}' has no {knob}.\n  Its signature: {signature}.")
    unknown = [key for key, value in signature.parameters.items() if is_asked(value) and key not in facts]
    if unknown:
        raise Incomplete("asked", make, unknown)
    return {key: value for key, value in facts.items() if key in signature.parameters}


def is_asked(parameter: inspect.Parameter) -> bool:
    """A parameter that a call cannot leave out."""
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic
