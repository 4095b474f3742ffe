"""Layers that carry a state from step to step: LSTM, GRU, RNN, and one step of each."""

from convscope.explaining.op import Op
from convscope.explaining.ops.recurrent.layers import CELL, SEQUENCE

KINDS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
OPS: dict[str, Op] = {**dict.fromkeys(KINDS, SEQUENCE), **{f"{kind}_cell": CELL for kind in KINDS}}
