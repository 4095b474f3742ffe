"""The channels of one operation, a page at a time: small maps, and what they are sorted by."""

import torch
from torch import Tensor

from convscope.errors import UnknownName
from convscope.trace import Node
from convscope.web.messages.numbers import Message, grey
from convscope.web.session import Session

PAGE = 64
LARGEST = 64  # rows and columns of a map on this page; larger ones are averaged


def layer(session: Session, index: int, sort: str, page: int) -> Message:
    """The message `Layer` of static/messages.d.ts."""
    trace = session.seen.trace
    node = trace[index]
    values = channels(trace.tensor(node.outputs[0]))  # (channel, *space)
    key = _keys(session, node, values, sort)
    order = key.argsort(descending=True, stable=True) if sort != "index" else torch.arange(len(values))
    shown = order[PAGE * page : PAGE * (page + 1)]
    flat = values.flatten(1).float()
    stats = {
        "mean": flat.mean(1),
        "min": flat.amin(1),
        "max": flat.amax(1),
        "sparsity": (flat <= 0).float().mean(1),
    }
    items = [
        {"channel": channel, "value": float(key[channel])}
        | {name: float(stat[channel]) for name, stat in stats.items()}
        for channel in shown.tolist()
    ]
    low, high = float(stats["min"].min()), float(stats["max"].max())
    return {
        "index": index,
        "sort": sort,
        "page": page,
        "pages": -(-len(values) // PAGE),
        "channels": len(values),
        "axes": {0: "vector", 1: "traces", 2: "maps", 3: "slices"}[values.dim() - 1],
        "space": list(values.shape[1:]),
        "low": low,
        "high": high,
        "items": items,
        "maps": grey(values[shown], low, high),
    }


def channels(values: Tensor) -> Tensor:
    """The first sample with the channels in front: (channel, *space)."""
    sample = values[0] if values.dim() > 1 else values
    return sample if sample.dim() < 5 else sample.flatten(0, sample.dim() - 4)


def _keys(session: Session, node: Node, values: Tensor, sort: str) -> Tensor:
    """What the channels are sorted by, (channel,)."""
    flat = values.flatten(1).float()
    match sort:
        case "index":
            return torch.arange(len(values)).float()
        case "mean":
            return flat.mean(1)
        case "max":
            return flat.amax(1)
        case "sparsity":
            return (flat <= 0).float().mean(1)
    raise UnknownName("order", sort, ["index", "mean", "max", "sparsity", "gradient", "effect"])
