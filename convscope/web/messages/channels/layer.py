"""The channels of one operation, a page at a time: small maps, and what they are sorted by."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.errors import ConvscopeError
from convscope.explaining import Role, known, read
from convscope.explaining.axes import Axes
from convscope.explaining.ops.recurrent.layers import gates
from convscope.tracing import Node
from convscope.web.messages.asked import node_with_output, one_of, within
from convscope.web.messages.channels.sorting import SORTS, sorted_by
from convscope.web.messages.kept import kept
from convscope.web.messages.layout import layout
from convscope.web.messages.numbers import exact, grey, plain
from convscope.web.session import Seen, Session
from convscope.web.types.channels import Drawn, GatesMessage, LayerMessage
from convscope.web.types.parts import Real

PAGE = 64
LARGEST = {1: 512, 2: 64, 3: 32}  # places on an axis of a map on this page; larger ones are averaged
AXES: dict[int, Drawn] = {0: "vector", 1: "traces", 2: "maps", 3: "slices"}


def layer(session: Session, op: int, sort: str = "index", page: int = 0) -> LayerMessage:
    """The message `Layer` of static/messages.d.ts."""
    seen, sort = session.seen, one_of(sort, SORTS, "order")
    node = node_with_output(seen.trace, op)
    axes = layout(session, seen, node)
    values = axes.take(seen.trace.tensor(node.outputs[0]))  # (channel, *space)
    key, words = sorted_by(session, seen, node, values, sort)
    pages = max(1, -(-len(values) // PAGE))
    order = key.argsort(descending=True, stable=True) if sort != "index" else torch.arange(len(values))
    shown = order[PAGE * within(page, pages, "page") : PAGE * (page + 1)]
    stats = kept(session, seen, f"stats {op}", lambda: statistics(values))
    return {
        "index": op,
        "sort": sort,
        "words": words,
        "page": page,
        "pages": pages,
        "channels": len(values),
        "axes": kind(axes, values),
        "space": list(values.shape[1:]),
        "low": stats.low,
        "high": stats.high,
        "items": [
            {
                "channel": channel,
                "value": plain(float(key[channel])),
                "mean": stats.mean[channel],
                "min": stats.least[channel],
                "max": stats.most[channel],
                "sparsity": stats.sparsity[channel],
            }
            for channel in shown.tolist()
        ],
        "maps": grey(averaged(values[shown]), stats.low, stats.high),
        "gates": kept(session, seen, f"gates {op}", lambda: gates_of(seen, node)),
    }


def kind(axes: Axes, values: Tensor) -> Drawn:
    """How one channel is drawn: what a sequence gives is drawn over its steps."""
    return "steps" if axes.last and values.dim() == 2 else AXES[values.dim() - 1]


class Spread(NamedTuple):
    """Of each channel its mean, its ends, and the share of numbers not above zero; the ends of the layer."""

    mean: list[Real]
    least: list[Real]
    most: list[Real]
    sparsity: list[Real]
    low: float
    high: float


def statistics(values: Tensor) -> Spread:
    """How the numbers of (channel, *space) are spread; those that are none do not count for the layer."""
    flat = values.flatten(1).float() if values.dim() > 1 else values[:, None].float()
    if not flat.numel():
        nothing: list[Real] = [None] * len(flat)
        return Spread(nothing, nothing, nothing, nothing, 0.0, 0.0)
    least, most = torch.aminmax(flat, dim=1)
    ends = flat[torch.isfinite(flat)] if not torch.isfinite(torch.stack([least, most])).all() else flat
    low, high = (float(end) for end in torch.aminmax(ends)) if ends.numel() else (0.0, 0.0)
    return Spread(
        _plain(flat.mean(1)), _plain(least), _plain(most), _plain((flat <= 0).float().mean(1)), low, high
    )


def _plain(values: Tensor) -> list[Real]:
    return [plain(one) for one in values.tolist()]


def averaged(maps: Tensor) -> Tensor:
    """Maps (item, *space) of no more places than can be drawn: neighbours are averaged."""
    axes = maps.dim() - 1
    if axes == 0 or not maps.numel() or max(maps.shape[1:]) <= LARGEST[axes]:
        return maps
    size = [min(places, LARGEST[axes]) for places in maps.shape[1:]]
    pool = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[axes]
    return pool(maps[None].float(), size)[0]


def gates_of(seen: Seen, node: Node) -> GatesMessage | None:
    """Gates of the last layer of a recurrent operation, (gate, step, unit); both directions side by side."""
    if known(node.op).role is not Role.RECURRENT:
        return None
    try:
        found = gates(read(seen.trace, node))
    except ConvscopeError:  # packed sequences
        return None
    last = found.values[-1][:, :, 0]  # (direction, step, gate, unit)
    return {"names": list(found.names), "values": exact(torch.cat(list(last), dim=-1).transpose(0, 1))}
