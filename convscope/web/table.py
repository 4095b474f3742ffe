"""The answers that a saved page has inside, within a stated size.

Every answer is compressed by itself, so the page unpacks just those that are looked at. Numbers stand there
once, under their names, however many answers show them.
"""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convscope.web.messages.numbers import encoded
from convscope.web.values import Data

FEW = 48  # bytes up to which numbers stand in the answer itself
MARKS = 6  # quotes (or brackets), colon and comma around a name and what it stands for


@dataclass
class SavedAnswers:
    """What the file answers itself with, filled while there is room; api.js reads it.

    Attributes:
        start: the input that is shown first.
        room: bytes that are left.
        shared: address → packed answer, whatever the input.
        inputs: input → address → packed answer.
        values: name → packed numbers, see `values.py`.
    """

    start: str
    room: int
    shared: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def add(self, key: str | None, address: str, message: Mapping[str, Any], leave: float = 0) -> bool:
        """Keep an answer, if there is room for it and so many bytes are left to others; says whether.

        Args:
            key: the input that it belongs to; None: to every one.
            address: what the page asks for.
            message: the answer.
            leave: bytes that must be left.
        """
        new: dict[str, str] = {}

        def name(data: Data) -> str:
            if data.name not in self.values and data.name not in new:
                new[data.name] = pack(data)
            return data.name

        packed = pack(encoded(message, name, FEW))
        size = sum(len(word) + len(text) + MARKS for word, text in [(address, packed), *new.items()])
        if key is not None and key not in self.inputs:
            size += len(key) + MARKS
        if size > self.room - leave:
            return False
        self.room -= size
        self.values |= new
        (self.shared if key is None else self.inputs.setdefault(key, {}))[address] = packed
        return True

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {name: getattr(self, name) for name in ("shared", "inputs", "start", "values")}


def pack(plain: bytes) -> str:
    """Compressed (zlib, RFC 1950), as letters."""
    return base64.b64encode(zlib.compress(plain, 6)).decode()
