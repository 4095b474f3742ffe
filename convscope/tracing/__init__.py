"""Any model and one input → every operation with its values: `trace(model, inputs)`.

    model ── capture (function mode, kernels as witness, module hooks) ──▶ Trace (calls, nodes, values)

Nothing in the model's code changes and nothing of it stays changed. `replay` proves a node: run again from
the inputs it was given, it gives the same bits.
"""

import sys
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any

import numpy as np
import torch

from convscope.arguments import demand, demand_flag, demand_whole
from convscope.tracing.file import load_trace
from convscope.tracing.forward import run
from convscope.tracing.graph import Call, Failure, Node, Ref, Score, Source, Trace, Value
from convscope.tracing.replay import Replay, replay, replay_all

__all__ = [
    "Call",
    "Failure",
    "Node",
    "Ref",
    "Replay",
    "Score",
    "Source",
    "Trace",
    "Value",
    "load_trace",
    "replay",
    "replay_all",
    "trace",
]

LIMIT = 4 * 2**30  # bytes of values that are kept


def trace(
    model: Callable[..., Any],
    inputs: Any = (),  # noqa: ANN401 - whatever the model takes
    keywords: Mapping[str, Any] | None = None,
    *,
    score: Score | None = None,
    keep: bool = True,
    limit: int = LIMIT,
) -> Trace:
    """Run a model once and keep every operation, with its values as they were.

    Args:
        model: any callable that computes with torch: a module in the mode it is in, a function, TorchScript,
            an exported program, a Keras 3 model on torch.
        inputs: a tensor or array; several as a tuple; or a dict of keyword arguments.
        keywords: further arguments by name.
        score: ask for gradients: a class (its column of the output, summed over the samples), or a function
            from the model's output to one number, such as a loss.
        keep: False keeps shapes, names and times, and no numbers.
        limit: bytes of values to keep; those beyond it have no numbers, and `dropped` counts them.

    Returns:
        The trace; where the forward raises, everything up to there, with `failure` set.

    >>> from torch import nn
    >>> seen = trace(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), torch.zeros(1, 1, 8, 8))
    >>> [(node.name, node.op, seen.values[node.outputs[0]].shape) for node in seen.nodes]
    [('0', 'conv2d', (1, 4, 6, 6)), ('1', 'relu', (1, 4, 6, 6))]
    """
    demand("model", model, Callable, "a module or a function that computes with torch")
    demand("keywords", keywords, (Mapping, NoneType), "a dict of arguments by name")
    demand("score", score, (int, Callable, NoneType), "a class, or a function from the output to a number")
    demand_flag("keep", keep)
    demand_whole("limit", limit)
    args, named = _arguments(inputs)
    exporting = sys.modules.get("torch.export")  # slow to import; who has a program has imported it
    if exporting and isinstance(model, exporting.ExportedProgram):
        program: Any = model
        model = program.module()
    return run(model, args, named | dict(keywords or {}), score=score, keep=keep, limit=limit)


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:  # noqa: ANN401
    if isinstance(inputs, Mapping):
        return (), {key: _tensor(value) for key, value in inputs.items()}
    if isinstance(inputs, tuple):
        return tuple(_tensor(each) for each in inputs), {}
    return (_tensor(inputs),), {}


def _tensor(given: Any) -> Any:  # noqa: ANN401
    return torch.from_numpy(given) if isinstance(given, np.ndarray) else given
