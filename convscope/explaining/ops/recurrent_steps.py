"""One unit of a recurrent layer at one time step, written out gate by gate."""

import math
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.explaining.ops.recurrent_cells import Moment
from convscope.explaining.ops.recurrent_sequences import Pass, Plan
from convscope.explaining.plain import Step, Terms, number, product, signed, written_out
from convscope.explaining.rendering.python import python_name


class Unit(NamedTuple):
    """Which number is taken apart: one unit of one pass at one time step of one sample."""

    sizes: Plan
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
    return _sum("hidden state", f"h = Σ (o·tanh(c))·{name}   over all units", terms)


class Squash(NamedTuple):
    """The function at the end of a gate: its name, what it does, and that as Python."""

    name: str
    of: Callable[[float], float]
    code: str


SIGMOID = Squash("σ", lambda x: 1 / (1 + math.exp(-x)), "1 / (1 + math.exp(-({})))")
CLOSED = Squash(
    "σ", math.exp, "math.exp({})"
)  # the same to the last digit far below zero, and never too large
TANH = Squash("tanh", math.tanh, "math.tanh({})")
RELU = Squash("max", lambda x: max(0.0, x), "max(0.0, {})")


def _lstm(unit: Unit) -> Iterator[Step]:
    letters = zip(unit.sizes.cell.gates, "ifgo", strict=True)
    gates = [
        _gate(unit, row, name, letter, TANH if letter == "g" else SIGMOID)
        for row, (name, letter) in enumerate(letters)
    ]
    yield from chain.from_iterable(gates)
    assert unit.moment.memory is not None
    i, f, g, o = (gate[-1].value for gate in gates)
    before = float(unit.moment.memory.value[0, unit.unit])
    cell = f * before + i * g
    numbers = f"{number(f)}·{signed(before)} + {number(i)}·{signed(g)} = {number(cell)}"
    code = f"forget_gate * {before!r} + input_gate * candidate"
    yield Step("cell state", "c = f·c₋₁ + i·g", numbers, cell, code)
    made, squashed = o * math.tanh(cell), f"{number(o)}·tanh({number(cell)})"
    name = "hidden state" if unit.way.weights.projection is None else "o·tanh(c)"
    numbers = f"{squashed} = {number(made)}"
    yield Step(name, "h = o·tanh(c)", numbers, made, "output_gate * math.tanh(cell_state)")


def _gru(unit: Unit) -> Iterator[Step]:
    reset, update = _gate(unit, 0, "reset gate", "r", SIGMOID), _gate(unit, 1, "update gate", "z", SIGMOID)
    z, parts = update[-1].value, _parts(unit, 2, "candidate")
    candidate = _gru_candidate(unit, parts, reset[-1].value)
    yield from (*reset, *update, *parts, candidate)
    n, before = candidate.value, float(unit.moment.hidden.value[0, unit.unit])
    hidden = (1 - z) * n + z * before
    numbers = f"(1 − {number(z)})·{signed(n)} + {number(z)}·{signed(before)} = {number(hidden)}"
    code = f"(1 - update_gate) * candidate + update_gate * {before!r}"
    yield Step("hidden state", "h = (1 − z)·n + z·h₋₁", numbers, hidden, code)


def _gru_candidate(unit: Unit, parts: tuple[Step, Step], reset: float) -> Step:
    """The reset gate says how much of the part from the hidden state counts, its bias included."""
    (from_x, x_text, x_code), (from_h, h_text, h_code) = (
        _with_bias(part, bias) for part, bias in zip(parts, _biases(unit, 2), strict=True)
    )
    value = math.tanh(from_x + reset * from_h)
    formula = "n = tanh(W_in·x + b_in + r·(W_hn·h₋₁ + b_hn))"
    numbers = f"tanh({x_text} + {number(reset)}·({h_text})) = {number(value)}"
    return Step("candidate", formula, numbers, value, f"math.tanh({x_code} + reset_gate * ({h_code}))")


def _rnn(unit: Unit) -> Iterator[Step]:
    yield from _gate(unit, 0, "hidden state", "h", RELU if unit.sizes.kind == "rnn_relu" else TANH)


WORDS = {"lstm": _lstm, "gru": _gru, "rnn_tanh": _rnn, "rnn_relu": _rnn}


def _gate(unit: Unit, gate: int, name: str, letter: str, squash: Squash) -> tuple[Step, ...]:
    """The part from the input, that from the hidden state, and the gate that they make with the biases."""
    parts = _parts(unit, gate, name)
    sides = [_with_bias(part, bias) for part, bias in zip(parts, _biases(unit, gate), strict=True)]
    inside = sum(value for value, _, _ in sides)
    if squash is SIGMOID and inside < -700:
        squash = CLOSED
    value = squash.of(inside)
    row = letter if letter in "ifgorz" and unit.sizes.kind in ("lstm", "gru") else ""
    first, second = (f" + b_i{row}", f" + b_h{row}") if unit.sizes.biased else ("", "")
    prefix = "0, " if squash is RELU else ""
    formula = f"{letter} = {squash.name}({prefix}W_i{row}·x{first} + W_h{row}·h₋₁{second})"
    numbers = f"{squash.name}({prefix}{' + '.join(text for _, text, _ in sides)}) = {number(value)}"
    code = squash.code.format(" + ".join(code for _, _, code in sides))
    return (*parts, Step(name, formula, numbers, value, code))


def _with_bias(part: Step, bias: float | None) -> tuple[float, str, str]:
    """A part and its bias: the sum, in words, in code."""
    value, text, code = part.value, signed(part.value), python_name(part.name)
    if bias is None:
        return value, text, code
    return value + bias, f"{text} + {signed(bias)}", f"{code} + {bias!r}"


def _biases(unit: Unit, gate: int) -> tuple[float | None, float | None]:
    weights, row = unit.way.weights, gate * unit.sizes.units + unit.unit
    first, second = weights.input_bias, weights.hidden_bias
    return None if first is None else float(first.value[row]), None if second is None else float(
        second.value[row]
    )


def _parts(unit: Unit, gate: int, name: str) -> tuple[Step, Step]:
    """W_ih·x and W_hh·h₋₁, each with its terms."""
    way, row = unit.way, gate * unit.sizes.units + unit.unit
    x, h = way.input.value[unit.step, 0], unit.moment.hidden.value[0]
    x_name = "input" if way.layer == 0 else f"output of layer {way.layer - 1}"
    h_name = "h_0" if unit.is_first else "previous hidden state"
    w_ih, w_hh = f"weight_ih{way.suffix}", f"weight_hh{way.suffix}"
    x_places = {w_ih: _along((row,), len(x))} | (
        {"input": unit.input_place(len(x))} if way.layer == 0 else {}
    )
    h_places = {w_hh: _along((row,), len(h))} | ({"h_0": unit.state_place(len(h))} if unit.is_first else {})
    from_x = product(("feature",), x_places, **{x_name: x, w_ih: way.weights.input.value[row]})
    from_h = product(("unit",), h_places, **{h_name: h, w_hh: way.weights.hidden.value[row]})
    return (
        _sum(f"{name} from the input", f"Σ {x_name}·{w_ih}", from_x),
        _sum(f"{name} from the hidden state", f"Σ {h_name}·{w_hh}", from_h),
    )


def _sum(name: str, formula: str, terms: Terms) -> Step:
    return Step(name, formula, written_out(terms), terms.result, "math.fsum(terms)", terms)


def _along(ahead: tuple[int, ...], count: int) -> Tensor:
    """The places of one row: `ahead`, then 0 … count − 1; (place, axis)."""
    return torch.tensor([[*ahead, last] for last in range(count)], dtype=torch.int64).reshape(
        count, len(ahead) + 1
    )
