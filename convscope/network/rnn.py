"""Recurrent networks: they read a sequence step by step and carry on what they remember."""

from torch import Tensor, nn

from convscope.errors import NetworkError, ShapeError
from convscope.network.layers import Space, scaled
from convscope.shapes import show

UNITS = 32  # numbers that a layer remembers


class Recurrent(nn.Module):
    """Recurrent layers, and a linear layer that judges by what the last of them knows at the end.

    Read in both directions, each direction's end counts: the last step forwards, the first one backwards.
    """

    def __init__(
        self,
        reader: type[nn.RNN | nn.LSTM | nn.GRU],
        features: int,
        classes: int,
        *,
        units: int,
        depth: int,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.reader = reader(features, units, depth, batch_first=True, bidirectional=bidirectional)
        self.directions = 2 if bidirectional else 1
        self.fc = nn.Linear(self.directions * units, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(sample, feature, step) → (sample, class)."""
        _, state = self.reader(x.transpose(1, 2))
        hidden = state[0] if isinstance(state, tuple) else state  # (layer · direction, sample, unit)
        return self.fc(hidden[-self.directions :].transpose(0, 1).flatten(1))


class Loop(nn.Module):
    """What `rnn` does, written out: at each step every layer renews its state from the layer below it.

    h ← tanh(W x + b + U h + c), where x is the step's features or the new state of the layer below.
    """

    def __init__(self, features: int, classes: int, *, units: int, depth: int) -> None:
        super().__init__()
        sizes = [features] + [units] * (depth - 1)
        self.cells = nn.ModuleDict({f"cell{n}": nn.RNNCell(size, units) for n, size in enumerate(sizes, 1)})
        self.fc = nn.Linear(units, classes)
        self.units = units

    def forward(self, x: Tensor) -> Tensor:
        """(sample, feature, step) → (sample, class)."""
        states = [x.new_zeros(x.shape[0], self.units) for _ in self.cells]  # (sample, unit) each
        for step in x.unbind(2):  # (sample, feature)
            for layer, cell in enumerate(self.cells.values()):
                below = states[layer - 1] if layer else step
                states[layer] = cell(below, states[layer])
        return self.fc(states[-1])


def rnn(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """Recurrent layer (tanh) of 32 units over the steps, linear on the last state.

    Args:
        channels: features of a step.
        classes: scores that come out.
        space: number of steps, one axis.
        width: multiplies the units.
        depth: number of recurrent layers.

    Raises:
        ShapeError: pictures or volumes.
        NetworkError: no layer.

    Source: Elman 1990, Finding structure in time, Cognitive Science 14.
    """
    units = _units("rnn", space, width, depth)
    return Recurrent(nn.RNN, channels, classes, units=units, depth=depth)


def lstm(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """LSTM layer of 32 units over the steps, linear on the last state.

    Args and errors are those of `rnn`.

    Source: Hochreiter & Schmidhuber 1997, Neural Computation 9; with the forget gate of Gers et al. 2000.
    """
    units = _units("lstm", space, width, depth)
    return Recurrent(nn.LSTM, channels, classes, units=units, depth=depth)


def gru(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """GRU layer of 32 units over the steps, linear on the last state.

    Args and errors are those of `rnn`.

    Source: Cho et al. 2014, arXiv:1406.1078, section 2.3.
    """
    units = _units("gru", space, width, depth)
    return Recurrent(nn.GRU, channels, classes, units=units, depth=depth)


def bilstm(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """LSTM layer that reads in both directions, 32 units each, linear on both last states.

    Args and errors are those of `rnn`.

    Source: Graves & Schmidhuber 2005, Neural Networks 18.
    """
    units = _units("bilstm", space, width, depth)
    return Recurrent(nn.LSTM, channels, classes, units=units, depth=depth, bidirectional=True)


def bigru(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """GRU layer that reads in both directions, 32 units each, linear on both last states.

    Args and errors are those of `rnn`.

    Source: Schuster & Paliwal 1997, IEEE Transactions on Signal Processing 45 (reading in both directions).
    """
    units = _units("bigru", space, width, depth)
    return Recurrent(nn.GRU, channels, classes, units=units, depth=depth, bidirectional=True)


def rnn_cell(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 1) -> nn.Module:
    """The same as rnn, as an explicit loop over the steps with a cell a layer: to read, not for speed.

    Args and errors are those of `rnn`; the same seed gives the same weights, and these the same numbers.
    """
    units = _units("rnn-cell", space, width, depth)
    return Loop(channels, classes, units=units, depth=depth)


def _units(name: str, space: Space, width: float, depth: int) -> int:
    """Units of a layer, once the samples are known to be sequences and layers to be there."""
    if len(space) != 1:
        raise ShapeError(
            f"network '{name}' reads steps one after the other, so it needs samples with one axis behind the "
            f"features, got {show(space)}.\n"
            "  For pictures and volumes take a convolutional network, such as fast or resnet."
        )
    if depth < 1:
        raise NetworkError(f"network '{name}' has no depth {depth}.\n  It needs 1 layer at least.")
    return scaled(UNITS, width)
