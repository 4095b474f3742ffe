"""A fix is put into a model, the model runs once more, and everything is put back as it was."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from convscope.lint.finding import Fix, TextEdit
from convscope.network.modes import modes_kept
from convscope.randomness import forked
from convscope.tracing import trace
from convscope.tracing.graph import Failure, Ref, Trace
from convscope.tracing.structure import convert, tensors_of


def attribute(path: str, owner: str = "self") -> str:
    """A module's path as Python has it.

    >>> attribute("layers.3.conv")
    'self.layers[3].conv'
    """
    return owner + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in path.split("."))


def pasted(seen: Trace, fix: Fix) -> tuple[str, str]:
    """A fix as lines to paste, and where they go."""
    root = seen.calls[0]
    ready = type(root.module).__module__.startswith("torch.nn.")  # such as nn.Sequential: no class to change
    lines = [f"{attribute(path, 'model' if ready else 'self')} = {made}" for path, made in fix.layers.items()]
    built = "where the model is built" if ready else f"at the end of {root.kind}.__init__"
    places = [built] if lines else []
    if fix.inputs:
        lines += [f"{name} = {expression}" for name, expression in fix.inputs.items()]
        places.append("before the model is called, or first in its forward")
    if fix.evaluation:
        lines.append("model.eval()")
        places.append("before the model is called")
    for edit in fix.edits:
        lines += edit.pasted
        places.append(edit.place)
    return "\n".join(lines), " and ".join(places)


def again(seen: Trace, fix: Fix, failed: Failure | None = None) -> Trace | None:
    """The same forward with a fix.

    Args:
        seen: the forward as it was.
        fix: what to change.
        failed: whose line of the person's code a fix may edit.

    Returns:
        What happens then; None where that cannot be tried.
    """
    model = seen.module
    given = [seen.values[index] for index in tensors_of(seen.given)]
    if not isinstance(model, nn.Module) or any(value.tensor is None for value in given):
        return None
    try:
        with ExitStack() as stack:
            stack.enter_context(forked())
            stack.enter_context(torch.no_grad())
            stack.enter_context(modes_kept(model))
            if fix.evaluation:
                model.eval()
            for path, expression in fix.layers.items():
                stack.enter_context(_layer(model, path, expression))
            for edit in fix.edits:
                stack.enter_context(_line(seen, edit, failed))
            args, kwargs = _arguments(seen, fix)
            return trace(model, args, kwargs, keep=False)
    except Exception:  # noqa: BLE001 - the person's code, changed by us, may raise anything
        return None


def _arguments(seen: Trace, fix: Fix) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the model was given, changed where the fix says so; in-place operations get copies."""
    values = seen.values

    def fresh(leaf: Any) -> Any:  # noqa: ANN401
        if not isinstance(leaf, Ref):
            return leaf
        tensor = seen.tensor(leaf.index).clone()
        expression = fix.inputs.get(values[leaf.index].name)
        return _value(expression, {values[leaf.index].name: tensor}) if expression else tensor

    args, kwargs = seen.given
    return convert(args, fresh), convert(kwargs, fresh)


def _value(expression: str, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """An expression that we wrote ourselves, run as it will be pasted."""
    return eval(expression, {"nn": nn, "torch": torch} | names)


@contextmanager
def _layer(model: nn.Module, path: str, expression: str) -> Iterator[None]:
    """Another layer at a path, on the model's device; the one that was there comes back."""
    above, _, name = path.rpartition(".")
    owner = model.get_submodule(above)
    before = getattr(owner, name, None)
    weights = (each for each in model.parameters() if each.is_floating_point())
    like: Tensor = next(weights, torch.empty(0))
    try:
        module = _value(expression, {}).to(like.device, like.dtype).train(model.training)
        setattr(owner, name, module)
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


@contextmanager
def _line(seen: Trace, edit: TextEdit, failed: Failure | None) -> Iterator[None]:
    """The function at work with one line changed, compiled anew in its own module's names."""
    owner, function = _function(seen, failed)
    lines, start = inspect.getsourcelines(function)
    place = edit.line - start
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    # as many lines as before, so that a failure further down keeps its line number
    lines[place] = f"{indent}{edit.new[0]}\n"
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


def _function(seen: Trace, failed: Failure | None) -> tuple[type, FunctionType]:
    """The method on whose line something is changed, and the class that has it.

    Raises:
        LookupError: it is not a plain method of one of the modules that were at work.
    """
    if failed is None or failed.source is None:
        raise LookupError
    source, call = failed.source, seen.calls[failed.call]
    while True:
        for owner in type(call.module).__mro__:
            method: Callable[..., Any] | None = vars(owner).get(source.function)
            if isinstance(method, FunctionType) and method.__code__.co_filename == source.file:
                if method.__code__.co_freevars:
                    raise LookupError(source.function)  # a closure cannot be compiled by itself
                return owner, method
        if call.parent is None:
            raise LookupError(source.function)
        call = seen.calls[call.parent]
