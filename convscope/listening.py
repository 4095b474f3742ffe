"""What every server of ours asks of a request, and how a refusal ends.

The explorer is for this machine's browser; a service may be asked by others. Both look at Host, count what
comes in, and let a refused request end.
Source: RFC 9110 (Host), RFC 9112, section 9.6; https://owasp.org/www-project-web-security-testing-guide.
"""

import asyncio
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from types import FrameType
from typing import Any

import uvicorn
from anyio import move_on_after
from uvicorn.protocols.http.h11_impl import H11Protocol

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refusal = tuple[int, str]  # status and words
Lines = Sequence[tuple[bytes, bytes]]

IDLE = 20  # seconds in which a connection must have sent its first request
LINGER = 2  # seconds that a refused request has to end
LONG = 19  # digits of a length that no upload has
METHODS = ("GET", "POST")
ONCE = (b"host", b"origin", b"content-length")  # headers that stand in a request once


class Patience(asyncio.Protocol):
    """A connection that sends no whole request is closed, so that idle ones cannot fill the server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(IDLE, transport.close)  # pyright: ignore[reportAttributeAccessIssue]

    def data_received(self, data: bytes) -> None:
        """Something came."""
        super().data_received(data)
        if self.cycle is not None:  # pyright: ignore[reportAttributeAccessIssue]
            self._waiting.cancel()  # a request is there: from now on the keep-alive of uvicorn counts

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._waiting.cancel()
        super().connection_lost(exc)


class PatientH11(Patience, H11Protocol):
    """HTTP in plain Python."""


class Uvicorn(uvicorn.Server):
    """It takes Ctrl-C and SIGTERM; where Ctrl-C is ignored, as in a shell's background job, it stays so."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        if sig != signal.SIGINT or not self._deaf:
            super().handle_exit(sig, frame)


def listener(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    asyncio sets TCP_NODELAY only where the protocol has a number; else each answer waits 40 ms for an ACK.

    Raises:
        OSError: the port is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=2048)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def refused(scope: Scope, hosts: Collection[str], largest: int) -> Refusal | None:
    """Status and words for a request that is not for us; None lets it through.

    Args:
        scope: of the request.
        hosts: that it may be for, as they stand in Host, in small letters.
        largest: bytes of its body.
    """
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    if any(len(headers.get(name, ())) > 1 for name in ONCE):
        return 400, "a header stands there twice"
    host, origin, length = (headers.get(name, [b""])[0].decode("latin-1") for name in ONCE)
    if host.lower() not in hosts:
        return 421, "wrong host"
    if b"origin" in headers and origin not in {f"http://{name}" for name in hosts}:
        return 403, "foreign origin"
    if length and not (length.isascii() and length.isdigit() and len(length) < LONG):
        return 400, "Content-Length is no number"
    if int(length or 0) > largest:
        return 413, f"larger than {largest / 2**20:g} MiB"
    return None


def same(given: str, secret: str) -> bool:
    """Whether somebody knows a secret; the time this takes says nothing about it."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), secret.encode())


class TooLarge(Exception):  # noqa: N818 - the words of the answer
    """A body that goes on beyond the limit, whatever its header said."""


class CountedBody:
    """The body of a request, counted as it comes in: a header can lie, or be missing."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive, self._largest = receive, largest
        self._seen, self._ended = 0, False

    async def __call__(self) -> MutableMapping[str, Any]:
        """The next piece (ASGI)."""
        message = await self._receive()
        self._ended = not message.get("more_body", False)  # the end, or nobody is there any more
        self._seen += len(message.get("body", b""))
        if self._seen > self._largest:
            raise TooLarge
        return message

    async def drain(self) -> None:
        """Read on and forget it."""
        with move_on_after(LINGER):
            while not self._ended:
                self._seen = 0
                await self()


def lingering(send: Send, body: CountedBody) -> Send:
    """End a refusal when its request has ended.

    Closing a connection on which something is still coming in resets it, and the browser never sees the
    answer. Source: RFC 9112, section 9.6.
    """
    refusing = False

    async def sending(message: MutableMapping[str, Any]) -> None:
        nonlocal refusing
        refusing = refusing or message.get("status", 0) >= 400
        if refusing and message["type"] == "http.response.body" and not message.get("more_body"):
            await send({**message, "more_body": True})
            await body.drain()
            message = {"type": "http.response.body"}
        await send(message)

    return sending


def with_headers(send: Send, lines: Lines, unless: Lines = ()) -> Send:
    """Add headers to every answer.

    Args:
        send: where the answer goes.
        lines: headers that replace what is there.
        unless: headers that what is there replaces.
    """

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in lines}
            kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
            there = {name.lower() for name, _ in kept}
            more = [pair for pair in unless if pair[0] not in there]
            message = {**message, "headers": [*kept, *more, *lines]}
        await send(message)

    return sending


async def answer(send: Send, status: int, content: bytes, kind: bytes, more: Lines = ()) -> None:
    """Close the connection too: whatever is still to come on it belongs to what was refused."""
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": content})
