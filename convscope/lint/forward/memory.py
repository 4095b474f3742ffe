"""Memory that is not there."""

import re

import torch
from torch import Tensor

from convscope.lint.finding import Finding, rule
from convscope.lint.forward.scene import Scene, kind_of
from convscope.shapes import readable
from convscope.tracing.graph import Ref
from convscope.tracing.names import function_at
from convscope.tracing.structure import convert, leaves

SPOKEN = re.compile(r"allocate memory|out of memory|Storage size calculation overflowed|MemoryError", re.I)


@rule(
    "forward",
    "out-of-memory",
    why="Every operation makes its result anew, and for training all of them are kept "
    "until the way back. What an operation would need can be told from the shapes "
    "alone.",
    example="""
        def model(x):
            return x.expand(10**7, 10**7).clone()


        inputs = torch.zeros(1, 1)
    """,
    fix="""
        def model(x):
            return x.expand(10, 10).clone()


        inputs = torch.zeros(1, 1)
    """,
)
def memory(scene: Scene) -> Finding | None:
    """An operation asked for more memory than there is."""
    if not SPOKEN.search(f"{scene.failure.kind} {scene.message}"):
        return None
    asked = _asked(scene.message)
    made = _would_make(scene)
    what = f"There is not enough memory for {scene.name}" + (f": it asked for {asked}." if asked else ".")
    taken = ", ".join(str(value.shape) for value in scene.tensors)
    cause = f"{made}{f'It was given {taken}. ' if taken else ''}"
    cause += f"The operations before it and the input hold {readable(scene.trace.memory)}."
    samples = scene.samples
    fewer = f"Give fewer samples at a time than {samples:,}. " if samples and samples > 1 else ""
    advice = (
        f"{fewer}What else helps: smaller samples, a stride or pooling earlier in the model, fewer channels; "
        "for prediction torch.no_grad(), which keeps nothing for the way back."
    )
    return Finding(what, cause, advice=advice)


def _asked(message: str) -> str:
    exact = re.search(r"tried to allocate (\d+) bytes", message)
    if exact:
        return readable(int(exact[1]))
    spoken = re.search(r"[Tt]ried to allocate ([\d.]+ \w+)", message)
    return spoken[1] if spoken else ""


def _would_make(scene: Scene) -> str:
    """What the operation would give, worked out without memory; "" where that cannot be told."""
    function = function_at(scene.node.function) if scene.node else None
    if scene.node is None or function is None:
        return ""
    values = scene.trace.values

    def without_numbers(leaf: object) -> object:
        if isinstance(leaf, Ref):
            return torch.empty(values[leaf.index].shape, dtype=values[leaf.index].dtype, device="meta")
        return torch.device("meta") if isinstance(leaf, torch.device) else leaf

    try:
        with torch.device("meta"):
            result = function(
                *convert(scene.node.args, without_numbers), **convert(scene.node.kwargs, without_numbers)
            )
    except Exception:  # noqa: BLE001 - then the size is not known
        return ""
    made = [leaf for leaf in leaves(result) if isinstance(leaf, Tensor)]
    size = sum(each.numel() * each.element_size() for each in made)
    shapes = ", ".join(str(tuple(each.shape)) for each in made)
    kind = kind_of(made[0].dtype) if made else ""
    return f"Its result alone, {shapes} of {kind}, takes {readable(size)}. " if made else ""
