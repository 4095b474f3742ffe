"""The state of a tensor, kept at the price of nothing until somebody changes it."""

import torch
from torch import Tensor


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
    with torch.no_grad():
        try:
            return torch._lazy_clone(tensor.detach())  # pyright: ignore[reportPrivateImportUsage]
        except (AttributeError, RuntimeError, NotImplementedError):
            return tensor.detach().clone()


def storage_of(tensor: Tensor) -> int:
    """What a tensor shares with its views; a copy-on-write copy has another.

    The address of the numbers would do, but to ask for it ends copy-on-write.
    """
    try:
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):  # sparse and the like have no storage to share
        return -id(tensor)
