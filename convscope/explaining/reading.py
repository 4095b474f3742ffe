"""One operation of a trace, read by the names of its arguments."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from convscope.errors import TraceError, UnknownName
from convscope.tracing.graph import Node, Ref, Trace, Value, with_float64
from convscope.tracing.structure import convert, tensors_of


class Reading:
    """A node with its arguments by name, however the call was written.

    `reading["weight"]` is the argument with tensors restored; `reading.value("weight")` is the `Value` behind
    it (shape, role, gradient), for which the numbers need not have been kept. Tensors that stand in a list
    have names of their own where `signature` is a function: `reading["weight_ih_l0"]` of an LSTM.
    """

    def __init__(self, trace: Trace, node: Node, signature: "Signature", which: int = 0) -> None:
        self.trace, self.node, self.which = trace, node, which
        self.arguments = _bind(node, signature)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any argument of any operation
        return self.trace.restore(self.arguments[name])

    def value(self, name: str) -> Value:
        """The value that stands for a tensor argument; one of a list is named as "tensors[1]"."""
        base, _, place = name.partition("[")
        if base not in self.arguments:
            tensors = [known for known, given in self.arguments.items() if tensors_of(given)]
            raise UnknownName(f"argument of {self.node.name}", name, tensors)
        found = self.arguments[base]
        if place:
            found = found[int(place.rstrip("]"))]
        if not isinstance(found, Ref):
            raise TraceError(f"'{name}' of {self.node.name} is {found!r}, not a tensor.")
        return self.trace.values[found.index]

    def given(self, name: str) -> Any:  # noqa: ANN401
        """An argument as it was given, a `Value` where a tensor stood; None where there is none."""
        found = self.arguments.get(name)
        return self.trace.values[found.index] if isinstance(found, Ref) else found

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor argument."""
        return self.value(name).shape

    def has(self, name: str) -> bool:
        """Whether an optional argument was given."""
        return self.arguments[name] is not None

    def each(self, name: str, axes: int) -> tuple[int, ...]:
        """A setting that may be one number for all axes, such as a stride, as one number an axis."""
        given = self.arguments[name]
        if isinstance(given, int):
            return (given,) * axes
        sizes = tuple(int(size) for size in given)
        return sizes * axes if len(sizes) == 1 else sizes

    @property
    def axis(self) -> int:
        """The axis of the input that `dim` names, counted from the front."""
        return int(self.arguments["dim"]) % max(len(self.shape("input")), 1)

    @property
    def output_value(self) -> Value:
        """The output that is asked about."""
        return self.trace.values[self.node.outputs[self.which]]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.output_value.shape

    @property
    def output(self) -> Tensor:
        """Its numbers as the network had them: for the proof, never to compute from."""
        return self.trace.tensor(self.node.outputs[self.which])

    @property
    def output_gradient(self) -> Tensor:
        """d(score)/d(output), the gradient that arrives; zeros where none did.

        Raises:
            TraceError: the trace has no gradients.
        """
        if self.trace.score is None and not any(value.gradient is not None for value in self.trace.values):
            raise TraceError("this trace has no gradients.\n  Trace with score=CLASS or score=LOSS FUNCTION.")
        gradient = self.output_value.gradient
        return torch.zeros(self.output_shape) if gradient is None else with_float64(gradient)

    @property
    def training(self) -> bool:
        """Whether the module that ran this was in training mode."""
        return self.trace.call(self.node).training


Signature = str | Callable[[Node], dict[str, Any]]


def _bind(node: Node, signature: Signature) -> dict[str, Any]:
    """Arguments by name; `signature` lists the names in order, `name=default` for what may be left out."""
    if not isinstance(signature, str):
        return signature(node)
    names = _names(signature)
    named = {NUMPY.get(name, name): given for name, given in node.kwargs.items()}
    bound = dict(zip(names, node.args, strict=False)) | named
    return {name: bound.get(name, default) for name, default in names.items()}


NUMPY = {"axis": "dim", "keepdims": "keepdim"}  # torch takes NumPy's names too


@cache
def _names(signature: str) -> dict[str, Any]:
    pairs = (word.partition("=") for word in signature.split())
    return {name: _default(text) for name, _, text in pairs}


def _default(text: str) -> Any:  # noqa: ANN401
    """What a signature says in words: None, a truth, a number, or a word such as "mean"."""
    if text in DEFAULTS:
        return DEFAULTS[text]
    try:
        return float(text)
    except ValueError:
        return text


DEFAULTS = {"": None, "None": None, "True": True, "False": False, "0": 0, "1": 1, "-1": -1}


def plain(structure: Any) -> Any:  # noqa: ANN401
    """An argument with "tensor" where a tensor stood, for showing."""
    return convert(structure, lambda leaf: "tensor" if isinstance(leaf, Ref) else leaf)
