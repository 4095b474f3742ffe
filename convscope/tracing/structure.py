"""Tensors inside lists, tuples and dicts: what a call takes and what a model returns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

from torch import Tensor


class Source(NamedTuple):
    """A line of the person's code."""

    file: str
    line: int
    function: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """Here stood the tensor `trace.values[index]`."""

    index: int


@dataclass(frozen=True, slots=True)
class Unkept:
    """Here stood something that a file does not keep."""

    text: str


SINGLE = (Tensor, int, Ref)  # most often, so asked for first


def convert(structure: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any structure, any leaf
    """The same structure with every leaf changed.

    A dict subclass or dataclass (a model's output class) becomes a plain dict.

    >>> convert({"scores": [1, 2], "mask": (3, None)}, lambda leaf: leaf and -leaf)
    {'scores': [-1, -2], 'mask': (-3, None)}
    """
    if isinstance(structure, SINGLE):
        return change(structure)
    if isinstance(structure, tuple):  # of single things almost always
        return tuple(
            [change(each) if isinstance(each, SINGLE) else convert(each, change) for each in structure]
        )
    if isinstance(structure, list):
        return [convert(value, change) for value in structure]
    if isinstance(structure, dict):
        return {key: convert(value, change) for key, value in structure.items()}
    if isinstance(structure, slice):
        return slice(*(convert(part, change) for part in (structure.start, structure.stop, structure.step)))
    if _has_fields(structure):
        return convert(_named(structure), change)
    return change(structure)


def leaves(structure: Any) -> Iterator[Any]:  # noqa: ANN401
    """Everything that is no container, in order.

    >>> list(leaves({"scores": [1, 2], "mask": (3, None)}))
    [1, 2, 3, None]
    """
    if isinstance(structure, SINGLE):
        yield structure
    elif isinstance(structure, (list, tuple)):
        for value in structure:
            yield from leaves(value)
    elif isinstance(structure, dict):
        yield from leaves(list(structure.values()))
    elif isinstance(structure, slice):
        yield from (structure.start, structure.stop, structure.step)
    elif _has_fields(structure):
        yield from leaves(_named(structure))
    else:
        yield structure


def _named(structure: Any) -> dict[str, Any]:  # noqa: ANN401
    return {field.name: getattr(structure, field.name) for field in fields(structure)}


def _has_fields(structure: Any) -> bool:  # noqa: ANN401
    """A dataclass, as some models return; a `Ref` is a leaf."""
    return is_dataclass(structure) and not isinstance(structure, type | Ref | Unkept)


def tensors_of(structure: Any) -> list[int]:  # noqa: ANN401
    """Indices of the values in an argument that may be a list of tensors, as of `torch.cat`."""
    return [leaf.index for leaf in leaves(structure) if isinstance(leaf, Ref)]
