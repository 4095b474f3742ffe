"""What is asked about: one score for each sample."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from convscope.errors import ShapeError, got

WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
Target = int | Tensor | Callable[[Any], Tensor]


@dataclass(frozen=True)
class Attribution:
    """Which parts of each sample its score depends on.

    Attributes:
        method: name of the method.
        values: of the inputs' shape; of grad-cam (sample, 1, *space), enlarged to the inputs' space.
        target: the class of each sample, (sample,); None where the score was a function.
        score: of each sample, (sample,), as the model gave it.
        source: the paper.
        gap: Σ values − (score − score of the baseline) for each sample: 0 would be complete; None: the method
            does not promise that the values add up to anything.
        layer: name of the operation that grad-cam looked at.
        map: grad-cam's values as they are there, (sample, *space of the layer).
        settings: baseline, steps, window, stride: what the method was run with.
    """

    method: str
    values: Tensor
    target: Tensor | None
    score: Tensor
    source: str
    gap: Tensor | None = None
    layer: str = ""
    map: Tensor | None = None
    settings: dict[str, Any] = field(default_factory=dict)


class Scorer:
    """A model and the question put to it."""

    def __init__(self, model: nn.Module, target: Target, batch: int, samples: int) -> None:
        self.model, self.batch = model, batch
        self.function = target if callable(target) and not isinstance(target, Tensor | type) else None
        self.classes = None if self.function else _classes(target, samples)

    def pick(self, output: Any, rows: Tensor) -> Tensor:  # noqa: ANN401
        """One score a row; `rows` says which sample each row is a variant of."""
        if self.function is not None:
            return self._checked(self.function(output), len(rows))
        assert self.classes is not None
        if not isinstance(output, Tensor) or output.dim() != 2:
            found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ShapeError(
                f"the model gave {found}, expected scores (sample, class).\n  Hand in a function as target: "
                "from the model's output to one score a sample."
            )
        if int(self.classes.max()) >= output.shape[1]:
            raise ShapeError(
                f"there is no class {int(self.classes.max())}: the model gives {output.shape[1]}."
            )
        return output[torch.arange(len(rows)), self.classes.to(rows.device)[rows].to(output.device)]

    def _checked(self, score: Any, rows: int) -> Tensor:  # noqa: ANN401 - of a person's function
        if not isinstance(score, Tensor) or score.shape != (rows,):
            found = tuple(score.shape) if isinstance(score, Tensor) else got(score)
            raise ShapeError(
                f"the function handed in as target gives {found}, expected one score a sample, ({rows},)."
            )
        return score

    def scores(self, inputs: Tensor, rows: Tensor) -> Tensor:
        """Scores without gradients, in batches: (row,). Copies go in, since a model may work in place."""
        with torch.no_grad():
            parts = zip(inputs.split(self.batch), rows.split(self.batch), strict=True)
            return torch.cat([self.pick(self.model(part.clone()), part_rows) for part, part_rows in parts])

    def slopes(self, inputs: Tensor, rows: Tensor) -> Tensor:
        """d(score of each row)/d(that row), in batches; of the inputs' shape."""
        parts = zip(inputs.split(self.batch), rows.split(self.batch), strict=True)
        return torch.cat([self._slope(part, part_rows) for part, part_rows in parts])

    def _slope(self, inputs: Tensor, rows: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = inputs.detach().requires_grad_()
            total = self.pick(self.model(leaf.clone()), rows).sum()
            (slope,) = torch.autograd.grad(total, leaf)
        return slope


def _classes(target: Any, samples: int) -> Tensor:  # noqa: ANN401
    wrong = ShapeError(
        f"target is {got(target)}, expected a class number from 0, for all {samples} samples or one each;"
        " or a function from the model's output to one score a sample."
    )
    try:
        classes = torch.as_tensor(target).reshape(-1)
    except (TypeError, ValueError, RuntimeError) as error:
        raise wrong from error
    if len(classes) not in (1, samples) or classes.dtype not in WHOLE or int(classes.min()) < 0:
        raise wrong
    return classes.expand(samples).long()


def every(inputs: Tensor) -> Tensor:
    """Row numbers of the samples as they are."""
    return torch.arange(len(inputs), device=inputs.device)
