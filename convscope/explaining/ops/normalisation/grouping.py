"""Which numbers are normalised together, and which ones share a weight."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Index
from convscope.explaining.boxes import Boxes
from convscope.explaining.reading import Reading
from convscope.shapes import AXES
from convscope.tracing.graph import Node

Region = tuple[slice, ...]

KERNEL = "input weight bias running_mean running_var training momentum eps"
ORDERS = {  # functions that take the same in another order
    "torch.nn.functional.batch_norm": "input running_mean running_var weight bias training momentum eps",
    "torch.nn.functional.instance_norm": "input running_mean running_var weight bias training momentum eps",
    "torch.ops.aten._native_batch_norm_legit.no_stats": "input weight bias training momentum eps",
    "torch.ops.aten._native_batch_norm_legit_no_training.default": KERNEL.replace(" training", ""),
}


@dataclass(frozen=True)
class Grouping:
    """How one call divides its input.

    Attributes:
        shape: of the input.
        axes: mean and variance are taken over these axes of the input.
        affine: the axes of weight and bias, as axes of the input.
        span: how many channels are normalised together, where axis 1 is cut into groups; None: all of them.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    affine: tuple[int, ...]
    span: int | None = None

    def together(self, at: Index) -> Region:
        """What is normalised together with the number at `at` of the input."""
        return tuple(
            self._whole(axis, place) if axis in self.axes else slice(place, place + 1)
            for axis, place in enumerate(at)
        )

    def sharing(self, at: Index) -> Region:
        """Every number that is multiplied with the weight at `at`."""
        own = dict(zip(self.affine, at, strict=True))
        return tuple(
            slice(own[axis], own[axis] + 1) if axis in own else slice(0, size)
            for axis, size in enumerate(self.shape)
        )

    def block(self, at: Index) -> Region:
        """The same, made larger until it holds all that these numbers are normalised with."""
        own = dict(zip(self.affine, at, strict=True))
        return tuple(
            self._whole(axis, own[axis]) if axis in own and axis in self.axes else part
            for axis, part in enumerate(self.sharing(at))
        )

    def _whole(self, axis: int, place: int) -> slice:
        if axis == 1 and self.span:
            return slice(place // self.span * self.span, (place // self.span + 1) * self.span)
        return slice(0, self.shape[axis])

    def affine_place(self, at: Index) -> Index:
        """Where the weight of one number stands."""
        return tuple(at[axis] for axis in self.affine)

    def stretched(self, weight: Tensor) -> Tensor:
        """A weight with the axes of the input, so that it can be multiplied with it."""
        return weight.reshape([size if axis in self.affine else 1 for axis, size in enumerate(self.shape)])

    def reach(self, boxes: Boxes) -> Boxes:
        """Boxes on the output → boxes on the input: whole axes where numbers are normalised together."""
        wide = boxes.copy()
        for axis in self.axes:
            if axis == 1 and self.span:
                wide[..., axis, 0] = boxes[..., axis, 0] // self.span * self.span
                wide[..., axis, 1] = -(-boxes[..., axis, 1] // self.span) * self.span
            else:
                wide[..., axis, :] = np.array([0, self.shape[axis]])
        return wide

    @property
    def names(self) -> tuple[str, ...]:
        """What the axes are called."""
        space = len(self.shape) - 2
        if self.affine == (1,) and space in (0, *AXES):
            return ("sample", "channel", *AXES.get(space, ()))
        return tuple(f"axis {axis}" for axis in range(len(self.shape)))


def places(region: Region) -> Tensor:
    """Where the numbers of a region stand: (*shape of the region, axis)."""
    steps = [torch.arange(part.start, part.stop) for part in region]
    return torch.stack(torch.meshgrid(*steps, indexing="ij"), dim=-1)


def batch(reading: Reading) -> Grouping:
    """One mean for each channel, over all samples and places."""
    shape = reading.shape("input")
    return Grouping(shape, (0, *range(2, len(shape))), (1,))


def instance(reading: Reading) -> Grouping:
    """One mean for each channel of each sample."""
    shape = reading.shape("input")
    return Grouping(shape, tuple(range(2, len(shape))), (1,))


def layer(reading: Reading) -> Grouping:
    """One mean for everything but the first axes."""
    shape = reading.shape("input")
    axes = tuple(range(len(shape) - len(reading["normalized_shape"]), len(shape)))
    return Grouping(shape, axes, axes)


def group(reading: Reading) -> Grouping:
    """One mean for each group of channels of each sample."""
    shape = reading.shape("input")
    return Grouping(shape, tuple(range(1, len(shape))), (1,), shape[1] // int(reading["num_groups"]))


def arguments(node: Node) -> dict[str, Any]:
    """Arguments of a batch or instance normalisation by name, in whichever order its function takes them."""
    found: dict[str, Any] = dict.fromkeys(KERNEL.split())
    found |= {"training": node.op == "instance_norm", "momentum": 0.1, "eps": 1e-5}
    found |= dict(zip(ORDERS.get(node.function, KERNEL).split(), node.args, strict=False)) | node.kwargs
    if "use_input_stats" in found:
        found["training"] = found.pop("use_input_stats")
    return found
