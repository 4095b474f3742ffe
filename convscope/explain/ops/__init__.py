"""The operations that can be explained: name → how. A newcomer adds one file and one line."""

from convscope.explain.op import Op
from convscope.explain.ops import rectifiers, recurrent

OPS: dict[str, Op] = {
    "relu": rectifiers.RELU,
    "lstm": recurrent.SEQUENCE,
    "gru": recurrent.SEQUENCE,
    "rnn_tanh": recurrent.SEQUENCE,
    "rnn_relu": recurrent.SEQUENCE,
    "lstm_cell": recurrent.CELL,
    "gru_cell": recurrent.CELL,
    "rnn_tanh_cell": recurrent.CELL,
    "rnn_relu_cell": recurrent.CELL,
}
