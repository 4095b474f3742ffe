"""What a person does on the page, and what they read there."""

import re
from urllib.parse import parse_qsl

from playwright.sync_api import expect

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def state(page):
    """What the address says: {"op": "3", "level": "layer"}."""
    return dict(parse_qsl(page.url.partition("#")[2]))


def reached(page, /, **words):
    """Wait until the address says so; None: says nothing of it."""
    for key, value in words.items():
        pattern = f"[#&]{key}={value}(&|$)" if value is not None else f"^(?!.*[#&]{key}=)"
        expect(page).to_have_url(re.compile(pattern))


def number(text):
    """What a person reads: "−1.8×10⁻⁶" is -1.8e-6."""
    plain = text.strip().replace("−", "-").replace("\u202f", "")
    if power := re.fullmatch(r"(-?[\d.]+)×10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", plain):
        return float(f"{power[1]}e{power[2].translate(RAISED)}")
    return float(plain)


def pressed(box):
    """The same box as soon as it is drawn as the chosen one."""
    expect(box).to_have_attribute("aria-pressed", "true")
    return box


def find(page, trace, op):
    """The first box on the map of an operation of this kind; folded blocks are opened until there is one."""
    for _ in range(6):
        boxes = page.locator(".map [data-op]")
        for at in range(boxes.count()):
            if trace.nodes[int(boxes.nth(at).get_attribute("data-op"))].op == op:
                return boxes.nth(at)
        folded = page.locator(".map .folded")
        assert folded.count(), f"there is no {op} on the map"
        count = page.locator("html").get_attribute("data-drawn")
        folded.first.click()
        expect(page.locator("html")).not_to_have_attribute("data-drawn", count)
    raise AssertionError(f"no {op} after opening six blocks")


def open_layer(page, trace, op):
    """From the map: press its box, press again. Gives its index."""
    box = find(page, trace, op)
    index = int(box.get_attribute("data-op"))
    box.click()
    pressed(page.locator(f'.map [data-op="{index}"]')).click()
    reached(page, level="layer")
    return index


def open_channel(page, channel):
    """From the layer: press a channel, press again."""
    tile = page.locator(f'[data-focus="channel-{channel}"]')
    tile.click()
    reached(page, channel=channel)
    pressed(tile).click()
    reached(page, level="channel")


def proof(page):
    """Result, network, difference as the proof shows them, as soon as the library has answered."""
    expect(page.locator(".inspector h3", has_text="Formula")).to_be_visible()
    cells = page.locator(".inspector .sum-table > span").all_inner_texts()
    shown = dict(zip(cells[::2], cells[1::2], strict=True))
    names = {"result": "computed here", "network": "the network's own", "difference": "difference"}
    return {name: number(shown[words]) for name, words in names.items()}


def probabilities(page):
    """What stands beside the bars of the prediction: {"7": 0.912, …}, of the classes that are shown."""
    words = page.locator(".input-prediction .prediction").get_attribute("aria-label")
    pairs = words.partition(": ")[2].split(", ")
    return {name: number(value) for name, value in (pair.rsplit(": ", 1) for pair in pairs)}


def agrees(page, served, classes):
    """Wait until the bars show what the network says of the input that it has now."""
    for _ in range(600):
        trace = served.trace
        scores = trace.tensor(trace.output.index)[0].double().softmax(0).tolist()
        shown = probabilities(page)
        if all(abs(scores[classes.index(name)] - value) < 6e-4 for name, value in shown.items()):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the bars show {shown}, the network says {scores}")
