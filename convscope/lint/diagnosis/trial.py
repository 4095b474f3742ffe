"""Does a fix help? It is put in, the model runs once more, and everything is put back as it was."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from convscope.lint.diagnosis.finding import Fix
from convscope.lint.diagnosis.scene import Scene
from convscope.tracing import trace
from convscope.tracing.graph import Ref, Trace
from convscope.tracing.structure import convert


def works(scene: Scene, fix: Fix) -> bool | None:
    """Whether the model comes past the operation that failed; None where that cannot be tried."""
    model = scene.trace.calls[0].module if scene.trace.calls else None
    if not isinstance(model, nn.Module) or any(value.tensor is None for value in scene.given_tensors()):
        return None
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(devices=[]))
            stack.enter_context(torch.no_grad())
            stack.enter_context(_mode(model, evaluation=fix.evaluation))
            for path, expression in fix.layers.items():
                stack.enter_context(_layer(model, path, expression))
            if fix.line:
                stack.enter_context(_line(scene, fix.line))
            args, kwargs = _arguments(scene, fix)
            again = trace(model, args, kwargs, keep=False)
    except Exception:  # noqa: BLE001 - the person's code, changed by us, may raise anything
        return None
    return again.failure is None or not _same_place(scene, again)


def _same_place(scene: Scene, again: Trace) -> bool:
    """Whether it fails where it failed before, or sooner."""
    return _place(again) == _place(scene.trace) or len(again.nodes) < len(scene.trace.nodes)


def _place(failed: Trace) -> tuple[Any, ...]:
    """Where a forward stopped: module, which of its calls, operation, line."""
    failure = failed.failure
    assert failure is not None
    call = failed.calls[failure.call]
    op = failure.node.op if failure.node else failure.kind
    return call.path, call.number, op, failure.source and failure.source.line


def _arguments(scene: Scene, fix: Fix) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the model was given, changed where the fix says so; in-place operations get copies."""
    values = scene.trace.values

    def fresh(leaf: Any) -> Any:  # noqa: ANN401
        if not isinstance(leaf, Ref):
            return leaf
        tensor = scene.trace.tensor(leaf.index).clone()
        expression = fix.inputs.get(values[leaf.index].name)
        return _value(expression, {values[leaf.index].name: tensor}) if expression else tensor

    args, kwargs = scene.trace.given
    return convert(args, fresh), convert(kwargs, fresh)


def _value(expression: str, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """An expression that we wrote ourselves, run as it will be pasted."""
    return eval(expression, {"nn": nn, "torch": torch} | names)


@contextmanager
def _mode(model: nn.Module, *, evaluation: bool) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        if evaluation:
            model.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _layer(model: nn.Module, path: str, expression: str) -> Iterator[None]:
    """Another layer at a path, on the model's device; the one that was there comes back."""
    above, _, name = path.rpartition(".")
    owner = model.get_submodule(above)
    before = owner._modules.get(name)
    weights = (each for each in model.parameters() if each.is_floating_point())
    like: Tensor = next(weights, torch.empty(0))
    try:
        owner._modules[name] = _value(expression, {}).to(like.device, like.dtype).train(model.training)
        yield
    finally:
        if before is None:
            del owner._modules[name]
        else:
            owner._modules[name] = before


@contextmanager
def _line(scene: Scene, text: str) -> Iterator[None]:
    """The function that failed with one line changed, compiled anew in its own module's names."""
    owner, function = _failing_function(scene)
    lines, start = inspect.getsourcelines(function)
    place = scene.where.line - start
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    # as many lines as before, so that a failure further down keeps its line number
    lines[place] = f"{indent}{text}\n"
    compiled = compile(
        "\n" * (start - 1) + textwrap.dedent("".join(lines)), function.__code__.co_filename, "exec"
    )
    made: dict[str, Any] = {}
    exec(compiled, function.__globals__ | made, made)
    try:
        setattr(owner, function.__name__, made[function.__name__])
        yield
    finally:
        setattr(owner, function.__name__, function)


def _failing_function(scene: Scene) -> tuple[type, FunctionType]:
    """The method on whose line it failed, and the class that has it.

    Raises:
        LookupError: it is not a plain method of one of the modules that were at work.
    """
    assert scene.failure.source is not None
    name, file = scene.failure.source.function, scene.failure.source.file
    call = scene.call
    while True:
        for owner in type(call.module).__mro__:
            method: Callable[..., Any] | None = vars(owner).get(name)
            if isinstance(method, FunctionType) and method.__code__.co_filename == file:
                if method.__code__.co_freevars:
                    raise LookupError(name)  # a closure cannot be compiled by itself
                return owner, method
        if call.parent is None:
            raise LookupError(name)
        call = scene.trace.calls[call.parent]
