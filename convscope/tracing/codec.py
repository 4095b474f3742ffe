"""Arguments and results of calls as JSON, and back; never code."""

import math
from typing import Any

import torch

from convscope.tracing.structure import Ref, Unkept

PLAIN = (bool, int, str, type(None))
DTYPES = {str(each): each for each in vars(torch).values() if isinstance(each, torch.dtype)}
# torch's own constants, by the words that they show themselves with: "torch.float32", "torch.strided".
CONSTANTS = {
    str(constant): constant
    for constant in vars(torch).values()
    if isinstance(constant, torch.layout | torch.memory_format)
} | DTYPES


def encode(structure: Any) -> Any:  # noqa: ANN401
    """What JSON does not have becomes a dict with one key that says what it is.

    >>> encode((Ref(3), 2, [None, torch.float32]))
    {'tuple': [{'ref': 3}, 2, [None, {'torch': 'torch.float32'}]]}
    """
    match structure:
        case float() if math.isfinite(structure):
            return structure
        case float():
            return {"float": str(structure)}
        case complex():
            return {"complex": [encode(structure.real), encode(structure.imag)]}
        case Ref():
            return {"ref": structure.index}
        case tuple():
            return {"tuple": [encode(each) for each in structure]}
        case list():
            return [encode(each) for each in structure]
        case dict():
            return {"dict": [[encode(key), encode(value)] for key, value in structure.items()]}
        case slice():
            return {"slice": [encode(each) for each in (structure.start, structure.stop, structure.step)]}
    return _encode_leaf(structure)


def _encode_leaf(leaf: Any) -> Any:  # noqa: ANN401
    if type(leaf) in PLAIN:
        return leaf
    if leaf is ...:
        return {"ellipsis": None}
    if str(leaf) in CONSTANTS:
        return {"torch": str(leaf)}
    if isinstance(leaf, torch.device):
        return {"device": str(leaf)}
    if isinstance(leaf, torch.Generator):
        return {"generator": None}
    return {"unkept": leaf.text if isinstance(leaf, Unkept) else f"a {type(leaf).__name__}"}


def decode(coded: Any) -> Any:  # noqa: ANN401
    """The way back.

    Raises:
        ValueError: `encode` never writes this.

    >>> decode(encode({"size": (2, slice(None)), "dtype": torch.int8}))
    {'size': (2, slice(None, None, None)), 'dtype': torch.int8}
    """
    if isinstance(coded, float | bool | int | str | None):
        return coded
    if isinstance(coded, list):
        return [decode(each) for each in coded]
    ((kind, content),) = coded.items()
    if kind not in DECODERS:
        raise ValueError(f"no such thing as '{kind}'")
    return DECODERS[kind](content)


DECODERS = {
    "float": float,
    "complex": lambda parts: complex(*map(decode, parts)),
    "ref": lambda index: Ref(int(index)),
    "tuple": lambda items: tuple(decode(each) for each in items),
    "dict": lambda pairs: {decode(key): decode(value) for key, value in pairs},
    "slice": lambda parts: slice(*map(decode, parts)),
    "ellipsis": lambda _: ...,
    "torch": CONSTANTS.__getitem__,
    "device": torch.device,
    "generator": lambda _: torch.Generator(),
    "unkept": lambda text: Unkept(str(text)),
}
