"""Who may talk to the explorer: this machine's browser, with the address that was printed.

A page on the internet can make a browser send requests to 127.0.0.1, or have its own name resolve to it
(DNS rebinding). Neither knows the token in the path, and both are told from the person's own page by Host and
Origin.
Source: https://owasp.org/www-project-web-security-testing-guide (CSRF), RFC 9110 (Host), Fetch (Origin).
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from anyio import move_on_after

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST = 32 * 2**20  # bytes of a request
LINGER = 2  # seconds that a refused request has to end
LONG = 19  # digits of a length that no upload has
METHODS = ("GET", "POST")
ONCE = (b"host", b"origin", b"content-length")  # headers that stand in a request once
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

UNCACHED = (b"cache-control", b"no-cache")  # the page's own files: ask each time whether they changed


class Guard:
    """Lets through what comes from the page itself, strips the token from the path, and adds the policy.

    Args:
        app: what answers.
        token: first part of every path.
        port: that the server listens on.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # refused before it was accepted: 403
        if scope["type"] != "http":
            return
        receive = _Body(receive)
        send = _lingering(send, receive)
        refusal = self._refuses(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        path = scope["path"].removeprefix(f"/{self.token}")
        if not path:
            await _answer(send, 308, "a slash is missing", [(b"location", f"/{self.token}/".encode())])
            return
        inner = {**scope, "path": path, "raw_path": path.encode("utf-8", "replace")}
        await self.app(inner, receive, _with_headers(send))

    def _refuses(self, scope: Scope) -> tuple[int, str] | None:
        """Status and words for a request that does not come from the page; None lets it through."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        if any(len(headers.get(name, ())) > 1 for name in ONCE):
            return 400, "a header stands there twice"
        host, origin, length = (headers.get(name, [b""])[0].decode("latin-1") for name in ONCE)
        if host not in self.hosts:
            return 421, "wrong host"
        if b"origin" in headers and origin not in {f"http://{name}" for name in self.hosts}:
            return 403, "foreign origin"
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        if not secrets.compare_digest(first.encode("utf-8", "replace"), self.token.encode()):
            return 403, "wrong token: open the address that convscope printed"
        if scope["method"] not in METHODS:
            return 405, "only GET and POST"
        if "\\" in rest or not rest.isprintable() or ".." in rest.split("/"):
            return 400, "no such path"
        if length and not (length.isascii() and length.isdigit() and len(length) < LONG):
            return 400, "Content-Length is no number"
        if int(length or 0) > LARGEST:
            return 413, f"larger than {LARGEST // 2**20} MiB"
        return None


class TooLarge(Exception):  # noqa: N818 - the words of the answer
    """A body that goes on beyond the limit, whatever its header said."""


class _Body:
    """The body of a request, counted as it comes in: a header can lie, or be missing."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen, self._ended = 0, False

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._ended = not message.get("more_body", False)  # the end, or nobody is there any more
        self._seen += len(message.get("body", b""))
        if self._seen > LARGEST:
            raise TooLarge
        return message

    async def drain(self) -> None:
        """Read on and forget it."""
        with move_on_after(LINGER):
            while not self._ended:
                self._seen = 0
                await self()


def _lingering(send: Send, body: _Body) -> Send:
    """End a refusal when its request has ended.

    Closing a connection on which something is still coming in resets it, and the browser never sees the
    answer. Source: RFC 9112, section 9.6.
    """
    refused = False

    async def sending(message: MutableMapping[str, Any]) -> None:
        nonlocal refused
        refused = refused or message.get("status", 0) >= 400
        if refused and message["type"] == "http.response.body" and not message.get("more_body"):
            await send({**message, "more_body": True})
            await body.drain()
            message = {"type": "http.response.body"}
        await send(message)

    return sending


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in HEADERS}
            kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
            cached = [] if any(name.lower() == b"cache-control" for name, _ in kept) else [UNCACHED]
            message = {**message, "headers": [*kept, *cached, *HEADERS]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, words: str, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Close the connection too: whatever is still to come on it belongs to what was refused."""
    body = words.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *HEADERS, *more]})
    await send({"type": "http.response.body", "body": body})
