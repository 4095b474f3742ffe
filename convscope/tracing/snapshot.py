"""The state of a tensor, kept at the price of nothing until somebody changes it."""

import torch
from torch import Tensor


class unwatched:  # noqa: N801 - reads as what it does
    """What the capture does itself is not the model's doing: no mode sees it, and autograd only if wanted."""

    __slots__ = ("functions", "grad", "gradients", "kernels")

    def __init__(self, *, gradients: bool = False) -> None:
        self.gradients = gradients

    def __enter__(self) -> None:
        self.functions, self.kernels = torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch()
        self.functions.__enter__()
        self.kernels.__enter__()
        self.grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(
            self.gradients
        )  # `torch.no_grad()` is ten times slower, and this runs everywhere

    def __exit__(self, *_: object) -> None:
        torch._C._set_grad_enabled(self.grad)
        self.kernels.__exit__(None, None, None)
        self.functions.__exit__(None, None, None)


def snapshot(tensor: Tensor) -> Tensor:
    """A tensor that keeps these numbers and strides, whatever happens to the original.

    Copy-on-write: the memory is shared until one of the two is written to. torch has it for memory that is
    its own (`_lazy_clone` is not public, so its absence costs a copy and nothing else); memory that came from
    elsewhere (NumPy, a mapped file) is copied at once.

    >>> x = torch.ones(2)
    >>> before = snapshot(x)
    >>> x.add_(1), before
    (tensor([2., 2.]), tensor([1., 1.]))
    """
    try:
        return torch._lazy_clone(tensor.detach())  # pyright: ignore[reportPrivateImportUsage]
    except (AttributeError, RuntimeError, NotImplementedError):
        return tensor.detach().clone()


def untouched(tensor: Tensor, before: Tensor) -> bool:
    """Whether a tensor still is what its snapshot says; at no cost while they share their memory."""
    address = torch._C._data_address  # pyright: ignore[reportAttributeAccessIssue] - ends no copy-on-write
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
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):  # sparse and the like have no storage to share
        return -id(tensor)


def memory_of(tensor: Tensor) -> int:
    """Bytes that stay in use while a tensor is kept: all of the memory that it looks at."""
    try:
        return tensor.untyped_storage().nbytes()
    except (NotImplementedError, RuntimeError):
        return tensor.numel() * tensor.element_size()
