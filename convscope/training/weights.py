"""All trainable numbers of a network in one vector, all gradients in another.

The parameters stay what they are for everybody else, but their memory is a piece of one vector. So an
optimizer is a few lines on whole vectors, the norm of the gradient is one call, and nothing is copied.
"""

import torch
from torch import Tensor, nn

from convscope.errors import TrainingError


class FlatParameters:
    """Parameters of a module as views of one vector.

    Attributes:
        values: every trainable number, (n,), float32; changing it changes the network.
        gradients: d(loss)/d(values), (n,).
        matrices: how many of the first numbers belong to weights of convolutions and matrices; the others
            (biases, scales of normalisations) are not decayed.
    """

    def __init__(self, module: nn.Module, *, channels_last: bool = True) -> None:
        """Move the parameters of `module` into one vector.

        Args:
            module: the network.
            channels_last: lay kernels out with their channels side by side.

        Raises:
            TrainingError: nothing to train, or parameters that are not float32.
        """
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        odd = next((name for name, p in named if p.dtype != torch.float32), None)
        if odd or not named:
            what = f"parameter '{odd}' is not float32" if odd else "the network has no parameter to train"
            raise TrainingError(
                f"{what}.\n  Training needs parameters of type torch.float32 with requires_grad."
            )
        parameters = sorted((p for _, p in named), key=lambda p: p.dim() < 2)  # stable: matrices first
        self.values = torch.empty(sum(p.numel() for p in parameters), device=parameters[0].device)
        self.gradients = torch.zeros_like(self.values)
        self.matrices = sum(p.numel() for p in parameters if p.dim() >= 2)
        shaped = _channels_last if channels_last else Tensor.view
        start = 0
        for parameter in parameters:
            piece = slice(start, start + parameter.numel())
            view = shaped(self.values[piece], parameter.shape)
            view.copy_(parameter.data)
            parameter.data = view
            parameter.grad = shaped(self.gradients[piece], parameter.shape)
            start = piece.stop


def _channels_last(numbers: Tensor, shape: torch.Size) -> Tensor:
    """View a piece of a vector in a parameter's shape, the channels of a kernel side by side in memory."""
    if len(shape) < 4:
        return numbers.view(shape)
    out, channels, *kernel = shape
    return numbers.view(out, *kernel, channels).movedim(-1, 1)
