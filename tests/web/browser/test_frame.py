"""The frame of every page: its languages, themes, security and layout."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def plain(shared):
    return shared("plain", "1x28x28")


def test_a_first_visit(plain, visit):
    page = visit(plain)
    expect(page).to_have_title(re.compile("convscope"))
    expect(page.get_by_role("navigation", name="Levels")).to_contain_text("plain")
    assert page.locator("html").get_attribute("lang") == "en"


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
    page.watch.seen.clear()


def test_the_watch_sees_another_host(plain, visit):
    page = visit(plain)
    page.evaluate("fetch('http://127.0.0.2:9/').catch(() => null)")
    assert page.watch.seen
    page.watch.seen.clear()
