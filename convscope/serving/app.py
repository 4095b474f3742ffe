"""The addresses of a service, and who answers.

| address | what |
| --- | --- |
| GET `/v2`, `/v2/health/live`, `/v2/health/ready` | the server |
| GET `/v2/models/NAME[/versions/V][/ready]` | what a model takes and says; whether it answers |
| POST `/v2/models/NAME[/versions/V]/infer` | tensors in, tensors out |
| POST `/predict?model=NAME&version=V&name=FILE` | the bytes of a file in, what it is out |
| POST `/v2/repository/index`, `/reload` | which models there are; read their runs again |
| GET `/metrics`, `/openapi.json`, `/docs`, `/` | counters; this table, twice; a page to try it |

An error is `{"error": words}`: 4xx is the asker's, 503 and 504 say that too much is waiting.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import torch
from anyio import CapacityLimiter, fail_after, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from torch import Tensor

import convscope
from convscope.errors import ConvscopeError, DataError
from convscope.listening import TooLarge
from convscope.serving import metrics as metrics_room
from convscope.serving import protocol
from convscope.serving.batching import Batcher, BusyError
from convscope.serving.limits import ServiceLimits
from convscope.serving.log import note
from convscope.serving.metrics import Metrics
from convscope.serving.models import Models, ServedModel
from convscope.serving.openapi import DOCUMENT
from convscope.serving.pages import pages


class Service:
    """What answers the addresses.

    Args:
        models: that are served.
        limits: of what it takes on.
    """

    def __init__(self, models: Models, limits: ServiceLimits) -> None:
        self.models, self.limits, self.metrics = models, limits, Metrics()
        self._batcher = Batcher(limits, self.metrics)
        self._reading, self._loading = CapacityLimiter(1), asyncio.Lock()
        self.ready = True

    def close(self) -> None:
        """Answer what waits, then end."""
        self.ready = False
        self._batcher.close()

    def app(self) -> Starlette:
        """The ASGI application."""
        model, any_model = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
        routes = [
            Route("/predict", self.predict, methods=["POST"]),
            *(Route(f"{each}/infer", self.infer, methods=["POST"]) for each in (model, any_model)),
            *(Route(f"{each}/ready", self.model_ready) for each in (model, any_model)),
            *(Route(each, self.model) for each in (model, any_model)),
            Route("/v2", self.server),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.server_ready),
            Route("/v2/repository/index", self.index, methods=["POST"]),
            Route("/reload", self.reloaded, methods=["POST"]),
            Route("/metrics", self.counters),
            Route("/openapi.json", self.openapi),
            *pages(),
        ]
        statuses: dict[Any, int] = {ConvscopeError: 400, BusyError: 503, TimeoutError: 504, LookupError: 404}
        statuses |= {TooLarge: 413, MemoryError: 413}
        handlers: dict[Any, Any] = {kind: _telling(status) for kind, status in statuses.items()}
        handlers |= {HTTPException: _missing, ClientDisconnect: _gone, Exception: _failed}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def infer(self, request: Request) -> Response:
        """Tensors in, tensors out."""
        model = self.models.get(request.path_params["name"], request.path_params.get("version"))
        _demand_plain(request)
        with fail_after(self.limits.seconds):
            body = await request.body()
            asked = protocol.parsed(body, request.headers.get(protocol.LENGTH), model)
            model.of_values(asked.inputs)
            said = await self._said(model, asked.inputs)
        content, length = protocol.answered(asked, model, said)
        if length is None:
            return Response(content, media_type="application/json")
        headers = {protocol.LENGTH: str(length)}
        return Response(content, headers=headers, media_type="application/octet-stream")

    async def predict(self, request: Request) -> Response:
        """A file's bytes in, what it is out."""
        query = request.query_params
        model = self.models.get(query.get("model"), query.get("version"))
        _demand_plain(request)
        _demand_no_form(request)
        with fail_after(self.limits.seconds):
            body, name = await request.body(), query.get("name", "")
            if self._reading.statistics().tasks_waiting >= self.limits.queue:
                raise BusyError("too many files wait to be read.\n  Try again later.")
            inputs, remarks = await to_thread.run_sync(model.of_file, body, name, limiter=self._reading)
            said = (await self._said(model, inputs))[0]
        found: dict[str, Any] = {"model": model.name, "version": model.version, "remarks": list(remarks)}
        if model.classes:
            by_class = dict(zip(model.classes, said.tolist(), strict=True))
            best = int(said.argmax())
            found |= {"predicted": model.classes[best], "probability": said[best].item()}
            found["probabilities"] = by_class
        else:
            found |= {"target": model.target, "predicted": said.item()}
        return JSONResponse(found)

    async def _said(self, model: ServedModel, inputs: Tensor) -> Tensor:
        said = await self._batcher.answer(model, inputs)
        if not bool(torch.isfinite(said).all()):
            raise DataError("what the network says of it is no finite number.\n  Is it on training's scale?")
        self.metrics.samples(model.name, model.version, len(inputs))
        return said

    async def server(self, request: Request) -> Response:  # noqa: ARG002 - as all of them
        """Who this is."""
        extensions = list(protocol.EXTENSIONS)
        return JSONResponse({"name": "convscope", "version": convscope.__version__, "extensions": extensions})

    async def live(self, request: Request) -> Response:  # noqa: ARG002
        """It answers."""
        return JSONResponse({"live": True})

    async def server_ready(self, request: Request) -> Response:  # noqa: ARG002
        """It takes requests."""
        return JSONResponse({"ready": self.ready}, 200 if self.ready else 503)

    async def model(self, request: Request) -> Response:
        """What a model takes and says."""
        found = self.models.get(request.path_params["name"], request.path_params.get("version"))
        return JSONResponse(protocol.metadata(found, self.models.versions(found.name)))

    async def model_ready(self, request: Request) -> Response:
        """Whether a model takes requests."""
        found = self.models.get(request.path_params["name"], request.path_params.get("version"))
        return JSONResponse({"name": found.name, "ready": self.ready}, 200 if self.ready else 503)

    async def index(self, request: Request) -> Response:  # noqa: ARG002
        """Which models there are."""
        every = [
            {
                "name": each.name,
                "version": each.version,
                "state": "READY",
                "reason": "",
                "kind": each.kind,
                "shape": each.shape,
                "look": each.look,
            }
            for each in self.models.every
        ]
        return JSONResponse(every)

    async def reloaded(self, request: Request) -> Response:  # noqa: ARG002
        """Read the runs again."""
        await self.reload()
        return JSONResponse({"models": [f"{each.name}:{each.version}" for each in self.models.every]})

    async def reload(self) -> None:
        """Read the runs again, while the old ones answer; where that fails, they stay.

        Raises:
            HTTPException: why.
        """
        async with self._loading:
            try:
                await to_thread.run_sync(self.models.reload)
            except Exception as error:
                self.metrics.reload("failed")
                note("reload", result="failed", error=str(error))
                raise HTTPException(409, f"all stays as it was: {error}") from error
        self.metrics.reload("done")
        note("reload", result="done", models=[f"{each.name}:{each.version}" for each in self.models.every])

    async def counters(self, request: Request) -> Response:  # noqa: ARG002
        """Counters, for Prometheus."""
        gauges = {
            "convscope_waiting_samples": ("Samples that wait.", self._batcher.waiting),
            "convscope_models": ("Versions of models that are served.", len(self.models.every)),
        }
        return Response(self.metrics.text(gauges), headers={"content-type": metrics_room.TYPE})

    async def openapi(self, request: Request) -> Response:  # noqa: ARG002
        """The addresses, for programs."""
        return JSONResponse(DOCUMENT)


def _demand_plain(request: Request) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "Content-Encoding: compressed requests are not taken")


def _demand_no_form(request: Request) -> None:
    """`curl -F`, and the form of a page: the file stands between other lines there."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise HTTPException(
            415,
            "expected the bytes of the file and nothing else; got a form."
            f" Such as: curl --data-binary @FILE '{request.url.replace(query='name=FILE')}'",
        )


def _telling(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Tell whoever asked what was wrong."""
    fixed = {413: "this is too large", 504: "this took too long; try again later"}

    async def tell(request: Request, error: Exception) -> Response:  # noqa: ARG001
        words = fixed.get(status) or (str(error.args[0]) if error.args else "")
        headers = {"retry-after": "1"} if status in (503, 504) else {}
        return _error(words, status, headers)

    return tell


def _error(words: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """In ASCII: the words may hold what was sent, half of a character, too."""
    return Response(json.dumps({"error": words}), status, headers, "application/json")


async def _missing(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return _error(error.detail, error.status_code, error.headers)


async def _gone(request: Request, error: ClientDisconnect) -> Response:  # noqa: ARG001
    return Response(status_code=400)  # nobody reads it


async def _failed(request: Request, error: Exception) -> Response:
    note("failed", path=request.url.path, error=f"{type(error).__name__}: {error}")
    return _error(f"convscope did not expect this: {type(error).__name__}", 500)
