"""Numbers that move: shapes, orders, parts, joins, writing; and tensors made from nothing."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
X = torch.randn(2, 4, 6, 6)
ROWS = torch.tensor([3, 0, 0])
ATEN = torch.ops.aten
GRID = torch.tensor([[0, 5], [2, 2]])
MASK = torch.randn(6, 6) > 0


def move(name: str, model: Callable[..., Any], *ops: str, inputs: Any = X, **options: Any) -> Case:
    return Case(name, model, inputs, ops=ops, **options)


def written(index: Any, value: Any = None) -> Callable[..., Tensor]:
    """x with something written to x[index]: a number, or the first values of x itself."""

    def model(x: Tensor) -> Tensor:
        y, new = x * 1.0, x[index] * 2.0 if value is None else value
        y[index] = new
        return y

    return model


def copied(x: Tensor) -> Tensor:
    return (x * 2.0).copy_(x[:1] * 3.0)


VIEWS = [
    move("view", lambda x: x.view(2, -1), "view"),
    move("view cuts an axis", lambda x: x.view(2, 2, 2, 36), "view"),
    move("view across axes", lambda x: x.view(3, 96), "view"),
    move("reshape after permute", lambda x: x.permute(0, 2, 3, 1).reshape(2, -1), "reshape", "permute"),
    move("flatten", lambda x: x.flatten(1), "flatten"),
    move("flatten in the middle", lambda x: torch.flatten(x, 1, 2), "flatten"),
    move("ravel", lambda x: x.ravel(), "flatten"),
    move("unflatten", lambda x: x.unflatten(1, (2, 2)), "unflatten"),
    move("view as", lambda x: x.view_as(torch.empty(8, 36)), "view_as"),
    move("reshape as", lambda x: x.reshape_as(torch.empty(8, 36)), "reshape_as"),
    move("permute by name", lambda x: torch.permute(x, dims=(3, 0, 2, 1)), "permute"),
    move("transpose", lambda x: x.transpose(1, -1), "transpose"),
    move("swapaxes, swapdims", lambda x: x.swapaxes(0, 2).swapdims(1, 3), "transpose"),
    move("movedim, moveaxis", lambda x: x.movedim((0, 1), (2, 3)).moveaxis(0, -1), "movedim"),
    move("t, T, mT, mH", lambda x: (x[0, 0].t(), x[0, 0].T, x.mT, x.mH), "t", "T", "mT"),
    move("squeeze", lambda x: x[:, :1].squeeze(1).unsqueeze(-1).squeeze(), "squeeze", "unsqueeze"),
    move("atleast", lambda x: torch.atleast_3d(x[0, 0]), "atleast_3d"),
    move(
        "atleast of a number",
        lambda x: torch.atleast_2d(torch.atleast_1d(x.sum())),
        "atleast_1d",
        "atleast_2d",
    ),
    move("expand", lambda x: x[:, :1].expand(3, 2, 4, -1, 6), "expand"),
    move("expand as", lambda x: x[:, :1].expand_as(x), "expand_as"),
    move("broadcast to", lambda x: torch.broadcast_to(x[:1], (5, 2, 4, 6, 6)), "broadcast_to"),
    move("one number", lambda x: x[0, 0, 0, 0].view(1).expand(3), "getitem", "view", "expand"),
    move("diagonal", lambda x: x.diagonal(1, 2, 3), "diagonal"),
]
COPIES = [
    move("contiguous, clone", lambda x: x.mT.contiguous().clone(), "contiguous", "clone"),
    move("detach", lambda x: x.detach() + x, "detach"),
    move("data, positive, real", lambda x: x.data + torch.positive(x) + x.real, "data", "positive", "real"),
    move("alias", lambda x: ATEN.alias.default(x) * 2, "alias"),
    move(
        "lifted",
        lambda x: ATEN.lift_fresh.default(x) + ATEN.lift_fresh_copy.default(x),
        "lift_fresh",
        "lift_fresh_copy",
    ),
    move("to float16 and back", lambda x: x.to(torch.float16).float(), "to", "float"),
    move(
        "half, bfloat16, double", lambda x: (x.half(), x.bfloat16(), x.double()), "half", "bfloat16", "double"
    ),
    move("type", lambda x: x.type(torch.float64).type_as(x), "type", "type_as"),
    move("whole numbers", lambda x: (3 * x).long(), "long", gradients=False),
    move(
        "whole numbers by name",
        lambda x: ((3 * x).int(), x.short(), x.bool()),
        "int",
        "short",
        "bool",
        gradients=False,
    ),
    move("repeat", lambda x: x.repeat(2, 1, 3, 1, 2), "repeat"),
    move("tile", lambda x: x.tile(2) + torch.tile(x, (1, 2)), "tile"),
    move("repeat interleave", lambda x: x.repeat_interleave(3, dim=1), "repeat_interleave"),
    move("repeat interleave, flat", lambda x: torch.repeat_interleave(x, 2), "repeat_interleave"),
    move(
        "repeat interleave, counts",
        lambda x: x.repeat_interleave(torch.tensor([1, 0, 2, 3]), 1),
        "repeat_interleave",
    ),
    move("flip", lambda x: x.flip(1, 3) + x.flip((0,)) + torch.flip(x, dims=[-2]), "flip"),
    move("flip named", lambda x: torch.fliplr(x) + torch.flipud(x), "fliplr", "flipud"),
    move("roll", lambda x: x.roll(2, 3) + x.roll((-1, 8), (1, 2)), "roll"),
    move("roll, flat", lambda x: x.roll(7), "roll"),
    move("pixel shuffle", lambda x: F.pixel_shuffle(x, 2), "pixel_shuffle"),
    move("pixel unshuffle", lambda x: F.pixel_unshuffle(x, 3), "pixel_unshuffle"),
    move("channel shuffle", lambda x: F.channel_shuffle(x, 2), "channel_shuffle"),
]
PARTS = [
    move("slice of an exported program", lambda x: ATEN.slice.Tensor(x, 2, 1, 6, 2), "slice"),
    move("narrow, select", lambda x: (x.narrow(2, 1, 3), x.select(-1, -2)), "narrow", "select"),
    move("numbers", lambda x: x[1, -1], "getitem"),
    move("slices", lambda x: x[:, 1::2, -4:-1, ::3], "getitem"),
    move("none and dots", lambda x: x[None, ..., None, 2], "getitem"),
    move("list of indices", lambda x: x[:, ROWS], "getitem"),
    move("negative indices", lambda x: x[:, [-1, 0]], "getitem"),
    move("grid of indices", lambda x: x[:, :, GRID], "getitem"),
    move("indices side by side", lambda x: x[:, ROWS, ROWS, 1:], "getitem"),
    move("indices apart", lambda x: x[:, ROWS, :, ROWS], "getitem"),
    move("indices after a number", lambda x: x[1, :, ROWS], "getitem"),
    move("indices around None", lambda x: x[0, ROWS, None, ROWS], "getitem"),
    move("indices broadcast", lambda x: x[:, ROWS[:, None], ROWS], "getitem"),
    move("mask", lambda x: x[:, :, MASK], "getitem"),
    move("mask of all", lambda x: x[x > 0], "getitem"),
    move("index tensor of one number", lambda x: x[torch.tensor(1), :, ROWS], "getitem"),
    move("index select", lambda x: x.index_select(-3, ROWS), "index_select"),
    move("gather", lambda x: x[0, 0].gather(1, GRID) + x[0, 0].gather(0, GRID), "gather"),
    move(
        "take along", lambda x: torch.take_along_dim(x[0, 0], torch.tensor([[1, 5, 5]]), 1), "take_along_dim"
    ),
    move("take along, flat", lambda x: torch.take_along_dim(x, torch.tensor([1, 250])), "take_along_dim"),
    move("chunk", lambda x: x.chunk(3, 2)[2], "chunk"),
    move("split", lambda x: x.split(4, -1)[1].sum() + x.split([1, 3], dim=1)[0].sum(), "split"),
    move("tensor split", lambda x: x.tensor_split(4, dim=2), "tensor_split"),
    move("unbind", lambda x: x.unbind(1), "unbind"),
    move("for", lambda x: [each for each in x], "unbind"),  # noqa: C416 - the loop is what is looked at
    move("hsplit, vsplit", lambda x: (x.hsplit(2)[1], x.vsplit(2)[0]), "hsplit", "vsplit"),
    move("dsplit", lambda x: x.dsplit(3)[1], "dsplit"),
    move("split_with_sizes", lambda x: x.split_with_sizes([1, 3], 1)[1], "split_with_sizes"),
    move("triangles", lambda x: x.tril(-1) + x.triu(2) + torch.tril(x), "tril", "triu"),
]
JOINS = [
    move("cat", lambda x: torch.cat([x, x[:, :2], x * 2.0], 1), "cat"),
    move("cat by NumPy's name", lambda x: torch.concat((x, x[:, :, :, 1:]), axis=-1), "cat"),
    move("cat with nothing", lambda x: torch.cat([torch.zeros(0), x], dim=2), "cat"),
    move("cat of one tensor twice", lambda x: torch.cat([x, x], 1), "cat"),
    move("meshgrid", lambda x: torch.meshgrid(x[0, 0, 0], x[0, 0, :3, 0], indexing="ij"), "meshgrid"),
    move(
        "meshgrid of a list",
        lambda x: torch.meshgrid([x[0, 0, 0], x[0, 1, 0, :2]], indexing="xy"),
        "meshgrid",
    ),
    move(
        "meshgrid in space",
        lambda x: torch.meshgrid(x[0, 0, 0], x[0, :, 1, 0], x[:, 0, 0, 0], indexing="xy"),
        "meshgrid",
    ),
    move("stack", lambda x: torch.stack([x, x * 2], -1), "stack"),
    move("stack of one tensor twice", lambda x: torch.stack([x, x], 1), "stack"),
    move("stack of single numbers", lambda x: torch.stack([x.sum(), x.mean()]), "stack"),
    move(
        "hstack, vstack",
        lambda x: (torch.hstack([x, x * 2.0]), torch.vstack([x[0, 0, 0], x[0, 0]])),
        "hstack",
        "vstack",
    ),
    move("hstack of rows", lambda x: torch.hstack([x[0, 0, 0], x[0, 0, 1]]), "hstack"),
    move(
        "dstack, columns",
        lambda x: (torch.dstack([x[0], x[1]]), torch.column_stack([x[0, 0, 0], x[0, 0]])),
        "dstack",
        "column_stack",
    ),
]
WRITES = [
    move("write a number", written((slice(None), 0), 1.5), "setitem"),
    move("write a part", written((slice(None), slice(1, 4, 2), 3)), "setitem"),
    move("write steps and dots", written((..., slice(None, None, 2))), "setitem"),
    move("write by indices", written((slice(None), ROWS)), "setitem"),
    move("write by mask", written((slice(None), slice(None), MASK), 0.0), "setitem"),
    move("write one row to all", written(slice(None), torch.arange(6.0)), "setitem"),
    move("copy", copied, "copy"),
    move("index add", lambda x: x.index_add(2, ROWS, x[:, :, :3] * 2.0), "index_add"),
    move("index add, alpha", lambda x: x[0, 0].index_add(0, GRID[1], x[1, 1, :2], alpha=-0.5), "index_add"),
]
FRESH = [
    move("zeros, ones", lambda x: torch.zeros(2, 3) + torch.ones(3) + x[0, 0, :2, :3], "zeros", "ones"),
    move(
        "like",
        lambda x: torch.zeros_like(x) + torch.ones_like(x) * torch.full_like(x, 2.5) * x,
        "zeros_like",
        "ones_like",
        "full_like",
    ),
    move(
        "new",
        lambda x: x.new_zeros(6) + x.new_ones(6) + x.new_full((6,), 3.5) + x.new_tensor([1.5]) + x,
        "new_zeros",
        "new_ones",
        "new_full",
        "new_tensor",
    ),
    move("full", lambda: torch.full((2, 3), 0.1), "full", inputs=(), gradients=False),
    move(
        "fill",
        lambda: torch.empty(3).fill_(0.1) + torch.empty(3).zero_(),
        "fill",
        "zero",
        inputs=(),
        gradients=False,
    ),
    move(
        "arange",
        lambda: torch.arange(5) + torch.arange(2, 7) + torch.arange(0, 1, 0.2),
        "arange",
        inputs=(),
        gradients=False,
    ),
    move(
        "linspace, eye",
        lambda: torch.linspace(-1, 1, 7)[:3] + torch.eye(3),
        "linspace",
        "eye",
        inputs=(),
        gradients=False,
    ),
    move(
        "constant",
        lambda: torch.tensor([[1.0, 0.1], [2, 3]]) + torch.as_tensor([1.5, 2]) + torch.asarray([0.5, 1]),
        "tensor",
        "as_tensor",
        "asarray",
        inputs=(),
        gradients=False,
    ),
    move(
        "drawn",
        lambda: torch.rand(4) + torch.randn(4) + torch.randint(0, 9, (4,)) + torch.randperm(4),
        "rand",
        "randn",
        "randint",
        "randperm",
        inputs=(),
        gradients=False,
    ),
    move("drawn like", lambda x: torch.rand_like(x) * x + torch.randn_like(x), "rand_like", "randn_like"),
    move("whole numbers drawn like", lambda x: torch.randint_like(x, 9) + x, "randint_like"),
    move(
        "number of an exported program",
        lambda: ATEN.scalar_tensor.default(2.5) * 2,
        "scalar_tensor",
        inputs=(),
        gradients=False,
    ),
    move(
        "drawn in place",
        lambda: torch.empty(3).uniform_() + torch.empty(3).normal_() + torch.empty(3).exponential_(),
        "uniform",
        "normal",
        "exponential",
        inputs=(),
        gradients=False,
    ),
    move("drawn by chance", lambda x: torch.bernoulli(torch.sigmoid(x)) * x, "bernoulli"),
]
CASES = [*VIEWS, *COPIES, *PARTS, *JOINS, *WRITES, *FRESH]
