"""From the map to one number by clicks, for every kind of network; the numbers are the library's."""

import re

import pytest
from playwright.sync_api import expect

from convscope.explain import explain
from tests.web.browser.steps import find, number, open_channel, open_layer, proof, reached, state

MODELS = [
    (("plain", "1x28x28"), ["conv2d", "max_pool2d", "relu", "linear"]),
    (("inception", "1x28x28"), ["conv2d", "cat", "avg_pool2d"]),
    (("residual", "1x28x28"), ["add"]),
    (("lstm", "4x12"), ["lstm", "linear"]),
    (("compact", "1x64"), ["conv1d", "add", "linear"]),
    (("compact", "1x16x16x16"), ["conv3d", "relu"]),
    (("resnet-50",), ["conv2d", "batch_norm", "add"]),
]
CASES = [(words, op) for words, ops in MODELS for op in ops]


def tile_facts(page, channel):
    """Mean, smallest and largest of a channel as its picture says them."""
    words = page.locator(f'[data-focus="channel-{channel}"]').get_attribute("aria-label")
    found = re.fullmatch(r"channel \d+: mean (\S+), smallest (\S+), largest (\S+)", words)
    return [number(word) for word in found.groups()]


def values_of(trace, index, channel):
    """The numbers of one channel, float64; of a recurrent layer, those of one step."""
    return trace.tensor(trace.nodes[index].outputs[0])[0].double()[channel]


@pytest.mark.parametrize(("words", "op"), CASES, ids=lambda case: case if isinstance(case, str) else " ".join(case))
def test_every_level_by_clicks(words, op, shared, visit):
    served = shared(*words)
    page = visit(served)

    index = open_layer(page, served.trace, op)
    node = served.trace.nodes[index]
    expect(page.locator(".main h1")).to_contain_text(node.name)
    tiles = page.locator('[data-focus^="channel-"]')
    channels = served.trace.values[node.outputs[0]].shape[1]
    expect(tiles).to_have_count(min(64, channels))
    channel = min(1, channels - 1)
    values = values_of(served.trace, index, channel)
    facts = [values.mean().item(), values.min().item(), values.max().item()]
    assert tile_facts(page, channel) == pytest.approx(facts, rel=1e-3, abs=1e-4)

    open_channel(page, channel)
    shown = proof(page)
    at = [int(word) for word in state(page).get("at", "").split(",") if word]
    found = explain(served.trace, index, (0, channel, *at))
    assert shown["result"] == pytest.approx(found.result, rel=1e-5, abs=1e-6)
    assert shown["network"] == pytest.approx(found.network, rel=1e-5, abs=1e-6)
    assert shown["difference"] == pytest.approx(found.network - found.result, rel=0.06, abs=1e-12)
    assert abs(shown["difference"]) <= found.bound
