"""The other pages: filters, results, a model that fails, and the page that was saved."""

import re

import pytest
from playwright.sync_api import expect

from convscope.web.save import save
from tests.web.browser.conftest import WAIT
from tests.web.browser.steps import number, open_channel, open_layer, proof, reached

FAILING = """
from torch import nn


class Narrow(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5)
        self.fc = nn.Linear(100, 10)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""


def test_filters(shared, visit):
    page = visit(shared("plain", "1x28x28"), "page=filters")
    gallery = page.get_by_role("group", name="Classic filters").get_by_role("button")
    assert gallery.count() >= 8
    page.locator('[data-focus="filter-sobel-x"]').click()
    expect(page.locator('[data-focus="filter-sobel-x"]')).to_have_attribute("aria-pressed", "true")
    cells = page.locator('[data-focus^="filter-"].kernel-cell')
    kernel = [number(cell.input_value()) for cell in cells.all()]
    assert kernel == [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    stride = page.get_by_role("spinbutton", name="Stride")
    stride.fill("2")
    stride.press("Enter")
    expect(page.locator(".filter-sizes h3")).to_contain_text("28×28 → 14×14")
    products = page.locator(".filter-products")
    terms = products.locator("[aria-label='products'] [title]").all()
    total = number(products.locator(".filter-sum b").inner_text())
    assert terms
    assert total == pytest.approx(total)


def test_results(shared, run, visit):
    served = shared(str(run))
    page = visit(served)
    page.get_by_role("button", name="Results").click()
    reached(page, page="results")
    heading = page.locator(".main h1")
    expect(heading).to_contain_text("test samples")
    right, total = (int(word) for word in re.findall(r"\d+", heading.inner_text().replace("\u202f", "")))
    accuracy = number(page.locator(".main dd").first.inner_text().replace("%", ""))
    assert accuracy == pytest.approx(100 * right / total, abs=0.01)
    cells = page.locator(".matrix [data-cell]")
    counts = [int(text) for text in cells.all_inner_texts() if text.strip()]
    assert sum(counts) == total
    points = page.locator("canvas.points")
    points.focus(timeout=WAIT)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip")).to_contain_text("sample")
    wrong = page.locator(".matrix [aria-label*='taken for']").first
    wrong.click()
    reached(page, cell="[^&]+")
    tile = page.locator(".gallery button.tile").first  # those of the cell come a moment later
    index = int(tile.get_attribute("data-focus").removeprefix("tile "))
    tile.click()
    reached(page, page=None)
    expect(page.locator(".map")).to_be_visible()
    assert served.session.seen.sample == index


def test_a_model_that_fails(own, visit, tmp_path):
    (tmp_path / "narrow.py").write_text(FAILING)
    served = own(f"{tmp_path / 'narrow.py'}:Narrow", "1x28x28")
    page = visit(served)
    expect(page.get_by_role("alert")).to_contain_text("expects 100 numbers")
    expect(page.locator(".main")).to_contain_text("self.fc = nn.Linear(4608, 10)")
    expect(page.locator(".main")).to_contain_text("mat1 and mat2 shapes cannot be multiplied")
    open_layer(page, served.trace, "conv2d")  # what ran can be opened
    open_channel(page, 1)
    assert abs(proof(page)["difference"]) < 1e-5


@pytest.fixture
def saved(own, run, tmp_path):
    served = own(str(run))
    path = tmp_path / "page.html"
    save(served.session, path)
    return path


def test_the_saved_page_opens_from_disk(saved, visit):
    page = visit(saved.as_uri(), offline=True)
    expect(page.locator(".map [data-op]").first).to_be_visible()
    boxes = page.locator(".map [data-op]")
    conv = next(box for box in boxes.all() if "Conv2d" in box.inner_text())
    conv.click()
    conv.click()
    reached(page, level="layer")
    open_channel(page, 1)
    shown = proof(page)
    assert shown["result"] == pytest.approx(shown["network"], abs=1e-5)
    page.get_by_role("button", name="繁", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    page.get_by_role("button", name="EN", exact=True).click()
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page.locator(".map")).to_be_visible()
    other = page.locator('[data-focus^="sample-"][aria-pressed="false"]').first
    before = page.locator(".input-prediction .prediction").get_attribute("aria-label")
    other.click()
    expect(page.locator(".input-prediction .prediction")).not_to_have_attribute("aria-label", before)


def test_the_page_offers_itself_as_a_file(shared, run, visit, tmp_path):
    page = visit(shared(str(run)))
    page.get_by_role("button", name="Save page").click()
    dialog = page.get_by_role("dialog", name="Save page")
    expect(dialog).to_contain_text(re.compile(r"About [\d.]+ MiB"), timeout=2 * WAIT)  # it is made first
    with page.expect_download() as download:
        dialog.get_by_role("link").click()
    path = tmp_path / "taken.html"
    download.value.save_as(path)
    said = number(re.search(r"([\d.]+) MiB", dialog.inner_text() or "0 MiB")[1]) if dialog.count() else None
    assert said is None or abs(path.stat().st_size / 2**20 - said) < 0.2 * said
    assert path.read_text("utf-8").startswith("<!doctype html>")
