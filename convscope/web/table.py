"""The answers that a saved page has inside, within a stated size.

Every answer is compressed by itself, so the page unpacks just those that are looked at. Long arrays stand
there once, however many answers share them: the maps that go into a convolution are the same for each of its
channels.
"""

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any

from convscope.web.messages.numbers import Message, as_json

POOLED = 64  # letters from which on an array is kept once
MARKS = 6  # quotes, colon and comma around an address and its answer


@dataclass
class Table:
    """What the file answers itself with, filled while there is room; api.js reads it.

    Attributes:
        start: the input that is shown first.
        room: bytes that are left.
        shared: address → packed answer, whatever the input.
        inputs: input → address → packed answer.
        numbers: packed arrays; the answers hold their places here.
    """

    start: str
    room: int
    shared: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, key: str | None, address: str, message: Message, leave: float = 0) -> bool:
        """Keep an answer, if there is room for it and so many bytes are left to others; says whether.

        Args:
            key: the input that it belongs to; None: to every one.
            address: what the page asks for.
            message: the answer.
            leave: bytes that must be left.
        """
        known = len(self.numbers)
        packed = pack(as_json(self._pooled(message)))
        size = len(address) + len(packed) + sum(map(len, self.numbers[known:]))
        size += MARKS * (1 + len(self.numbers) - known)
        if size > self.room - leave:
            self.places = {text: place for text, place in self.places.items() if place < known}
            del self.numbers[known:]
            return False
        self.room -= size
        (self.shared if key is None else self.inputs.setdefault(key, {}))[address] = packed
        return True

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {name: getattr(self, name) for name in ("shared", "inputs", "start", "numbers")}

    def _pooled(self, value: Any) -> Any:  # noqa: ANN401 - any message
        """The message with places of arrays instead of the arrays."""
        if isinstance(value, list):
            return (
                [self._pooled(each) for each in value]
                if value and isinstance(value[0], dict | list)
                else value
            )
        if not isinstance(value, dict):
            return value
        made = {key: self._pooled(each) for key, each in value.items()}
        data = made.get("data")
        if isinstance(data, str) and "dtype" in made and len(data) >= POOLED:
            if data not in self.places:
                self.places[data] = len(self.numbers)
                self.numbers.append(pack(data))
            made["data"] = self.places[data]
        return made


def pack(text: str) -> str:
    """Compressed (zlib, RFC 1950), as letters."""
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()
