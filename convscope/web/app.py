"""The addresses of the explorer: what the page asks for, and who answers.

| address | message |
| --- | --- |
| `api/session`, `api/graph` | the model, the input, every operation |
| `api/operation/5`, `api/layer/5`, `api/channel/5/24`, `api/number/5` | one operation, level by level |
| `api/samples`, `api/results`, `api/check`, `api/runs`, `api/versus` | of a run |
| `api/input`, `api/edit`, `api/reset` (POST) | another input, something tried |
| `api/attribution`, `api/filters`, `api/filter` | which pixels; the classic filters |
| `api/value/9f86…` | numbers that a message named: raw, little-endian |
| `api/save`, `save` | how large the page is as one file; the file |

All other answers are JSON with the types of static/messages.d.ts. Bad words in an address are the person's
error: 4xx.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from convscope.errors import ConvscopeError
from convscope.listening import TooLarge
from convscope.web import save
from convscope.web.dispatch import NoAddress, answer
from convscope.web.messages import FREE, GET, POST
from convscope.web.messages.numbers import encoded
from convscope.web.page import Page
from convscope.web.session import Session

TABLES = {"GET": GET | {"save": save.stated}, "POST": POST}
WAITING = 16  # answers that may wait at the same time
PLAIN = {"cache-control": "no-store"}
Answer = Callable[[Request], Awaitable[Response]]


def app(session: Session) -> Starlette:
    """The ASGI application for one session."""
    some = CapacityLimiter(WAITING)
    routes = [
        Route("/api/value/{name}", _value(session)),
        Route("/api/{address:path}", _message(session, some), methods=list(TABLES)),
        Route("/save", _file(session, some)),
        Mount("/", Page()),
    ]
    refusals: dict[Any, Any] = dict.fromkeys((ConvscopeError, ValueError, LookupError), _refused)
    refusals |= {OverflowError: _refused, RecursionError: _refused, NoAddress: _nowhere}
    refusals |= {TooLarge: _too_large, MemoryError: _too_large, HTTPException: _missing, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=refusals)


def _message(session: Session, some: CapacityLimiter) -> Answer:
    """Whatever the page asks for."""
    one = CapacityLimiter(1)  # one thread works, so memory does not spread

    async def respond(request: Request) -> Response:
        sent, path = await request.body(), request.path_params["address"]
        asked = f"{path}?{request.scope['query_string'].decode('latin-1')}"
        free = path in FREE

        def work() -> bytes:
            body = _body(request, sent) if request.method == "POST" else None
            with nullcontext() if free else session.lock:  # one state of the session for the whole answer
                if not free and request.query_params.get("trace", session.seen.key) != session.seen.key:
                    raise HTTPException(409, "this is of another input")
                message = answer(TABLES[request.method], session, asked, body)
                return encoded(message, session.values.name)

        found = await to_thread.run_sync(work, limiter=some if free else one)
        return Response(found, media_type="application/json", headers=PLAIN)

    return respond


def _value(session: Session) -> Answer:
    """Numbers that a message named: raw, and never asked for twice."""

    async def respond(request: Request) -> Response:
        name = request.path_params["name"]
        headers = {"etag": f'"{name}"', "cache-control": "private, no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        found = session.values.get(name)
        if found is None:
            raise HTTPException(404, "these numbers are not known any more: ask for their message again")
        return Response(bytes(found), media_type="application/octet-stream", headers=headers)

    return respond


def _file(session: Session, limiter: CapacityLimiter) -> Answer:
    """The page as one file, to keep."""

    async def respond(request: Request) -> Response:  # noqa: ARG001
        found = await to_thread.run_sync(save.prepared, session, limiter=limiter)
        headers = {
            **PLAIN,
            "content-disposition": f"attachment; filename*=UTF-8''{quote(save.name(session))}",
        }
        return Response(found.html, media_type="text/html", headers=headers)

    return respond


def _body(request: Request, sent: bytes) -> dict[str, Any]:
    """What was sent along: JSON, or a file with its name in the address."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return _parsed(sent)
    return {**request.query_params, "upload": sent}


def _parsed(body: bytes) -> dict[str, Any]:
    """The JSON of a request: an object, in which every number is one."""

    def no_number(word: str) -> float:
        raise ValueError(f"{word} is no number.")

    try:
        given = json.loads(body, parse_constant=no_number)
    except ValueError as error:  # UnicodeDecodeError is one too
        raise ValueError(f"the request is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise ValueError("the request is no JSON object.")
    return given


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
    missing = isinstance(error, LookupError) and not isinstance(error, ConvscopeError)
    words = f"nothing is there: {error}" if missing else str(error)
    return JSONResponse({"error": words}, status_code=422, headers=PLAIN)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse(
        {"error": "this is too large"}, status_code=413, headers={**PLAIN, "connection": "close"}
    )


async def _nowhere(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": str(error)}, status_code=404, headers=PLAIN)


async def _missing(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=PLAIN)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the log has the traceback
    words = f"{type(error).__name__}: {error}. convscope did not expect this."
    return JSONResponse({"error": words}, status_code=500, headers=PLAIN)
