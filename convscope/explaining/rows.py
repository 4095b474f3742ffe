"""The rows of a summary: a trace as a tree of modules, functional operations as rows of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch.nn import functional

from convscope import torch_private
from convscope.explaining.op import Cost, Extent, Role
from convscope.explaining.ops import known
from convscope.explaining.reading import Reading, plain
from convscope.explaining.receptive import Receptive, receptive_fields
from convscope.explaining.rendering.words import extent, text
from convscope.explaining.working import Worked
from convscope.shapes import elements
from convscope.tracing.graph import Call, Node, Trace
from convscope.tracing.labels import name_of

Shape = tuple[int, ...]
HOMES = {  # modules as people write them
    "torch.nn.functional": "F",
    "torch._C._nn": "F",
    "torch._VF": "torch",
    "torch.Tensor": "Tensor",
}
USUAL = {  # settings that go without saying
    *("stride 1", "padding 0", "dilation 1", "groups 1", "bias True", "eps 1e−05", "momentum 0.1"),
    *("affine True", "track_running_stats True", "ceil_mode False", "inplace False", "inplace True"),
    *("elementwise_affine True", "output_padding 0", "return_indices False"),
}


@dataclass(frozen=True)
class Row:
    """A module, or an operation.

    Attributes:
        name: below the row that it is in: "conv1", or "relu_2" for an operation in a module that does more.
        kind: the module's class, or the function: "Conv2d", "F.relu".
        op: what runs: "conv2d"; "" where there are rows inside, or nothing runs.
        settings: "1, 16, kernel 5, padding 2".
        kernel: size of its window; () without one.
        output: shape of what comes out, of each tensor.
        size: the output's size, an axis each; none where it is not calculated.
        parameters: elements of the parameters that are used here first; of a module: of all inside.
        counting: parameters with the numbers: 16·(1·5·5 + 1) = 416.
        shared: the parameters were counted further up.
        macs: multiplications with an addition; None: not known. Of a module: of all inside that are known.
        multiplying: MACs with the numbers.
        memory: bytes of results that are made anew.
        field: receptive field on the first input; None: it sees nothing of it.
        seconds: as measured by the trace.
        failed: the forward ended here.
        rows: what is inside.
        node: index of the operation in the trace; None for a module with rows inside.
    """

    name: str
    kind: str
    op: str = ""
    settings: str = ""
    kernel: Shape = ()
    output: tuple[Shape, ...] = ()
    size: tuple[Extent, ...] = ()
    parameters: int = 0
    counting: Worked | None = None
    shared: bool = False
    macs: int | None = 0
    multiplying: Worked | None = None
    memory: int = 0
    field: Receptive | None = None
    seconds: float = 0.0
    failed: bool = False
    rows: tuple["Row", ...] = ()
    node: int | None = None

    def leaves(self) -> Iterator["Row"]:
        """The row itself, or the innermost ones inside."""
        if not self.rows:
            yield self
        for row in self.rows:
            yield from row.leaves()

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain lists and numbers."""
        formulas = ("size", "counting", "multiplying")
        others = ("output", "field", "rows", *formulas)
        return {
            **{name: value for name, value in vars(self).items() if name not in others},
            "size": [extent(each) for each in self.size],
            "counting": self.counting and text(self.counting.numbers),
            "multiplying": self.multiplying and text(self.multiplying.numbers),
            "kernel": list(self.kernel),
            "output": [list(shape) for shape in self.output],
            "field": self.field and self.field._asdict(),
            "rows": [row.as_dict() for row in self.rows],
        }


def rows_of(trace: Trace, *, fields: bool = True) -> tuple[Row, ...]:
    """What the model did, by the tree of its modules.

    Args:
        trace: what is read.
        fields: with receptive fields; of thousands of operations they take far longer than the rest.
    """
    return _Tree(trace, fields=fields).below(trace.calls[0]) if trace.calls else ()


class _Tree:
    """One pass over a trace; remembers which parameters were counted."""

    def __init__(self, trace: Trace, *, fields: bool) -> None:
        self.trace = trace
        self.fields = receptive_fields(trace) if fields else {}
        self.counted: set[str] = set()
        self.handed_on = _handed_on(trace)
        self.children = _children(trace)

    def below(self, call: Call) -> tuple[Row, ...]:
        """The rows inside a call."""
        return tuple(
            self._module(child, call) if isinstance(child, Call) else self._operation(child, call)
            for child in self.children[call.index]
        )

    def _module(self, call: Call, parent: Call) -> Row:
        name = call.path.removeprefix(f"{parent.path}.") + (f"@{call.number + 1}" if call.number else "")
        inside = self.children[call.index]
        if len(inside) == 1 and isinstance(inside[0], Node):
            row = self._operation(inside[0], call)
            settings = _settings_of(call)
            return replace(row, name=name, kind=call.kind, settings=settings or _as_call(row, call))
        output = tuple(self.trace.values[index].shape for index in call.outputs)
        if not inside:
            settings, failed = _settings_of(call), self._failed_in(call)
            return Row(name, call.kind, settings=settings, output=output, failed=failed)
        rows = self.below(call)
        maker = self.trace.values[call.outputs[0]].producer if call.outputs else None
        return Row(
            name,
            call.kind,
            output=output,
            parameters=sum(row.parameters for row in rows),
            macs=sum(row.macs or 0 for row in rows),
            memory=sum(row.memory for row in rows),
            field=None if maker is None else self.fields.get(maker),
            seconds=sum(row.seconds for row in rows),
            failed=self._failed_in(call) or any(row.failed for row in rows),
            rows=rows,
        )

    def _failed_in(self, call: Call) -> bool:
        return self.trace.failure is not None and self.trace.failure.call == call.index

    def _operation(self, node: Node, call: Call) -> Row:
        values, failed = self.trace.values, node.index < 0
        name = name_of(node).removeprefix(f"{call.path}@{call.number + 1}.").removeprefix(f"{call.path}.")
        parameters, shared = self._parameters(node)
        cost, size = _numbers(self.trace, node)
        return Row(
            name,
            _function(node),
            node.op,
            _arguments(node),
            _kernel(self.trace, node),
            tuple(values[index].shape for index in node.outputs),
            size,
            parameters,
            cost.parameters if cost and parameters else None,
            shared and not parameters,
            cost.macs if cost else None,
            cost.multiplying if cost else None,
            sum(values[index].bytes for index in node.outputs) if _makes_new(node) else 0,
            self.fields.get(node.index),
            node.seconds,
            failed,
            node=node.index,
        )

    def _parameters(self, node: Node) -> tuple[int, bool]:
        """Elements of the parameters that nobody took before, and whether some were taken before."""
        taken = {origin for index in node.inputs for origin in self.handed_on.get(index, {index})}
        own = [self.trace.values[index] for index in taken if self.trace.values[index].role == "parameter"]
        new = {value.name: value for value in own if value.name not in self.counted}
        self.counted |= new.keys()
        return sum(elements(value.shape) for value in new.values()), len(new) < len(own)


def _handed_on(trace: Trace) -> dict[int, set[int]]:
    """Value → what it is, where it was only passed on: `weight.to(weight.dtype)` is still the weight."""
    found: dict[int, set[int]] = {}
    for node in trace.nodes:
        if not node.kernels:
            taken = set().union(*(found.get(index, {index}) for index in node.inputs))
            found.update(dict.fromkeys(node.outputs, taken))
    return found


def _children(trace: Trace) -> list[list[Call | Node]]:
    """What each call did, calls and operations in the order in which they began."""
    nodes = [(node.index, node) for node in trace.nodes if not _is_idle(node, trace.call(node))]
    if trace.failure and trace.failure.node:
        nodes.append((len(trace.nodes), trace.failure.node))
    found: list[list[tuple[int, int, Call | Node]]] = [[] for _ in trace.calls]
    for call in trace.calls:
        if call.parent is not None:
            found[call.parent].append((call.begins, call.index - len(trace.calls), call))
    for place, node in nodes:
        found[node.call].append((place, 0, node))
    return [[child for *_, child in sorted(each, key=lambda item: item[:2])] for each in found]


def _is_idle(node: Node, call: Call) -> bool:
    """Nothing is computed: `x.to(x.dtype)`, `x.contiguous()`, the zeros that an LSTM begins with."""
    gave_back = not node.kernels and known(node.op).role is not Role.DROPOUT
    begins = not node.inputs and type(call.module).__module__.startswith("torch.nn")
    return gave_back or begins


def _numbers(trace: Trace, node: Node) -> tuple[Cost | None, tuple[Extent, ...]]:
    """Cost, None where it is not known, and size formula; a view costs nothing, whatever it is."""
    entry, free = known(node.op), Cost() if _is_view(node) else None
    if not node.outputs or node.index < 0:
        return free, ()
    reading = Reading(trace, node, entry.signature)
    size = entry.size(reading) if entry.size else ()
    return entry.cost(reading) if entry.cost else free, size


def _kernel(trace: Trace, node: Node) -> Shape:
    """What an operation slides over its input: as it was asked for, or as large as its weights."""
    entry = known(node.op)
    reading = Reading(trace, node, entry.signature)
    if entry.role in (Role.CONVOLUTION, Role.TRANSPOSED):
        return reading.shape("weight")[2:]
    sized = reading.arguments.get("kernel_size") is not None
    return reading.each("kernel_size", entry.space or 1) if sized else ()


def _is_view(node: Node) -> bool:
    """An operation that only looks at the same memory in another way."""
    return all(_results(kernel) == {"view"} for kernel in node.kernels)


def _makes_new(node: Node) -> bool:
    """An operation whose results need memory of their own."""
    return any("new" in _results(kernel) for kernel in node.kernels)


@cache
def _results(kernel: str) -> set[str]:
    """What a kernel gives: views of what it took, the same tensor changed in place, new tensors.

    >>> [_results(f"aten.{name}.default") for name in ("view", "relu_", "relu")]
    [{'view'}, {'in place'}, {'new'}]
    """
    home, name, overload = kernel.split(".")
    return torch_private.results(getattr(getattr(getattr(torch.ops, home), name), overload))


def _function(node: Node) -> str:
    """The function as people write it.

    >>> _function(Node(0, "relu", "torch.nn.functional.relu", 0)), _function(Node(0, "view", "", 0))
    ('F.relu', 'view')
    """
    home, _, name = node.function.rpartition(".")
    if not name or "__" in name:
        return node.op
    same = home in ("torch", "torch._VF") and getattr(functional, name, None) is getattr(torch, name, torch)
    if home.startswith("torch.ops."):
        home = home.removeprefix("torch.")
    return f"{'F' if same else HOMES.get(home, home)}.{name}"


def _as_call(row: Row, call: Call) -> str:
    """What a module without settings does, where its name does not say it."""
    written, done = (re.sub(r"\W|_", "", name).lower() for name in (call.kind, row.op))
    return "" if written == done else f"{row.kind}({row.settings})"


def _settings_of(call: Call) -> str:
    """As torch prints them, shorter.

    >>> _settings_of(Call(0, "", "Conv2d", 0, None, False, module=torch.nn.Conv2d(1, 16, 5, padding=2)))
    '1, 16, kernel 5, padding 2'
    """
    if not isinstance(call.module, torch.nn.Module):
        return ""
    try:
        written = str(call.module.extra_repr())
    except Exception:  # noqa: BLE001 - a person's code may raise anything
        return ""
    written = re.sub(r"\(([\d, ]+)\)", _together, written.replace("kernel_size", "kernel"))
    written = re.sub(r"(in|out|num)_(features|embeddings|channels)=|normalized_shape=", "", written)
    words = [part.replace("=", " ").replace("-", "−") for part in written.split(", ")]
    return ", ".join(word for word in words if word and word not in USUAL)


def _together(sizes: re.Match[str]) -> str:
    """(5, 5) → 5, and (3, 5) → 3×5."""
    each = re.findall(r"\d+", sizes[1])
    return each[0] if len(set(each)) == 1 else "×".join(each)


def _arguments(node: Node) -> str:
    """What a call was given beside tensors."""
    signature = known(node.op).signature
    names = [word.partition("=")[0] for word in signature.split()] if isinstance(signature, str) else []
    given: list[tuple[str, Any]] = [
        (names[place] if place < len(names) and place else "", value)
        for place, value in enumerate(plain(node.args))
    ]
    given += [(name, value) for name, value in plain(node.kwargs).items() if not name.startswith("_")]
    shown = [f"{name} {value}".strip() for name, value in given if _says_something(value)]
    return ", ".join(
        words.replace("kernel_size", "kernel").replace("-", "−") for words in shown if words not in USUAL
    )


def _says_something(value: Any) -> bool:  # noqa: ANN401
    return (
        isinstance(value, int | float | str | tuple | list | torch.Size)
        and "tensor" not in str(value)
        and value is not False
    )
