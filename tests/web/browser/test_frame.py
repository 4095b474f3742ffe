"""What frames every page: its languages, themes, policy, and layout on small screens."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.browser.steps import pressed

LANGUAGES = [("EN", "en", "Network"), ("简", "zh-Hans", "网络"), ("繁", "zh-Hant", "網路")]
PLACES = ["", "op=0", "op=0&level=layer", "op=0&level=channel&channel=1&at=3,3", "page=filters"]


@pytest.fixture
def plain(shared):
    return shared("plain", "1x28x28")


def drawn(page):
    return int(page.locator("html").get_attribute("data-drawn"))


def test_a_first_visit(plain, visit):
    page = visit(plain)
    expect(page).to_have_title(re.compile("convscope"))
    expect(page.get_by_role("navigation", name="Levels")).to_contain_text("plain")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".map [data-op]").first).to_be_visible()
    expect(page.get_by_role("complementary", name="Input")).to_contain_text("Prediction")


def test_the_system_chooses_language_and_theme(plain, visit):
    page = visit(plain, query="", color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place or "map")
def test_every_language(place, plain, visit):
    page = visit(plain, place, query="theme=light")
    said = []
    for label, lang, word in LANGUAGES:
        page.get_by_role("button", name=label, exact=True).click()
        expect(page.locator("html")).to_have_attribute("lang", lang)
        expect(page.locator(".bar")).to_contain_text(word)
        said.append(page.locator("body").inner_text())
    assert len(set(said)) == 3
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")  # remembered


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place or "map")
def test_light_and_dark(place, plain, visit):
    page = visit(plain, place, query="lang=en")
    grounds = []
    for theme in ("light", "dark"):
        if page.locator("html").get_attribute("data-theme") != theme:
            page.get_by_role("button", name="Light or dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("size", [(1280, 720), (800, 600), (420, 800)], ids=str)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place or "map")
def test_nothing_hangs_over(place, size, plain, visit):
    page = visit(plain, place, size=size)
    page.wait_for_timeout(300)
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0
    expect(page.get_by_role("navigation", name="Levels")).to_be_visible()


def test_a_small_screen_can_be_used(plain, visit):
    page = visit(plain, size=(800, 600))
    box = page.locator('.map [data-op="0"]')
    box.click()
    pressed(box).click()
    page.locator('[data-focus="channel-1"]').click()
    page.locator('[data-focus="open-channel"]').click()
    expect(page.locator(".sum-table")).to_be_visible()


def test_the_policy_is_in_force(plain, visit):
    page = visit(plain)
    tried = page.evaluate("""() => {
        const said = new Promise((done) => {
            addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
        });
        const script = document.createElement("script");
        script.textContent = "window.broken = true";
        document.body.append(script);
        return said;
    }""")
    assert tried.startswith("script-src")
    assert page.evaluate("window.broken") is None
    assert any("Content Security Policy" in what for what in page.watch.seen)
    page.watch.pardon("Content Security Policy")


def test_another_host_cannot_be_asked(plain, visit):
    page = visit(plain)
    page.evaluate("fetch('http://127.0.0.2:9/').catch(() => null)")
    page.wait_for_timeout(200)
    assert page.watch.seen  # the policy lets it not even ask
    page.watch.seen.clear()


def test_an_address_that_leads_nowhere(plain, visit):
    page = visit(plain, "op=999&level=channel&channel=7")
    expect(page.locator(".map")).to_be_visible()
    page.watch.pardon("api/", "Failed to load resource")
