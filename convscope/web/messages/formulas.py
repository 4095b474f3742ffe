"""The formulas of sizes, parameters and multiply-adds in general; the numbers come from the operation."""

import re

from convscope.explaining.rows import Row
from convscope.web.messages.numbers import Message

WINDOW = "⌊(n + 2·p − k)/s⌋ + 1"
DILATED = "⌊(n + 2·p − d·(k − 1) − 1)/s⌋ + 1"
UNEVEN = "⌊(n + p + q − k)/s⌋ + 1"
TRANSPOSED = "(n − 1)·s − 2·p + d·(k − 1) + e + 1"
AXES = {1: ["time"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def size(row: Row, shape: str) -> Message | None:
    """The output's size: n places, kernel k, stride s, padding p on each side, dilation d."""
    return _formula(_size(row), row.size, shape)


def _size(row: Row) -> str:
    if row.op.startswith("conv_transpose"):
        return TRANSPOSED
    if "⌊" not in row.size and "⌈" not in row.size:
        return ""
    window = DILATED if re.search(r"\d·\(\d+ − 1\) − 1", row.size) else WINDOW
    window = window if "2·" in row.size else UNEVEN
    return window.replace("⌊", "⌈").replace("⌋", "⌉") if "⌈" in row.size else window


def parameters(row: Row, count: int) -> Message | None:
    """Of the weights and biases of an operation."""
    return _formula(_parameters(row), row.counting, f"{count:,}") if count else None


def _parameters(row: Row) -> str:
    bias = "+ 1)" in row.counting
    if row.op.startswith("conv"):
        taps = "·".join(["k"] * _axes(row))
        inside = f"{'out' if 'transpose' in row.op else 'in'}·{taps}"
        outside = "in" if "transpose" in row.op else "out"
        return f"out·(in·{taps} + 1)" if bias else f"{outside}·{inside}"
    if row.op == "linear":
        return "out·(in + 1)" if bias else "out·in"
    if row.op.endswith("norm") and "·" in row.counting:
        return "2·channels"
    gates = GATES.get(row.op)
    if gates and "\n" not in row.counting:
        return f"{gates}·(h·(x + h) + 2·h)" if "2·" in row.counting else f"{gates}·h·(x + h)"
    return ""


def macs(row: Row) -> Message | None:
    """Multiplications that come with an addition."""
    return _formula(_macs(row), row.multiplying, f"{row.macs:,}") if row.macs else None


def _macs(row: Row) -> str:
    if row.op.startswith("conv"):
        axes = _axes(row)
        taps = "·".join(["k"] * axes)
        return f"{'·'.join(AXES[axes])}·{taps}·in·out"
    if row.op == "linear":
        return "rows·in·out"
    gates = GATES.get(row.op)
    return f"steps·samples·{gates}·h·(x + h)" if gates else ""


def _axes(row: Row) -> int:
    """Of a convolution: "conv2d" has two; one that hides its number shows it in its size."""
    found = re.search(r"([123])d$", row.op)
    return int(found[1]) if found else min(3, max(1, len(row.size.splitlines())))


def _formula(general: str, numbers: str, value: str) -> Message | None:
    if not numbers:
        return None
    return {"general": general, "numbers": numbers, "value": value}
