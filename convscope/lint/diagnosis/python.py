"""Errors of the person's own Python: arguments that a forward misses, names that are not there."""

import inspect
import re
from difflib import get_close_matches
from typing import Any

from torch import nn

from convscope.lint.diagnosis.code import attribute, replaced
from convscope.lint.diagnosis.finding import Finding, Fix
from convscope.lint.diagnosis.scene import Scene
from convscope.network.own.names import IMPORTS
from convscope.tracing.graph import Call

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
        if isinstance(scene.module, nn.ModuleList | nn.ModuleDict):
            return _holder(scene)
        what = f"{scene.call.kind} has no forward: the method is missing, misspelt or indented wrongly."
        return Finding(
            what, "nn.Module calls `forward` and finds none.", advice="Write `def forward(self, x):`."
        )
    if known := _unpacked(scene) or _not_a_list(scene) or _no_key(scene):
        return known
    what = f"{scene.failure.kind} in the code of the model, at {scene.name}: {scene.message}."
    return Finding(what.replace("..", "."), NO_OPERATION, advice=_nearest(scene))


def endless(scene: Scene) -> Finding | None:
    """A forward that calls itself."""
    if scene.failure.kind != "RecursionError":
        return None
    what = (
        f"The model calls itself without end: {len(scene.trace.nodes):,} operations ran, then Python gave up."
    )
    cause = "A forward that calls self.forward(…) or self(…) starts anew each time."
    return Finding(what, cause, advice="Call the layers of the module in its forward, not the module itself.")


def truth(scene: Scene) -> Finding | None:
    """`if tensor:` with several numbers."""
    if "Boolean value of Tensor" not in scene.message or scene.input is None:
        return None
    what = f"{scene.name} asks whether {scene.input.shape} is true: that is a question for each number of it."
    cause = "An `if`, `and`, `or` or `not` needs one answer."
    advice = (
        "For one answer: (x > 0).all() or .any(). For a choice number by number: torch.where(x > 0, x, -x)."
    )
    return Finding(what, cause, advice=advice)


def _holder(scene: Scene) -> Finding:
    """A list or dict of modules that was called."""
    kind, name = scene.call.kind, attribute(scene.call.path)
    what = f"{scene.name} is an nn.{kind}: it holds modules, and cannot be called itself."
    one = f"{name}[key](x)" if kind == "ModuleDict" else f"for layer in {name}: x = layer(x)"
    also = "" if kind == "ModuleDict" else "; or make it nn.Sequential, which calls one after the other"
    return Finding(
        what, "A holder does not say in what order its modules are called.", advice=f"Write `{one}`{also}."
    )


def _unpacked(scene: Scene) -> Finding | None:
    """Several names for one tensor."""
    found = re.search(r"values to unpack \(expected (\d+)", scene.message)
    if not found:
        return None
    what = (
        f"{scene.name}: {found[1]} names stand on the left, but what stands on the right has another number."
    )
    last = next((call for call in reversed(scene.trace.calls[1:]) if call.outputs), None)
    gave = f" The last layer, `{last.path}`, gave {_outputs(scene, last)}." if last else ""
    cause = f"A tensor that is taken apart gives one piece for each entry of its axis 0.{gave}"
    advice = (
        "A layer such as Linear or Conv gives one tensor; LSTM and attention give two things, GRU as well."
    )
    return Finding(what, cause, advice=advice)


def _outputs(scene: Scene, call: Call) -> str:
    return ", ".join(str(scene.trace.values[index].shape) for index in call.outputs)


def _not_a_list(scene: Scene) -> Finding | None:
    """cat(a, b) for cat((a, b))."""
    found = re.match(
        r"(cat|stack|concat|concatenate|hstack|vstack)\(\): .* must be tuple of Tensors", scene.message
    )
    if not found:
        return None
    what = f"{found[1]} takes the tensors as one tuple or list; here they stand one by one."
    cause = f"The second argument of torch.{found[1]} is the axis."
    return Finding(what, cause, advice=f"Write torch.{found[1]}((a, b), dim=1): along the channels.")


def _no_key(scene: Scene) -> Finding | None:
    """A name that a ModuleDict does not have."""
    if scene.failure.kind != "KeyError" or not isinstance(scene.module, nn.Module):
        return None
    asked = scene.message.strip("'")
    holders = {path: each for path, each in scene.module.named_modules() if isinstance(each, nn.ModuleDict)}
    known = "; ".join(f"`{path}` has {', '.join(map(repr, each))}" for path, each in holders.items())
    what = f"{scene.name} asks for {asked!r}, which is not there."
    return Finding(what, f"{known}." if known else NO_OPERATION, advice=_near(asked, holders))


def _near(asked: str, holders: dict[str, nn.ModuleDict]) -> str:
    names = [name for each in holders.values() for name in each]
    return "".join(f"Did you mean {near!r}?" for near in get_close_matches(asked, names, n=1, cutoff=0.6))


def _nearest(scene: Scene) -> str:
    """For a name that is not there, the one that may have been meant."""
    error = scene.failure.exception
    name = getattr(error, "name", None)
    if not isinstance(error, AttributeError | NameError) or not name:
        return ""
    if isinstance(error, NameError):
        if name in IMPORTS:
            return f"`{name}` is not imported. Write at the top of the file: `{IMPORTS[name]}`"
        own = f"Did you mean `self.{name}`? " if hasattr(scene.module, name) else ""
        return f"{own}`{name}` is no variable of this forward and was not imported: give it a value before."
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
    if got % scene.module.num_heads:
        return ()
    return replaced(scene, embed_dim=got, kdim=None, vdim=None)
