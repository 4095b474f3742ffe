"""Where a network looked for what it said of a sample: evidence for its answer, laid over the sample."""

import time
from collections.abc import Iterable

import numpy as np
import torch
from PIL import Image, ImageColor
from torch import Tensor, nn

from convscope.attribution import attribute
from convscope.data.dataset import Dataset
from convscope.errors import ConvscopeError
from convscope.network.model import Model
from convscope.run.plots.drawing import SIDE, Pen, beside, views
from convscope.run.plots.figures import POSITIVE

SECONDS = 3.0  # after which no further sample is looked at
STEPS = 16  # of integrated gradients
STRIP = (320, 8)  # pixels of the line below a signal
HOT = np.array(ImageColor.getrgb(POSITIVE))  # the page's colour of what counts
PALE = np.array([240, 240, 236])
OPAQUE = 0.75  # where evidence is strongest
FAILS = (ConvscopeError, RuntimeError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError)
SENTENCES = {
    "grad-cam": "Orange: where the network found evidence for what it said (Grad-CAM)",
    "integrated-gradients": "Orange: what counted most for what it said (integrated gradients)",
}


def method(model: Model, dataset: Dataset) -> str:
    """Grad-CAM needs maps: a recurrent network has none, and of a table one asks for columns, too."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    return "integrated-gradients" if recurrent or dataset.kind == "sequence" else "grad-cam"


def told(how: str, found: int, sought: int) -> str:
    """Say what is marked, and in how many samples; nothing where none has evidence."""
    return f"{SENTENCES[how]}; found for {found} of the first {sought}." if found else ""


def find(model: Model, dataset: Dataset, answers: Iterable[tuple[int, int]]) -> dict[int, Tensor]:
    """Evidence for some answers, as far as a few seconds allow; a network that lets none be found has none.

    Args:
        model: in evaluation mode.
        dataset: of the samples.
        answers: row of a sample, and the output that is asked about: the class that was said, or 0.

    Returns:
        Row → (channel or 1, *space), not below 0, at most 1.
    """
    how, found, began = method(model, dataset), {}, time.monotonic()
    options = {"steps": STEPS} if how == "integrated-gradients" else {}
    inner = nn.Sequential(model.network, model.output)  # after scaling 0 is the mean, the baseline
    for row, asked in answers:
        if time.monotonic() - began > SECONDS:
            break
        try:
            with torch.no_grad():
                given = model.preprocess(dataset.inputs[row : row + 1].contiguous())
            values = attribute(inner, given, asked, how, **options).values[0].abs()
        except FAILS:
            break
        if torch.isfinite(values).all() and values.max() > 0:
            found[row] = values / values.max()
    return found


def drawn(evidence: Tensor, sample: Tensor, pen: Pen) -> Image.Image:
    """A drawing with the evidence over it, in each view of a volume; a line for a signal."""
    strength = evidence.amax(0).numpy()  # (*space)
    if strength.ndim == 1:
        return _coloured(_sized(strength[None], STRIP), np.full((*STRIP[::-1], 3), PALE), 1.0)
    if strength.ndim == 3:
        strength = beside(views(strength, pen.way, np.max))
    picture = pen.printed(pen.draw(sample))
    if max(picture.size) < SIDE // 2:
        factor = SIDE // 2 // max(picture.size) + 1
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    ground = np.asarray(picture.convert("RGB")).astype(float)
    return _coloured(_sized(strength, picture.size), 255 - ground if pen.ink else ground, OPAQUE)


def _sized(strength: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(strength.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))[..., None]


def _coloured(strength: np.ndarray, ground: np.ndarray, opaque: float) -> Image.Image:
    mixed = ground * (1 - opaque * strength) + HOT * opaque * strength
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))
