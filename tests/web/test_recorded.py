"""The messages that the views are drawn from in tests/web/js have the form of those that are sent today."""

import json
import runpy
from pathlib import Path

import pytest

from convscope.web.dispatch import answer
from convscope.web.messages import GET
from convscope.web.messages.numbers import as_json

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts/record_messages.py"), run_name="recording")


def form(message):
    """The keys and kinds of a message, whatever its numbers; of a list, those that stand in it."""
    if isinstance(message, dict):
        return {key: form(value) for key, value in message.items()}
    if isinstance(message, list):
        return sorted({json.dumps(form(value), sort_keys=True) for value in message})
    return (
        "number"
        if isinstance(message, int | float) and not isinstance(message, bool)
        else type(message).__name__
    )


@pytest.mark.parametrize("network", SCRIPT["NETWORKS"])
def test_what_was_recorded_is_sent_so_today(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorded = json.loads((ROOT / f"tests/web/js/recorded/{network}.json").read_text("utf-8"))
    for _, session in SCRIPT["sessions"]([network]):
        for address, message in recorded.items():
            now = json.loads(as_json(answer(GET, session, address)))
            assert form(now) == form(message), f"{address}: run scripts/record_messages.py"
