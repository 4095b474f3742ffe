"""The numbers of messages: each travels once, as bytes, however many messages show it.

A message says the name of its numbers, and the page fetches what it has not got yet: what goes into a
convolution is the same for each of its channels.
"""

import threading
from functools import cached_property
from hashlib import blake2b

ROOM = 64 * 2**20  # bytes that wait to be fetched
LAST = 16  # values that wait, however large they are


class Data(bytes):
    """The numbers of a message as they travel, little-endian.

    >>> Data(b"the same").name == Data(b"the same").name != Data(b"others").name
    True
    """

    @cached_property
    def name(self) -> str:
        """Equal for equal bytes: the page knows by it what another message has brought already."""
        return blake2b(self, digest_size=10).hexdigest()


class ValueStore:
    """Those that were named, until the page fetches them; what was named longest ago goes first.

    Args:
        room: bytes that may wait.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._size = room, 0
        self._kept, self._lock = dict[str, Data](), threading.Lock()

    def name(self, data: Data) -> str:
        """Keep it; gives its name."""
        with self._lock:
            if self._kept.pop(data.name, None) is None:
                self._size += len(data)
            self._kept[data.name] = data
            while self._size > self._room and len(self._kept) > LAST:
                self._size -= len(self._kept.pop(next(iter(self._kept))))
        return data.name

    def get(self, name: str) -> Data | None:
        """What has the name; None where it is not known any more."""
        return self._kept.get(name)
