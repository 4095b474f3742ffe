"""Another input, something tried on the network: everything that follows is seen, and is the library's."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.browser.steps import agrees, open_layer, probabilities, reached

DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture
def digits(own, run):
    return own(str(run))


def prediction(page):
    return page.locator(".input-prediction .prediction")


def settled(page, before):
    """Wait until the bars say something else than before."""
    expect(prediction(page)).not_to_have_attribute("aria-label", before)


def said(page):
    return prediction(page).get_attribute("aria-label")


def test_another_sample(digits, visit):
    page = visit(digits)
    before = said(page)
    page.locator('[data-focus="sample-3"]').click()
    settled(page, before)
    assert digits.session.seen.sample == 3
    agrees(page, digits, DIGITS)
    expect(page.locator('[data-focus="sample-3"]')).to_have_attribute("aria-pressed", "true")


def test_samples_that_were_wrong(digits, visit):
    page = visit(digits)
    wrong = page.get_by_role("group", name="Which samples").get_by_role("button", name="Wrong")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    first = page.get_by_role("group", name="Inputs").get_by_role("button").first
    expect(first).to_contain_text("→")
    label, _, predicted = first.inner_text().strip().partition("→")
    before = said(page)
    first.click()
    settled(page, before)
    shown = probabilities(page)
    assert max(shown, key=shown.get) == predicted != label
    assert digits.session.seen.label == DIGITS.index(label)


def test_samples_of_one_class(digits, visit):
    page = visit(digits)
    page.get_by_role("combobox", name="Class").select_option("7")
    reached(page, label="7")
    first = page.get_by_role("group", name="Inputs").get_by_role("button").first
    expect(first).to_contain_text("7")
    texts = page.get_by_role("group", name="Inputs").get_by_role("button").all_inner_texts()
    assert {text.strip().partition("→")[0] for text in texts} == {"7"}


def test_upload_a_picture(digits, visit, tmp_path):
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 13:16] = 255
    path = tmp_path / "one.png"
    Image.fromarray(picture).save(path)
    page = visit(digits)
    before = said(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload").click()
    chooser.value.set_files(path)
    settled(page, before)
    expect(page.get_by_role("complementary", name="Input")).to_contain_text("one.png")
    assert digits.session.seen.inputs[0].max() == 255
    agrees(page, digits, DIGITS)


def test_a_file_that_is_no_picture_is_refused_in_words(digits, visit, tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    page = visit(digits)
    before = said(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload").click()
    chooser.value.set_files(path)
    expect(page.get_by_role("alert")).to_contain_text("notes.png")
    assert said(page) == before
    page.locator('[data-focus="sample-3"]').click()
    settled(page, before)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.watch.pardon("api/input", "422")


def test_draw_a_digit(digits, visit):
    page = visit(digits)
    page.get_by_role("button", name="Draw").click()
    dialog = page.get_by_role("dialog", name="Draw an input")
    box = dialog.locator("canvas.board").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, y + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(x, y + 0.8 * box["height"], steps=8)
    page.mouse.up()
    expect(dialog.locator(".answer .prediction")).to_be_visible()
    dialog.get_by_role("button", name="Keep this").click()
    expect(page.get_by_role("complementary", name="Input")).to_contain_text("drawn by hand")
    drawn = digits.session.seen.inputs[0]
    assert drawn.shape[-2:] == (28, 28)
    assert drawn.max() > 200
    agrees(page, digits, DIGITS)


def test_paint_a_pixel_and_undo(digits, visit):
    page = visit(digits)
    before, start = said(page), digits.session.seen.inputs[0].clone()
    page.get_by_role("button", name="Edit", exact=True).click()
    box = page.locator(".input-stage").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"])
    settled(page, before)
    changed = (digits.session.seen.inputs[0] != start).nonzero().tolist()
    assert [place[-1] for place in changed] == [14]
    agrees(page, digits, DIGITS)
    page.get_by_role("button", name="Undo all changes").click()
    expect(prediction(page)).to_have_attribute("aria-label", before)


def test_which_pixels_count(digits, visit):
    page = visit(digits)
    for method in ("Gradient", "Grad-CAM"):
        page.get_by_role("combobox", name="Which pixels count").select_option(method)
        expect(page.locator(".input-stage canvas").nth(1)).to_be_visible()


def test_a_channel_at_zero_and_reset(digits, visit):
    page = visit(digits)
    before = said(page)
    open_layer(page, digits.trace, "conv2d")
    page.locator('[data-focus="whatif"]').click()
    page.get_by_role("button", name="Set to zero").click()
    expect(page.get_by_role("status")).to_contain_text("conv1: channel 0 is 0")
    node = next(node for node in digits.trace.nodes if node.op == "conv2d")
    channel = int(page.get_by_role("spinbutton", name="channel").input_value())
    assert not digits.trace.tensor(node.outputs[0])[0, channel].any()
    settled(page, before)
    agrees(page, digits, DIGITS)
    tried = said(page)
    page.get_by_role("button", name="Reset").first.click()
    settled(page, tried)
    agrees(page, digits, DIGITS)
    expect(page.get_by_text("Changed:")).to_have_count(0)


def test_another_stride_and_undo(digits, visit):
    page = visit(digits)
    index = open_layer(page, digits.trace, "conv2d")
    shape = digits.trace.values[digits.trace.nodes[index].outputs[0]].shape
    page.locator('[data-focus="whatif"]').click()
    padding = page.locator('[data-focus="whatif-padding"]')
    padding.fill("1")
    padding.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Changed:")
    assert digits.trace.values[digits.trace.nodes[index].outputs[0]].shape != shape
    page.get_by_role("button", name="Undo the last").click()
    expect(page.get_by_text("Changed:")).to_have_count(0)
    assert digits.trace.values[digits.trace.nodes[index].outputs[0]].shape == shape
