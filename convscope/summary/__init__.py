"""What a model is made of and what it costs: `summarise(model, inputs)`.

    Trace ── rows.py (the tree of modules and operations) ──▶ Summary ── text.py, html.py

Conventions, one for all operations: a MAC is one multiplication with its addition; biases, comparisons and
element-wise functions are not counted. A parameter is counted once, where it is first used. Memory is that
of results that an operation makes anew (views and in-place operations share), all kept, as in training.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from convscope.arguments import demand, demand_flag, demand_whole
from convscope.explaining.rows import Row, rows_of
from convscope.lint import Finding, diagnose, suspicions
from convscope.shapes import elements
from convscope.tracing import trace
from convscope.tracing.graph import Trace, Value
from convscope.tracing.structure import leaves

RUNS, ENOUGH = 3, 0.2  # the plain forward is timed so often, or twice where that takes so many seconds


@dataclass(frozen=True)
class Totals:
    """The whole model.

    Attributes:
        parameters: all of the model's, shared ones once.
        frozen: how many of them have `requires_grad=False`.
        unused: how many of them no operation took.
        macs: of the call as it was made.
        uncounted: operations whose MACs are not known, with how often they ran.
        results: bytes that operations made anew.
        weights: bytes of parameters and buffers.
        seconds: of a plain forward; None where it was not timed.
    """

    parameters: int
    frozen: int
    unused: int
    macs: int
    uncounted: Mapping[str, int]
    results: int
    weights: int
    seconds: float | None


@dataclass(frozen=True)
class Summary:
    """A model by module tree, with the numbers of every operation.

    Attributes:
        model: name of its class.
        inputs: name and shape of what it was called with.
        samples: how many samples that were.
        rows: the modules and operations of the model, each with those inside it.
        totals: of the whole.
        diagnosis: why the forward did not come to its end; None when it did. Rows end there.
        suspicions: what runs and looks wrong, as far as shapes tell.
    """

    model: str
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    samples: int
    rows: tuple[Row, ...]
    totals: Totals
    diagnosis: Finding | None = None
    suspicions: tuple[Finding, ...] = ()

    @property
    def operations(self) -> Iterator[Row]:
        """The rows without rows inside, in the order in which they ran."""
        return (leaf for row in self.rows for leaf in row.leaves())

    @property
    def field(self) -> tuple[int, ...]:
        """The receptive field of the last operation whose output has axes of space; empty without one."""
        spatial = [row for row in self.operations if row.field and any(row.field.jump)]
        return spatial[-1].field.size if spatial and spatial[-1].field else ()

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain lists and numbers, for JSON."""
        return {
            "model": self.model,
            "inputs": [{"name": name, "shape": list(shape)} for name, shape in self.inputs],
            "samples": self.samples,
            "rows": [row.as_dict() for row in self.rows],
            "totals": {**vars(self.totals), "uncounted": dict(self.totals.uncounted)},
            "diagnosis": self.diagnosis and self.diagnosis.as_dict(),
            "suspicions": [each.as_dict() for each in self.suspicions],
        }

    def text(self, width: int = 100, depth: int | None = None, *, explain: bool | None = None) -> str:
        """For the terminal; see `text.as_text`."""
        from convscope.summary.text import as_text

        demand_whole("width", width)
        demand("explain", explain, (bool, NoneType), "True, False or None")
        demand_whole("depth", depth, optional=True)
        return as_text(self, width, depth, explain=explain)

    def markdown(self, depth: int | None = None) -> str:
        """A Markdown table with the formulas."""
        from convscope.summary.text import as_markdown

        demand_whole("depth", depth, optional=True)
        return as_markdown(self, depth)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from convscope.summary.html import as_html

        return as_html(self)


def summarise(
    model: Callable[..., Any] | Trace,
    inputs: Any = (),  # noqa: ANN401 - whatever the model takes
    keywords: Mapping[str, Any] | None = None,
    *,
    samples: int | None = None,
    fields: bool = True,
) -> Summary:
    """Take the numbers of every operation together.

    Args:
        model: anything that `trace` takes, in the mode it is in; or a trace that was made (its forward is
            not timed again).
        inputs: see `trace`.
        keywords: see `trace`.
        samples: how many samples the inputs are; without it the size of the first input's first axis.
        fields: with receptive fields; of thousands of operations they take far longer than the rest.

    Returns:
        The summary; where the forward raises, everything up to there with an explanation of the error.

    >>> print(summarise(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), torch.zeros(1, 1, 8, 8)).rows[0].macs)
    1296
    """
    demand("model", model, (Callable, Trace), "a module or a function that computes with torch, or a Trace")
    demand("keywords", keywords, (Mapping, NoneType), "a dict of arguments by name")
    demand_whole("samples", samples, 1, optional=True)
    demand_flag("fields", fields)
    if isinstance(model, Trace):
        seen, seconds = model, None
    else:  # timed first: what torch sets up once is not put down to the first operation
        seconds = _plain_seconds(model, inputs, dict(keywords or {}))
        seen = trace(model, inputs, keywords)
        if seen.failure:
            seen = trace(model, inputs, keywords)  # with its numbers a fix can be tried
    rows, given = rows_of(seen, fields=fields), seen.inputs
    first = next((value.shape[0] for value in given if value.shape), 1)
    return Summary(
        seen.model,
        tuple((value.name, value.shape) for value in given),
        samples or first,
        rows,
        _totals(seen, rows, seconds),
        diagnose(seen) if seen.failure else None,
        () if seen.failure else tuple(suspicions(seen)),
    )


def _totals(seen: Trace, rows: tuple[Row, ...], seconds: float | None) -> Totals:
    operations = [leaf for row in rows for leaf in row.leaves()]
    module = seen.module
    own = _ready(module.named_parameters()) if isinstance(module, nn.Module) else {}
    buffers = _ready(module.named_buffers()) if isinstance(module, nn.Module) else {}
    taken = {value.name: value for value in seen.values if value.role == "parameter"}
    used = sum(elements(value.shape) for name, value in taken.items() if "?" not in name)
    parameters = sum(each.numel() for each in own.values()) if own else used
    weights = sum(each.numel() * each.element_size() for each in (*own.values(), *buffers.values()))
    return Totals(
        parameters=parameters,
        frozen=sum(each.numel() for each in own.values() if not each.requires_grad),
        unused=parameters - used,
        macs=sum(row.macs or 0 for row in operations),
        uncounted=Counter(row.op for row in operations if row.macs is None and not row.failed),
        results=sum(row.memory for row in operations),
        weights=weights or _bytes(seen),
        seconds=seconds,
    )


def _ready(named: Iterator[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Those that have a size by now."""
    return {name: each for name, each in named if not is_lazy(each)}


def _bytes(seen: Trace) -> int:
    """Of the parameters and buffers that a trace without its model knows."""
    own: dict[str, Value] = {
        value.name: value for value in seen.values if value.role in ("parameter", "buffer")
    }
    return sum(value.bytes for value in own.values())


def _plain_seconds(model: Callable[..., Any], inputs: Any, keywords: dict[str, Any]) -> float | None:  # noqa: ANN401
    """The fastest of a few forwards that nobody watches; None where it fails, or a module would learn."""
    if isinstance(model, nn.Module) and any(each.training and [*each.buffers()] for each in model.modules()):
        return None
    args, named = (), keywords
    if isinstance(inputs, Mapping):
        named = {**inputs, **keywords}
    else:
        args = inputs if isinstance(inputs, tuple) else (inputs,)
    best, began = float("inf"), time.perf_counter()
    try:
        for run in range(RUNS):
            start = time.perf_counter()
            with torch.no_grad():
                _wait_for(model(*args, **named))
            best = min(best, time.perf_counter() - start)
            if run and time.perf_counter() - began > ENOUGH:  # the first one sets things up
                break
    except Exception:  # noqa: BLE001 - a person's model may raise anything; the trace says what
        return None
    return best


def _wait_for(output: Any) -> None:  # noqa: ANN401
    """A GPU answers before it has finished."""
    if any(isinstance(leaf, torch.Tensor) and leaf.is_cuda for leaf in leaves(output)):
        torch.cuda.synchronize()
