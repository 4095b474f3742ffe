"""One browser, a server a model, and a watch: a page that complains or asks elsewhere fails its test."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from convscope.opening import open_model
from convscope.web import Server
from convscope.web.session import Session
from tests.conftest import CHROMIUM

HERE = Path(__file__).parent
WAIT = 15_000  # milliseconds until a missing element is a failure: two cores are shared with other work


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def chromium():
    """One for all tests here. It ends with them: while it runs, asyncio cannot be used in this thread."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Served:
    """A model behind its server, in a thread of this process: tests ask the library about the same trace."""

    session: Session
    server: Server
    thread: threading.Thread

    @property
    def trace(self):
        return self.session.seen.trace

    @classmethod
    def start(cls, opened):
        session = Session(opened)
        server = Server(session)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        return cls(session, server, thread)

    def stop(self):
        self.server.stop()
        self.thread.join(10)


@pytest.fixture(scope="package")
def _shared():
    kept = {}
    yield kept
    for served in kept.values():
        served.stop()


@pytest.fixture
def shared(_shared):
    """`shared("plain", "1x28x28")`: a server that nothing is changed on; kept for other tests."""

    def get(*words):
        if words not in _shared:
            _shared[words] = Served.start(open_model(words[0], words[1:]))
        return _shared[words]

    return get


@pytest.fixture
def own():
    """`own(open_model(…))`: a server for one test, which may change what it likes."""
    started = []

    def start(opened):
        started.append(Served.start(opened))
        return started[-1]

    yield start
    for served in started:
        served.stop()


@dataclass
class Watch:
    """What a page did that it must not do."""

    host: str
    seen: list[str] = field(default_factory=list)

    def on(self, page):
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"not caught: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.seen.append(f"{message.type} in the console: {message.text} {message.location}")

    def _request(self, request):
        where = urlsplit(request.url)
        if where.scheme not in ("data", "blob") and where.netloc != self.host:
            self.seen.append(f"asked another host: {request.url}")

    def _response(self, response):
        if response.status >= 400:
            self.seen.append(f"{response.status}: {response.url}")


@pytest.fixture
def visit(chromium):
    """`visit(served, "op=3&level=layer")`: a watched page; English and light unless `query` says else."""
    opened = []

    def go(address, state="", *, query="lang=en&theme=light", size=(1440, 900)):
        address = address.server.address if isinstance(address, Served) else address
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-US")
        context.set_default_timeout(WAIT)
        page = context.new_page()
        watch = Watch(urlsplit(address).netloc)
        watch.on(page)
        page.watch = watch  # a test that wants a complaint takes it out
        opened.append((context, watch))
        page.goto(f"{address}?{query}#{state}")
        page.locator("html[data-drawn]").wait_for()
        return page

    yield go
    for context, _ in opened:
        context.close()
    assert [what for _, watch in opened for what in watch.seen] == []
