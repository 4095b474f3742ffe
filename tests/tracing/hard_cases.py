"""Models that are hard to look into, each with its inputs."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class Hard(NamedTuple):
    """A model with its arguments, as a person gives them; `changes` says that it changes tensors in place."""

    name: str
    model: object
    inputs: object
    changes: bool = False


def in_place(x):
    y = x * 1
    y += 2
    y.mul_(3)[0] = 0.5
    return F.relu(y, inplace=True) + y


def through_a_view(x):
    y = (x * 1).view(-1)
    z = y.view(3, 4)
    y[:2] += 1
    w = z * 2
    z[:, 0] += 1
    return w + z + y.view(3, 4)


def columns(x):
    y = x * 2
    rows = y.t()
    y[:, 0] -= 5
    return rows * 1


def into_out(x):
    total = torch.zeros(3, 4)
    torch.add(x, 1, out=total)
    first = total * 1
    torch.mul(x, 2, out=total)
    return first + total


def input_is_changed(x):
    x += 1
    return x * 2


def branches(x):
    if x.sum() > 0:
        x = torch.sigmoid(x)
    steps = 0
    while x.norm() < 20:
        x, steps = x * 2, steps + 1
    return x, steps


def functional(x):
    x = F.conv2d(x, torch.ones(2, 1, 3, 3), padding=1)
    x = F.max_pool2d(F.gelu(x), 2)
    x = F.normalize(F.layer_norm(x, x.shape[1:]), dim=1)
    return torch.einsum("bchw,bdhw->bcd", x, x).flatten(1).softmax(1)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.act = nn.Linear(4, 4), nn.ReLU()

    def forward(self, x):
        return self.act(self.layer(self.act(self.layer(x))))


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 2)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Recurrent(nn.Module):
    def __init__(self, kind, **settings):
        super().__init__()
        self.layer = kind(4, 5, **settings)

    def forward(self, x):
        return self.layer(x)


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.lstm, self.rnn = nn.GRUCell(4, 5), nn.LSTMCell(5, 6), nn.RNNCell(6, 3)

    def forward(self, x):
        h, state = torch.zeros(1, 5), (torch.zeros(1, 6), torch.zeros(1, 6))
        for step in x:
            h = self.gru(step[None], h)
            state = self.lstm(h, state)
        return self.rnn(state[0])


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant):
        super().__init__()
        self.block, self.reentrant = nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.Tanh()), reentrant

    def forward(self, x):
        return checkpoint(self.block, x * 1, use_reentrant=self.reentrant) * 2


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp() * 2

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * x.exp() * 2


class OwnGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return Doubled.apply(self.layer(x)) + 1


class Keywords(nn.Module):
    def forward(self, x, *, scale, mask=None):
        return x * scale if mask is None else (x * scale).masked_fill(mask, 0.0)


@dataclass
class Answer:
    scores: torch.Tensor
    parts: dict


class Structured(nn.Module):
    def forward(self, pair, table):
        first, (second, third) = pair, table["rest"]
        return Answer(first + second, {"third": (third * 2, [first - 1])})


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        with torch.no_grad():
            x = self.body(x)
        with torch.inference_mode():
            mean = x.mean(0)
            mean += 1
        return self.head(x + mean.clone())


def noisy(x):
    own = torch.Generator().manual_seed(4)
    x = F.dropout(x, 0.3) + torch.rand(3, 4) + torch.randn(3, 4, generator=own)
    return torch.bernoulli(x.sigmoid(), generator=own).add_(torch.randn(3, 4)).uniform_(0, 1)


def half(x):
    with torch.autocast("cpu"):
        return F.linear(x, torch.ones(5, 4)).float() + 1


def not_a_number(x):
    return (x / 0 - x / 0).relu().clamp(max=1)


def strange_numbers(x):
    return torch.fft.fft(x).conj().real, torch.arange(3)[::2], (x > 0).any(), x.to(torch.bfloat16) * 2


class Mended(nn.Module):
    """Tries one layer, and takes another where that fails."""

    def __init__(self):
        super().__init__()
        self.wide, self.right = nn.Linear(7, 4), nn.Linear(4, 4)

    def forward(self, x):
        try:
            return self.wide(x)
        except RuntimeError:
            return self.right(x) * 2


def gradient_inside(x):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad((x**3).sum(), x)
    return slope * 2


def _made():
    torch.manual_seed(0)
    x, image, steps = torch.randn(3, 4), torch.randn(2, 1, 6, 6), torch.randn(5, 4)
    norm = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(48, 2)
    )
    encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    return [
        Hard("in place", in_place, x, True),
        Hard("through a view", through_a_view, x, True),
        Hard("a view of a changed tensor", columns, x, True),
        Hard("out=", into_out, x, True),
        Hard("the input is changed", input_is_changed, x, True),
        Hard("branches and loops", branches, x),
        Hard("functional", functional, image),
        Hard("shared modules", Shared(), x),
        Hard("modules in a list", Listed(), x),
        Hard("LSTM", Recurrent(nn.LSTM, num_layers=2, bidirectional=True, dropout=0.5), steps),
        Hard("GRU", Recurrent(nn.GRU), steps),
        Hard("RNN", Recurrent(nn.RNN, nonlinearity="relu"), steps),
        Hard("cells", Cells(), steps),
        Hard("attention, training", SelfAttention().train(), x[None]),
        Hard("attention, evaluation", SelfAttention().eval(), x[None]),
        Hard("encoder, training", nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).train(), x[None]),
        Hard("encoder, evaluation", encoder.eval(), x[None]),
        Hard("checkpoint", Checkpointed(reentrant=False), x),
        Hard("checkpoint, re-entrant", Checkpointed(reentrant=True), x.clone().requires_grad_()),
        Hard("autograd.Function", OwnGradient(), x),
        Hard("keywords", Keywords(), {"x": x, "scale": torch.tensor(2.0), "mask": x > 0}),
        Hard("structures", Structured(), (x, {"rest": [x + 1, x + 2]})),
        Hard("no gradients inside", Frozen(), x),
        Hard("batch norm, training", norm.train(), image, True),
        Hard("random numbers", noisy, x, True),
        Hard("autocast", half, x),
        Hard("not a number", not_a_number, x),
        Hard("other types of number", strange_numbers, x),
        Hard("an exception that is caught", Mended(), x),
        Hard("a gradient inside", gradient_inside, x),
    ]


HARD = _made()
