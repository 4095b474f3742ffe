"""The pages of a service: one to try it, one that shows its addresses. Nothing comes from anywhere else."""

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from convscope.serving.openapi import DOCUMENT

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
PARTS = ("try.js", "serving.css")
ADDRESSES = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>convscope: addresses</title>
<link rel="stylesheet" href="static/serving.css">
<header><h1>Addresses</h1>
<nav><a href="./">try it</a> · <a href="openapi.json">openapi.json</a></nav></header>
<main>
"""


def pages() -> list[Route]:
    """Their addresses."""
    parts = [_page(f"/static/{name}", _part(name), KINDS[name[name.rindex(".") :]]) for name in PARTS]
    addresses = "\n".join((ADDRESSES, *_addresses(), "</main>\n</html>\n")).encode()
    return [_page("/", _part("try.html"), KINDS[".html"]), _page("/docs", addresses, KINDS[".html"]), *parts]


def _part(name: str) -> bytes:
    return (files("convscope.serving") / "static" / name).read_bytes()


def _page(place: str, content: bytes, kind: str) -> Route:
    async def page(request: Request) -> Response:  # noqa: ARG001
        return Response(content, media_type=kind)

    return Route(place, page)


def _addresses() -> Iterator[str]:
    """Each address with what it takes and answers; it is folded, and needs no script."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            said = f"{method.upper()} {path}"
            yield f"<details><summary><code>{escape(said)}</code> {escape(operation['summary'])}</summary>"
            for each in operation.get("parameters", ()):
                yield f"<p>{escape(each['name'])}: {escape(each['description'])}</p>"
            yield from _contents("body", operation.get("requestBody", {}))
            yield from _contents("answer", operation["responses"]["200"])
            yield "</details>"


def _contents(what: str, given: dict[str, Any]) -> Iterator[str]:
    for kind, content in given.get("content", {}).items():
        yield f"<p>{what}: {kind}</p>"
        yield f"<pre>{escape(json.dumps(content['schema'], indent=2))}</pre>"
