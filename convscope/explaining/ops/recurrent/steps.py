"""One unit of a recurrent layer at one time step, written out gate by gate."""

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from convscope.explaining.account import CellState, Gate, Squash, Step, product
from convscope.explaining.formula import Formula, Symbol, summed, symbols, times
from convscope.explaining.functions import call, maximum, tanh
from convscope.explaining.ops.recurrent.cells import Moment
from convscope.explaining.ops.recurrent.sequences import Pass, RecurrentConfig

x, c, h = symbols("x c h")
c_before, h_before = Symbol("c", "−1"), Symbol("h", "−1")
i, f, g, o, r, z, n = symbols("i f g o r z n")


class Unit(NamedTuple):
    """Which number is taken apart: one unit of one pass at one time step of one sample."""

    sizes: RecurrentConfig
    way: Pass  # of this sample alone
    step: int  # in time
    sample: int
    unit: int

    @property
    def moment(self) -> Moment:
        """What the layer did at this step."""
        return self.way.moments[self.way.place(self.step)]

    @property
    def is_first(self) -> bool:
        """Whether the pass begins here, so that the state before is the initial one."""
        return self.way.place(self.step) == 0

    def input_place(self, count: int) -> Tensor:
        """Where the features of this step stand in the input, (feature, axis)."""
        ahead = (self.sample,) if self.sizes.is_cell else (self.step, self.sample)
        return _along(ahead[::-1] if self.sizes.batch_first else ahead, count)

    def state_place(self, count: int) -> Tensor:
        """Where the initial hidden state stands, (unit, axis)."""
        row = self.way.layer * self.sizes.directions + self.way.direction
        return _along((self.sample,) if self.sizes.is_cell else (row, self.sample), count)


def steps(unit: Unit, end: str = "hidden state") -> tuple[Step, ...]:
    """The gates, the candidate, the cell state, the hidden state: each with its numbers; up to `end`."""
    found = []
    for step in WORDS[unit.sizes.kind](unit):
        found.append(step)
        if step.name == end:
            break
    return tuple(found)


def projection(unit: Unit) -> Step:
    """The hidden state of an LSTM with `proj_size`: a weighted sum of o·tanh(c) of all units."""
    matrix, name = unit.way.weights.projection, f"weight_hr{unit.way.suffix}"
    assert matrix is not None
    factors = {"o·tanh(c)": unit.moment.made.value[0], name: matrix.value[unit.unit]}
    terms = product(("unit",), {name: _along((unit.unit,), matrix.value.shape[1])}, **factors)
    every = h.equals(summed(o * tanh(c) * Symbol(name))).given("over all units")
    return Step("hidden state", every, terms=terms)


def state(unit: Unit) -> CellState:
    """The states of a unit around its step."""
    moment, place = unit.moment, unit.unit
    alike = unit.way.weights.projection is None  # a projected state has other units than the gates
    return CellState(
        KINDS[unit.sizes.kind],
        unit.way.layer,
        unit.way.direction,
        float((moment.output if alike else moment.made).value[0, place]),
        float(moment.hidden.value[0, place]) if alike else 0.0,
        None if moment.cell is None else float(moment.cell.value[0, place]),
        None if moment.memory is None else float(moment.memory.value[0, place]),
    )


def _lstm(unit: Unit) -> Iterator[Step]:
    made = [_gate(unit, row, name, letter) for row, (name, letter) in _named(unit, "ifgo")]
    yield from chain.from_iterable(made)
    gates: dict[Formula, Step | float] = dict(zip((i, f, g, o), (gate[-1] for gate in made), strict=True))
    assert unit.moment.memory is not None
    before = float(unit.moment.memory.value[0, unit.unit])
    cell = Step("cell state", c.equals(f * c_before + i * g), {**gates, c_before: before})
    yield cell
    name = "hidden state" if unit.way.weights.projection is None else "o·tanh(c)"
    yield Step(name, h.equals(o * tanh(c)), {**gates, c: cell})


def _gru(unit: Unit) -> Iterator[Step]:
    resetting, updating, proposing = (words for _, words in _named(unit, "rzn"))
    reset, update = _gate(unit, 0, *resetting), _gate(unit, 1, *updating)
    candidate = _gate(unit, 2, *proposing, reset[-1])
    yield from (*reset, *update, *candidate)
    before = float(unit.moment.hidden.value[0, unit.unit])
    values = {z: update[-1], n: candidate[-1], h_before: before}
    yield Step("hidden state", h.equals((1 - z) * n + z * h_before), values)


def _rnn(unit: Unit) -> Iterator[Step]:
    yield from _gate(unit, 0, "hidden state", "h")


WORDS = {"lstm": _lstm, "gru": _gru, "rnn_tanh": _rnn, "rnn_relu": _rnn}
KINDS: dict[str, Literal["lstm", "gru", "rnn"]] = {
    **{"lstm": "lstm", "gru": "gru"},
    **{"rnn_tanh": "rnn", "rnn_relu": "rnn"},
}


def _named(unit: Unit, letters: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Row, name and letter of each gate."""
    return enumerate(zip(unit.sizes.cell.gates, letters, strict=True))


def _squash(kind: str, letter: str) -> Squash:
    """What is done to the sum of a gate: candidates are squeezed by tanh, gates proper by σ."""
    if kind in ("lstm", "gru"):
        return "tanh" if letter in "gn" else "σ"
    return "relu" if kind == "rnn_relu" else "tanh"


def gate_formula(kind: str, letter: str, *, biased: bool) -> Formula:
    """I = σ(W_ii·x + b_ii + W_hi·h₋₁ + b_hi), with the letters of this gate."""
    from_x, from_h, b_x, b_h = _symbols(letter)
    first, second = (from_x + b_x, from_h + b_h) if biased else (from_x, from_h)
    # W·h₋₁ stays one part of the product with r: a step stands for it.
    inside = first + times(r, second) if letter == "n" else first + second
    squash = _squash(kind, letter)
    return Symbol(letter).equals(maximum(0, inside) if squash == "relu" else call(squash)(inside))


def _symbols(letter: str) -> tuple[Formula, Formula, Formula, Formula]:
    """The parts of a gate: W_i·x, W_h·h₋₁ and their biases."""
    row = letter if letter != "h" else ""
    one, two = f"i{row}", f"h{row}"
    return Symbol("W", one) * x, Symbol("W", two) * h_before, Symbol("b", one), Symbol("b", two)


def _gate(unit: Unit, row: int, name: str, letter: str, reset: Step | None = None) -> tuple[Step, ...]:
    """The part from the input, that from the hidden state, and the gate that they make with the biases."""
    kind, biased = unit.sizes.kind, unit.sizes.biased
    input_part, hidden_part = _parts(unit, row, name)
    first, second = _biases(unit, row)
    from_x, from_h, b_x, b_h = _symbols(letter)
    values = {from_x: input_part, from_h: hidden_part, b_x: first, b_h: second}
    values |= {} if reset is None else {r: reset}
    made = Gate(letter, _squash(kind, letter), input_part, hidden_part, first, second, reset)
    return input_part, hidden_part, Step(name, gate_formula(kind, letter, biased=biased), values, gate=made)


def _biases(unit: Unit, gate: int) -> tuple[float, float]:
    """0 where there are none."""
    weights, row = unit.way.weights, gate * unit.sizes.units + unit.unit
    first, second = weights.input_bias, weights.hidden_bias
    return float(first.value[row]) if first else 0.0, float(second.value[row]) if second else 0.0


def _parts(unit: Unit, gate: int, name: str) -> tuple[Step, Step]:
    """W_ih·x and W_hh·h₋₁, each with its terms."""
    way, row = unit.way, gate * unit.sizes.units + unit.unit
    inputs, states = way.input.value[unit.step, 0], unit.moment.hidden.value[0]
    x_name = "input" if way.layer == 0 else f"output of layer {way.layer - 1}"
    h_name = "h_0" if unit.is_first else "previous hidden state"
    w_ih, w_hh = f"weight_ih{way.suffix}", f"weight_hh{way.suffix}"
    x_places = {w_ih: _along((row,), len(inputs))} | (
        {"input": unit.input_place(len(inputs))} if way.layer == 0 else {}
    )
    h_places = {w_hh: _along((row,), len(states))} | (
        {"h_0": unit.state_place(len(states))} if unit.is_first else {}
    )
    from_x = product(("feature",), x_places, **{x_name: inputs, w_ih: way.weights.input.value[row]})
    from_h = product(("unit",), h_places, **{h_name: states, w_hh: way.weights.hidden.value[row]})
    return (
        Step(f"{name} from the input", summed(Symbol(x_name) * Symbol(w_ih)), terms=from_x),
        Step(f"{name} from the hidden state", summed(Symbol(h_name) * Symbol(w_hh)), terms=from_h),
    )


def _along(ahead: tuple[int, ...], count: int) -> Tensor:
    """The places of one row: `ahead`, then 0 … count − 1; (place, axis)."""
    return torch.tensor([[*ahead, last] for last in range(count)], dtype=torch.int64).reshape(
        count, len(ahead) + 1
    )
