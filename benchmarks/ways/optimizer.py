"""Adam as everybody gets it.

The first optimizer of a process makes torch import its compiler, about a second. That is an import and not
training, so it happens here and counts as such.
"""

import torch._dynamo  # noqa: F401
from torch import nn
from torch.optim import Adam


def adam(model: nn.Module, lr: float) -> Adam:
    return Adam(model.parameters(), lr=lr)
