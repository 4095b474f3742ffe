"""Training or evaluation: the mode of every layer."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Put every layer back into its mode at the end of this block, whatever it was set to.

    >>> model = nn.Sequential(nn.Dropout().eval())
    >>> with modes_kept(model):
    ...     _ = model.train()
    >>> model.training, model[0].training
    (True, False)
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
