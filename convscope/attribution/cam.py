"""Grad-CAM: the maps of one layer, weighed by how much the score rises with each."""

from types import NoneType

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.arguments import demand
from convscope.attribution.scores import Attribution, Scorer, every
from convscope.errors import ShapeError
from convscope.tracing import trace
from convscope.tracing.graph import Node, Trace

ENLARGE = {1: "linear", 2: "bilinear", 3: "trilinear"}


def grad_cam(scorer: Scorer, inputs: Tensor, *, layer: str | None = None) -> Attribution:
    """Where one layer found evidence for the score: ReLU(Σ over channels: mean gradient · map).

    Args:
        scorer: the model and the question.
        inputs: (sample, channel, *space).
        layer: name of an operation or module; None: the last operation whose output has every spatial axis
            larger than one, and on which the score depends. Behind it there is no "where" left.

    Source: Selvaraju et al. 2016, arXiv:1610.02391, equations 1 and 2.
    """
    demand("layer", layer, (str, NoneType), "the name of an operation or module")
    maps: list[Tensor] = []
    scores: list[Tensor] = []
    name = layer
    for part, rows in zip(inputs.split(scorer.batch), every(inputs).split(scorer.batch), strict=True):
        seen, score = _trace(scorer, part, rows)
        node = seen[name] if name else _last_with_space(seen, inputs.dim())
        name = node.name
        maps.append(_map(seen, node))
        scores.append(score)
    cam = torch.cat(maps)  # (sample, *space of the layer)
    large = F.interpolate(cam[:, None], inputs.shape[2:], mode=ENLARGE[inputs.dim() - 2], align_corners=False)
    score = torch.cat(scores)
    return Attribution(
        "grad-cam", large, scorer.classes, score, "arXiv:1610.02391", layer=name or "", map=cam
    )


def _trace(scorer: Scorer, inputs: Tensor, rows: Tensor) -> tuple[Trace, Tensor]:
    """One run with gradients of every activation."""
    scores: list[Tensor] = []

    def total(output: object) -> Tensor:
        scores.append(scorer.pick(output, rows))
        return scores[-1].sum()

    seen = trace(scorer.model, inputs, score=total)
    if seen.failure is not None and seen.failure.exception is not None:
        raise seen.failure.exception
    return seen, scores[0].detach()


def _last_with_space(seen: Trace, axes: int) -> Node:
    for node in reversed(seen.nodes):
        for output in node.outputs:
            value = seen.values[output]
            if len(value.shape) == axes and min(value.shape[2:]) > 1 and value.gradient is not None:
                return node
    raise ShapeError(
        "no operation of this model has spatial axes larger than one on which the score depends.\n"
        "  Grad-CAM needs one; take gradient, integrated-gradients or occlusion."
    )


def _map(seen: Trace, node: Node) -> Tensor:
    """Equations 1 and 2 for every sample: (sample, *space of the layer)."""
    value = seen.values[node.outputs[0]]
    if value.gradient is None:
        raise ShapeError(f"the score does not depend on '{node.name}'.\n  Choose another layer.")
    if len(value.shape) not in (3, 4, 5) or min(value.shape[2:]) < 1 or max(value.shape[2:]) == 1:
        raise ShapeError(
            f"the output of '{node.name}' is {value.shape}: there is no \"where\" in it.\n"
            "  Choose a layer before the last pooling."
        )
    weights = value.gradient.flatten(2).mean(2)  # (sample, channel), equation 1
    return torch.relu(torch.einsum("nc,nc...->n...", weights, seen.tensor(value.index)))  # equation 2
