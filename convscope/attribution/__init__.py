"""Attribution: which parts of an input a score depends on, by four methods of the literature.

    gradient               d(score)/d(input)                             Simonyan et al., arXiv:1312.6034
    integrated-gradients   gradients on the way from a baseline          Sundararajan et al., arXiv:1703.01365
    grad-cam               a layer's maps, weighed by their gradients    Selvaraju et al., arXiv:1610.02391
    occlusion              how far the score falls behind a cover        Zeiler & Fergus, arXiv:1311.2901

All take (sample, channel, *space) with one, two or three spatial axes. They run the model in evaluation mode,
in batches, and leave it as it was: modes, gradients and hooks.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from convscope.arguments import demand, demand_whole
from convscope.attribution.cam import grad_cam
from convscope.attribution.cover import occlusion
from convscope.attribution.scores import Attribution, Scorer, Target
from convscope.attribution.slopes import gradient, integrated_gradients
from convscope.errors import ShapeError, TraceError, UnknownName
from convscope.lint import diagnose
from convscope.network.modes import modes_kept
from convscope.randomness import forked
from convscope.tracing import trace

__all__ = ["METHODS", "Attribution", "attribute"]

METHODS: dict[str, Callable[..., Attribution]] = {
    "gradient": gradient,
    "integrated-gradients": integrated_gradients,
    "grad-cam": grad_cam,
    "occlusion": occlusion,
}


def attribute(
    model: nn.Module,
    inputs: Tensor,
    target: Target,
    method: str = "integrated-gradients",
    *,
    batch: int = 64,
    **options: Any,  # noqa: ANN401 - those of the method
) -> Attribution:
    """Say which parts of each sample its score depends on.

    Args:
        model: a module from (sample, channel, *space) to (sample, class) scores.
        inputs: floats, (sample, channel, *space).
        target: the class whose score is asked about, one for all samples or one each, (sample,); or a
            function from the model's output to one score a sample.
        method: a key of `METHODS`.
        batch: samples that go through the model at once, variants of a sample counted.
        **options: `baseline`, `steps` of integrated-gradients; `layer` of grad-cam; `window`, `stride`,
            `baseline` of occlusion.

    Raises:
        UnknownName: no such method, or no such layer.
        ShapeError: inputs, target, layer or window do not fit.
        TraceError: the model fails; says why.

    >>> found = attribute(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.ones(1, 1, 2, 2), target=0)
    >>> found.values.shape, float(found.gap.abs().max()) < 1e-6
    (torch.Size([1, 1, 2, 2]), True)
    """
    demand("model", model, nn.Module, "an nn.Module")
    demand("method", method, str, f"one of {', '.join(METHODS)}")
    if method not in METHODS:
        raise UnknownName("method of attribution", method, METHODS)
    known = list(inspect.signature(METHODS[method]).parameters)[2:]  # behind the scorer and the inputs
    if unknown := next((each for each in options if each not in known), None):
        raise UnknownName(f"option of {method}", unknown, known)
    demand_whole("batch", batch, 1)
    _check(inputs)
    with _evaluating(model, inputs.device):
        scorer = Scorer(model, target, batch, samples=len(inputs))
        try:
            return METHODS[method](scorer, inputs.detach(), **options)
        except (RuntimeError, ValueError, IndexError, AttributeError):
            _explain_failure(model, inputs)
            raise


def _check(inputs: Tensor) -> None:
    """Floats with the axes of samples."""
    demand("inputs", inputs, Tensor, "a tensor (sample, channel, *space)")
    if not inputs.numel():
        raise ShapeError(f"inputs: there is no number in {tuple(inputs.shape)}.\n  Give one sample at least.")
    if inputs.dim() not in (3, 4, 5) or not inputs.is_floating_point():
        kind = str(inputs.dtype).removeprefix("torch.")
        raise ShapeError(
            f"attribution got {kind} inputs {tuple(inputs.shape)}, expected floats with axes "
            "(sample, channel, *space).\n  Write x.float(), and x[None] for a single sample."
        )


def _explain_failure(model: nn.Module, inputs: Tensor) -> None:
    """Where the model itself fails on such samples, say why."""
    seen = trace(model, inputs[:1])
    if seen.failure is not None:
        raise TraceError(str(diagnose(seen))) from seen.failure.exception


@contextmanager
def _evaluating(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Evaluation mode, so that no sample depends on another one or on chance; then as it was."""
    with modes_kept(model), forked(device):
        model.eval()
        yield
