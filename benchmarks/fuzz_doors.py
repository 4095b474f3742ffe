"""What a person does with a file, or a stranger with the page: the doors that a damaged one goes through."""

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import torch

from convscope.errors import ConvscopeError

EVENTS = 3  # of a training that goes on: its settings may say that it goes on for ever
INPUT = "1x6x6"  # what networks in a file of Python or Keras are run on


class Prepared(NamedTuple):
    """A form: its folder, what is opened of it, the files to damage, the doors; of data also a run."""

    name: str
    root: Path
    source: Path
    files: list[Path]
    settings: dict[str, Any]
    doors: str
    run: Path | None = None


Door = Callable[[Prepared, Path, Path], object]  # the form, what is opened, and the damaged file in it
KEPT: dict[str, tuple[Any, Any]] = {}  # form → its run and the page that shows it, opened once


# ---- data


def _check(one: Prepared, source: Path, _: Path) -> None:
    from convscope.data import DataSettings
    from convscope.data.check import check

    "\n".join(check(source, DataSettings(**one.settings, val=0.2, test=0.2)).lines())


def _predict(one: Prepared, _: Path, file: Path) -> None:
    from convscope.run import inputs

    inputs.gather(str(file), _opened(one)[0].settings)


def _upload(one: Prepared, _: Path, file: Path) -> None:
    """What the page's handler calls, whose errors tell more; then the handler itself."""
    from convscope.web.uploads import InputSpec, of_bytes

    (run, page), content = _opened(one), file.read_bytes()
    spec = run.settings.spec
    try:
        of_bytes(content, InputSpec(torch.zeros(spec.shape), spec.kind, spec), file.name)
    finally:
        status, said = posted(page, content, file.name)
        if not (status == 200 or (400 <= status < 500 and len(json.loads(said)["error"]) > 10)):
            raise AssertionError(f"the page answers {status}: {said[:200]!r}")


def posted(page: Any, content: bytes, name: str) -> tuple[int, bytes]:
    """What the page answers to a file: the application is asked as a server does, without a network."""
    query = urlencode({"name": name}, errors="surrogateescape").encode()
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/api/input"}
    scope |= {"query_string": query, "headers": [(b"content-type", b"application/octet-stream")]}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(page(scope, receive, send))
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)


def _opened(one: Prepared) -> tuple[Any, Any]:
    from convscope.opening import open_model
    from convscope.web.app import app
    from convscope.web.session import Session

    if one.name not in KEPT:
        opened = open_model(str(one.run))
        KEPT[one.name] = opened.run, app(Session(opened))
    return KEPT[one.name]


# ---- runs


def _load(_: Prepared, source: Path, __: Path) -> None:
    from convscope import load

    run = load(source)
    run.history, run.steps, run.notices, run.judged, run.caveat, run.model()  # each reads a file


def _runs(_: Prepared, source: Path, __: Path) -> None:
    """One damaged run takes no other away, so here nothing may be refused."""
    from convscope import runs

    try:
        found = runs(source.parent)
        json.dumps([run.as_dict() for run in found], allow_nan=False)
        found._repr_html_()
    except ConvscopeError as error:
        raise AssertionError(f"no run is listed: {error}") from error


def _told(one: Prepared, source: Path, _: Path) -> None:
    from convscope import load

    predictions = load(source).predict(str(one.root / "inputs"))
    json.dumps(predictions.as_dict(3), allow_nan=False)


def _look(_: Prepared, source: Path, __: Path) -> None:
    _shown(str(source), addresses=("session", "graph", "results"))


def _go_on(_: Prepared, source: Path, __: Path) -> None:
    from convscope import load, recipe

    run = load(source)
    longer = (run.settings.training.epochs or 0) + 1 if run.finished else None
    with closing(recipe.go_on(run, epochs=longer)) as events:  # pyright: ignore - a generator
        list(islice(events, EVENTS))


def _shown(
    name: str, inputs: tuple[str, ...] = (), addresses: tuple[str, ...] = ("session", "graph")
) -> None:
    """The first messages of the page."""
    from convscope.web.dispatch import answer
    from convscope.web.messages import GET
    from convscope.web.messages.numbers import as_json
    from convscope.web.subject import session_of

    session = session_of(name, inputs)
    for address in addresses:
        as_json(answer(GET, session, address), session.values.name)


# ---- networks and traces


def _network(_: Prepared, __: Path, file: Path) -> None:
    _shown(f"{file}:Net", (INPUT,))


def _keras(_: Prepared, __: Path, file: Path) -> None:
    _shown(str(file))


def _trace(_: Prepared, __: Path, file: Path) -> None:
    """Reading it, and what can be asked of it; an operation may be refused by itself."""
    from convscope import explain, load_trace, replay

    trace = load_trace(file)
    repr(trace)
    for node in trace.nodes:
        with suppress(ConvscopeError):
            replay(trace, node)
            str(explain(trace, node.index, (0,) * len(trace.values[node.outputs[0]].shape)))


DOORS: dict[str, dict[str, Door]] = {
    "data": {"check": _check, "predict": _predict, "upload": _upload},
    "run": {"load": _load, "runs": _runs, "predict": _told, "look": _look, "resume": _go_on},
    "network": {"look": _network},
    "keras": {"look": _keras},
    "trace": {"load": _trace},
}
os.environ.setdefault("KERAS_BACKEND", "torch")
