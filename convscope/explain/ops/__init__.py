"""The operations that can be explained: name → how. A newcomer adds one file and one line."""

from convscope.explain.op import Op
from convscope.explain.ops import rectifiers

OPS: dict[str, Op] = {
    "relu": rectifiers.RELU,
}
