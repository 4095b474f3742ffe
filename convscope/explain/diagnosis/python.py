"""Errors of the person's own Python: arguments that a forward misses, names that are not there."""

import inspect
from difflib import get_close_matches
from typing import Any

from torch import nn

from convscope.explain.diagnosis.code import replaced
from convscope.explain.diagnosis.finding import Finding, Fix
from convscope.explain.diagnosis.scene import Scene

NO_OPERATION = "No operation of torch failed: the error comes from the Python code of the model."


def arguments(scene: Scene) -> Finding | None:
    """A forward that was called with too few, too many, or other arguments than it takes."""
    words = (
        "required positional argument",
        "required keyword-only",
        "unexpected keyword",
        "positional argument",
    )
    if scene.failure.kind != "TypeError" or scene.node or not any(word in scene.message for word in words):
        return None
    if not isinstance(scene.module, nn.Module) or "forward()" not in scene.message:
        return None
    wanted = list(inspect.signature(scene.module.forward).parameters.values())
    needed = [
        each.name
        for each in wanted
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    optional = [f"{each.name}={each.default!r}" for each in wanted if each.default is not each.empty]
    takes = f"forward({', '.join([*needed, *optional])})"
    own = not scene.call.path
    who = "The model" if own else f"The module {scene.name}"
    what = f"{who} was called with other arguments than its forward takes: {takes}."
    args, kwargs = scene.trace.given
    gave = [*(_shown(each) for each in args), *(f"{name}={_shown(each)}" for name, each in kwargs.items())]
    cause = f"It needs {len(needed)} ({', '.join(needed) or 'none'})" + (
        f", and was given {len(gave)}: {', '.join(gave) or 'nothing'}." if own else "."
    )
    return Finding(what, cause, "", advice=_how(needed) if own else f"Look at the call on {scene.name}.")


def _how(needed: list[str]) -> str:
    names = ", ".join(needed) + "," * (len(needed) == 1)
    pairs = ", ".join(f"{name!r}: {name}" for name in needed)
    return f"Give several inputs as a tuple, trace(model, ({names})), or by name: trace(model, {{{pairs}}})."


def _shown(given: Any) -> str:  # noqa: ANN401
    return "a tensor" if type(given).__name__ == "Ref" else type(given).__name__


def python(scene: Scene) -> Finding | None:
    """Any other error of the person's own code."""
    if scene.node is not None:
        return None
    if scene.failure.kind == "NotImplementedError" and "forward" in scene.message:
        what = f"{scene.call.kind} has no forward: the method is missing, misspelt or indented wrongly."
        return Finding(
            what, "nn.Module calls `forward` and finds none.", advice="Write `def forward(self, x):`."
        )
    what = f"{scene.failure.kind} in the code of the model, at {scene.name}: {scene.message}."
    return Finding(what.replace("..", "."), NO_OPERATION, advice=_nearest(scene))


def _nearest(scene: Scene) -> str:
    """For a name that is not there, the one that may have been meant."""
    error = scene.failure.exception
    name = getattr(error, "name", None)
    if not isinstance(error, AttributeError | NameError) or not name:
        return ""
    owner = getattr(error, "obj", None)
    owner = scene.module if owner is None else owner
    known = [*vars(owner)] if hasattr(owner, "__dict__") else []
    known += [child for child, _ in owner.named_children()] if isinstance(owner, nn.Module) else dir(owner)
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    missing = (
        f"`{name}` is not set in __init__ of {type(owner).__name__}." if isinstance(owner, nn.Module) else ""
    )
    return " ".join(filter(None, (missing, f"Did you mean `{near[0]}`?" if near else "")))


def embedding_width(scene: Scene) -> Finding | None:
    """Multi-head attention that got another width than it is made for."""
    if not isinstance(scene.module, nn.MultiheadAttention) or scene.input is None or scene.node is not None:
        return None
    value, expected = scene.input, scene.module.embed_dim
    got = value.shape[-1]
    if got == expected:
        return None
    what = f"{scene.name} works on {expected} features, but got {got} on the last axis."
    axis = f"axis −1 (feature) of {value.shape}: got {got}, expected {expected}"
    return Finding(what, scene.came(value, "The tensor"), axis, _wider(scene, got))


def _wider(scene: Scene, got: int) -> tuple[Fix, ...]:
    """Heads share the features, so their number has to divide them."""
    return replaced(scene, embed_dim=got) if got % scene.module.num_heads == 0 else ()
