"""Recurrent layers: multiply-adds, parameters, size and reach; from shapes alone."""

import numpy as np

from convscope.explaining.boxes import Boxes, is_empty, whole
from convscope.explaining.ops.recurrent_sequences import Plan, plan
from convscope.explaining.plain import Cost
from convscope.explaining.reading import Reading


def cost(reading: Reading) -> Cost:
    """The products of the matrices; what gates do to one another is element by element and not counted."""
    sizes = plan(reading)
    layers = [_layer(sizes, layer) for layer in range(sizes.layers)]
    one = sum(macs for macs, _, _ in layers)
    parts = " + ".join(text for _, text, _ in layers)
    inside = f"({parts})" if len(layers) > 1 else parts
    times = f"{sizes.rows:,}" if sizes.packed else f"{sizes.steps}·{sizes.samples}"
    weights = " + ".join(_parameters(sizes, layer) for layer in range(sizes.layers))
    count = sum(parameters for _, _, parameters in layers)
    return Cost(sizes.rows * one, f"{times}·{inside} = {sizes.rows * one:,}", f"{weights} = {count:,}")


def _layer(sizes: Plan, layer: int) -> tuple[int, str, int]:
    """Multiply-adds of one step of one sample, the same as a formula, and the parameters."""
    gates, ways, taken = len(sizes.cell.gates), sizes.directions, _taken(sizes, layer)
    macs = gates * sizes.units * (taken + sizes.outputs)
    text = f"{_factor(ways)}{_factor(gates)}{sizes.units}·({taken} + {sizes.outputs})"
    biases = 2 * gates * sizes.units if sizes.biased else 0
    if sizes.outputs == sizes.units:
        return ways * macs, text, ways * (macs + biases)
    projection = sizes.units * sizes.outputs
    text = f"{_factor(ways)}({text.removeprefix(_factor(ways))} + {sizes.units}·{sizes.outputs})"
    return ways * (macs + projection), text, ways * (macs + biases + projection)


def _parameters(sizes: Plan, layer: int) -> str:
    """Of one layer: "4·(8·(3 + 8) + 2·8)": gates · (weights + two biases)."""
    gates, units = _factor(len(sizes.cell.gates)), sizes.units
    inner = f"{units}·({_taken(sizes, layer)} + {sizes.outputs})"
    inner = f"{inner} + 2·{units}" if sizes.biased else inner
    text = f"{gates}({inner})" if sizes.biased and gates else f"{gates}{inner}"
    if sizes.outputs != units:
        text = f"{text} + {units}·{sizes.outputs}"
    return f"{_factor(sizes.directions)}({text})" if sizes.directions > 1 else text


def _taken(sizes: Plan, layer: int) -> int:
    """What a layer reads at each step: the input, or the layer below in all its directions."""
    return sizes.directions * sizes.outputs if layer else sizes.features


def _factor(count: int) -> str:
    return f"{count}·" if count > 1 else ""


def size(reading: Reading) -> str:
    """A line for each axis of the output."""
    sizes = plan(reading)
    which = reading.which + sizes.is_cell
    unit = "hidden size" if which == 2 or sizes.outputs == sizes.units else "size of the projection"
    width = sizes.units if which == 2 else sizes.outputs
    sample = f"sample = {sizes.samples}"
    if sizes.is_cell:
        return f"{sample}\nunit = {width} ({unit})"
    if which:
        states = f"state {sizes.layers}·{sizes.directions} = {sizes.layers * sizes.directions}"
        return f"{states} (layers · directions)\n{sample}\nunit = {width} ({unit})"
    units = f"unit {sizes.directions}·{width} = {sizes.directions * width} (directions · {unit})"
    if sizes.packed:
        return f"row = {sizes.rows} (all steps of all samples)\n{units}"
    step = f"step = {sizes.steps} (one output for every step of the input)"
    return "\n".join([*([sample, step] if sizes.batch_first else [step, sample]), units])


def reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """A direction sees the steps up to its own: forwards 0 … t, backwards t … end; of its own sample only."""
    sizes = plan(reading)
    found = whole(reading.shape("input"), boxes)
    if sizes.packed:
        return {"input": found}
    if sizes.is_cell:
        found[..., 0, :] = boxes[..., 0, :]
        state = whole(reading.shape("h_0"), boxes)
        state[..., 0, :] = boxes[..., 0, :]
        return _unless_empty(boxes, reading, input=found, h_0=state)
    step, sample = (1, 0) if sizes.batch_first and not reading.which else (0, 1)
    found[..., 0 if sizes.batch_first else 1, :] = boxes[..., sample, :]
    rows = _state_rows(sizes, boxes) if reading.which else _output_rows(sizes, boxes)
    if not reading.which:
        time, ways = 1 if sizes.batch_first else 0, _ways(sizes, boxes)
        found[..., time, 0] = np.where(ways[..., 0] == 0, 0, boxes[..., step, 0])
        found[..., time, 1] = np.where(ways[..., 1] == 2, sizes.steps, boxes[..., step, 1])
    state = whole(reading.shape("h_0"), boxes)
    state[..., 0, :], state[..., 1, :] = rows, boxes[..., sample, :]
    return _unless_empty(boxes, reading, input=found, h_0=state)


def _ways(sizes: Plan, boxes: Boxes) -> Boxes:
    """First direction that matters and one behind the last; below the top layer both always do."""
    ways = np.empty_like(boxes[..., 0, :])
    if sizes.layers > 1:
        ways[..., 0], ways[..., 1] = 0, sizes.directions
    else:
        ways[..., 0] = boxes[..., 2, 0] // sizes.outputs
        ways[..., 1] = (boxes[..., 2, 1] - 1) // sizes.outputs + 1
    return ways


def _output_rows(sizes: Plan, boxes: Boxes) -> Boxes:
    """Initial states behind an output: those of all layers; of a single layer those of its directions."""
    rows = _ways(sizes, boxes)
    if sizes.layers > 1:
        top = (boxes[..., 2, 1] - 1) // sizes.outputs + 1
        rows[..., 1] = (sizes.layers - 1) * sizes.directions + top
    return rows


def _state_rows(sizes: Plan, boxes: Boxes) -> Boxes:
    """Initial states behind a last state: its own and those of the layers below."""
    rows = boxes[..., 0, :].copy()
    rows[..., 0] = np.where(rows[..., 1] <= sizes.directions, rows[..., 0], 0)
    return rows


def _unless_empty(boxes: Boxes, reading: Reading, **found: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """Nothing depends on nothing. The cell state is reached as the hidden state is, unit for unit."""
    if "c_0" in reading.arguments:
        found["c_0"] = whole(reading.shape("c_0"), boxes)
        found["c_0"][..., :-1, :] = found["h_0"][..., :-1, :]
    nothing = is_empty(boxes)[..., None, None]
    return {name: np.where(nothing, 0, each) for name, each in found.items()}
