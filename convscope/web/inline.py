"""The page's files in one HTML file: styles and modules inside, nothing loaded from anywhere.

Modules stay modules. Each becomes a data: URL with a name in an import map, `@/draw/dom.js`; only what it
imports is rewritten, from a relative path to such a name. So no bundler is needed, and what runs is what was
written.
"""

import base64
import json
import posixpath
import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}/[^"']+)\2""")
LINK = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
SCRIPT = re.compile(r'<script( type="module")? src="([^"]+)"></script>')
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' data:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def inlined(saved: object) -> str:
    """The whole page.

    Args:
        saved: what it answers itself with, plain lists, numbers and words.
    """
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    page = LINK.sub(lambda found: f"<style>\n{_text(found[1])}</style>", page)
    page = SCRIPT.sub(lambda found: _script(found[2], module=bool(found[1]), saved=saved), page)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{policy}', 1)


def rewritten(source: str, path: str) -> str:
    """A module with names of the import map in place of relative paths.

    >>> rewritten('import { el } from "../draw/dom.js";', "views/map.js")
    'import { el } from "@/draw/dom.js";'
    >>> rewritten('const later = () => import("./channel/steps.js");', "views/channel.js")
    'const later = () => import("@/views/channel/steps.js");'
    """

    def named(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{_name(posixpath.join(posixpath.dirname(path), found[3]))}{found[2]}"

    return IMPORT.sub(named, source)


def modules() -> dict[str, str]:
    """Name in the import map → data: URL, for every module of the page."""
    paths = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))
    return {
        _name(path): _url("text/javascript", rewritten(_text(path), path))
        for path in paths
        if path != "start.js"
    }


def in_script(value: object) -> str:
    r"""JSON that cannot end the script element it stands in.

    >>> in_script("</script>")
    '"\\u003c/script>"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _script(path: str, *, module: bool, saved: object) -> str:
    if not module:
        return f"<script>\n{_text(path)}</script>"
    return (
        f'<script type="application/json" id="saved">{in_script(saved)}</script>\n'
        f'<script type="importmap">{in_script({"imports": modules()})}</script>\n'
        f'<script type="module">import "{_name(path)}";</script>'
    )


def _name(path: str) -> str:
    return f"@/{posixpath.normpath(path)}"


def _text(path: str) -> str:
    return (STATIC / path).read_text(encoding="utf-8")


def _url(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
