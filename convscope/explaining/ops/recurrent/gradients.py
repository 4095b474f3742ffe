"""Backpropagation through time: one gradient of a recurrent layer as a sum over its time steps.

A weight is used at every step, so its gradient is a sum over steps (and samples): what arrives at its gate
times what the weight was multiplied with.
"""

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Terms, product
from convscope.explaining.formula import Formula, Symbol, summed, symbols
from convscope.explaining.ops.recurrent.cells import Sized, exact, joined, stack
from convscope.explaining.ops.recurrent.sequences import (
    Back,
    Pass,
    RecurrentConfig,
    back,
    is_followed,
    plan,
    unroll,
)
from convscope.explaining.reading import Reading

SOURCE = "https://doi.org/10.1109/5.58337"  # P. Werbos, Backpropagation through time, Proc. IEEE 78 (1990)

arrives, t, sample, gate, unit = symbols("gradient t sample gate unit")


def gradient(reading: Reading, name: str, at: Index) -> Account:
    """d(score)/d(one input, state, weight or bias).

    Raises:
        TraceError: packed sequences are not explained.
    """
    if not is_followed(reading):
        raise TraceError(
            f"the gradient of {reading.node.name} is not explained: its sequences are packed.\n"
            "  Trace it with padded sequences."
        )
    if name == "input":
        return _of_input(reading, at)
    if name in ("h_0", "c_0"):
        return _of_state(reading, name, at)
    return _of_weight(reading, name, at)


def _of_weight(reading: Reading, name: str, at: Index) -> Account:
    """Σ over steps and samples of what arrives at the gate times what the weight was multiplied with."""
    passes = unroll(reading)
    way, its = next(
        (way, its)
        for layer, backs in zip(passes, back(reading, passes, reading.output_gradient), strict=True)
        for way, its in zip(layer, backs, strict=True)
        if name.endswith(way.suffix) and name.removesuffix(way.suffix) in KINDS
    )
    kind = name.removesuffix(way.suffix)
    arriving, other, other_name = _factors(way, its, kind, at)
    factors = {"gradient": arriving.value} | ({} if other is None else {other_name: other.value})
    places = {}
    if other_name == "input" and other is not None:
        places["input"] = _input_places(plan(reading), at[1])
    terms = product(("step", "sample"), places, **factors)
    total = arriving if other is None else arriving * other
    what = (
        f"{name} is used at every time step, so its gradient is a sum over the steps and samples: "
        f"{KINDS[kind]}."
    )
    used = arrives[t, sample] * Symbol(other_name)[t, sample] if other_name else arrives[t, sample]
    return _account(what, Symbol(f"d{name}").equals(summed(used)), terms, total)


KINDS = {
    "weight_ih": "what arrives at its gate times the input it was multiplied with",
    "weight_hh": "what arrives at its gate times the hidden state of the step before",
    "bias_ih": "what arrives at its gate",
    "bias_hh": "what arrives at its gate",
    "weight_hr": "what arrives at the projected state times o·tanh(c) of the unit",
}


def _factors(way: Pass, its: Back, kind: str, at: Index) -> tuple[Sized, Sized | None, str]:
    """What arrives at a weight's row and what the weight was multiplied with; (step, sample)."""
    order = [way.place(step) for step in range(len(way.moments))]
    moments, pulls = [way.moments[place] for place in order], [its.pulls[place] for place in order]
    if kind == "weight_hr":
        made = stack([moment.made[:, at[1]] for moment in moments])
        return stack([its.arriving[place][:, at[0]] for place in order]), made, "o·tanh(c)"
    units = moments[0].made.value.shape[-1]
    gate, unit = divmod(at[0], units)
    side = "input_part" if kind.endswith("ih") else "hidden_part"
    arriving = stack([getattr(pull, side)[gate][:, unit] for pull in pulls])
    if kind == "weight_ih":
        x_name = "input" if way.layer == 0 else f"output of layer {way.layer - 1}"
        return arriving, way.input[..., at[1]], x_name
    if kind == "weight_hh":
        return arriving, stack([moment.hidden[:, at[1]] for moment in moments]), "previous hidden state"
    return arriving, None, ""


def _input_places(sizes: RecurrentConfig, feature: int) -> Tensor:
    """Where a feature of each step and sample stands in the input."""
    step, sample = torch.meshgrid(torch.arange(sizes.steps), torch.arange(sizes.samples), indexing="ij")
    axes = [sample] if sizes.is_cell else [sample, step] if sizes.batch_first else [step, sample]
    return torch.stack([*axes, torch.full_like(step, feature)], dim=-1)


def _of_input(reading: Reading, at: Index) -> Account:
    """Σ over directions, gates and units of what arrives there times the weight."""
    sizes = plan(reading)
    step, sample = (0, at[0]) if sizes.is_cell else at[:2][::-1] if sizes.batch_first else at[:2]
    samples = slice(sample, sample + 1)
    passes = unroll(reading, samples)
    arriving, weights = [], []
    for way, its in zip(passes[0], back(reading, passes, reading.output_gradient, samples)[0], strict=True):
        arriving.append(joined(list(its.pulls[way.place(step)].input_part))[0])
        weights.append(exact(way.weights.input.value[:, at[-1]]))
    pulled, shape = stack(arriving), (sizes.directions, len(sizes.cell.gates), sizes.units)
    weight = stack(weights)
    terms = product(
        ("direction", "gate", "unit"),
        gradient=pulled.value.reshape(shape),
        weight=weight.value.reshape(shape),
    )
    what = "This input goes into every gate of every unit, so its gradient is a sum over them: what arrives "
    what += "there times the weight that it was multiplied with."
    every = summed(arrives[gate, unit] * Symbol("weight_ih")[gate, unit])
    return _account(what, Symbol("dx").equals(every), terms, pulled * weight)


def _of_state(reading: Reading, name: str, at: Index) -> Account:
    """Σ over the ways in which an initial state takes part in the first step."""
    sizes = plan(reading)
    sample, unit = at[-2:]
    row = 0 if sizes.is_cell else at[0]
    samples = slice(sample, sample + 1)
    passes = unroll(reading, samples)
    layer, direction = divmod(row, sizes.directions)
    way, its = (
        passes[layer][direction],
        back(reading, passes, reading.output_gradient, samples)[layer][direction],
    )
    # A cell that was given no state takes the very same zeros for both, so both parts belong to its gradient.
    given = reading.arguments
    names = ("h_0", "c_0") if given.get("c_0") == given["h_0"] else (name,)
    pairs = [pair for each in names for pair in (_hidden if each == "h_0" else _memory)(way, its, unit)]
    arriving, slopes = stack([pair[0] for pair in pairs]), stack([pair[1] for pair in pairs])
    terms = product(("path",), gradient=arriving.value, slope=slopes.value)
    what = "The initial state takes part in the first step only: a path for each gate of each unit"
    what = (
        f"{what}."
        if name == "h_0"
        else "The initial cell state takes part in the first step, through the forget gate."
    )
    every = Symbol(f"d{name}").equals(summed(arrives * Symbol("slope"))).given("over the paths")
    return _account(what, every, terms, arriving * slopes)


def _hidden(way: Pass, its: Back, unit: int) -> list[tuple[Sized, Sized]]:
    """Through all gates; in a GRU also straight on, as much as the update gate keeps."""
    pull = its.pulls[0]
    arriving, weights = joined(list(pull.hidden_part))[0], exact(way.weights.hidden.value[:, unit])
    pairs = [(arriving[place], weights[place]) for place in range(len(weights.value))]
    if pull.direct is not None:
        pairs.append((its.arriving[0][0, unit], way.moments[0].gates[1][0, unit]))
    return pairs


def _memory(way: Pass, its: Back, unit: int) -> list[tuple[Sized, Sized]]:
    """As much as the forget gate keeps."""
    cell = its.pulls[0].cell
    assert cell is not None
    return [(cell[0, unit], way.moments[0].gates[1][0, unit])]


def _account(what: str, formula: Formula, terms: Terms, total: Sized) -> Account:
    # What arrives has gone through slopes such as 1 − tanh², which subtract, and through sums over units; the
    # sizes that `Sized` carries along say how large the numbers were that did not cancel exactly.
    scale = float(total.size.sum())
    return Account(what, formula, SOURCE, terms=terms, scale=scale)
