"""The files of the page as the browser asks for them: ninety small ones, so each must cost next to nothing.

They are read without a thread each, and only names that were there at the start are known, so no path leads
anywhere else.
"""

import mimetypes
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
HEADERS = {"cache-control": "no-cache"}

mimetypes.add_type("text/javascript", ".js")  # some systems say text/plain, and browsers then refuse it


class Page:
    """An ASGI application that knows these files and no other."""

    def __init__(self) -> None:
        paths = sorted(path for path in STATIC.rglob("*") if path.is_file())
        self.files = {f"/{path.relative_to(STATIC).as_posix()}": path for path in paths}
        modules = [name[1:] for name in self.files if name.endswith(".js") and name != "/start.js"]
        self.links = "".join(f'<link rel="modulepreload" href="{name}">\n' for name in modules)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """One request."""
        name = "/index.html" if scope["path"] == "/" else scope["path"]
        if name not in self.files:
            raise HTTPException(404, "there is no such file")
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, "this can only be read")
        body = self.files[name].read_bytes()
        if name == "/index.html":
            body = self.index(body)
        kind = mimetypes.guess_type(name)[0]
        await Response(body, media_type=kind, headers=HEADERS)(scope, receive, send)

    def index(self, body: bytes) -> bytes:
        """With all modules at its head: the browser asks for them at once, not import by import."""
        return body.replace(b"<script", f"{self.links}<script".encode(), 1)
