"""A whole recurrent layer, step by step: all layers, both directions, forwards and back through time.

Inside, everything is (step, sample, …), whatever `batch_first` says. A cell (`nn.LSTMCell`) is a sequence of
one step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.explaining.ops.recurrent.cells import (
    CELLS,
    Cell,
    Moment,
    Pull,
    Sized,
    Weights,
    exact,
    joined,
    matrix,
    stack,
)
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node, Ref

PARTS = {  # of one layer in one direction, by how many there are
    2: ("weight_ih", "weight_hh"),
    3: ("weight_ih", "weight_hh", "weight_hr"),
    4: ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    5: ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"),
}
SETTINGS = ("has_biases", "num_layers", "dropout", "train", "bidirectional")
ALL = slice(None)


def sequence_arguments(node: Node) -> dict[str, Any]:
    """Arguments of `torch.lstm` and its kin, the weights by the names that they have in the module.

    A packed sequence comes with `batch_sizes`, which says how many samples still go on at each step.
    """
    packed = "batch_sizes" in node.kwargs or (len(node.args) > 3 and isinstance(node.args[3], list | tuple))
    names = ("input", *(("batch_sizes",) if packed else ()), "hx", "params", *SETTINGS, "batch_first")
    given = dict(zip(names, node.args, strict=False)) | node.kwargs
    weights, states = given.pop("params"), _states(given.pop("hx"))
    directions = 1 + bool(given["bidirectional"])
    parts = PARTS[len(weights) // (given["num_layers"] * directions)]
    suffixes = [suffix(layer, way) for layer in range(given["num_layers"]) for way in range(directions)]
    named = zip((part + ending for ending in suffixes for part in parts), weights, strict=True)
    return {"batch_sizes": None, "batch_first": False} | given | states | dict(named)


def cell_arguments(node: Node) -> dict[str, Any]:
    """Arguments of `torch.lstm_cell` and its kin; the states are called as in the documentation."""
    names = ("input", "hx", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    given = dict.fromkeys(("bias_ih", "bias_hh")) | dict(zip(names, node.args, strict=False)) | node.kwargs
    return given | _states(given.pop("hx"))


def _states(given: Any) -> dict[str, Ref]:  # noqa: ANN401 - one state, or a pair of an LSTM
    return dict(zip(("h_0", "c_0"), given if isinstance(given, list | tuple) else (given,), strict=False))


def suffix(layer: int, direction: int) -> str:
    """What torch adds to the name of a weight.

    >>> suffix(1, 1)
    '_l1_reverse'
    """
    return f"_l{layer}{'_reverse' if direction else ''}"


class RecurrentConfig(NamedTuple):
    """Sizes and settings of a call; from shapes alone."""

    kind: str
    is_cell: bool
    layers: int
    directions: int
    batch_first: bool
    packed: bool
    steps: int  # 0 where they differ from sample to sample
    samples: int
    rows: int  # steps · samples: how many vectors the first layer reads
    features: int
    units: int  # hidden size
    outputs: int  # of one direction: the hidden size, or the projection's
    biased: bool

    @property
    def cell(self) -> Cell:
        """The arithmetic of one step."""
        return CELLS[self.kind]

    def suffix(self, layer: int, direction: int) -> str:
        """What its weights' names end in."""
        return "" if self.is_cell else suffix(layer, direction)


def plan(reading: Reading) -> RecurrentConfig:
    """Read the sizes of a call."""
    given, is_cell = reading.arguments, reading.node.op.endswith("_cell")
    shape, first = reading.shape("input"), "" if is_cell else suffix(0, 0)
    packed, batch_first = given.get("batch_sizes") is not None, bool(given.get("batch_first"))
    samples = reading.shape("h_0")[-2]
    steps = 0 if packed else 1 if is_cell else shape[1 if batch_first else 0]
    return RecurrentConfig(
        kind=reading.node.op.removesuffix("_cell"),
        is_cell=is_cell,
        layers=given.get("num_layers", 1),
        directions=1 + bool(given.get("bidirectional")),
        batch_first=batch_first,
        packed=packed,
        steps=steps,
        samples=samples,
        rows=shape[0] if packed else steps * samples,
        features=shape[-1],
        units=reading.shape(f"weight_ih{first}")[0]
        // len(CELLS[reading.node.op.removesuffix("_cell")].gates),
        outputs=reading.shape("h_0")[-1],
        biased=given.get(f"bias_ih{first}") is not None,
    )


class Pass(NamedTuple):
    """One layer in one direction, over the whole sequence."""

    layer: int
    direction: int
    suffix: str
    weights: Weights
    input: Sized  # what it read, (step, sample, feature)
    moments: list[Moment]  # in the order of work: backwards in time for the second direction

    def place(self, step: int) -> int:
        """Where a time step stands in the order of work, and the other way round."""
        return len(self.moments) - 1 - step if self.direction else step

    def in_time(self, pick: Callable[[Moment], Sized]) -> Sized:
        """One thing of all moments, (step, sample, …)."""
        ordered = self.moments[::-1] if self.direction else self.moments
        return stack([pick(moment) for moment in ordered])


def unroll(reading: Reading, samples: slice = ALL) -> list[list[Pass]]:
    """Run all layers, from the stored weights and inputs alone: layer → direction → pass."""
    sizes = plan(reading)
    x = exact(time_first(reading["input"], sizes))[:, samples]
    masks, passes = _dropout(reading, sizes), []
    for layer in range(sizes.layers):
        passes.append([_run(reading, sizes, layer, way, x, samples) for way in range(sizes.directions)])
        x = joined([one.in_time(lambda moment: moment.output) for one in passes[-1]])
        if masks and layer < sizes.layers - 1:
            x = x * exact(masks[layer][:, samples])
    return passes


def _run(reading: Reading, sizes: RecurrentConfig, layer: int, way: int, x: Sized, samples: slice) -> Pass:
    end = sizes.suffix(layer, way)
    weights = _weights(reading, end)
    hidden = exact(_state(reading, "h_0", sizes, layer, way)[samples])
    has_memory = "c_0" in reading.arguments
    memory = exact(_state(reading, "c_0", sizes, layer, way)[samples]) if has_memory else None
    from_x, moments = weights.of_input(x), []
    for step in range(sizes.steps)[:: -1 if way else 1]:
        moment = sizes.cell.forward(weights, from_x[step], hidden, memory)
        hidden, memory = moment.output, moment.cell
        moments.append(moment)
    return Pass(layer, way, end, weights, x, moments)


def _weights(reading: Reading, end: str) -> Weights:
    def given(name: str) -> Tensor | None:
        return reading[name + end] if reading.arguments.get(name + end) is not None else None

    first, second, projection = given("bias_ih"), given("bias_hh"), given("weight_hr")
    return Weights(
        matrix(reading[f"weight_ih{end}"]),
        matrix(reading[f"weight_hh{end}"]),
        None if first is None else exact(first),
        None if second is None else exact(second),
        None if projection is None else matrix(projection),
    )


def _state(reading: Reading, name: str, sizes: RecurrentConfig, layer: int, way: int) -> Tensor:
    given = reading[name]
    return given if sizes.is_cell else given[layer * sizes.directions + way]


def time_first(tensor: Tensor, sizes: RecurrentConfig) -> Tensor:
    """An input or output as (step, sample, …)."""
    if sizes.is_cell:
        return tensor[None]
    return tensor.transpose(0, 1) if sizes.batch_first else tensor


def is_followed(reading: Reading) -> bool:
    """Whether we can do what the call did: no packed sequence, and no random numbers of another device."""
    return reading.arguments.get("batch_sizes") is None and not (
        _drops(reading) and (reading.node.random_state is None or reading.value("input").device != "cpu")
    )


def _drops(reading: Reading) -> bool:
    given = reading.arguments
    return bool(given.get("train")) and given.get("num_layers", 1) > 1 and given.get("dropout", 0.0) > 0


def _dropout(reading: Reading, sizes: RecurrentConfig) -> list[Tensor]:
    """The factors between the layers (0 or 1/(1 − p)), drawn again from the same random numbers."""
    state = reading.node.random_state
    if state is None or not _drops(reading):
        return []
    ones = torch.ones(
        sizes.steps, sizes.samples, sizes.directions * sizes.outputs, dtype=reading.value("input").dtype
    )
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        return [F.dropout(ones, reading.arguments["dropout"]) for _ in range(sizes.layers - 1)]


class Back(NamedTuple):
    """The gradient through one pass."""

    pulls: list[Pull]  # in the order of work
    arriving: list[Sized]  # to each new hidden state: from the output and from the step after
    hidden: Sized  # to the initial hidden state
    memory: Sized | None  # to the initial cell state
    input: Sized  # to what the layer took, (step, sample, feature)


def back(
    reading: Reading, passes: list[list[Pass]], gradient: Tensor, samples: slice = ALL
) -> list[list[Back]]:
    """Backpropagation through time: layer → direction → gradient.

    Args:
        reading: the call, and which of its outputs the gradient belongs to.
        passes: what `unroll` gave for the same samples.
        gradient: d(score)/d(that output), as the output has its axes.
        samples: of the batch.
    """
    sizes = plan(reading)
    output, hidden, memory = _arriving(reading, sizes, gradient, samples)
    masks, found = _dropout(reading, sizes), []
    for layer in reversed(passes):
        backs = []
        for one in layer:
            row = one.layer * sizes.directions + one.direction
            own = output[..., one.direction * sizes.outputs : (one.direction + 1) * sizes.outputs]
            backs.append(_through_time(sizes.cell, one, own, hidden[row], memory[row]))
        found.insert(0, backs)
        output = backs[0].input + backs[1].input if len(backs) == 2 else backs[0].input
        if masks and layer[0].layer > 0:
            output = output * exact(masks[layer[0].layer - 1][:, samples])
    return found


def _arriving(reading: Reading, sizes: RecurrentConfig, gradient: Tensor, samples: slice) -> list[Sized]:
    """Gradients of the outputs, the last hidden states and the last cell states: one of them is asked for."""
    rows = sizes.layers * sizes.directions
    shapes = [
        (sizes.steps, sizes.samples, sizes.directions * sizes.outputs),
        (rows, sizes.samples, sizes.outputs),
        (rows, sizes.samples, sizes.units),
    ]
    found = [torch.zeros(shape, dtype=torch.float64) for shape in shapes]
    which = reading.which + sizes.is_cell  # a cell gives its states only
    found[which] = time_first(gradient, sizes) if which == 0 else gradient.reshape(shapes[which])
    return [exact(each)[:, samples] for each in found]


def _through_time(cell: Cell, one: Pass, output: Sized, hidden: Sized, memory: Sized | None) -> Back:
    """From the last step to the first; `hidden` and `memory` are the gradients that arrive at the end."""
    weights = one.weights
    pulls, arriving = [], []
    for place in reversed(range(len(one.moments))):
        total = output[one.place(place)] + hidden
        made = total if weights.projection is None else total.times(weights.projection)
        pull = cell.backward(one.moments[place], made, memory)
        hidden = joined(list(pull.hidden_part)).times(weights.hidden)
        hidden = hidden if pull.direct is None else hidden + pull.direct
        memory = pull.memory
        pulls.insert(0, pull)
        arriving.insert(0, total)
    in_time = pulls[::-1] if one.direction else pulls
    at_gates = stack([joined(list(pull.input_part)) for pull in in_time])
    return Back(pulls, arriving, hidden, memory, at_gates.times(weights.input))
