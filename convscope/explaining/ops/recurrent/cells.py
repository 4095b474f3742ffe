"""One step of an LSTM, a GRU and a plain recurrent layer, forwards and backwards.

Every number here is `Sized`: beside its value goes how large the numbers were that made it, which is what its
rounding error is measured against. This is a running error analysis: N. Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sized:
    """Numbers in float64, each with the size that its rounding error is a small part of; same shapes."""

    value: Tensor
    size: Tensor

    def __add__(self, other: "Sized") -> "Sized":
        return Sized(self.value + other.value, self.size + other.size)

    def __sub__(self, other: "Sized") -> "Sized":
        return Sized(self.value - other.value, self.size + other.size)

    def __rsub__(self, whole: float) -> "Sized":
        return Sized(whole - self.value, whole + self.size)

    def __mul__(self, other: "Sized") -> "Sized":
        first = self.value.abs() * other.size
        return Sized(self.value * other.value, first + self.size * other.value.abs())

    def __getitem__(self, place: Any) -> "Sized":  # noqa: ANN401 - as a tensor is indexed
        return Sized(self.value[place], self.size[place])

    def sigmoid(self) -> "Sized":
        """1/(1 + e^−x): an error of x comes through with the slope σ·(1 − σ)."""
        value = self.value.sigmoid()
        return Sized(value, value + value * (1 - value) * self.size)

    def tanh(self) -> "Sized":
        """An error of x comes through with the slope 1 − tanh²."""
        value = self.value.tanh()
        return Sized(value, value.abs() + (1 - value * value) * self.size)

    def relu(self) -> "Sized":
        """An error comes through whole; also at zero, which it may carry x across."""
        return Sized(self.value.relu(), self.size)

    def times(self, matrix: "Matrix") -> "Sized":
        """Rows times a matrix.

        The size is Σ|terms| of this very sum: errors that the numbers brought along are not counted again.
        They have either sign and nearly cancel over many units; counted in full they would double with every
        step, and the bound of a long sequence would prove nothing. What a unit keeps of its own past counts.
        """
        return Sized(self.value @ matrix.value, self.value.abs() @ matrix.sizes)


class Matrix(NamedTuple):
    """Weights and their absolute values, which every step asks for."""

    value: Tensor
    sizes: Tensor

    @property
    def transposed(self) -> "Matrix":
        """The same with its axes exchanged."""
        return Matrix(self.value.T, self.sizes.T)


def matrix(weight: Tensor) -> Matrix:
    """Weights as they are given."""
    weight = weight.double()
    return Matrix(weight, weight.abs())


def exact(value: Tensor) -> Sized:
    """Numbers as they are given."""
    return Sized(value.double(), value.double().abs())


def stack(parts: list[Sized], axis: int = 0) -> Sized:
    """Several in one, along a new axis."""
    values, sizes = [part.value for part in parts], [part.size for part in parts]
    return Sized(torch.stack(values, axis), torch.stack(sizes, axis))


def joined(parts: list[Sized]) -> Sized:
    """Side by side along the last axis: the units of both directions, or of all gates."""
    values, sizes = [part.value for part in parts], [part.size for part in parts]
    return Sized(torch.cat(values, -1), torch.cat(sizes, -1))


class Weights(NamedTuple):
    """Of one layer in one direction, float64; the rows of all gates stand one below the other."""

    input: Matrix  # (gate · unit, feature)
    hidden: Matrix  # (gate · unit, output unit)
    input_bias: Sized | None  # (gate · unit,)
    hidden_bias: Sized | None
    projection: Matrix | None  # (output unit, unit)

    def of_input(self, x: Sized) -> Sized:
        """W_ih·x + b_ih of any number of steps at once: it needs no state; (…, gate · unit)."""
        part = x.times(self.input.transposed)
        return part if self.input_bias is None else part + self.input_bias

    def of_hidden(self, hidden: Sized) -> Sized:
        """W_hh·h + b_hh, (sample, gate · unit)."""
        part = hidden.times(self.hidden.transposed)
        return part if self.hidden_bias is None else part + self.hidden_bias


class Moment(NamedTuple):
    """What one layer took and made at one step; each (sample, …)."""

    hidden: Sized  # (sample, output unit), of the step before
    memory: Sized | None  # (sample, unit): the cell state of the step before; LSTM only
    gates: tuple[Sized, ...]  # each (sample, unit), in the order of `Cell.gates`
    inner: Sized  # LSTM: tanh of the new cell state; GRU: the candidate's part from the hidden state
    made: Sized  # (sample, unit): the new hidden state before a projection
    output: Sized  # (sample, output unit): the new hidden state
    cell: Sized | None  # (sample, unit): the new cell state


class Pull(NamedTuple):
    """The gradient of one step; each (sample, unit)."""

    input_part: tuple[Sized, ...]  # with respect to W_ih·x + b_ih, gate by gate
    hidden_part: tuple[Sized, ...]  # with respect to W_hh·h + b_hh, gate by gate
    direct: Sized | None  # to the hidden state before, past all weights; GRU only
    memory: Sized | None  # to the cell state before
    cell: Sized | None = None  # to the new cell state


def lstm(weights: Weights, from_x: Sized, hidden: Sized, memory: Sized | None) -> Moment:
    """C = f·c₋₁ + i·g, h = o·tanh(c)."""
    assert memory is not None
    i, f, g, o = _by_gate(from_x + weights.of_hidden(hidden), 4)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cell = f * memory + i * g
    inner = cell.tanh()
    made = o * inner
    output = made if weights.projection is None else made.times(weights.projection.transposed)
    return Moment(hidden, memory, (i, f, g, o), inner, made, output, cell)


def lstm_back(moment: Moment, gradient: Sized, cell_gradient: Sized | None) -> Pull:
    """Through o and tanh into the cell state, and from there to i, f, g and the step before."""
    assert moment.memory is not None and cell_gradient is not None
    i, f, g, o = moment.gates
    inner = moment.inner
    cell = cell_gradient + gradient * o * (1 - inner * inner)
    parts = (
        cell * g * i * (1 - i),
        cell * moment.memory * f * (1 - f),
        cell * i * (1 - g * g),
        gradient * inner * o * (1 - o),
    )
    return Pull(parts, parts, None, cell * f, cell)


def gru(weights: Weights, from_x: Sized, hidden: Sized, memory: Sized | None) -> Moment:  # noqa: ARG001
    """N = tanh(W·x + r·(W·h)), h = (1 − z)·n + z·h₋₁."""
    r, z, n = _by_gate(from_x, 3)
    reset, update, inner = _by_gate(weights.of_hidden(hidden), 3)
    r, z = (r + reset).sigmoid(), (z + update).sigmoid()
    n = (n + r * inner).tanh()
    made = (1 - z) * n + z * hidden
    return Moment(hidden, None, (r, z, n), inner, made, made, None)


def gru_back(moment: Moment, gradient: Sized, cell_gradient: Sized | None) -> Pull:  # noqa: ARG001
    """The gradient goes to the candidate, the update gate, and straight to the step before."""
    r, z, n = moment.gates
    candidate = gradient * (1 - z) * (1 - n * n)
    reset = candidate * moment.inner * r * (1 - r)
    update = gradient * (moment.hidden - n) * z * (1 - z)
    return Pull((reset, update, candidate), (reset, update, candidate * r), gradient * z, None)


def rnn_tanh(weights: Weights, from_x: Sized, hidden: Sized, memory: Sized | None) -> Moment:  # noqa: ARG001
    """H = tanh(W·x + W·h₋₁)."""
    made = (from_x + weights.of_hidden(hidden)).tanh()
    return Moment(hidden, None, (made,), made, made, made, None)


def rnn_tanh_back(moment: Moment, gradient: Sized, cell_gradient: Sized | None) -> Pull:  # noqa: ARG001
    """The slope of tanh is 1 − h²."""
    part = gradient * (1 - moment.made * moment.made)
    return Pull((part,), (part,), None, None)


def rnn_relu(weights: Weights, from_x: Sized, hidden: Sized, memory: Sized | None) -> Moment:  # noqa: ARG001
    """H = max(0, W·x + W·h₋₁)."""
    made = (from_x + weights.of_hidden(hidden)).relu()
    return Moment(hidden, None, (made,), made, made, made, None)


def rnn_relu_back(moment: Moment, gradient: Sized, cell_gradient: Sized | None) -> Pull:  # noqa: ARG001
    """The gradient passes where h is above zero."""
    part = gradient * exact(moment.made.value > 0)
    return Pull((part,), (part,), None, None)


def _by_gate(rows: Sized, gates: int) -> list[Sized]:
    values, sizes = rows.value.chunk(gates, -1), rows.size.chunk(gates, -1)
    return [Sized(value, size) for value, size in zip(values, sizes, strict=True)]


class Cell(NamedTuple):
    """A kind of recurrent layer."""

    gates: tuple[str, ...]  # in the order in which their rows stand in the weights
    forward: Callable[[Weights, Sized, Sized, Sized | None], Moment]
    backward: Callable[[Moment, Sized, Sized | None], Pull]


CELLS = {
    "lstm": Cell(("input gate", "forget gate", "candidate", "output gate"), lstm, lstm_back),
    "gru": Cell(("reset gate", "update gate", "candidate"), gru, gru_back),
    "rnn_tanh": Cell(("state",), rnn_tanh, rnn_tanh_back),
    "rnn_relu": Cell(("state",), rnn_relu, rnn_relu_back),
}
