"""The scene of a failure: who failed, on what line, and what tensors came to it from where."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from convscope.errors import TraceError
from convscope.explaining import Op, Reading, Role, known, read
from convscope.lint import trial
from convscope.lint.finding import Fix, TextEdit, Where
from convscope.tracing.graph import Call, Failure, Node, Trace, Value


class Scene:
    """A trace with a failure, and the questions that every family of errors asks about it."""

    def __init__(self, trace: Trace) -> None:
        if trace.failure is None:
            raise TraceError("there is nothing to diagnose: the forward came to its end.")
        self.trace = trace
        self.failure: Failure = trace.failure

    @property
    def message(self) -> str:
        """What torch or Python said."""
        return self.failure.message

    @property
    def node(self) -> Node | None:
        """The operation that raised."""
        return self.failure.node

    @property
    def op(self) -> str:
        """Its kind; "" where no operation raised."""
        return self.node.op if self.node else ""

    @property
    def call(self) -> Call:
        """The innermost module call."""
        return self.trace.calls[self.failure.call]

    @property
    def module(self) -> Any:  # noqa: ANN401 - any module, torch's or the person's
        """Its module; None in a trace that was loaded."""
        return self.call.module

    @property
    def where(self) -> Where:
        """The place."""
        code = self.failure.source
        place = Where(self.call.path, self.op or self.call.kind)
        return place._replace(file=code.file, line=code.line, text=code.text) if code else place

    @property
    def said(self) -> str:
        """Torch's or Python's own words."""
        return f"{self.failure.kind}: {self.message}"

    @property
    def name(self) -> str:
        """The place in a few words: "`fc` (net.py:21)"."""
        code = self.failure.source
        what = f"`{self.call.path}`" if self.call.path else f"`{self.op or self.call.kind}`"
        return f"{what} ({Path(code.file).name}:{code.line})" if code else what

    @cached_property
    def tensors(self) -> list[Value]:
        """The tensors that the operation took; of a module that raised by itself, what it was given."""
        indices = self.node.inputs if self.node else self.call.inputs
        return [self.trace.values[index] for index in dict.fromkeys(indices)]

    @property
    def entry(self) -> Op:
        """What is known of the operation."""
        return known(self.op)

    @cached_property
    def arguments(self) -> Reading | None:
        """Its arguments by name."""
        return read(self.trace, self.node) if self.node else None

    def given(self, name: str) -> Any:  # noqa: ANN401
        """An argument of the operation, a `Value` where a tensor stood; None where there is none."""
        return self.arguments.given(name) if self.arguments else None

    @property
    def written(self) -> tuple[Any, ...]:
        """All that the operation was called with, in the order in which it was written."""
        return (*self.node.args, *self.node.kwargs.values()) if self.node else ()

    @property
    def names(self) -> tuple[str, ...]:
        """What its arguments are called."""
        return tuple(self.arguments.arguments) if self.arguments else ()

    @property
    def input(self) -> Value | None:
        """The tensor that the operation or module works on: its first."""
        return self.tensors[0] if self.tensors else None

    def way(self, value: Value) -> Iterator[tuple[Node, Value]]:
        """Back from a value: the operation that made it with the first tensor that it took, and so on."""
        node = self.trace.maker(value)
        while node is not None and node.inputs:
            value = self.trace.values[node.inputs[0]]
            yield node, value
            node = self.trace.maker(value)

    def origin(self, value: Value) -> Value:
        """Where the way back ends: an input of the model, or a tensor that was made on the way."""
        *_, (_, last) = [(None, value), *self.way(value)]
        return last

    def chain(self, value: Value, most: int = 5) -> str:
        """How a value got its shape: "(2, 1, 28, 28) → conv1 → (2, 16, 24, 24)"; what kept it is left out."""
        parts, after = [str(value.shape)], value.shape
        steps = [(node, before.shape) for node, before in self.way(value)]
        for node, before in steps:
            if before == after:
                continue
            if len(parts) > 2 * most:
                return " → ".join(["…", *reversed(parts)])
            parts += [node.name, str(before)]
            after = before
        return " → ".join(reversed(parts))

    def came(self, value: Value, what: str = "It") -> str:
        """A sentence on how a value got its shape."""
        if value.role == "input":
            return f"{what} is what the model was given, `{value.name}` {value.shape}."
        return f"{what} came this way: {self.chain(value)}."

    @cached_property
    def samples(self) -> int | None:
        """How many samples the model was given: the first axis of its first input."""
        shapes = [value.shape for value in self.trace.inputs if value.shape]
        return shapes[0][0] if shapes else None

    def flattened(self, value: Value) -> tuple[int, ...] | None:
        """The shape before a flatten or view whose result this is; None where none made it two axes."""
        for node, before in self.way(value):
            role = known(node.op).role
            if role is Role.RESHAPE and len(before.shape) > 2:
                return before.shape
            if role not in (Role.DROPOUT, Role.ACTIVATION):
                return None
        return None

    def rewritten(self, text: str) -> tuple[Fix, ...]:
        """The failing line written anew; () where that is nothing new."""
        line = self.where.line
        return (
            (Fix((TextEdit(line, (self.where.text,), (text,)),)),)
            if text not in ("", self.where.text)
            else ()
        )

    def works(self, fix: Fix) -> bool | None:
        """Whether the model, with a fix, comes past the operation that failed; None: that cannot be tried."""
        again = trial.again(self.trace, fix, self.failure)
        if again is None:
            return None
        return again.failure is None or not self._fails_as_before(again)

    def _fails_as_before(self, again: Trace) -> bool:
        """Whether it fails where it failed before, or sooner."""
        return _place(again) == _place(self.trace) or len(again.nodes) < len(self.trace.nodes)

    def pasted(self, fix: Fix) -> tuple[str, str]:
        """A fix as lines to paste, and where they go."""
        return trial.pasted(self.trace, fix)


def _place(failed: Trace) -> tuple[Any, ...]:
    """Where a forward stopped: module, which of its calls, operation, line."""
    failure = failed.failure
    assert failure is not None
    call = failed.calls[failure.call]
    op = failure.node.op if failure.node else failure.kind
    return call.path, call.number, op, failure.source and failure.source.line


def counted(value: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "channel"), counted(2304, "number")
    ('1 channel', '2,304 numbers')
    """
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def kind_of(dtype: torch.dtype) -> str:
    """A kind of numbers in a word.

    >>> kind_of(torch.float32)
    'float32'
    """
    return str(dtype).removeprefix("torch.")


def times(sizes: tuple[int, ...]) -> str:
    """A product with its numbers.

    >>> times((16, 12, 12)), times((7,))
    ('16·12·12 = 2,304', '7')
    """
    total = 1
    for size in sizes:
        total *= size
    return f"{total:,}" if len(sizes) == 1 else f"{'·'.join(map(str, sizes))} = {total:,}"
