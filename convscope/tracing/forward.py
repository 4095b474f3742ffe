"""One forward, traced from its inputs to the gradients of its score."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from convscope.errors import TraceError, got
from convscope.shapes import show
from convscope.torch_private import map_tensors, uncompiled
from convscope.tracing import frames
from convscope.tracing.capture import Capture
from convscope.tracing.gradients import complete
from convscope.tracing.graph import Failure, Ref, Score, Trace
from convscope.tracing.labels import label
from convscope.tracing.own import as_it_was
from convscope.tracing.snapshot import snapshot, unwatched
from convscope.tracing.structure import convert, leaves


def run(
    model: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    score: Score | None,
    keep: bool,
    limit: int,
) -> Trace:
    """Run a model once and return what it did; see `convscope.tracing.trace`."""
    model = uncompiled(model)
    capture = Capture(model, keep=keep, limit=limit, gradients=score is not None)
    frozen, followed = torch.is_inference_mode_enabled(), torch.is_grad_enabled()
    with (
        as_it_was(model),
        torch.inference_mode(frozen and score is None),
        torch.set_grad_enabled(followed or score is not None),
    ):
        _forward(capture, model, args, dict(kwargs), score)
    label(capture.trace)
    return capture.trace


def _forward(
    capture: Capture,
    model: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    score: Score | None,
) -> None:
    """The forward between the modes; an exception ends it, and what came before stays."""
    starts: list[Tensor] = []
    with unwatched(gradients=score is not None):  # this may be a trace in a trace
        args, kwargs = _own_copies((args, kwargs), starts, gradients=score is not None)
    _note_inputs(capture, model, args, kwargs)
    trace, output, total = capture.trace, None, None
    began = time.perf_counter()
    try:
        with capture.watching(model):
            output = model(*args, **kwargs)
            total = score(output) if callable(score) else None
    except Exception as error:  # noqa: BLE001 - a person's model may raise anything
        trace.failure = _failure(capture, error)
    trace.seconds = time.perf_counter() - began
    trace.output = convert(output, _refer(capture, otherwise=None))
    if score is not None and trace.failure is None:
        if callable(score):
            trace.score = capture.states.value_of(_number(total))
        with unwatched(gradients=True):
            _backward(capture, _column(output, score) if isinstance(score, int) else total, starts)


def _own_copies(given: Any, starts: list[Tensor], *, gradients: bool) -> Any:  # noqa: ANN401
    """The tensors of the person stay as they are, whatever the model does with its inputs.

    `starts` gets the leaves behind those copies: the way back has to go there even if all weights are frozen.
    """
    copies: dict[int, Tensor] = {}

    def copy(tensor: Tensor) -> Tensor:
        if id(tensor) not in copies:  # the same tensor twice stays the same tensor twice
            wanted = tensor.requires_grad or (gradients and tensor.is_floating_point())
            fresh = snapshot(tensor).requires_grad_(wanted)
            starts.extend([fresh] if wanted else [])
            # Where gradients are asked for it is no leaf: the model may change it.
            copies[id(tensor)] = fresh.clone() if gradients and wanted else fresh
        return copies[id(tensor)]

    return map_tensors(copy, given)


def _note_inputs(
    capture: Capture, model: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """The tensors a model is given, by the names of its forward's arguments where they are known."""
    try:
        named = inspect.signature(getattr(model, "forward", model)).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        named = {f"input{place}": each for place, each in enumerate(args, 1)} | kwargs
    for name, given in named.items():
        for leaf in leaves(given):
            if isinstance(leaf, Tensor):
                capture.states.value_of(leaf, "input", name)
    capture.trace.given = convert((args, kwargs), _refer(capture))


def _refer(capture: Capture, **otherwise: None) -> Callable[[Any], Any]:
    def refer(leaf: Any) -> Any:  # noqa: ANN401
        if isinstance(leaf, Tensor):
            return Ref(capture.states.value_of(leaf))
        return otherwise.get("otherwise", leaf)

    return refer


def _number(total: Any) -> Tensor:  # noqa: ANN401
    if isinstance(total, Tensor) and total.numel() == 1:
        return total
    what = show(tuple(total.shape)) if isinstance(total, Tensor) else got(total)
    raise TraceError(
        f"a score is one number, but the function returned {what}.\n"
        "  Return a tensor with one number, such as `output[:, 3].sum()`."
    )


def _column(output: Any, score: int) -> Tensor:  # noqa: ANN401
    """One class's score, summed over the samples."""
    found = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    if not found:
        raise TraceError(f"score={score} needs an output of numbers, but the model returned none.")
    scores = found[0].flatten(1) if found[0].dim() > 1 else found[0].reshape(1, -1)
    if not -scores.shape[1] <= score < scores.shape[1]:
        raise TraceError(
            f"there is no class {score}: the output has {scores.shape[1]} columns.\n"
            f"  Choose a class from 0 to {scores.shape[1] - 1}, or give a function as score."
        )
    return scores[:, score].sum()


def _backward(capture: Capture, total: Tensor | None, starts: list[Tensor]) -> None:
    """Gradients of one number; hooks collect them on their way; the model's own `.grad` stays as it is."""
    if total is None or not total.requires_grad:
        return
    states = capture.states
    states.collecting = True
    sources = [total, *states.leaves.values(), *starts]
    try:
        found = torch.autograd.grad(total, sources, allow_unused=True)[1:]
    except RuntimeError as error:
        raise TraceError(f"the gradients of the score could not be computed: {error}") from error
    for value, gradient in zip(states.leaves, found, strict=False):  # those of `starts` their hooks have
        capture.trace.values[value].gradient = gradient
    complete(capture.trace, states.bypassed)


def _failure(capture: Capture, error: Exception) -> Failure:
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    broken, node = capture.broken
    raised, call = capture.calls.raised
    node = node if broken in chain else None
    call = call if raised is error else node.call if node else 0
    where = frames.raised_at(error.__traceback__) or (node.source if node else None)
    return Failure(type(error).__name__, str(error), node, call, frames.with_text(where), error)
