"""What a normalisation keeps beside its output: mean and 1/σ for the way back, running mean and variance."""

import torch

from convscope.explaining.boxes import Boxes
from convscope.explaining.ops.curve import smallest
from convscope.explaining.ops.normalise_layout import Layout, Region
from convscope.explaining.ops.normalise_steps import statistics
from convscope.explaining.plain import Account, Index, Step, Terms, number, signed
from convscope.explaining.reading import Reading
from convscope.tracing.structure import Ref, leaves


def kept(reading: Reading) -> str:
    """Which of these is asked about; "" for the output itself.

    Kernels return the output, the mean and 1/σ; what is changed in place comes after what is returned.
    """
    returned = sum(isinstance(leaf, Ref) for leaf in leaves(reading.node.result))
    names = (*("", "mean", "1/σ")[:returned], "running mean", "running variance")
    return names[reading.which]


def explain_kept(reading: Reading, layout: Layout, at: Index, source: str) -> Account:
    """One number of these."""
    name = kept(reading)
    if name.startswith("running"):
        return _running(reading, layout, at, name, source)
    found = statistics(reading, layout, _regions(reading, layout, at)[0], centred=True)
    steps = (found.steps[0],) if name == "mean" else found.steps
    scale = found.size
    if name == "1/σ":
        value = 1 / found.deviation
        numbers = f"1 / {number(found.deviation)} = {number(value)}"
        steps = (*steps, Step("1/σ", "1 / σ", numbers, value, "1 / standard_deviation"))
        # Deviations from the mean lose the digits of the numbers that they are deviations of.
        scale = value * (1 + found.size / found.deviation)
    what = f"The {name} of what is normalised together, kept for the way back."
    last = steps[-1]
    scale = max(scale, smallest(reading.output_value.dtype))
    return Account(what, last.formula, last.numbers, last.value, source, steps=steps, scale=scale)


def place_of_kept(reading: Reading, layout: Layout, boxes: Boxes) -> Boxes:
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


def _regions(reading: Reading, layout: Layout, at: Index) -> list[Region]:
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


def _running(reading: Reading, layout: Layout, at: Index, name: str, source: str) -> Account:
    """(1 − momentum)·old + momentum·new; the new variance is the unbiased one."""
    argument = "running_mean" if name == "running mean" else "running_var"
    old, m = float(reading[argument][at]), float(reading["momentum"])
    parts, sizes = [], []
    for region in _regions(reading, layout, at):
        values = reading["input"][region].double()
        away = values - values.mean()
        if name == "running mean":
            parts.append(values.mean())
            sizes.append(values.abs().mean())
        else:
            parts.append(away.square().sum() / (values.numel() - 1))
            sizes.append((away.abs() * (values.abs() + values.abs().mean())).sum() / (values.numel() - 1))
    steps = _steps(torch.stack(parts), old, m, name)
    size = abs((1 - m) * old) + abs(m) * float(torch.stack(sizes).mean())
    what = f"The {name} moves a little towards that of this batch; evaluation will use it."
    last = steps[-1]
    scale = max(size, smallest(reading.output_value.dtype))
    note = ("The variance here is over n − 1; the one that this batch was divided by is over n.",)
    notes = note if name == "running variance" else ()
    return Account(
        what, last.formula, last.numbers, last.value, source, steps=steps, scale=scale, notes=notes
    )


def _steps(parts: torch.Tensor, old: float, m: float, name: str) -> tuple[Step, ...]:
    terms = Terms(parts, ("group",), {"of each group": parts})
    new = terms.result / len(parts)
    of_this = "mean of this batch" if name == "running mean" else "variance of this batch"
    formula = "Σx / n" if name == "running mean" else "Σ(x − μ)² / (n − 1)"
    formula += ", then the mean over the samples" if len(parts) > 1 else ""
    value = (1 - m) * old + m * new
    numbers = f"{number(1 - m)}·{signed(old)} + {number(m)}·{signed(new)} = {number(value)}"
    code = f"(1 - {m!r}) * {old!r} + {m!r} * {of_this.replace(' ', '_')}"
    return (
        Step(of_this, formula, number(new), new, f"math.fsum(terms) / {len(parts)}", terms),
        Step(name, "(1 − m)·old + m·new", numbers, value, code),
    )
