"""Who may talk to the explorer: this machine's browser, with the address that was printed.

A page on the internet can make a browser send requests to 127.0.0.1, or have its own name resolve to it
(DNS rebinding). Neither knows the token in the path, and both are told from the person's own page by Host and
Origin.
Source: https://owasp.org/www-project-web-security-testing-guide (CSRF), RFC 9110 (Host), Fetch (Origin).
"""

from convscope.listening import (
    METHODS,
    App,
    CountedBody,
    Receive,
    Refusal,
    Scope,
    Send,
    answer,
    lingering,
    refused,
    same,
    with_headers,
)

LARGEST = 32 * 2**20  # bytes of a request
TEXT = b"text/plain; charset=utf-8"
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
        receive = CountedBody(receive, LARGEST)
        send = lingering(send, receive)
        refusal = self._refuses(scope)
        if refusal is not None:
            status, words = refusal
            await answer(send, status, words.encode(), TEXT, HEADERS)
            return
        path = scope["path"].removeprefix(f"/{self.token}")
        if not path:
            place = (b"location", f"/{self.token}/".encode())
            await answer(send, 308, b"a slash is missing", TEXT, [*HEADERS, place])
            return
        inner = {**scope, "path": path, "raw_path": path.encode("utf-8", "replace")}
        await self.app(inner, receive, with_headers(send, HEADERS, [UNCACHED]))

    def _refuses(self, scope: Scope) -> Refusal | None:
        """Status and words for a request that does not come from the page; None lets it through."""
        if refusal := refused(scope, self.hosts, LARGEST):
            return refusal
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        if not same(first, self.token):
            return 403, "wrong token: open the address that convscope printed"
        if scope["method"] not in METHODS:
            return 405, "only GET and POST"
        if "\\" in rest or not rest.isprintable() or ".." in rest.split("/"):
            return 400, "no such path"
        return None
