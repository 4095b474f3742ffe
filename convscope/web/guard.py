"""Who may talk to the explorer: this machine's browser, with the address that was printed.

A page on the internet can make a browser send requests to 127.0.0.1, or have its own name resolve to it (DNS
rebinding). Neither knows the token in the path, and both are told from the person's own page by Host and Origin.
Source: https://owasp.org/www-project-web-security-testing-guide (CSRF), RFC 9110 (Host), Fetch (Origin).
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST = 32 * 2**20  # bytes of a request
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
        if scope["type"] != "http":
            return
        refusal = self._refuses(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        path = scope["path"].removeprefix(f"/{self.token}") or "/"
        inner = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(inner, _limited(receive), _with_headers(send))

    def _refuses(self, scope: Scope) -> tuple[int, str] | None:
        """Status and words for a request that does not come from the page; None lets it through."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("host") not in self.hosts:
            return 421, "wrong host"
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self.hosts:
            return 403, "foreign origin"
        first, _, _ = scope["path"].removeprefix("/").partition("/")
        if not secrets.compare_digest(first.encode(), self.token.encode()):
            return 403, "wrong token: open the address that convscope printed"
        if int(headers.get("content-length") or 0) > LARGEST:
            return 413, f"larger than {LARGEST // 2**20} MiB"
        return None


class TooLarge(Exception):  # noqa: N818 - the words of the answer
    """A body that goes on beyond the limit, whatever its header said."""


def _limited(receive: Receive) -> Receive:
    """Count the body as it comes in: a header can lie, or be missing."""
    seen = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST:
            raise TooLarge
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *HEADERS]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, words: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})
