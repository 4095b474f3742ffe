"""The addresses of the explorer: what the page asks for, and who answers.

| address | message |
| --- | --- |
| `api/session`, `api/graph` | the model, the input, every operation |
| `api/operation/5`, `api/layer/5`, `api/channel/5/24`, `api/number/5` | one operation, level by level |
| `api/samples`, `api/results`, `api/check`, `api/runs`, `api/versus` | of a run |
| `api/input`, `api/edit`, `api/reset` (POST) | another input, something tried |
| `api/attribution`, `api/filters`, `api/filter` | which pixels; the classic filters |
| `api/save`, `save` | how large the page is as one file; the file |

All answers are JSON with the types of static/messages.d.ts. Bad words in an address are the person's
error: 4xx.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from convscope.errors import ConvscopeError
from convscope.web import save
from convscope.web.guard import TooLarge
from convscope.web.messages import FREE, GET, POST
from convscope.web.messages.numbers import as_json
from convscope.web.page import Page
from convscope.web.session import Session

WAITING = 16  # answers that may wait at the same time
PLAIN = {"cache-control": "no-store"}
Answer = Callable[[Request], Awaitable[Response]]


def app(session: Session) -> Starlette:
    """The ASGI application for one session."""
    one, some = CapacityLimiter(1), CapacityLimiter(WAITING)  # one thread works, so memory does not spread
    routes = [
        Route(
            f"/api/{address}", _free(session, answer, some) if address in FREE else _get(session, answer, one)
        )
        for address, answer in GET.items()
    ]
    routes += [
        Route(f"/api/{address}", _post(session, answer, one), methods=["POST"])
        for address, answer in POST.items()
    ]
    routes += [
        Route("/api/save", _free(session, lambda session, _: save.stated(session), some)),
        Route("/save", _file(session, some)),
        Mount("/api", _nothing),
        Mount("/", Page()),
    ]
    refusals: dict[Any, Any] = dict.fromkeys((ConvscopeError, ValueError, LookupError), _refused)
    refusals |= {OverflowError: _refused, RecursionError: _refused}
    refusals |= {TooLarge: _too_large, MemoryError: _too_large, HTTPException: _missing, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=refusals)


def _get(session: Session, answer: Callable[..., Any], limiter: CapacityLimiter) -> Answer:
    def work(asked: Mapping[str, str]) -> bytes:
        with session.lock:  # one state of the session for the whole answer
            if asked.get("trace") not in (None, session.seen.key):
                raise HTTPException(409, "this is of another input")
            return _encoded(answer(session, asked))

    return _answering(work, limiter)


def _free(session: Session, answer: Callable[..., Any], limiter: CapacityLimiter) -> Answer:
    """What may wait for work in the background, while the network is looked at."""
    return _answering(lambda asked: _encoded(answer(session, asked)), limiter)


def _answering(work: Callable[[Mapping[str, str]], bytes], limiter: CapacityLimiter) -> Answer:
    async def respond(request: Request) -> Response:
        asked = {**request.query_params, **request.path_params}
        found = await to_thread.run_sync(work, asked, limiter=limiter)
        return Response(found, media_type="application/json", headers=PLAIN)

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


def _post(session: Session, answer: Callable[..., Any], limiter: CapacityLimiter) -> Answer:
    def work(body: bytes, sent: str, asked: Mapping[str, str]) -> bytes:
        given = _parsed(body) if sent.startswith("application/json") else {**asked, "upload": body}
        with session.lock:
            return _encoded(answer(session, given))

    async def respond(request: Request) -> Response:
        body, sent = await request.body(), request.headers.get("content-type", "")
        found = await to_thread.run_sync(work, body, sent, request.query_params, limiter=limiter)
        return Response(found, media_type="application/json", headers=PLAIN)

    return respond


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


def _encoded(message: Any) -> bytes:  # noqa: ANN401 - any message
    return as_json(message).encode("utf-8", "replace")


async def _nothing(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001
    raise HTTPException(404, "there is no such address")


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
    known = isinstance(error, ConvscopeError | ValueError)
    words = str(error) if known else f"nothing is there: {error}"
    return JSONResponse({"error": words}, status_code=422, headers=PLAIN)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse(
        {"error": "this is too large"}, status_code=413, headers={**PLAIN, "connection": "close"}
    )


async def _missing(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=PLAIN)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the log has the traceback
    words = f"{type(error).__name__}: {error}. convscope did not expect this."
    return JSONResponse({"error": words}, status_code=500, headers=PLAIN)
