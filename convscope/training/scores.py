"""Forward passes: of a training step, and of many samples at once."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from convscope.network.model import Model
from convscope.network.modes import modes_kept
from convscope.progress import track
from convscope.randomness import forked
from convscope.settings import TrainingSettings

MOST, NUMBERS = 500, 1 << 19  # samples, and numbers of samples, that are judged at once


def forward(model: Model, x: Tensor) -> Tensor:
    """Raw values to scores as they are trained, with the memory order that convolutions are fastest in.

    Args:
        model: preprocessing and network.
        x: (sample, channel, *space), uint8 or float.

    Returns:
        Scores (logits) before the temperature, (sample, class), float32.
    """
    x = model.preprocess(x)
    return model.network(_channels_last(x) if takes_channels_last(model, x) else x).float()


def takes_channels_last(model: Model, x: Tensor) -> bool:
    """Try once whether a network works with the channels side by side in memory.

    A person's own network may count on the usual order, by `x.view(len(x), -1)` for example.

    Args:
        model: its weights, statistics and random state are left as they are.
        x: what its network takes, (sample, channel, *space).
    """
    if model.channels_last is None:
        try:
            with torch.no_grad(), modes_kept(model), forked(x.device):
                model.eval()
                model.network(_channels_last(x[:1]))
            model.channels_last = True
        except RuntimeError:  # if there is another reason, the real forward pass says so
            model.channels_last = False
    return model.channels_last


def keep_gradients_channels_last(model: Model) -> list[RemovableHandle]:
    """Bring the gradient behind each flattening back into the memory order of what was flattened.

    It comes in the order of the flat vector, and the layers before would have to go through two orders at
    once: ReLU is ten times slower then, a tenth of the time of a small network.

    Returns:
        What to call `remove` of when training is over.
    """

    def hook(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        x = arguments[0]
        if x.requires_grad and x.dim() == 4:
            x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))

    flattenings = (module for module in model.modules() if isinstance(module, nn.Flatten))
    return [module.register_forward_pre_hook(hook) for module in flattenings]


def logits(
    model: Model, inputs: Tensor, rows: Tensor | None = None, batch: int | None = None, what: str = ""
) -> Tensor:
    """What a model says of many samples, (n, class) or (n, 1), float32 on the CPU; it stays in its mode.

    Args:
        model: what to ask; in evaluation mode meanwhile.
        inputs: (sample, channel, *space), may be memory-mapped.
        rows: which samples, (n,); all by default.
        batch: samples at a time; None: up to 500, fewer of large ones, whose layers' values take the memory.
        what: name under which progress is shown, if any.
    """
    device = next(model.parameters()).device
    room = NUMBERS // max(1, inputs[:1].numel()) if device.type == "cpu" else MOST
    size = batch or max(1, min(MOST, room))
    training, settled = model.training, not any(module.training for module in model.modules())
    if not settled:  # else there is nothing to do, which takes as long as a small network
        model.eval()
    try:
        with torch.inference_mode():
            pieces = (inputs if rows is None else rows).split(size)
            pieces = track(pieces, what, len(pieces), "batches") if what else pieces
            scores = [
                forward(model, (piece.contiguous() if rows is None else inputs[piece]).to(device))
                for piece in pieces
            ]
            return model.output(torch.cat(scores)).cpu()
    finally:
        if not settled:
            model.train(training)


def answers(model: Model, inputs: Tensor, rows: Tensor | None = None, what: str = "") -> Tensor:
    """What is said of many samples, float64: probabilities, (n, class), or values, (n,); see `logits`."""
    return model.answers(logits(model, inputs, rows, what=what))


def loss_of_values(said: Tensor, values: Tensor, settings: TrainingSettings) -> Tensor:
    """What training makes small in regression, the mean over the batch: squared or absolute errors.

    Args:
        said: (sample, 1), standardised.
        values: (sample,), standardised.
        settings: loss "mse" or "mae".
    """
    return (F.l1_loss if settings.loss == "mae" else F.mse_loss)(said[:, 0], values)


def loss_of(
    scores: Tensor, labels: Tensor, settings: TrainingSettings, weights: Tensor | None = None
) -> Tensor:
    """What training makes small in classification, the mean over the batch.

    Args:
        scores: (sample, class).
        labels: (sample,).
        settings: which loss, and label smoothing (Szegedy et al. 2016, arXiv:1512.00567).
        weights: of the classes, (class,), or None; the mean is a weighted one then.
    """
    smoothing = settings.label_smoothing or 0.0
    if settings.loss == "mse":
        wanted = F.one_hot(labels, scores.shape[1]).to(scores)
        wanted = wanted * (1 - smoothing) + smoothing / scores.shape[1]
        errors = (scores - wanted).square().mean(1)  # (sample,)
        return errors.mean() if weights is None else (errors * weights[labels]).sum() / weights[labels].sum()
    # torch's own `weight` would weigh the smoothed share of every class too: a rare one would pull all.
    losses = F.cross_entropy(scores, labels, reduction="none", label_smoothing=smoothing)
    return losses.mean() if weights is None else (losses * weights[labels]).sum() / weights[labels].sum()


def _channels_last(x: Tensor) -> Tensor:
    """Put the channels of a position side by side in memory.

    With one channel both orders are the same bytes, and torch would take the slower: the strides say which.
    """
    if x.dim() < 4:
        return x
    if x.shape[1] > 1:
        return x.contiguous(memory_format=torch.channels_last if x.dim() == 4 else torch.channels_last_3d)
    x = x.contiguous()
    samples, _, *space = x.stride()
    return x.as_strided(x.shape, (samples, 1, *space))
