"""An operation without a file in `ops/`: which inputs matter, and the words "not explained"."""

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Terms
from convscope.explaining.formula import Text
from convscope.tracing.graph import Node, Trace
from convscope.tracing.replay import run_again

MOST = 64  # inputs that are shown
NOT = Text("not explained")
SOURCE = "https://docs.pytorch.org/docs/stable/autograd.html"


def unknown(trace: Trace, node: Node, which: int, at: Index) -> Account:
    """The inputs with the largest input × slope, from autograd on this operation alone."""
    result = float(trace.tensor(node.outputs[which])[at])
    what = f"'{node.op}' is not explained: convscope has no account of this operation."
    try:
        leaves, output = run_again(trace, node, which)
    except TraceError:  # a kernel of a compiled or quantised layer, which torch does not keep
        what += " It cannot be run by itself, so its slopes are not known either."
        return Account(what, NOT, SOURCE, {NOT: result}, scale=abs(result))
    slopes = _slopes(leaves, output, at)
    if slopes is None:
        what += " Autograd knows no slope for it either."
        return Account(what, NOT, SOURCE, {NOT: result}, scale=abs(result))
    what += f" Shown are those of its {slopes.numel()} inputs whose input × slope is largest (autograd)."
    numbers = torch.cat([_real(leaf.detach()) for leaf in leaves.values()])
    effect = numbers * slopes
    order = effect.abs().argsort(descending=True, stable=True)[:MOST]
    factors = {"input": numbers[order], "slope": slopes[order]}
    terms = Terms(effect[order], ("input",), factors, _places(leaves, order))
    return Account(what, NOT, SOURCE, {NOT: result}, terms)


def _slopes(leaves: dict[int, Tensor], output: Tensor, at: Index) -> Tensor | None:
    """d(this output)/d(each input), all inputs in one row."""
    if not output.requires_grad or not leaves:
        return None
    try:
        found = torch.autograd.grad(output[at], list(leaves.values()), allow_unused=True)
    except RuntimeError:  # torch has no derivative of this operation, or not for these shapes
        return None
    rows = [
        torch.zeros_like(leaf) if slope is None else slope
        for leaf, slope in zip(leaves.values(), found, strict=True)
    ]
    return torch.cat([_real(row) for row in rows])


def _real(tensor: Tensor) -> Tensor:
    """All numbers in one row; of a complex one its real and its imaginary part, as autograd takes them."""
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).double().flatten()


def _places(leaves: dict[int, Tensor], order: Tensor) -> dict[str, Tensor]:
    """Where the inputs stand; of several tensors there is no common place to name."""
    if len(leaves) != 1:
        return {}
    (leaf,) = leaves.values()
    if leaf.is_complex():
        return {}
    return {"input": torch.stack(torch.unravel_index(order, leaf.shape), dim=-1)}
