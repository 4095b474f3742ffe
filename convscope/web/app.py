"""The addresses of the explorer: what the page asks for, and who answers.

| address | message |
| --- | --- |
| `api/session`, `api/graph` | the model, the input, every operation |
| `api/operation/5`, `api/layer/5`, `api/channel/5/24`, `api/number/5` | one operation, level by level |
| `api/samples`, `api/results`, `api/check`, `api/runs`, `api/versus` | of a run |
| `api/input`, `api/edit`, `api/reset` (POST) | another input, something tried |
| `api/attribution`, `api/filters`, `api/filter` | which pixels; the classic filters |
| `save` | the page as one file |

All answers are JSON with the types of static/messages.d.ts. Bad words in an address are the person's error: 4xx.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from convscope.errors import ConvscopeError
from convscope.web.guard import TooLarge
from convscope.web.messages import GET, POST
from convscope.web.session import Session

STATIC = Path(__file__).parent / "static"
Answer = Callable[[Request], Awaitable[Response]]


def app(session: Session) -> Starlette:
    """The ASGI application for one session."""
    routes = [Route(f"/api/{address}", _get(session, answer)) for address, answer in GET.items()]
    routes += [
        Route(f"/api/{address}", _post(session, answer), methods=["POST"]) for address, answer in POST.items()
    ]
    routes += [Mount("/", StaticFiles(directory=STATIC, html=True))]
    refusals: dict[Any, Any] = {
        ConvscopeError: _refused,
        ValueError: _refused,
        TooLarge: _too_large,
        HTTPException: _missing,
    }
    return Starlette(routes=routes, exception_handlers=refusals)


def _get(session: Session, answer: Callable[..., Any]) -> Answer:
    async def respond(request: Request) -> Response:
        asked = {**request.path_params, **request.query_params}
        return _json(await run_in_threadpool(answer, session, asked))

    return respond


def _post(session: Session, answer: Callable[..., Any]) -> Answer:
    async def respond(request: Request) -> Response:
        body = await request.body()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        given = json.loads(body) if is_json else body
        return _json(await run_in_threadpool(answer, session, given))

    return respond


def _json(message: Any) -> Response:  # noqa: ANN401 - any message
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers={"cache-control": "no-store"})


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": str(error)}, status_code=422)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": "this is too large"}, status_code=413)


async def _missing(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return JSONResponse({"error": error.detail}, status_code=error.status_code)
