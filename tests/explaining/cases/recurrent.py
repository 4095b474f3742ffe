import torch
from torch import nn

from tests.explaining.case import Case

torch.manual_seed(0)


def sequence(steps=4, samples=2, features=3, dtype=torch.float32):
    return torch.randn(steps, samples, features, dtype=dtype)


def states(rows, *sizes, samples=2, dtype=torch.float32):
    return tuple(torch.randn(rows, samples, size, dtype=dtype) for size in sizes)


CASES = [
    Case("lstm", nn.LSTM(3, 4), sequence(), ops=("lstm",)),
    Case("lstm with a state", nn.LSTM(3, 4), (sequence(), states(1, 4, 4)), ops=("lstm",)),
    Case("lstm batch first", nn.LSTM(3, 4, batch_first=True), torch.randn(2, 5, 3), ops=("lstm",)),
    Case("lstm without bias", nn.LSTM(3, 4, bias=False), sequence(), ops=("lstm",)),
    Case("lstm unbatched", nn.LSTM(3, 4), torch.randn(5, 3), ops=("lstm",)),
    Case("lstm of one step", nn.LSTM(3, 4), (sequence(1), states(1, 4, 4)), ops=("lstm",)),
    Case("lstm in both directions", nn.LSTM(3, 4, bidirectional=True), sequence(), ops=("lstm",)),
    Case(
        "lstm of two layers in both directions, batch first, with a state",
        nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
        (torch.randn(2, 2, 3), states(4, 4, 4)),
        ops=("lstm",),
    ),
    Case("lstm of three layers", nn.LSTM(3, 4, 3), sequence(2), ops=("lstm",)),
    Case("lstm with dropout", nn.LSTM(3, 4, 2, dropout=0.4), sequence(3), ops=("lstm",)),
    Case("lstm with dropout, in evaluation", nn.LSTM(3, 4, 2, dropout=0.4).eval(), sequence(), ops=("lstm",)),
    # In float64, since oneDNN warns that it has no projections in float32.
    Case(
        "lstm with a projection",
        nn.LSTM(3, 6, proj_size=4, bidirectional=True).double(),
        (sequence(3, dtype=torch.float64), states(2, 4, 6, dtype=torch.float64)),
        ops=("lstm",),
    ),
    Case(
        "lstm with a projection, without bias",
        nn.LSTM(3, 6, proj_size=4, bias=False).double(),
        sequence(dtype=torch.float64),
        ops=("lstm",),
    ),
    Case("gru", nn.GRU(3, 4), sequence(), ops=("gru",)),
    Case(
        "gru of two layers in both directions, batch first, with a state",
        nn.GRU(3, 4, 2, batch_first=True, bidirectional=True),
        (torch.randn(2, 2, 3), *states(4, 4)),
        ops=("gru",),
    ),
    Case("gru without bias", nn.GRU(3, 4, bias=False), sequence(), ops=("gru",)),
    Case("gru unbatched, with a state", nn.GRU(3, 4), (torch.randn(5, 3), torch.randn(1, 4)), ops=("gru",)),
    Case("gru with dropout", nn.GRU(3, 4, 2, dropout=0.3), sequence(), ops=("gru",)),
    Case("rnn", nn.RNN(3, 4), sequence(), ops=("rnn_tanh",)),
    Case(
        "rnn of two layers in both directions, with a state",
        nn.RNN(3, 4, 2, bidirectional=True),
        (sequence(), *states(4, 4)),
        ops=("rnn_tanh",),
    ),
    Case("rnn with relu", nn.RNN(3, 4, nonlinearity="relu"), sequence(), ops=("rnn_relu",)),
    Case(
        "rnn with relu, two layers, without bias, batch first",
        nn.RNN(3, 4, 2, nonlinearity="relu", bias=False, batch_first=True),
        torch.randn(2, 5, 3),
        ops=("rnn_relu",),
    ),
    Case(
        "lstm cell",
        nn.LSTMCell(3, 4),
        (torch.randn(2, 3), (torch.randn(2, 4), torch.randn(2, 4))),
        ops=("lstm_cell",),
    ),
    Case("lstm cell without a state", nn.LSTMCell(3, 4), torch.randn(2, 3), ops=("lstm_cell",)),
    Case(
        "lstm cell without bias, unbatched", nn.LSTMCell(3, 4, bias=False), torch.randn(3), ops=("lstm_cell",)
    ),
    Case("gru cell", nn.GRUCell(3, 4), (torch.randn(2, 3), torch.randn(2, 4)), ops=("gru_cell",)),
    Case("gru cell without bias", nn.GRUCell(3, 4, bias=False), torch.randn(2, 3), ops=("gru_cell",)),
    Case("rnn cell", nn.RNNCell(3, 4), (torch.randn(2, 3), torch.randn(2, 4)), ops=("rnn_tanh_cell",)),
    Case(
        "rnn cell with relu",
        nn.RNNCell(3, 4, nonlinearity="relu"),
        (torch.randn(2, 3), torch.randn(2, 4)),
        ops=("rnn_relu_cell",),
    ),
]
