"""Windows that slide: which positions their taps lie on, and which windows see a position.

A convolution and its transposed form are one pattern read in two directions. On the *fine* side a window
slides (input of a convolution, output of a transposed one); on the *coarse* side there is one position for
each step (its output, its input). Step i and tap u belong to the fine position

    i·stride − padding + u·dilation

and the weight is (coarse channel, fine channel of the group, *taps) in both. So three sums are all there is:
a coarse number is a sum over taps of fine ones, a fine number over taps of coarse ones, and a weight's
gradient over steps of both.
"""

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.explaining.account import Index, Terms, product
from convscope.explaining.boxes import Boxes, is_empty

POSITIONS = {1: ("time",), 2: ("row", "column"), 3: ("depth", "row", "column")}  # axes of terms
ONES = {"time": "step", "height": "row", "width": "column", "depth": "slice"}  # one place on an axis


class Slide(NamedTuple):
    """A window that slides along one axis.

    Attributes:
        size: of the axis that it slides along.
        steps: how many it takes.
        kernel, stride, dilation: its taps, how far a step goes, how far taps lie apart.
        before, after: padding on the two sides.
    """

    size: int
    steps: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    def lies_on(self, step: Tensor | int, tap: Tensor | int) -> Tensor:
        """Positions on the axis, below 0 or beyond its size in the padding."""
        return torch.as_tensor(step * self.stride - self.before + tap * self.dilation)

    def taps(self, step: int) -> Tensor:
        """Where each tap lies at one step, (tap,); -1 in the padding.

        >>> Slide(size=5, steps=5, kernel=3, before=1, after=1).taps(0).tolist()
        [-1, 0, 1]
        """
        return self._inside(self.lies_on(step, torch.arange(self.kernel)))

    def path_of(self, tap: int) -> Tensor:
        """Where one tap lies at each step, (step,); -1 in the padding.

        >>> Slide(size=5, steps=3, kernel=3, stride=2, before=1, after=1).path_of(0).tolist()
        [-1, 1, 3]
        """
        return self._inside(self.lies_on(torch.arange(self.steps), tap))

    def seen_by(self, place: int) -> tuple[Tensor, Tensor]:
        """The taps that ever lie on a position, and the step of each.

        >>> [found.tolist() for found in Slide(size=5, steps=3, kernel=3).seen_by(1)]
        [[0, 1], [1, 0]]
        """
        taps = torch.arange(self.kernel)
        ahead = place + self.before - taps * self.dilation
        steps = ahead.div(self.stride, rounding_mode="floor")
        real = (ahead % self.stride == 0) & (steps >= 0) & (steps < self.steps)
        return taps[real], steps[real]

    def steps_over(self, place: int) -> Tensor:
        """The steps at which a tap lies on a position, in order."""
        return self.seen_by(place)[1].flip(0)

    def reach(self, ends: Boxes) -> Boxes:
        """What the window looks at in steps [start, stop), (..., 2); it may stick out into the padding."""
        first = ends[..., 0] * self.stride - self.before
        last = (ends[..., 1] - 1) * self.stride - self.before + (self.kernel - 1) * self.dilation
        return np.stack([first, last + 1], axis=-1)

    def falls_on(self, ends: Boxes) -> Boxes:
        """The steps with a tap on places [start, stop), (..., 2): tap by tap, for a stride leaves gaps."""
        taps = np.arange(self.kernel, dtype=np.int64) * self.dilation - self.before
        first = -((taps - ends[..., :1]) // self.stride)  # ⌈(start − tap)/stride⌉, (..., tap)
        behind = (ends[..., 1:] - 1 - taps) // self.stride + 1
        lies = behind > first
        low = np.where(lies, first, np.iinfo(np.int64).max).min(axis=-1)
        high = np.where(lies, behind, np.iinfo(np.int64).min).max(axis=-1)
        return np.where(lies.any(axis=-1, keepdims=True), np.stack([low, high], axis=-1), 0)

    def missed(self) -> NDArray[np.int64]:
        """Positions on which no tap ever lies."""
        reached = np.zeros((self.size,), dtype=np.bool_)
        steps = np.arange(self.steps) * self.stride - self.before
        for tap in range(self.kernel):
            places = steps + tap * self.dilation
            reached[places[(places >= 0) & (places < self.size)]] = True
        return np.flatnonzero(~reached)

    def _inside(self, places: Tensor) -> Tensor:
        return places.masked_fill((places < 0) | (places >= self.size), -1)

    @property
    def unused(self) -> int:
        """How many positions at the end of the axis no tap ever lies on.

        >>> Slide(size=6, steps=2, kernel=2, stride=2).unused
        2
        """
        reached = np.setdiff1d(np.arange(self.size), self.missed())
        return self.size - 1 - int(reached.max()) if len(reached) else self.size


class Window(NamedTuple):
    """What slides, and what one channel of the output sees through it.

    Attributes:
        kind: a kernel on the input, a kernel that each input lays onto the output, or a pooling.
        rule: what is made of the numbers in it.
        slides: one an axis; of a transposed convolution over the output.
        groups: channels of a group only belong to those of the same group.
        channels: of the input, that this output channel sees.
        weight: index of its kernels in the weight, (input channel, *taps); None: there are none.
        divisor: of a mean: a number, all taps ("padded"), or those that are not in the padding ("inside").
        spans: of windows that differ, an axis each: first place and the one behind the last, of each window.
    """

    kind: Literal["convolution", "transposed", "pooling"]
    rule: Literal["sum", "max", "mean"]
    slides: tuple[Slide, ...]
    groups: int
    channels: range
    weight: tuple[int | slice, ...] | None = None
    divisor: float | Literal["padded", "inside"] | None = None
    spans: list[list[list[int]]] | None = None


def missed(slide: Slide, axis: str, fate: str) -> tuple[str, ...]:
    """What to say about positions that no tap reaches, nothing where there are none.

    >>> missed(Slide(size=5, steps=2, kernel=2, stride=2), "height", "not reached")
    ('the last row is not reached',)
    """
    places, one = slide.missed(), ONES[axis]
    count = len(places)
    if count == 0:
        return ()
    if places[0] != slide.size - count:
        return (f"{count:,} of {slide.size:,} {one}s are {fate}",)
    return (f"the last {one} is {fate}" if count == 1 else f"the last {count:,} {one}s are {fate}",)


def grid(*axes: Tensor | int) -> Tensor:
    """Every combination of indices, (*sizes of the tensors, axes); -1 throughout where any of them is -1.

    >>> grid(7, torch.tensor([-1, 0])).tolist()
    [[-1, -1], [7, 0]]
    """
    spans = [torch.as_tensor(axis) for axis in axes]
    sizes = [span.numel() for span in spans if span.dim()]
    places = torch.stack(torch.meshgrid(*spans, indexing="ij"), dim=-1).reshape(*sizes, len(spans))
    return places.masked_fill((places < 0).any(dim=-1, keepdim=True), -1)


def pick(tensor: Tensor, places: Tensor, outside: float = 0.0) -> Tensor:
    """The numbers at these places in float64, `outside` in the padding; only they are copied.

    >>> pick(torch.tensor([[5.0, 6.0]]), grid(0, torch.tensor([-1, 1]))).tolist()
    [0.0, 6.0]
    """
    found = tensor.detach()[places.clamp(min=0).unbind(-1)].double()
    return found.masked_fill(places[..., 0] < 0, outside)


def products(axes: tuple[str, ...], **factors: tuple[Tensor, Tensor]) -> Terms:
    """Terms whose factors are numbers of tensors: name=(tensor, places)."""
    places = {name: where for name, (_, where) in factors.items()}
    return product(axes, places, **{name: pick(tensor, where) for name, (tensor, where) in factors.items()})


class Convolution(NamedTuple):
    """A convolution, in either direction.

    Attributes:
        slides: one an axis, over the fine side.
        coarse, fine: channels of the two sides.
        groups: channels of a group only belong to those of the same group.
    """

    slides: tuple[Slide, ...]
    coarse: int
    fine: int
    groups: int

    def coarse_sum(self, at: Index) -> tuple[Tensor, Tensor]:
        """Places of the fine numbers and weights that make one coarse number, (fine channel, *taps)."""
        *sample, channel = at[: -len(self.slides)]
        group, width = channel // (self.coarse // self.groups), self.fine // self.groups
        steps = at[-len(self.slides) :]
        lies_on = [slide.taps(step) for slide, step in zip(self.slides, steps, strict=True)]
        taps = [torch.arange(slide.kernel) for slide in self.slides]
        channels = torch.arange(width)
        return grid(*sample, group * width + channels, *lies_on), grid(channel, channels, *taps)

    def fine_sum(self, at: Index) -> tuple[Tensor, Tensor]:
        """Places of the coarse numbers and weights that make one fine number, (coarse channel, *taps).

        Only the taps that lie on it: with a stride not all do.
        """
        *sample, channel = at[: -len(self.slides)]
        (group, within), width = divmod(channel, self.fine // self.groups), self.coarse // self.groups
        places = at[-len(self.slides) :]
        found = [slide.seen_by(place) for slide, place in zip(self.slides, places, strict=True)]
        channels = group * width + torch.arange(width)
        coarse = grid(*sample, channels, *(steps for _, steps in found))
        return coarse, grid(channels, within, *(taps for taps, _ in found))

    def weight_sum(self, at: Index, samples: int | None) -> tuple[Tensor, Tensor]:
        """Places of the coarse and the fine numbers that one weight has multiplied, ([sample,] *steps)."""
        coarse, within, *taps = at
        fine = coarse // (self.coarse // self.groups) * (self.fine // self.groups) + within
        sample = [] if samples is None else [torch.arange(samples)]
        steps = [torch.arange(slide.steps) for slide in self.slides]
        lies_on = [slide.path_of(tap) for slide, tap in zip(self.slides, taps, strict=True)]
        return grid(*sample, coarse, *steps), grid(*sample, fine, *lies_on)

    def fine_boxes(self, boxes: Boxes) -> Boxes:
        """What boxes on the coarse side see of the fine side."""
        seen = boxes.copy()
        for axis, slide in enumerate(self.slides, boxes.shape[-2] - len(self.slides)):
            seen[..., axis, :] = slide.reach(boxes[..., axis, :])
        return self._channels(seen, boxes, self.coarse, self.fine)

    def coarse_boxes(self, boxes: Boxes) -> Boxes:
        """What falls on boxes of the fine side; empty where nothing does."""
        seen = boxes.copy()
        for axis, slide in enumerate(self.slides, boxes.shape[-2] - len(self.slides)):
            seen[..., axis, :] = slide.falls_on(boxes[..., axis, :])
        return self._channels(seen, boxes, self.fine, self.coarse)

    def _channels(self, seen: Boxes, boxes: Boxes, before: int, after: int) -> Boxes:
        """Whole groups of channels on the other side; what was empty stays empty."""
        axis = -len(self.slides) - 1
        seen[..., axis, 0] = boxes[..., axis, 0] // (before // self.groups) * (after // self.groups)
        last = (boxes[..., axis, 1] - 1) // (before // self.groups)
        seen[..., axis, 1] = (last + 1) * (after // self.groups)
        return np.where(is_empty(boxes)[..., None, None], boxes, seen)
