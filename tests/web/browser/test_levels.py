"""From the map to one number by clicks, for every kind of network; the numbers are the library's."""

import re

import pytest
import torch
from playwright.sync_api import expect

from convscope.explaining import explain
from convscope.web.messages.layout import layout
from tests.web.browser.steps import number, open_channel, open_layer, pressed, proof, reached, state

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


@pytest.mark.parametrize(
    ("words", "op"), CASES, ids=lambda case: case if isinstance(case, str) else " ".join(case)
)
def test_every_level_by_clicks(words, op, shared, visit):
    served = shared(*words)
    page = visit(served)

    index = open_layer(page, served.trace, op)
    node = served.trace.nodes[index]
    expect(page.locator(".main h1")).to_contain_text(node.name)
    tiles = page.locator('[data-focus^="channel-"]')
    axes = layout(served.session, served.session.seen, node)  # torch has the features of a sequence last
    maps = axes.take(served.trace.tensor(node.outputs[0])).double()
    expect(tiles).to_have_count(min(64, len(maps)))
    channel = min(1, len(maps) - 1)
    values = maps[channel]
    facts = [values.mean().item(), values.min().item(), values.max().item()]
    assert tile_facts(page, channel) == pytest.approx(facts, rel=1e-3, abs=1e-4)

    open_channel(page, channel)
    shown = proof(page)
    at = [int(word) for word in state(page).get("at", "").split(",") if word]
    found = explain(served.trace, index, axes.place((0, channel, *at)))
    assert found.network == values[tuple(at)].item()
    assert shown["result"] == pytest.approx(found.result, rel=1e-5, abs=1e-6)
    assert shown["network"] == pytest.approx(found.network, rel=1e-5, abs=1e-6)
    assert shown["difference"] == pytest.approx(found.network - found.result, rel=0.06, abs=1e-12)
    assert abs(shown["difference"]) <= found.bound


def test_the_window_moves_and_the_proof_follows(shared, visit):
    served = shared("plain", "1x28x28")
    page = visit(served, "op=0&level=channel&channel=3&at=5,6")
    first = proof(page)
    page.get_by_role("button", name="One step on").click()
    reached(page, at="5%2C7")
    expect(page.locator(".main h1")).to_have_text("Channel 3, element (5, 7)")
    second = proof(page)
    assert second != first
    assert second["network"] == pytest.approx(explain(served.trace, 0, (0, 3, 5, 7)).network, abs=1e-6)


def test_the_way_of_a_gradient(shared, visit):
    served = shared("plain", "1x28x28")
    page = visit(served, "op=0&level=channel&channel=3&at=5,6")
    page.get_by_role("button", name="Backward").click()
    reached(page, way="backward")
    expect(page.locator(".inspector")).to_contain_text("autograd")


def test_back_forward_and_one_level_up(shared, visit):
    served = shared("inception", "1x28x28")
    page = visit(served)
    index = open_layer(page, served.trace, "conv2d")
    open_channel(page, 1)
    reached(page, at="[^&]+")
    page.keyboard.press("Escape")
    reached(page, level="layer", op=index)
    page.go_back()
    reached(page, level="channel")
    page.go_back()
    reached(page, level="layer", channel=1)
    page.go_forward()
    reached(page, level="channel")
    for _ in range(3):
        page.keyboard.press("Escape")
    reached(page, op=None)
    expect(page.locator(".map")).to_be_visible()


def test_a_bookmark_leads_to_the_number(shared, visit):
    served = shared("residual", "1x28x28")
    page = visit(served, "op=0&level=channel&channel=2&at=4,4")
    assert proof(page)["network"] == pytest.approx(explain(served.trace, 0, (0, 2, 4, 4)).network, abs=1e-6)


def test_by_keyboard_alone(shared, visit):
    served = shared("plain", "1x28x28")
    page = visit(served)

    def tab_to(selector):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    tab_to(".map [data-op]")
    page.keyboard.press("Enter")
    pressed(page.locator('.map [data-op="0"]'))
    page.keyboard.press("Enter")
    reached(page, level="layer")
    expect(page.locator('[data-focus="channel-0"]')).to_be_focused()  # the keys go on where the page does
    page.keyboard.press("ArrowRight")
    reached(page, channel=1)
    page.keyboard.press("Enter")
    reached(page, level="channel", at="[^&]+")
    before = state(page)["at"]
    expect(page.locator('[data-focus="input-stage"]')).to_be_focused()
    tab_to('[data-focus="position"]')
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile(f"at={before.replace(',', '%2C')}$"))
    at = [int(word) for word in state(page)["at"].split(",")]
    assert proof(page)["network"] == pytest.approx(explain(served.trace, 0, (0, 1, *at)).network, abs=1e-6)


@pytest.mark.parametrize(
    "place", ["", "op=0&level=layer", "op=0&level=channel&channel=1&at=3,3", "page=filters"]
)
def test_focus_can_be_seen(place, shared, visit):
    page = visit(shared("plain", "1x28x28"), place)
    plain = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name, seen = page.evaluate("""() => {
            const focused = document.activeElement;
            const style = getComputedStyle(focused);
            const look = () => style.boxShadow + style.outline;
            const before = look();
            focused.blur();
            const after = look();
            focused.focus({ focusVisible: true, preventScroll: true });
            return [focused.outerHTML.slice(0, 120), before !== after];
        }""")
        if not seen and not name.startswith("<body"):
            plain.append(name)
    assert plain == []


@pytest.mark.parametrize("op", [0, 1, 6])
def test_a_channel_fits_a_telephone(op, shared, visit):
    page = visit(shared("plain", "1x28x28"), f"op={op}&level=channel&channel=1")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator(".main h1").first).to_be_visible()
    assert page.evaluate("document.querySelector('.main').scrollWidth") <= 400


ODD = """
import torch
from torch import nn

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(2, 3)

    def forward(self, x):
        return self.fc(self.conv(torch.log(x) / 0).mean((2, 3)))
"""


def test_numbers_that_are_none_are_said(own, visit, tmp_path):
    (tmp_path / "odd.py").write_text(ODD)
    served = own(f"{tmp_path / 'odd.py'}:Odd", "1x8x8")
    page = visit(served)
    expect(page.locator(".inspector")).to_contain_text("log is the first operation that gives NaN")
    expect(page.locator(".rail .prediction")).to_contain_text("NaN")
    for op in ("conv2d", "mean"):
        index = open_layer(page, served.trace, op)
        open_channel(page, 1)
        expect(page.locator(".inspector .figure")).to_contain_text("NaN")
        page.locator(".crumb").first.click()
        reached(page, op=None)
        assert not torch.isfinite(served.trace.tensor(served.trace.nodes[index].outputs[0])).any()
