"""LSTM, GRU and plain recurrent layers and cells, rebuilt step by step from their weights.

torch runs a whole layer in one kernel and shows no gate. Here the same numbers are computed again in
float64: `recurrent_cells` knows one step, `recurrent_sequences` the order of the steps,
`recurrent_steps` puts one number into words, `recurrent_gradients` goes back through time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Step
from convscope.explaining.axes import Axes
from convscope.explaining.formula import several
from convscope.explaining.functions import tanh
from convscope.explaining.op import Op, Role
from convscope.explaining.ops.recurrent.cells import Moment, Sized, stack
from convscope.explaining.ops.recurrent.gradients import gradient
from convscope.explaining.ops.recurrent.sequences import (
    Pass,
    RecurrentConfig,
    back,
    cell_arguments,
    is_followed,
    plan,
    sequence_arguments,
    unroll,
)
from convscope.explaining.ops.recurrent.sizes import cost, reach, size
from convscope.explaining.ops.recurrent.steps import (
    Unit,
    c,
    c_before,
    f,
    g,
    gate_formula,
    h,
    h_before,
    i,
    n,
    o,
    projection,
    state,
    steps,
    z,
)
from convscope.explaining.reading import Reading

DOCS = {
    "lstm": "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    "gru": "https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html",
    "rnn_tanh": "https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html",
    "rnn_relu": "https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html",
}
WHAT = {
    "lstm": "An LSTM carries a cell state from step to step: the forget gate says how much of it stays, the "
    "input gate how much of the new candidate comes in, the output gate how much of it is shown.",
    "gru": "A GRU mixes its last hidden state with a new candidate: the update gate says how much stays, the "
    "reset gate how much of the past the candidate sees.",
    "rnn_tanh": "A recurrent layer adds up its input and its own last state, and squeezes the sum by tanh.",
    "rnn_relu": "A recurrent layer adds up its input and its own last state, and cuts what is below zero.",
}
FORMULAS = {
    "lstm": several(c.equals(f * c_before + i * g), h.equals(o * tanh(c))),
    "gru": h.equals((1 - z) * n + z * h_before),
}


@dataclass(frozen=True)
class Gates:
    """Everything a recurrent layer did, float64, each axis as named; steps are in time for both directions.

    Attributes:
        names: of the gates, in order: ("input gate", "forget gate", "candidate", "output gate") of an LSTM.
        values: (layer, direction, step, sample, gate, unit).
        hidden: the hidden state after each step, (layer, direction, step, sample, output unit).
        cell: the cell state after each step, (layer, direction, step, sample, unit); None but for an LSTM.
    """

    names: tuple[str, ...]
    values: Tensor
    hidden: Tensor
    cell: Tensor | None


def gates(reading: Reading) -> Gates:
    """Every gate of every unit at every step.

    Raises:
        TraceError: packed sequences are not explained.

    >>> from convscope.explaining import read
    >>> from convscope.tracing import trace
    >>> seen = trace(torch.nn.GRU(3, 5, num_layers=2), torch.zeros(7, 4, 3))
    >>> found = gates(read(seen, seen["gru"]))
    >>> found.names, tuple(found.values.shape)
    (('reset gate', 'update gate', 'candidate'), (2, 1, 7, 4, 3, 5))
    """
    if not is_followed(reading):
        raise TraceError(
            f"the gates of {reading.node.name} are not known: its sequences are packed.\n"
            "  Trace it with padded sequences."
        )
    passes = unroll(reading)
    has_cell = "c_0" in reading.arguments
    return Gates(
        plan(reading).cell.gates,
        _everywhere(passes, lambda moment: stack(list(moment.gates), axis=1)),
        _everywhere(passes, lambda moment: moment.output),
        _everywhere(passes, _cell) if has_cell else None,
    )


def _everywhere(passes: list[list[Pass]], pick: Callable[[Moment], Sized]) -> Tensor:
    """One thing of all moments, (layer, direction, step, …)."""
    return torch.stack([torch.stack([way.in_time(pick).value for way in layer]) for layer in passes])


def explain(reading: Reading, at: Index) -> Account | None:
    """One hidden or cell state: the gates of its unit at its step."""
    if not is_followed(reading):
        return None
    sizes = plan(reading)
    layer, direction, step, sample, place = _locate(reading, sizes, at)
    passes = unroll(reading, slice(sample, sample + 1))
    way = passes[layer][direction]
    unit = Unit(sizes, way, way.place(sizes.steps - 1) if step is None else step, sample, place)
    wants_cell = reading.which + sizes.is_cell == 2
    if not wants_cell and way.weights.projection is not None:
        lines: tuple[Step, ...] = (projection(unit),)
    else:
        lines = steps(unit, "cell state" if wants_cell else "hidden state")
    made = _cell(unit.moment) if wants_cell else unit.moment.output
    return Account(
        f"{WHAT[sizes.kind]} {_where(unit)}",
        FORMULAS.get(sizes.kind) or gate_formula(sizes.kind, "h", biased=sizes.biased),
        DOCS[sizes.kind],
        steps=lines,
        # Errors of the gates come through slopes below 1, and the unit carries those of earlier steps along
        # as it carries its state: `Sized` has followed both through all steps. Gates keep the errors of other
        # units small; a plain layer with large weights lets them grow from step to step.
        scale=float(made.size[0, place])
        + (0.0 if sizes.kind in ("lstm", "gru") else _carried(reading, at, passes, sample)),
        notes=_notes(unit, wants_cell),
        cell=state(unit),
    )


def _carried(reading: Reading, at: Index, passes: list[list[Pass]], sample: int) -> float:
    """What errors of all sums at all steps can do to this number: Σ |slope|·Σ|terms|."""
    one = torch.zeros(reading.output_shape, dtype=torch.float64)
    one[at] = 1.0
    found = 0.0
    backs = back(reading, passes, one, slice(sample, sample + 1))
    for way, its in zip(chain.from_iterable(passes), chain.from_iterable(backs), strict=True):
        hidden = way.in_time(lambda moment: moment.hidden)
        sums = way.weights.of_input(way.input).size + way.weights.of_hidden(hidden).size
        slopes = torch.stack([its.pulls[way.place(step)].input_part[0].value for step in range(len(sums))])
        found += float((slopes.abs() * sums).sum())
    return found


def _locate(reading: Reading, sizes: RecurrentConfig, at: Index) -> tuple[int, int, int | None, int, int]:
    """Layer, direction, step (None: the last one worked on), sample and unit of an output's element."""
    if sizes.is_cell:
        return 0, 0, 0, at[0], at[1]
    if reading.which:
        layer, direction = divmod(at[0], sizes.directions)
        return layer, direction, None, at[1], at[2]
    step, sample = at[1::-1] if sizes.batch_first else at[:2]
    direction, unit = divmod(at[2], sizes.outputs)
    return sizes.layers - 1, direction, step, sample, unit


def _cell(moment: Moment) -> Sized:
    """The new cell state of an LSTM."""
    assert moment.cell is not None
    return moment.cell


def _where(unit: Unit) -> str:
    """Which number this is, for a person."""
    if unit.sizes.is_cell:
        return f"This is unit {unit.unit} of sample {unit.sample}."
    backwards = ", reading from the end" if unit.way.direction else ""
    layer = f"layer {unit.way.layer}{backwards}"
    return f"This is unit {unit.unit} of {layer}, at step {unit.step} of {unit.sizes.steps}."


def _notes(unit: Unit, wants_cell: bool) -> tuple[str, ...]:
    notes = []
    if unit.is_first:
        notes.append("This is the first step of its direction: the state before is the initial one.")
    if not wants_cell and unit.way.weights.projection is not None:
        notes.append("The gates of a unit at the last step are in the explanation of c_n (output 2).")
    return tuple(notes)


def sequence_axes(reading: Reading, before: Axes | None) -> Axes:  # noqa: ARG001 - asked as all others
    """Units are last; the states are (layer, sample, unit), whatever the order of the sequence."""
    rank = len(reading.output_shape)
    batch_first = reading.which == 0 and reading.arguments["batch_first"]
    return Axes(rank, None if rank < 3 else 0 if batch_first else 1, last=True)


CELL = Op(  # LSTMCell, GRUCell, RNNCell
    cell_arguments, explain, gradient, cost, reach, size, role=Role.RECURRENT, drawing="steps"
)
SEQUENCE = replace(CELL, signature=sequence_arguments, axes=sequence_axes)  # LSTM, GRU, RNN
