"""What the server sends has the types that it promises, strictly: real answers of networks of every kind."""

import runpy
from inspect import signature
from pathlib import Path

import pytest
from pydantic import ValidationError

from convscope.opening import open_model
from convscope.web.messages import GET, POST
from convscope.web.session import Session
from convscope.web.types.parts import FormulaMessage
from tests.web.promised import faultless, promised

ROOT = Path(__file__).parents[2]
MODELS = [
    ("plain", "1x28x28"),
    ("inception", "1x28x28"),
    ("residual", "1x28x28"),
    ("lstm", "4x12"),
    ("bigru", "4x12"),
    ("compact", "1x64"),
    ("compact", "1x16x16x16"),
    ("nn.Sequential(nn.ConvTranspose2d(2, 4, 3, stride=2, groups=2), nn.Softmax(dim=1))", "2x5x6"),
    ("nn.MultiheadAttention(8, 2)", "query=3x8", "key=3x8", "value=3x8"),
]


def addresses(operations):
    yield from ("session", "filters")
    for operation in operations:
        index, shape = operation["index"], operation["shape"]
        yield from (f"operation/{index}", f"edit/{index}")
        if shape:
            yield from (f"layer/{index}", f"layer/{index}?sort=max", f"channel/{index}/0")
            yield f"number/{index}?at={','.join('0' * len(shape))}"


@pytest.mark.parametrize("words", MODELS, ids=lambda words: " ".join(words)[:40])
def test_models(words):
    session = Session(open_model(words[0], words[1:]))
    graph = promised(GET, session, "graph")
    for address in addresses(graph["operations"]):
        promised(GET, session, address)


def test_what_is_tried():
    session = Session(open_model("plain", ["1x28x28"]))
    promised(GET, session, "attribution?method=gradient")
    promised(GET, session, "number/0?gradient=weight&at=0,0,0,0")
    promised(GET, session, "step/0?at=0,0,0,0")
    promised(POST, session, "filter", {"kernel": [[0, 1, 0]], "at": [0, 3, 3]})
    promised(POST, session, "edit", {"op": 0, "what": "setting", "setting": "padding", "value": [0, 0]})
    assert promised(GET, session, "graph")["failure"] is not None
    promised(GET, session, "edit/0")
    promised(POST, session, "undo")
    promised(POST, session, "reset")
    promised(POST, session, "input", {"mask": {"box": [[0, 4], [0, 4]], "value": "mean"}})


def test_every_message_has_a_type():
    for address, respond in (GET | POST).items():
        assert hasattr(signature(respond).return_annotation, "__total__"), address


def test_the_page_s_types_are_those_of_the_messages():
    written = runpy.run_path(str(ROOT / "scripts" / "write_messages.py"))["messages"]()
    page = (ROOT / "convscope" / "web" / "static" / "messages.d.ts").read_text("utf-8")
    assert page == written, "run .venv/bin/python scripts/write_messages.py"


@pytest.mark.parametrize(
    "change",
    [{"value": 3}, {"numbers": None}, {"more": 1}, {"general": b"n"}],
    ids=str,
)
def test_what_is_not_as_promised_is_seen(change):
    words = {"text": "n", "math": [["mi", "n"]], "beside": []}
    good = {"axis": "", "general": words, "numbers": words, "value": "3", "notes": []}
    faultless(FormulaMessage, good)
    with pytest.raises((ValidationError, AssertionError)):
        faultless(FormulaMessage, good | change)
    with pytest.raises(ValidationError):
        faultless(FormulaMessage, {"general": words})
