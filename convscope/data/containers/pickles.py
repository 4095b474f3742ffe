"""Pickled dictionaries of arrays, read without running anything that a pickle asks for.

A pickle is a program: it may call whatever it names. Here its instructions are read one by one, and only
those that build numbers, texts, lists, dictionaries and NumPy's arrays are followed, by code of our own; no
name is ever looked up, and no function of a pickle's choice called. Anything else is refused.

Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py, which only takes instructions apart.
"""

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from pickletools import genops
from typing import Any

import numpy as np

from convscope.data.containers.member import Header, Member
from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

STARTS = tuple(
    bytes([0x80, version]) for version in range(2, 6)
)  # what a pickle begins with, but for old ones
DTYPE = re.compile(r"[<>|=]?(?:[biuf][1248]|[SU][0-9]{1,4}|\?)")
PLAIN = frozenset(
    [
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    ]
)  # instructions that stand for their argument
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
OLD_TEXTS = ("STRING", "BINSTRING", "SHORT_BINSTRING")  # of Python 2: bytes
MARK = object()


class Refused(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """What a pickle asks for and does not get."""


@dataclass
class Named:
    """A name in a pickle that we know; it stands for nothing but itself."""

    role: str


@dataclass
class Type:
    """A type of numbers, before and after its order of bytes is told."""

    code: str


@dataclass
class Array:
    """An array, before and after its numbers are told."""

    values: np.ndarray | None = None


def members(_: ExitStack, path: Path) -> dict[str, Member]:
    """The arrays of a pickled dictionary.

    Raises:
        DataError: damaged, or it holds anything else than arrays, numbers and texts.
    """
    found: dict[str, Member] = {}
    refuse_too_large(2 * path.stat().st_size, path)
    for key, value in read(path.read_bytes(), path).items():
        array = as_array(value)
        if array is not None and array.ndim and array.dtype.kind in "biufSU":
            found[key] = Member(partial(Header, array.shape, array.dtype), partial(np.asarray, array))
    return found


def read(content: bytes, path: Path) -> dict[str, Any]:
    """What a pickled dictionary holds under its texts: arrays, lists, numbers and texts.

    Args:
        content: of the file.
        path: of the file, for messages.

    Raises:
        DataError: as `members`.
    """
    try:
        found = _run(content)
    except Refused as error:
        raise DataError(
            f"{path} is a pickle that holds {error}, which could run code: not read.\n"
            "  Save plain arrays: numpy.savez('data.npz', X=X, y=y)."
        ) from error
    except Exception as error:
        raise DataError(
            f"{path} is damaged or no pickle: {str(error) or type(error).__name__}.\n  Get it again."
        ) from error
    if not isinstance(found, dict):
        raise DataError(
            f"{path} is a pickle of a {type(found).__name__.lower()}, not of a dictionary of arrays.\n"
            "  Save plain arrays: numpy.savez('data.npz', X=X, y=y)."
        )
    return {_text(key): value.values if isinstance(value, Array) else value for key, value in found.items()}


def as_array(value: object) -> np.ndarray | None:
    """An array, or a list of numbers or texts as one; None for anything else.

    A list of lists may share what it holds: a few bytes of a pickle would become more than memory holds.
    """
    if isinstance(value, np.ndarray):
        return value
    kinds = {*map(type, value)} if isinstance(value, list) else set()
    return np.array(value) if len(kinds) == 1 and kinds <= {int, float, bool, str, bytes} else None


def _text(key: object) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def _run(content: bytes) -> object:
    """Follow the instructions on a stack of our own."""
    stack: list[Any] = []
    memory: dict[int, Any] = {}
    for instruction, argument, _ in genops(content):
        if instruction.name == "STOP":
            return stack.pop()
        if instruction.name in STEPS:
            STEPS[instruction.name](stack)
        else:
            _with_argument(instruction.name, argument, stack, memory)
    raise ValueError("it ends too early")


def _with_argument(name: str, argument: Any, stack: list[Any], memory: dict[int, Any]) -> None:  # noqa: ANN401
    if name in PLAIN:
        stack.append(argument)
    elif name in CONSTANTS:
        stack.append(CONSTANTS[name])
    elif name in OLD_TEXTS:
        stack.append(str(argument).encode("latin-1"))
    elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
        memory[len(memory) if argument is None else int(argument)] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memory[int(argument)])
    elif name == "GLOBAL":
        stack.append(_known(*str(argument).split(" ", 1)))
    elif name not in ("PROTO", "FRAME"):
        raise Refused(f"the instruction {name}")


def _known(module: object, name: object) -> Named:
    if not (isinstance(module, str) and isinstance(name, str)):
        raise ValueError("a name in it is no text")
    role = NAMES.get((module, name))
    if role is None:
        raise Refused(f"{module}.{name}"[:100])
    return Named(role)


def _above(stack: list[Any]) -> list[Any]:
    """What stands above the last mark, taken off with it."""
    place = len(stack) - 1
    while stack[place] is not MARK:  # an IndexError where there is none
        place -= 1
    items = stack[place + 1 :]
    del stack[place:]
    return items


def _list(stack: list[Any], items: list[Any]) -> None:
    if not isinstance(stack[-1], list):
        raise Refused("items of something that is no list")
    stack[-1].extend(items)


def _pairs(stack: list[Any], items: list[Any]) -> None:
    if not isinstance(stack[-1], dict) or not all(isinstance(key, str | bytes | int) for key in items[::2]):
        raise Refused("entries of something that is no dictionary of texts")
    stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _dict(stack: list[Any]) -> None:
    items = _above(stack)
    stack.append({})
    _pairs(stack, items)


def _tuple(stack: list[Any], count: int) -> None:
    items = tuple(stack[-count:])
    del stack[-count:]
    stack.append(items)


def _stack_global(stack: list[Any]) -> None:
    name, module = stack.pop(), stack.pop()
    stack.append(_known(module, name))


def _reduce(stack: list[Any]) -> None:
    arguments, named = stack.pop(), stack.pop()
    if not isinstance(named, Named) or not isinstance(arguments, tuple) or named.role not in CALLS:
        raise Refused("a call")
    stack.append(CALLS[named.role](*arguments))


def _build(stack: list[Any]) -> None:
    state = stack.pop()
    if isinstance(stack[-1], Type):
        stack[-1].code = f"{_text(state[1])}{stack[-1].code.lstrip('<>|=')}"
    elif isinstance(stack[-1], Array):
        _, shape, kind, columns_first, data = state
        stack[-1].values = _array(data, kind, shape, "F" if columns_first else "C").values
    else:
        raise Refused("the state of an object")


def _type(code: str | bytes, *_: object) -> Type:
    return Type(_text(code))


def _array(data: bytes, kind: Type, shape: tuple[int, ...], order: str | bytes = "C") -> Array:
    if (
        not isinstance(data, bytes | bytearray)
        or not isinstance(kind, Type)
        or not DTYPE.fullmatch(kind.code)
    ):
        raise Refused("an array of objects")
    dtype = np.dtype(kind.code)
    if min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} has {len(data):,} bytes")
    values = np.frombuffer(data, dtype)
    return Array(values.reshape(shape[::-1]).T if _text(order) == "F" else values.reshape(shape))


def _number(kind: Type, data: bytes) -> Any:  # noqa: ANN401 - a number of any type
    values = _array(data, kind, (1,)).values
    assert values is not None  # it was just made
    return values[0].item()


def _encoded(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise Refused(f"a text in {encoding}"[:100])
    return text.encode("latin-1")


NAMES = {
    **{(f"numpy.{core}.multiarray", name): role for core in ("core", "_core")
       for name, role in (("_reconstruct", "empty"), ("scalar", "number"))},
    **{(f"numpy.{core}.numeric", "_frombuffer"): "array" for core in ("core", "_core")},
    **{(builtins, "bytes"): "nothing" for builtins in ("__builtin__", "builtins")},
    ("numpy", "dtype"): "type", ("numpy", "ndarray"): "class", ("_codecs", "encode"): "text",
}  # fmt: skip
CALLS: dict[str, Callable[..., Any]] = {
    "empty": lambda *_: Array(), "number": _number, "array": _array, "type": _type, "text": _encoded,
    "nothing": lambda: b"",
}  # fmt: skip
STEPS: dict[str, Callable[[list[Any]], None]] = {
    "MARK": lambda stack: stack.append(MARK),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_DICT": lambda stack: stack.append({}),
    "LIST": lambda stack: stack.append(_above(stack)),
    "TUPLE": lambda stack: stack.append(tuple(_above(stack))),
    "TUPLE1": lambda stack: _tuple(stack, 1),
    "TUPLE2": lambda stack: _tuple(stack, 2),
    "TUPLE3": lambda stack: _tuple(stack, 3),
    "APPEND": lambda stack: _list(stack, [stack.pop()]),
    "APPENDS": lambda stack: _list(stack, _above(stack)),
    "SETITEM": lambda stack: _pairs(stack, [stack.pop(-2), stack.pop()]),
    "SETITEMS": lambda stack: _pairs(stack, _above(stack)),
    "DICT": _dict,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BUILD": _build,
}
