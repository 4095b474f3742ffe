"""Batch, layer, group, instance and root mean square normalisation: one account, four groupings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from convscope.explaining.account import Account, Index, Step
from convscope.explaining.axes import Axes, features_last, kept_of, usual
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, Symbol, symbols
from convscope.explaining.functions import sqrt
from convscope.explaining.op import Cost, Op, Role
from convscope.explaining.ops.elementwise.curve import DOCS, same_size, smallest
from convscope.explaining.ops.normalisation import gradients as backward
from convscope.explaining.ops.normalisation.grouping import Grouping, arguments, batch, group, instance, layer
from convscope.explaining.ops.normalisation.kept import explain_kept, kept, place_of_kept
from convscope.explaining.ops.normalisation.local import LOCAL_RESPONSE_NORM
from convscope.explaining.ops.normalisation.steps import (
    VARIANCE,
    normalised_step,
    q,
    statistics,
    stored,
    x,
    xh,
    ε,
    μ,
)
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.working import Worked
from convscope.shapes import elements
from convscope.tracing.structure import Ref

y, γ, β = symbols("y γ β")


@dataclass(frozen=True)
class Normalisation:
    """One kind of normalisation.

    Attributes:
        what: which numbers are normalised together, for a person who meets it for the first time.
        layout: the same for a call.
        page: of torch's documentation.
        centred: whether the mean is taken off.
    """

    what: str
    layout: Callable[[Reading], Grouping]
    page: str
    centred: bool = True

    def op(self, signature: Signature) -> Op:
        """The entry of `OPS`."""
        return Op(
            signature,
            self.explain,
            self.gradient,
            cost,
            self.reach,
            same_size,
            role=Role.NORMALISATION,
            axes=_axes,
            edits=("channel",),
        )

    @property
    def source(self) -> str:
        """Address of the documentation."""
        return f"{DOCS}{self.page}.html"

    def explain(self, reading: Reading, at: Index) -> Account:
        """One number of the output, or of what is kept beside it: mean, 1/σ, running mean and variance."""
        layout = self.layout(reading)
        if kept(reading):
            return explain_kept(reading, layout, at, self.source)
        found = statistics(reading, layout, layout.together(at), centred=self.centred)
        number, place = float(reading["input"][at]), layout.affine_place(at)
        given = [name for name in ("weight", "bias") if _has(reading, name)]
        affine = {name: float(reading[name][place]) for name in given}
        normalised = normalised_step(number, found)
        weight, bias = affine.get("weight", 1.0), affine.get("bias", 0.0)
        # The mean is taken from x: what both of them were rounded by is divided by σ, too.
        scale = abs(weight) * (abs(number) + found.size) / found.deviation + abs(bias)
        if layout.span and not reading["input"].is_contiguous():
            # Of channels-last pictures torch takes the variance as mean square less squared mean.
            scale += abs(weight * normalised.value) * (1 + (found.mean / found.deviation) ** 2)
        notes = (_note(reading, layout, at),) if not stored(reading) else ()
        return Account(
            f"{self.what}{STORED if stored(reading) else ''}",
            _formula(given, centred=self.centred),
            self.source,
            steps=(*found.steps, normalised, *_affine(normalised, affine)),
            scale=max(scale, smallest(reading.output_value.dtype)),
            notes=notes,
        )

    def gradient(self, reading: Reading, name: str, at: Index) -> Account:
        """With respect to a number of the input, a weight, a bias or a stored statistic."""
        layout = self.layout(reading)
        if name == "input":
            return backward.input_gradient(reading, layout, at, self.source, centred=self.centred)
        if name == "weight":
            return backward.weight_gradient(reading, layout, at, self.source, centred=self.centred)
        if name == "bias":
            return backward.bias_gradient(reading, layout, at, self.source)
        return backward.no_gradient(self.source)

    def reach(self, reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
        """The own place with stored statistics, else all that is normalised together; and the own weight."""
        layout = self.layout(reading)
        if kept(reading):
            return {"input": place_of_kept(reading, layout, boxes)}
        found: dict[str, Boxes | list[Boxes]] = {"input": boxes if stored(reading) else layout.reach(boxes)}
        for name in ("weight", "bias"):
            if isinstance(reading.arguments.get(name), Ref):
                found[name] = boxes[..., list(layout.affine), :]
        for name in ("running_mean", "running_var") if stored(reading) else ():
            found[name] = boxes[..., 1:2, :]
        return found


def _axes(reading: Reading, before: Axes | None) -> Axes:
    """Channels are second, but for what is normalised along the last axis: those are features."""
    rank = len(reading.output_shape)
    if "normalized_shape" not in reading.arguments:
        return usual(rank)
    shape = reading.arguments["normalized_shape"] or ()
    return features_last(before, rank) if len(shape) == 1 else kept_of(before, rank)


STORED = " In evaluation the mean and the variance are those that training kept."


def _has(reading: Reading, name: str) -> bool:
    return name in reading.arguments and reading.has(name)


def _affine(normalised: Step, given: dict[str, float]) -> list[Step]:
    """Scale and shift, as far as there are any."""
    steps, before = [], xh
    if "weight" in given:
        steps.append(Step("scaled", xh * γ, {xh: normalised, γ: given["weight"]}))
        before = xh * γ
    if "bias" in given:
        steps.append(Step("shifted", before + β, {before: [normalised, *steps][-1], β: given["bias"]}))
    return steps


def _formula(given: list[str], *, centred: bool) -> Formula:
    core = (x - μ) / sqrt(VARIANCE + ε) if centred else x / sqrt(q + ε)
    scaled = γ * core if "weight" in given else core
    return y.equals(scaled + β if "bias" in given else scaled)


def _note(reading: Reading, layout: Grouping, at: Index) -> str:
    """How many numbers are normalised together."""
    sizes = [part.stop - part.start for part in layout.together(at)]
    parts = [f"{sizes[axis]} ({layout.names[axis]})" for axis in layout.axes]
    count = prod(sizes[axis] for axis in layout.axes)
    together = f"{' · '.join(parts)} = {count:,} numbers are normalised together."
    kept_too = reading.arguments.get("running_var") is not None and count > 1
    biased = " They are divided by the variance over n; the running variance gets the one over n − 1."
    return together + (biased if kept_too else "")


def cost(reading: Reading) -> Cost:
    """Element-wise scale and shift are no multiply-adds here; a weight and a bias are parameters."""
    given = [name for name in ("weight", "bias") if isinstance(reading.arguments.get(name), Ref)]
    if not given:
        return Cost()
    each = Symbol("features" if "normalized_shape" in reading.arguments else "channels")
    counted = 2 * each if len(given) == 2 else each
    return Cost(parameters=Worked(counted, {each: elements(reading.shape(given[0]))}))


BATCH = Normalisation(
    "Batch normalisation gives each channel mean 0 and variance 1, then a scale and a shift of its own.",
    batch,
    "nn.BatchNorm2d",
).op(arguments)
BATCH = replace(BATCH, by_mode=True)
INSTANCE = Normalisation(
    "Instance normalisation gives each channel of each sample mean 0 and variance 1.",
    instance,
    "nn.InstanceNorm2d",
).op(arguments)
LAYER = Normalisation(
    "Layer normalisation gives the last axes of each sample mean 0 and variance 1, whatever the batch.",
    layer,
    "nn.LayerNorm",
).op("input normalized_shape weight=None bias=None eps=1e-05")
GROUP = Normalisation(
    "Group normalisation gives each group of channels of a sample mean 0 and variance 1.",
    group,
    "nn.GroupNorm",
).op("input num_groups weight=None bias=None eps=1e-05")
RMS = Normalisation(
    "Root mean square normalisation divides by the root of the mean square; the mean stays.",
    layer,
    "nn.RMSNorm",
    centred=False,
).op("input normalized_shape weight=None eps=None")

OPS = {
    "batch_norm": BATCH,
    "native_batch_norm": BATCH,
    "_native_batch_norm_legit": BATCH,
    "_native_batch_norm_legit_no_training": BATCH,
    "instance_norm": INSTANCE,
    "layer_norm": LAYER,
    "native_layer_norm": LAYER,
    "group_norm": GROUP,
    "native_group_norm": replace(GROUP, signature="input weight bias samples channels places num_groups eps"),
    "rms_norm": RMS,
    "local_response_norm": LOCAL_RESPONSE_NORM,
}
