"""Batch, layer, group, instance and root mean square normalisation: one account, four groupings."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from convscope.explaining.axes import Axes, features_last, kept_of, usual
from convscope.explaining.boxes import Boxes
from convscope.explaining.op import Role
from convscope.explaining.ops import normalise_gradients as backward
from convscope.explaining.ops.curve import DOCS, same_size, smallest
from convscope.explaining.ops.normalise_kept import explain_kept, kept, place_of_kept
from convscope.explaining.ops.normalise_layout import Layout, arguments, batch, group, instance, layer
from convscope.explaining.ops.normalise_local import LOCAL_RESPONSE_NORM
from convscope.explaining.ops.normalise_steps import Statistics, normalised_step, statistics, stored
from convscope.explaining.plain import Account, Cost, Index, Op, Step, number, signed
from convscope.explaining.reading import Reading, Signature
from convscope.shapes import elements
from convscope.tracing.structure import Ref


@dataclass(frozen=True)
class Kind:
    """One kind of normalisation.

    Attributes:
        what: which numbers are normalised together, for a person who meets it for the first time.
        layout: the same for a call.
        page: of torch's documentation.
        centred: whether the mean is taken off.
    """

    what: str
    layout: Callable[[Reading], Layout]
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
        x = float(reading["input"][at])
        steps = [*found.steps, normalised_step(x, found)]
        place = layout.affine_place(at)
        weight = float(reading["weight"][place]) if reading.has("weight") else 1.0
        bias = float(reading["bias"][place]) if "bias" in reading.arguments and reading.has("bias") else 0.0
        steps += _affine(reading, steps[-1].value, weight, bias)
        # The mean is taken from x: what both of them were rounded by is divided by σ, too.
        scale = abs(weight) * (abs(x) + found.size) / found.deviation + abs(bias)
        if layout.span and not reading["input"].is_contiguous():
            # Of channels-last pictures torch takes the variance as mean square less squared mean.
            scale += abs(weight * steps[len(found.steps)].value) * (1 + (found.mean / found.deviation) ** 2)
        notes = (_note(reading, layout, at),) if not stored(reading) else ()
        return Account(
            f"{self.what}{STORED if stored(reading) else ''}",
            _formula(reading, centred=self.centred),
            _numbers(x, found, weight, bias, steps[-1].value),
            steps[-1].value,
            self.source,
            steps=tuple(steps),
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


def _affine(reading: Reading, normalised: float, weight: float, bias: float) -> list[Step]:
    """Scale and shift, as far as there are any."""
    steps, value, before = [], normalised, "normalised"
    if reading.has("weight"):
        value *= weight
        numbers = f"{signed(normalised)}·{signed(weight)} = {number(value)}"
        steps.append(Step("scaled", "x̂·γ", numbers, value, f"{before} * {weight!r}"))
        before = "scaled"
    if "bias" in reading.arguments and reading.has("bias"):
        numbers = f"{number(value)} + {signed(bias)} = {number(value + bias)}"
        steps.append(
            Step("shifted", f"{'x̂·γ' if steps else 'x̂'} + β", numbers, value + bias, f"{before} + {bias!r}")
        )
    return steps


def _formula(reading: Reading, *, centred: bool) -> str:
    core = "(x − μ)/√(σ² + ε)" if centred else "x/√(q + ε)"
    scaled = f"{core}·γ" if reading.has("weight") else core
    return f"y = {scaled} + β" if "bias" in reading.arguments and reading.has("bias") else f"y = {scaled}"


def _numbers(x: float, found: Statistics, weight: float, bias: float, result: float) -> str:
    above = (
        f"({number(x)} − {signed(found.mean)})" if found.steps[-1].name != "root mean square" else number(x)
    )
    scaled = f"{above}/{number(found.deviation)}" + (f"·{signed(weight)}" if weight != 1 else "")
    return f"{scaled}{f' + {signed(bias)}' if bias else ''} = {number(result)}"


def _note(reading: Reading, layout: Layout, at: Index) -> str:
    """How many numbers are normalised together."""
    sizes = [part.stop - part.start for part in layout.together(at)]
    parts = [f"{sizes[axis]} ({layout.names[axis]})" for axis in layout.axes]
    count = 1
    for axis in layout.axes:
        count *= sizes[axis]
    together = f"{' · '.join(parts)} = {count:,} numbers are normalised together."
    kept_too = reading.arguments.get("running_var") is not None and count > 1
    biased = " They are divided by the variance over n; the running variance gets the one over n − 1."
    return together + (biased if kept_too else "")


def cost(reading: Reading) -> Cost:
    """Element-wise scale and shift are no multiply-adds here; a weight and a bias are parameters."""
    given = [name for name in ("weight", "bias") if isinstance(reading.arguments.get(name), Ref)]
    if not given:
        return Cost(0)
    count = elements(reading.shape(given[0]))
    return Cost(0, parameters=f"2·{count:,} = {2 * count:,}" if len(given) == 2 else f"{count:,}")


BATCH = Kind(
    "Batch normalisation gives each channel mean 0 and variance 1, then a scale and a shift of its own.",
    batch,
    "nn.BatchNorm2d",
).op(arguments)
BATCH = replace(BATCH, by_mode=True)
INSTANCE = Kind(
    "Instance normalisation gives each channel of each sample mean 0 and variance 1.",
    instance,
    "nn.InstanceNorm2d",
).op(arguments)
LAYER = Kind(
    "Layer normalisation gives the last axes of each sample mean 0 and variance 1, whatever the batch.",
    layer,
    "nn.LayerNorm",
).op("input normalized_shape weight=None bias=None eps=1e-05")
GROUP = Kind(
    "Group normalisation gives each group of channels of a sample mean 0 and variance 1.",
    group,
    "nn.GroupNorm",
).op("input num_groups weight=None bias=None eps=1e-05")
RMS = Kind(
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
