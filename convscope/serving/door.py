"""Who may ask a service, and what is written down of it."""

import time
from collections.abc import Collection, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from convscope.listening import (
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
from convscope.serving.log import note
from convscope.serving.metrics import Metrics

JSON = b"application/json"
OPEN = ("/v2/health/live", "/v2/health/ready")  # whoever watches over the service has no key
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self';"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = ((b"x-content-type-options", b"nosniff"), (b"content-security-policy", POLICY))
UNKEPT = ((b"cache-control", b"no-store"),)
PAGES = ("/", "/docs", "/openapi.json")  # they hold nothing of a run; the page asks for the key


class Door:
    """Lets through what is for this service, counts it, and writes it down.

    Args:
        app: what answers.
        hosts: names that it has, as they stand in Host.
        key: that must be known; "": nobody needs one.
        largest: bytes of a request.
        metrics: that are told.
    """

    def __init__(self, app: App, hosts: Collection[str], key: str, largest: int, metrics: Metrics) -> None:
        self._app, self._hosts, self._key = app, hosts, key
        self._largest, self._metrics = largest, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return
        begun, status = time.perf_counter(), 499  # nobody was there any more

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        body = CountedBody(receive, self._largest)
        try:
            await self._answer(scope, body, with_headers(lingering(watched, body), HEADERS, UNKEPT))
        finally:
            seconds = time.perf_counter() - begun
            route = scope["route"].path if "route" in scope else "other"
            self._metrics.request(route, status, seconds)
            note(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 2),
            )

    async def _answer(self, scope: Scope, body: CountedBody, send: Send) -> None:
        refusal = refused(scope, self._hosts, self._largest) or self._unknown(scope)
        if refusal is None:
            await self._app(scope, body, send)
            return
        status, words = refusal
        if status == 421:
            words = (
                "the service is not known by the name that it was asked by; convscope serve --allow-host NAME"
            )
        content = bytes(JSONResponse({"error": words}).body)
        more = [(b"www-authenticate", b"Bearer")] if status == 401 else []
        await answer(send, status, content, JSON, more)

    def _unknown(self, scope: Scope) -> Refusal | None:
        """Refuse who does not know the key."""
        path = scope["path"]
        if not self._key or path in OPEN or path in PAGES or path.startswith("/static/"):
            return None
        headers = dict(scope["headers"])
        given = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
        given = given or headers.get(b"x-api-key", b"").decode("latin-1")
        if same(given, self._key):
            return None
        return 401, "the API key is missing or wrong: send it as Authorization: Bearer KEY"
