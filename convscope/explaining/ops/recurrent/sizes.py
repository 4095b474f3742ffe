"""Recurrent layers: multiply-adds, parameters, size and reach; from shapes alone."""

import numpy as np

from convscope.explaining.boxes import Boxes, is_empty, whole
from convscope.explaining.formula import Formula, Sum, Symbol, symbols, times
from convscope.explaining.op import Cost, Extent
from convscope.explaining.ops.recurrent.sequences import RecurrentConfig, plan
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

H, OUT, X = symbols("h out x")  # sizes of the hidden state, of its projection, and of the input
GATES, DIRECTIONS, LAYERS, STEPS, SAMPLES, ROWS = symbols("gates directions layers steps samples rows")


def cost(reading: Reading) -> Cost:
    """The products of the matrices; what gates do to one another is element by element and not counted."""
    sizes = plan(reading)
    layers = [_layer(sizes, layer) for layer in range(sizes.layers)]
    one = Sum(tuple(layers)) if len(layers) > 1 else layers[0]
    every = [_parameters(sizes, layer) for layer in range(sizes.layers)]
    weights = Sum(tuple(every)) if len(every) > 1 else every[0]
    values = _values(sizes)
    rows = (ROWS,) if sizes.packed else (STEPS, SAMPLES)
    return Cost(Worked(times(*rows, one), values), Worked(weights, values))


def _values(sizes: RecurrentConfig) -> dict[Symbol, int]:
    """The number behind each symbol."""
    counts = {ROWS: sizes.rows, STEPS: sizes.steps, SAMPLES: sizes.samples, DIRECTIONS: sizes.directions}
    return counts | {
        GATES: len(sizes.cell.gates),
        H: sizes.units,
        OUT: sizes.outputs,
        X: sizes.features,
    }


def _products(sizes: RecurrentConfig, layer: int) -> Formula:
    """Weights of one gate: h·(x + h); above the first layer it reads all directions of the one below."""
    state = H if sizes.outputs == sizes.units else OUT
    below = times(*((DIRECTIONS,) if sizes.directions > 1 else ()), state)
    return H * ((below if layer else X) + state)


def _layer(sizes: RecurrentConfig, layer: int) -> Formula:
    """Multiply-adds of one step of one sample."""
    gates = _times(GATES, len(sizes.cell.gates), _products(sizes, layer))
    whole = gates if sizes.outputs == sizes.units else gates + H * OUT
    return _times(DIRECTIONS, sizes.directions, whole)


def _parameters(sizes: RecurrentConfig, layer: int) -> Formula:
    """Of one layer: gates · (weights + two biases)."""
    weights = _products(sizes, layer)
    gates = _times(GATES, len(sizes.cell.gates), weights + 2 * H if sizes.biased else weights)
    whole = gates if sizes.outputs == sizes.units else gates + H * OUT
    return _times(DIRECTIONS, sizes.directions, whole)


def _times(symbol: Symbol, count: int, whole: Formula) -> Formula:
    """So many times, without a factor of one."""
    return symbol * whole if count > 1 else whole


def size(reading: Reading) -> tuple[Extent, ...]:
    """Each axis of the output."""
    sizes = plan(reading)
    which, values = reading.which + sizes.is_cell, _values(sizes) | {LAYERS: sizes.layers}
    hidden = which == 2 or sizes.outputs == sizes.units
    width, said = (H, "hidden size") if hidden else (OUT, "size of the projection")
    sample = Extent("sample", Worked(SAMPLES, values))
    if sizes.is_cell:
        return sample, Extent("unit", Worked(width, values), (said,))
    if which:
        states = Extent("state", Worked(LAYERS * DIRECTIONS, values), ("layers · directions",))
        return states, sample, Extent("unit", Worked(width, values), (said,))
    units = Extent("unit", Worked(DIRECTIONS * width, values), (f"directions · {said}",))
    if sizes.packed:
        return Extent("row", Worked(ROWS, values), ("all steps of all samples",)), units
    step = Extent("step", Worked(STEPS, values), ("one output for every step of the input",))
    return (sample, step, units) if sizes.batch_first else (step, sample, units)


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


def _ways(sizes: RecurrentConfig, boxes: Boxes) -> Boxes:
    """First direction that matters and one behind the last; below the top layer both always do."""
    ways = np.empty_like(boxes[..., 0, :])
    if sizes.layers > 1:
        ways[..., 0], ways[..., 1] = 0, sizes.directions
    else:
        ways[..., 0] = boxes[..., 2, 0] // sizes.outputs
        ways[..., 1] = (boxes[..., 2, 1] - 1) // sizes.outputs + 1
    return ways


def _output_rows(sizes: RecurrentConfig, boxes: Boxes) -> Boxes:
    """Initial states behind an output: those of all layers; of a single layer those of its directions."""
    rows = _ways(sizes, boxes)
    if sizes.layers > 1:
        top = (boxes[..., 2, 1] - 1) // sizes.outputs + 1
        rows[..., 1] = (sizes.layers - 1) * sizes.directions + top
    return rows


def _state_rows(sizes: RecurrentConfig, boxes: Boxes) -> Boxes:
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
