"""What a normalisation keeps beside its output: mean and 1/σ for the way back, running mean and variance."""

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import summed, symbols
from convscope.explaining.ops.elementwise.curve import smallest
from convscope.explaining.ops.normalisation.grouping import Grouping, Region, places
from convscope.explaining.ops.normalisation.steps import (
    SQUARES,
    VARIANCE,
    mean_step,
    n,
    squares,
    statistics,
    σ,
)
from convscope.explaining.reading import Reading
from convscope.tracing.structure import Ref, leaves

m, old, new, each, count = symbols("m old new s groups")


def kept(reading: Reading) -> str:
    """Which of these is asked about; "" for the output itself.

    Kernels return the output, the mean and 1/σ; what is changed in place comes after what is returned.
    """
    returned = sum(isinstance(leaf, Ref) for leaf in leaves(reading.node.result))
    names = (*("", "mean", "1/σ")[:returned], "running mean", "running variance")
    return names[reading.which]


def explain_kept(reading: Reading, layout: Grouping, at: Index, source: str) -> Account:
    """One number of these."""
    name = kept(reading)
    if name.startswith("running"):
        return _running(reading, layout, at, name, source)
    found = statistics(reading, layout, _regions(reading, layout, at)[0], centred=True)
    steps = (found.steps[0],) if name == "mean" else found.steps
    scale = found.size
    if name == "1/σ":
        steps = (*steps, Step("1/σ", 1 / σ, {σ: steps[-1]}))
        # Deviations from the mean lose the digits of the numbers that they are deviations of.
        scale = (1 + found.size / found.deviation) / found.deviation
    what = f"The {name} of what is normalised together, kept for the way back."
    last = steps[-1]
    scale = max(scale, smallest(reading.output_value.dtype))
    return Account(what, last.formula, source, steps=steps, scale=scale)


def place_of_kept(reading: Reading, layout: Grouping, boxes: Boxes) -> Boxes:
    """Boxes on a kept statistic → boxes on the input."""
    wide = layout.reach(torch.zeros((*boxes.shape[:-2], len(layout.shape), 2), dtype=torch.int64).numpy())
    own = [axis for axis in range(len(layout.shape)) if axis not in layout.axes]
    if kept(reading).startswith("running"):
        wide[..., 0, :] = (0, layout.shape[0])
        wide[..., 1, :] = boxes[..., 0, :]
    elif layout.span:
        wide[..., 0, :] = boxes[..., 0, :]
        wide[..., 1, :] = boxes[..., 1, :] * layout.span
    else:
        for place, axis in enumerate(own):
            wide[..., axis, :] = boxes[..., place, :]
    return wide


def _regions(reading: Reading, layout: Grouping, at: Index) -> list[Region]:
    """The groups of numbers behind one statistic; a running one of an instance norm has several."""
    rest = (0,) * len(layout.shape)
    if kept(reading).startswith("running"):
        samples = range(1) if 0 in layout.axes else range(layout.shape[0])
        return [layout.together((sample, at[0], *rest[2:])) for sample in samples]
    if layout.span:
        return [layout.together((at[0], at[1] * layout.span, *rest[2:]))]
    if layout.affine == (1,) and 0 in layout.axes:
        return [layout.together((0, at[0], *rest[2:]))]
    return [layout.together((*at[: layout.axes[0]], *rest[layout.axes[0] :]))]


def _running(reading: Reading, layout: Grouping, at: Index, name: str, source: str) -> Account:
    """(1 − momentum)·old + momentum·new; the new variance is the unbiased one."""
    argument = "running_mean" if name == "running mean" else "running_var"
    before, momentum = float(reading[argument][at]), float(reading["momentum"])
    groups, sizes = [], []
    for region in _regions(reading, layout, at):
        values = reading["input"][region].double()
        steps, size = _of_group(values, layout, region, name)
        groups.append(steps)
        sizes.append(size)
    steps = groups[0] if len(groups) == 1 else (_mean_of([steps[-1].value for steps in groups]),)
    values = {m: momentum, old: before, new: steps[-1]}
    last = Step(name, (1 - m) * old + m * new, values)
    size = abs((1 - momentum) * before) + abs(momentum) * sum(sizes) / len(sizes)
    what = f"The {name} moves a little towards that of this batch; evaluation will use it."
    scale = max(size, smallest(reading.output_value.dtype))
    note = ("The variance here is over n − 1; the one that this batch was divided by is over n.",)
    notes = note if name == "running variance" else ()
    return Account(what, last.formula, source, steps=(*steps, last), scale=scale, notes=notes)


def _of_group(values: Tensor, layout: Grouping, region: Region, name: str) -> tuple[tuple[Step, ...], float]:
    """The mean, or the variance over n − 1, and how large the numbers were before they were subtracted."""
    mean = mean_step(values, layout, {"input": places(region)})
    if name == "running mean":
        return (mean,), float(values.abs().mean())
    formula = VARIANCE.equals(SQUARES / (n - 1))
    variance = Step("variance", formula, {n: values.numel()}, squares(values, mean.value, layout))
    lost = ((values - mean.value).abs() * (values.abs() + values.abs().mean())).sum() / (values.numel() - 1)
    return (mean, variance), float(lost)


def _mean_of(groups: list[float]) -> Step:
    """Of what each sample has."""
    parts = torch.tensor(groups, dtype=torch.float64)
    terms = Terms(parts, ("group",), {"of each group": parts})
    return Step("mean of the samples", summed(each) / count, {count: len(groups)}, terms)
