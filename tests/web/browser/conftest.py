"""One browser, a server a model, and a watch: a page that complains or asks elsewhere fails its test."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch

from convscope import train
from convscope.network import build
from convscope.opening import Opened
from convscope.web import Server
from convscope.web.session import Session
from convscope.web.subject import session_of
from tests.conftest import CHROMIUM

HERE = Path(__file__).parent
WAIT = 60_000  # milliseconds until something that is missing is a failure: the cores may be busy


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
    """A session behind its server, a thread of this process: tests ask the library about the same trace."""

    session: Session
    server: Server
    thread: threading.Thread

    @property
    def trace(self):
        return self.session.seen.trace

    @property
    def address(self):
        return self.server.address

    @classmethod
    def start(cls, session):
        server = Server(session)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        return cls(session, server, thread)

    def stop(self):
        self.server.stop()
        self.thread.join(10)


def fifty_layers():
    """The plan of ResNet-50, on a small picture."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build("resnet", 3, 10, (64, 64), depth=50)
        picture = torch.randn(1, 3, 64, 64)
    return Session(Opened("resnet-50", model.eval(), (picture,), given=("random numbers, 3 × 64 × 64",)))


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """The folder of a small run on digits."""
    runs = tmp_path_factory.mktemp("browser") / "runs"
    train("mnist-sample", network="plain", epochs=0.5, runs=runs)
    return next(path for path in runs.iterdir() if not path.is_symlink())


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
            made = fifty_layers() if words == ("resnet-50",) else session_of(words[0], words[1:])
            _shared[words] = Served.start(made)
        return _shared[words]

    return get


@pytest.fixture
def own():
    """`own("plain", "1x28x28")`: a server for one test, which may change what it likes."""
    started = []

    def start(*words):
        started.append(Served.start(session_of(words[0], words[1:])))
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

    def pardon(self, *words):
        """Take out what a test brought about on purpose: complaints with one of these words."""
        self.seen[:] = [what for what in self.seen if not any(word in what for word in words)]


@pytest.fixture
def visit(chromium):
    """`visit(served, "op=3&level=layer")`: a watched page; English and light unless `query` says else."""
    opened = []

    def go(address, state="", *, query="lang=en&theme=light", size=(1440, 900), **options):
        address = address.address if isinstance(address, Served) else address
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="en-US", **options
        )
        context.set_default_timeout(WAIT)
        page = context.new_page()
        watch = Watch(urlsplit(address).netloc)
        watch.on(page)
        page.watch = watch
        opened.append((context, watch))
        page.goto(f"{address}?{query}#{state}")
        page.locator("html[data-drawn]").wait_for()
        return page

    yield go
    for context, _ in opened:
        context.close()
    assert [what for _, watch in opened for what in watch.seen] == []
