"""Linear layers: every output is a weighted sum of all inputs."""

from dataclasses import replace

from convscope.explaining.axes import Axes, features_last
from convscope.explaining.formula import symbols
from convscope.explaining.op import Extent, Role
from convscope.explaining.ops.products.contraction import Added, Contraction, contraction_op
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

LINEAR_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"
LEAD = "tuvwxyzn"  # axes in front, the last one next to the features
AXES = dict.fromkeys(LEAD, "position") | {
    "n": "sample",
    "i": "input feature",
    "j": "second feature",
    "o": "output",
}
IN, OUT, FIRST, SECOND = symbols("in out in₁ in₂")
BILINEAR_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html"


def _linear(reading: Reading) -> Contraction:
    """The sum y = x·Wᵀ + b; a weight with one axis gives one number a sample."""
    lead = _lead(len(reading.shape("input")) - 1)
    out = "o" if len(reading.shape("weight")) == 2 else ""
    what = (
        "A linear layer multiplies every input by a weight of its own and adds everything up; each output "
        "feature has its own row of weights."
    )
    factors = {"input": f"{lead}i", "weight": f"{out}i"}
    return Contraction(factors, lead + out, what, LINEAR_DOCS, _bias(reading, out), axes=AXES)


def _bilinear(reading: Reading) -> Contraction:
    """The sum y = x₁·A·x₂ + b, with a matrix A for every output."""
    lead = _lead(len(reading.shape("input1")) - 1)
    what = (
        "A bilinear layer multiplies every pair of a number of the first and a number of the second input by "
        "a weight of its own and adds everything up."
    )
    factors = {"input1": f"{lead}i", "weight": "oij", "input2": f"{lead}j"}
    return Contraction(factors, f"{lead}o", what, BILINEAR_DOCS, _bias(reading, "o"), axes=AXES)


def _lead(axes: int) -> str:
    return LEAD[len(LEAD) - axes :]


def _bias(reading: Reading, out: str) -> Added | None:
    if not reading.has("bias"):
        return None
    return Added("bias", out if len(reading.shape("bias")) else "")


def _linear_size(reading: Reading) -> tuple[Extent, ...]:
    *rows, features = reading.shape("weight")
    note = f"a row of weights for each, {features:,} in"
    return (Extent("features", Worked(OUT, {OUT: rows[0]}), (note,)),) if rows else ()


def _bilinear_size(reading: Reading) -> tuple[Extent, ...]:
    out, first, second = reading.shape("weight")
    note = f"a matrix of weights for each, {first:,} and {second:,} in"
    return (Extent("features", Worked(OUT, {OUT: out}), (note,)),)


def _linear_parameters(reading: Reading) -> Worked:
    *rows, features = reading.shape("weight")
    return Worked(OUT * (IN + 1 if reading.has("bias") else IN), {OUT: (rows or [1])[0], IN: features})


def _bilinear_parameters(reading: Reading) -> Worked:
    out, first, second = reading.shape("weight")
    pairs = FIRST * SECOND
    return Worked(
        OUT * (pairs + 1 if reading.has("bias") else pairs), {OUT: out, FIRST: first, SECOND: second}
    )


def linear_axes(reading: Reading, before: Axes | None) -> Axes:
    """It works along the last axis."""
    return features_last(before, len(reading.output_shape))


LINEAR = replace(
    contraction_op("input weight bias=None", _linear, _linear_size, _linear_parameters),
    role=Role.LINEAR,
    drawing="vector",
    axes=linear_axes,
    edits=("channel",),
)
BILINEAR = contraction_op("input1 input2 weight bias=None", _bilinear, _bilinear_size, _bilinear_parameters)
