import hashlib
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from convscope.data.catalogue import download
from convscope.data.catalogue.download import Remote, fetch
from convscope.errors import DataError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
FILE = Remote("data.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Handler(BaseHTTPRequestHandler):
    """Mirrors that behave in different ways, by the first part of the address; every request is noted."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        way = self.path.split("/")[1]
        asked = self.headers.get("Range")
        self.server.seen.append((way, asked))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and way != "norange" else 0
        body = {"wrong": b"x" * len(CONTENT), "long": CONTENT * 2, "short": CONTENT[:1000]}.get(way, CONTENT)[
            start:
        ]
        if way == "missing":
            self.send_error(404)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if way != "unsaid":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.send(way, body)

    def send(self, way: str, body: bytes) -> None:
        if way == "breaks":
            body = body[:1_300_000]
        if way == "silent":
            self.server.stop.wait(5)
            return
        for start in range(0, len(body), 100_000):
            self.wfile.write(body[start : start + 100_000])
            if way == "slow":
                time.sleep(0.05)


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):  # a client that goes away is part of the tests
        pass


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as server:
        server.seen, server.stop = [], threading.Event()
        server.at = lambda *ways: [f"http://127.0.0.1:{server.server_port}/{way}/" for way in ways]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.stop.set()
        server.shutdown()
        thread.join()


def assert_there(folder: Path) -> None:
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert [entry.name for entry in folder.iterdir()] == [FILE.name]  # no .part left


def test_a_file_comes_and_is_not_fetched_again(server, tmp_path):
    fetch([FILE], server.at("good"), tmp_path / "new" / "folder")
    assert_there(tmp_path / "new" / "folder")
    fetch([FILE], server.at("good"), tmp_path / "new" / "folder")
    assert server.seen == [("good", None)]


def test_a_broken_connection_is_taken_up_again(server, tmp_path):
    fetch([FILE], server.at("breaks"), tmp_path)
    assert_there(tmp_path)
    assert server.seen == [("breaks", None), ("breaks", "bytes=1300000-"), ("breaks", "bytes=2600000-")]


def test_a_server_without_ranges_sends_all_again(server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:1_000_000])
    fetch([FILE], server.at("norange"), tmp_path)
    assert_there(tmp_path)
    assert server.seen == [("norange", "bytes=1000000-")]


@pytest.mark.parametrize("bad", ["wrong", "long", "short", "missing"])
def test_the_next_mirror_helps(server, tmp_path, bad):
    fetch([FILE], server.at(bad, "good"), tmp_path)
    assert (tmp_path / FILE.name).read_bytes() == CONTENT


def test_a_bad_beginning_is_thrown_away(server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"?" * 1_000_000)
    fetch([FILE], server.at("good"), tmp_path)
    assert_there(tmp_path)
    assert server.seen == [("good", "bytes=1000000-"), ("good", None)]


def test_a_damaged_file_in_place_is_replaced(server, tmp_path):
    (tmp_path / FILE.name).write_bytes(CONTENT[:-1])
    fetch([FILE], server.at("good"), tmp_path)
    assert_there(tmp_path)


def test_when_nothing_helps_the_error_says_what_to_bring_where(server, tmp_path):
    mirrors = [*server.at("wrong", "missing"), "http://127.0.0.1:9/"]  # nobody listens at the last
    with pytest.raises(DataError) as caught:
        fetch([FILE], mirrors, tmp_path)
    message = str(caught.value)
    assert message.startswith("data.bin could not be downloaded:")
    assert f"{mirrors[0]}data.bin: its content is not what was published (SHA-256 differs)" in message
    assert f"{mirrors[1]}data.bin: the server answers 404 Not Found" in message
    assert f"{mirrors[2]}data.bin: [Errno 111] Connection refused" in message
    assert message.endswith(f"bring these files:\n    {mirrors[0]}data.bin\n  to {tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    fetch([FILE], server.at("silent", "good"), tmp_path)
    assert_there(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be written.*\n.*CONVSCOPE_CACHE"):
        fetch([FILE], ["http://127.0.0.1:9/"], tmp_path / "file" / "below")


def test_a_killed_download_goes_on_where_it_was(server, tmp_path):
    program = (
        "import sys; from pathlib import Path; from convscope.data.catalogue.download import Remote, fetch\n"
        f"fetch([Remote({FILE.name!r}, {FILE.size}, {FILE.sha256!r})], [sys.argv[1]], Path(sys.argv[2]))"
    )
    part = tmp_path / "data.bin.part"
    with subprocess.Popen([sys.executable, "-c", program, *server.at("slow"), str(tmp_path)]) as process:
        for _ in range(1000):
            if part.exists() and part.stat().st_size > 0:
                break
            time.sleep(0.02)
        process.kill()
    have = part.stat().st_size
    assert 0 < have < FILE.size
    assert not (tmp_path / FILE.name).exists()
    fetch([FILE], server.at("good"), tmp_path)
    assert_there(tmp_path)
    assert server.seen[-1] == ("good", f"bytes={have}-")


def test_what_is_not_known_of_a_file_is_not_asked_for(server, tmp_path):
    unknown = Remote(FILE.name)
    fetch([unknown], server.at("whole"), tmp_path)
    assert_there(tmp_path)
    fetch([unknown], server.at("whole"), tmp_path)
    assert len(server.seen) == 1  # there already


def test_a_broken_download_of_unknown_size_starts_afresh(server, tmp_path):
    (tmp_path / f"{FILE.name}.part").write_bytes(b"of something else")
    fetch([Remote(FILE.name)], server.at("breaks", "whole"), tmp_path)
    assert_there(tmp_path)
    assert {asked for _, asked in server.seen} == {None}


def test_a_server_that_does_not_say_how_long_a_file_is(server, tmp_path):
    with pytest.raises(DataError, match="does not say how long the file is"):
        fetch([Remote(FILE.name)], server.at("unsaid"), tmp_path)
