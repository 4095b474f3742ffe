"""A forward that failed → why, where, and the line that mends it: `diagnose(trace)`.

    Trace that failed ── Scene ── the first family that knows it ──▶ Finding ── fixes tried ──▶ Diagnosis

A family is a function from the scene to a finding, or None where the error is not of its kind. Where none
knows it, the operation, the shapes it was given and torch's own words are shown, and nothing is made up.
"""

from collections.abc import Callable

from convscope.lint.diagnosis import (
    axes,
    channels,
    following,
    joins,
    memory,
    places,
    python,
    recurrent,
    sizes,
    targets,
    trial,
    types,
    views,
    windows,
)
from convscope.lint.diagnosis.code import attribute
from convscope.lint.diagnosis.finding import Diagnosis, Finding, Fix, Where
from convscope.lint.diagnosis.scene import Scene
from convscope.tracing.graph import Trace

__all__ = ["Diagnosis", "Where", "diagnose"]

FAMILIES: tuple[Callable[[Scene], Finding | None], ...] = (
    memory.memory,
    python.endless,
    python.arguments,
    types.no_tensor,
    types.device,
    following.parameter_in_place,
    following.numbers_outside,
    targets.embedding,
    views.view,
    views.order,
    views.mixed,
    targets.loss,
    targets.sizes_of_both,
    targets.probabilities,
    targets.by_number,
    views.lost,
    types.kind_of_numbers,
    axes.axes,
    channels.convolution,
    channels.batch_norm,
    channels.group_norm,
    channels.layer_norm,
    windows.window,
    windows.padding,
    recurrent.recurrent,
    python.embedding_width,
    sizes.linear,
    sizes.product,
    joins.element_by_element,
    joins.concatenation,
    places.dimension,
    places.entry,
    places.order,
    places.letters,
    places.space,
    python.truth,
    python.python,
)


def diagnose(trace: Trace) -> Diagnosis:
    """Say why a forward failed.

    Args:
        trace: of a model that raised. Fixes are tried where the model and its inputs are still there: the
            model runs again with each, and is afterwards as it was.

    Raises:
        TraceError: the forward did not fail.

    >>> from torch import nn, zeros
    >>> from convscope.tracing import trace
    >>> found = diagnose(trace(nn.Sequential(nn.Flatten(), nn.Linear(1024, 10)), zeros(2, 16, 12, 12)))
    >>> found.fix, found.tried
    ('model[1] = nn.Linear(2304, 10)', True)
    """
    scene = Scene(trace)
    finding = next((found for family in FAMILIES if (found := family(scene))), None) or _unknown(scene)
    fix, tried = _best(scene, finding.fixes)
    code, place = _written(scene, fix) if fix else ("", "")
    said = f"{scene.failure.kind}: {scene.message}"
    return Diagnosis(
        finding.what, scene.where, finding.cause, finding.axis, code, place, finding.advice, said, tried
    )


def _unknown(scene: Scene) -> Finding:
    """An error that no family knows: only what is certain."""
    shapes = ", ".join(f"{value.shape} {str(value.dtype).removeprefix('torch.')}" for value in scene.tensors)
    return Finding(f"{scene.name} failed.", f"It was given {shapes or 'no tensors'}.")


def _best(scene: Scene, fixes: tuple[Fix, ...]) -> tuple[Fix | None, bool | None]:
    """The first fix that works; else the first."""
    results = []
    for fix in fixes:
        results.append(trial.works(scene, fix))
        if results[-1]:
            return fix, True
    return (fixes[0], results[0]) if fixes else (None, None)


def _written(scene: Scene, fix: Fix) -> tuple[str, str]:
    """A fix as lines to paste, and where they go."""
    root = scene.trace.calls[0]
    ready = type(root.module).__module__.startswith("torch.nn.")  # such as nn.Sequential: no class to change
    lines = [f"{attribute(path, 'model' if ready else 'self')} = {made}" for path, made in fix.layers.items()]
    places = (
        (["where the model is built"] if ready else [f"at the end of {root.kind}.__init__"]) if lines else []
    )
    if fix.inputs:
        lines += [f"{name} = {expression}" for name, expression in fix.inputs.items()]
        places.append("before the model is called, or first in its forward")
    if fix.evaluation:
        lines.append("model.eval()")
        places.append("before the model is called")
    if fix.line:
        lines.append(fix.line)
        places.append(f"instead of line {scene.where.line}")
    return "\n".join(lines), " and ".join(places)
