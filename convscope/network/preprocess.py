"""Scaling is the first module of every network, so evaluation, export and explorer take raw values and cannot disagree."""

from torch import Tensor, nn


class Standardise(nn.Module):
    """Raw values (uint8 or float) → float32 with mean 0 and standard deviation 1 per channel.

    The two statistics are buffers (channel,), fitted on the training part and saved with the weights.

    >>> scale = Standardise(torch.tensor([10.0]), torch.tensor([2.0]))
    >>> scale(torch.tensor([[[8, 12]]], dtype=torch.uint8))
    tensor([[[-1.,  1.]]])
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", std.float())

    def forward(self, x: Tensor) -> Tensor:  # (sample, channel, *space) → the same
        shape = (-1,) + (1,) * (x.dim() - 2)
        return (x.float() - self.mean.view(shape)) / self.std.view(shape)


class Model(nn.Module):
    """What is trained, saved, traced and shipped: raw values in, one score (logit) a class out."""

    def __init__(self, preprocess: Standardise, network: nn.Module) -> None:
        super().__init__()
        self.preprocess = preprocess
        self.network = network

    def forward(self, x: Tensor) -> Tensor:  # (sample, channel, *space) → (sample, class)
        return self.network(self.preprocess(x))
