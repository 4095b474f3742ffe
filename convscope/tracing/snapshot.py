"""The state of a tensor, kept at the price of nothing until somebody changes it."""

import torch
from torch import Tensor

from convscope import torch_private


class unwatched:  # noqa: N801 - reads as what it does
    """What the capture does itself is not the model's doing: no mode sees it, and autograd only if wanted."""

    __slots__ = ("aside", "grad", "gradients")

    def __init__(self, *, gradients: bool = False) -> None:
        self.gradients = gradients

    def __enter__(self) -> None:
        self.aside = torch_private.modes_off()
        self.aside.__enter__()
        self.grad = torch.is_grad_enabled()
        torch_private.set_grad_enabled(self.gradients)

    def __exit__(self, *_: object) -> None:
        torch_private.set_grad_enabled(self.grad)
        self.aside.__exit__()


def snapshot(tensor: Tensor) -> Tensor:
    """A tensor that keeps these numbers and strides, whatever happens to the original.

    Copy-on-write: the memory is shared until one of the two is written to.

    >>> x = torch.ones(2)
    >>> before = snapshot(x)
    >>> x.add_(1), before
    (tensor([2., 2.]), tensor([1., 1.]))
    """
    return torch_private.lazy_clone(tensor.detach())


def untouched(tensor: Tensor, before: Tensor) -> bool:
    """Whether a tensor still is what its snapshot says; at no cost while they share their memory."""
    address = torch_private.data_address
    return address(tensor) == address(before) or same_numbers(tensor.detach(), before)


def same_numbers(one: Tensor, other: Tensor) -> bool:
    """Equal to the last bit, where two that are no number count as equal.

    >>> same_numbers(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]))
    True
    """
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if torch.equal(one, other):
        return True
    return bool(((one == other) | (one.isnan() & other.isnan())).all())


def storage_of(tensor: Tensor) -> int:
    """What a tensor shares with its views; a copy-on-write copy has another.

    The address of the numbers would do, but to ask for it ends copy-on-write.
    """
    try:
        return torch_private.storage_id(tensor)
    except (NotImplementedError, RuntimeError):  # sparse and the like have no storage to share
        return -id(tensor)


def memory_of(tensor: Tensor) -> int:
    """Bytes that stay in use while a tensor is kept: all of the memory that it looks at."""
    try:
        return tensor.untyped_storage().nbytes()
    except (NotImplementedError, RuntimeError):
        return tensor.numel() * tensor.element_size()
