"""Tensors on their way to the page: raw and little-endian, or a byte a number where a picture will do."""

import base64
import json
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.web.types.parts import Numbers, Sentence
from convscope.web.values import Data

FEW = 2**13  # bytes that travel in the message itself: to ask for them would cost more than they do


def sentence(text: str, **values: object) -> Sentence:
    """The message `Sentence` of static/messages.d.ts: the page translates the text, then fills in the values.

    >>> sentence("{count} channels", count=3)
    {'text': '{count} channels', 'values': {'count': '3'}}
    """
    return {"text": text, "values": {name: str(value) for name, value in values.items()}}


def exact(values: Tensor) -> Numbers:
    """Every number as float32."""
    array = values.detach().float().contiguous().cpu().numpy().astype("<f4", copy=False)
    return _packed("f32", array, *_range(values))


def grey(values: Tensor, low: float | None = None, high: float | None = None) -> Numbers:
    """A byte a number, between the smallest and the largest (or the two given); what is none is the low."""
    values = values.detach().float()
    found = _range(values)
    low, high = found[0] if low is None else low, found[1] if high is None else high
    scaled = (values.nan_to_num(low, high, low) - low) * (255 / ((high - low) or 1.0))
    array = scaled.round_().clamp_(0, 255).to(torch.uint8).contiguous().cpu().numpy()
    return _packed("u8", array, low, high)


def small(values: Tensor, most: int = 28) -> Tensor:
    """A plane (height, width) of at most so many rows and columns: neighbours are averaged."""
    height, width = values.shape
    if max(height, width) <= most:
        return values
    size = (min(height, most), min(width, most))
    return F.adaptive_avg_pool2d(values[None, None].float(), size)[0, 0]


def _packed(dtype: Literal["f32", "u8"], array: np.ndarray, low: float, high: float) -> Numbers:
    return {"dtype": dtype, "shape": list(array.shape), "data": Data(array), "low": low, "high": high}


def _range(values: Tensor) -> tuple[float, float]:
    if not values.numel():
        return 0.0, 0.0
    low, high = (float(end) for end in torch.aminmax(values))
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    return _range(values[torch.isfinite(values)])  # some are no number


def plain(value: float) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if np.isfinite(value) else None


def as_json(message: Any, name: Callable[[Data], str] | None = None, few: int = FEW) -> str:  # noqa: ANN401 - any message
    """A message as it travels.

    Args:
        message: plain lists, numbers, words and `Data`.
        name: is given what is too long for the message; None: nothing is.
        few: bytes that are not too long.

    >>> as_json({"data": Data(b"abc")}), as_json({"data": Data(b"abc")}, lambda data: "n", few=2)
    ('{"data":"YWJj"}', '{"data":{"value":"n"}}')
    """

    def travelling(data: Data) -> object:
        if name is None or len(data) <= few:
            return base64.b64encode(data).decode()
        return {"value": name(data)}

    def text(plain: Any) -> str:  # noqa: ANN401
        return json.dumps(
            plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=travelling
        )

    try:
        return text(message)
    except ValueError:  # going through all numbers first would take longer than all the rest
        return text(finite(message))


def encoded(message: Any, name: Callable[[Data], str] | None = None, few: int = FEW) -> bytes:  # noqa: ANN401 - any message
    r"""The same as bytes: a name's bytes that are no UTF-8 are escapes, which JSON has for them.

    >>> encoded({"file": "\udcff"})
    b'{"file":"\\udcff"}'
    """
    return as_json(message, name, few).encode("utf-8", "backslashreplace")


def finite(message: Any) -> Any:  # noqa: ANN401 - any message
    """A message in which null stands for infinity and NaN."""
    match message:
        case dict():
            return {key: finite(value) for key, value in message.items()}
        case list() | tuple():
            return [finite(value) for value in message]
        case float():
            return plain(message)
    return message
