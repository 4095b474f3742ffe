"""The pages of a service: one to try it, one that shows its addresses. Nothing comes from anywhere else."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
PAGES = {"/": "try.html", "/docs": "docs.html"}
PARTS = ("try.js", "docs.js", "serving.css")


def pages() -> list[Route]:
    """Their addresses."""
    places = PAGES | {f"/static/{name}": name for name in PARTS}
    return [_page(place, name) for place, name in places.items()]


def _page(place: str, name: str) -> Route:
    file = files("convscope.serving") / "static" / name
    content, kind = file.read_bytes(), KINDS[name[name.rindex(".") :]]

    async def page(request: Request) -> Response:  # noqa: ARG001
        return Response(content, media_type=kind)

    return Route(place, page)
