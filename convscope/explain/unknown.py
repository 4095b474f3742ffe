"""An operation without a file in `ops/`: which inputs matter, and the words "not explained"."""

import torch
from torch import Tensor

from convscope.explain.account import Account, Index, Terms
from convscope.trace.graph import Node, Trace
from convscope.trace.replay import run_again

MOST = 64  # inputs that are shown
SOURCE = "https://docs.pytorch.org/docs/stable/autograd.html"


def unknown(trace: Trace, node: Node, which: int, at: Index) -> Account:
    """The inputs with the largest input × slope, from autograd on this operation alone."""
    result = float(trace.tensor(node.outputs[which])[at])
    what = f"'{node.op}' is not explained: convscope has no account of this operation."
    leaves, output = run_again(trace, node, which)
    slopes = _slopes(leaves, output, at)
    if slopes is None:
        what += " Autograd knows no slope for it either."
        return Account(what, "not explained", "", result, SOURCE, scale=abs(result))
    what += f" Shown are those of its {slopes.numel()} inputs whose input × slope is largest (autograd)."
    effect = torch.cat([leaf.detach().double().flatten() for leaf in leaves.values()]) * slopes
    order = effect.abs().argsort(descending=True, stable=True)[:MOST]
    values = torch.cat([leaf.detach().double().flatten() for leaf in leaves.values()])[order]
    terms = Terms(
        effect[order], ("input",), {"input": values, "slope": slopes[order]}, _places(leaves, order)
    )
    return Account(what, "not explained", "", result, SOURCE, terms=terms)


def _slopes(leaves: dict[int, Tensor], output: Tensor, at: Index) -> Tensor | None:
    """d(this output)/d(each input), all inputs in one row."""
    if not output.requires_grad or not leaves:
        return None
    found = torch.autograd.grad(output[at], list(leaves.values()), allow_unused=True)
    rows = [
        torch.zeros_like(leaf) if slope is None else slope
        for leaf, slope in zip(leaves.values(), found, strict=True)
    ]
    return torch.cat([row.double().flatten() for row in rows])


def _places(leaves: dict[int, Tensor], order: Tensor) -> dict[str, Tensor]:
    """Where the inputs stand; of several tensors there is no common place to name."""
    if len(leaves) != 1:
        return {}
    (leaf,) = leaves.values()
    return {"input": torch.stack(torch.unravel_index(order, leaf.shape), dim=-1)}
