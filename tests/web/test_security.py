"""Strangers, mistakes and attacks, over real HTTP: refused with 4xx, and the server goes on."""

import http.client
import io
import json
import socket
import struct
import threading
import time
import zlib
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from PIL import Image

from convscope.opening import open_model
from convscope.web import Server
from convscope.web.guard import LARGEST
from convscope.web.session import Session

MIB = 2**20


class Browser:
    """Sends what a browser would not."""

    def __init__(self, address):
        parts = urlsplit(address)
        self.port, self.token = parts.port, parts.path.strip("/")
        self.host = f"127.0.0.1:{self.port}"

    def ask(self, path="", method="GET", body=None, token=None, **headers):
        """Status, headers and body of the answer to one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/{self.token if token is None else token}/{path}", body, sent)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def raw(self, *pieces):
        """The status of what the server says to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has said enough
            line.settimeout(30)
            answer = line.recv(65536)
        return int(answer.split(b" ", 2)[1])

    def post(self, body, kind="application/octet-stream", where="input"):
        """Status and words of the answer to a POST."""
        status, _, answer = self.ask(f"api/{where}", "POST", body, Content_Type=kind)
        return status, json.loads(answer)

    def goes_on(self):
        """The page's own requests are answered as ever."""
        status, _, body = self.ask("api/graph")
        return status == 200 and bool(json.loads(body)["operations"])


@pytest.fixture(scope="module")
def browser():
    server = Server(Session(open_model("plain", ["1x28x28"])))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Browser(server.address)
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def unharmed(browser):
    yield
    assert browser.goes_on()


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000, "%00", "%F0%9F%92%A9", "api", ".", "%2e%2e"])
def test_a_wrong_token(browser, token):
    assert browser.ask("", token=token)[0] in (400, 403, 404)
    assert browser.ask("api/graph", token=token)[0] in (400, 403, 404)


def test_a_token_that_begins_like_the_right_one(browser):
    assert browser.ask("api/graph", token=browser.token[:-1])[0] == 403
    assert browser.ask("api/graph", token=f"{browser.token}x")[0] == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", "[::1]:{port}", ""],
)
def test_a_wrong_host(browser, host):
    assert browser.ask("api/graph", Host=host.format(port=browser.port))[0] == 421


def test_localhost_is_the_same_machine(browser):
    assert browser.ask("api/graph", Host=f"localhost:{browser.port}")[0] == 200


def test_two_hosts(browser):
    path = f"GET /{browser.token}/api/graph HTTP/1.1\r\n"
    for hosts in ((browser.host, "evil.example"), ("evil.example", browser.host), (browser.host,) * 2):
        lines = "".join(f"Host: {host}\r\n" for host in hosts)
        assert browser.raw(f"{path}{lines}\r\n".encode()) == 400


def test_no_host(browser):
    assert browser.raw(f"GET /{browser.token}/api/graph HTTP/1.1\r\n\r\n".encode()) == 400
    assert browser.raw(f"GET /{browser.token}/api/graph HTTP/1.0\r\n\r\n".encode()) == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://{host}", "null", "{host}", "http://{host}.evil.example", "file://", ""],
)
def test_a_foreign_origin(browser, origin):
    told = origin.format(host=browser.host)
    assert browser.ask("api/graph", Origin=told)[0] == 403
    assert browser.ask("api/input", "POST", b"{}", Origin=told, Content_Type="application/json")[0] == 403


def test_the_page_s_own_origin(browser):
    assert browser.ask("api/graph", Origin=f"http://{browser.host}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../app.py",
            "../../errors.py",
            "..%2fapp.py",
            "%2e%2e/app.py",
            "%2e%2e%2fapp.py",
            "%252e%252e/app.py",
        ),
        *(
            "..%5capp.py",
            "views/../../app.py",
            "....//app.py",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "//etc/passwd",
        ),
        *("index.html%00.js", "api/../../app.py", "api/%2e%2e/%2e%2e/app.py", "file:///etc/passwd", "C:%5cx"),
    ],
)
def test_nothing_outside_of_the_page_s_folder(browser, path):
    status, _, body = browser.ask(path)
    assert 400 <= status < 500, body
    assert b"root:" not in body
    assert b"Starlette" not in body


@pytest.mark.parametrize(
    "path", ["views", "views/", "draw/", "styles", "api", "api/", "api/nothing", "nothing.js"]
)
def test_no_list_of_a_folder_and_no_unknown_address(browser, path):
    assert browser.ask(path)[0] == 404


@pytest.mark.parametrize(
    "path", ["", "main.js", "tokens.css", "api/graph", "api/nothing", "nothing.js", "api/number/0?at=x"]
)
def test_every_answer_carries_the_policy(browser, path):
    _, headers, _ = browser.ask(path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "no-" in headers["cache-control"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_a_refusal_carries_it_too(browser):
    for status, headers, _ in (
        browser.ask(token="wrong"),
        browser.ask(Host="evil.example"),
        browser.ask(method="PUT"),
    ):
        assert 400 <= status < 500
        assert "default-src 'none'" in headers["content-security-policy"]


def test_the_type_of_scripts(browser):
    assert browser.ask("main.js")[1]["content-type"].startswith("text/javascript")
    assert browser.ask("tokens.css")[1]["content-type"].startswith("text/css")


def test_a_missing_slash_is_told(browser):
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
    connection.request("GET", f"/{browser.token}")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("location")) == (308, f"/{browser.token}/")
    connection.close()


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_other_methods(browser, method):
    for path in ("", "main.js", "api/graph", "api/input"):
        assert browser.ask(path, method)[0] in (400, 405)


def test_get_and_post_are_not_the_same(browser):
    assert browser.ask("api/graph", "POST", b"")[0] in (404, 405)
    assert browser.ask("api/input")[0] in (404, 405)
    assert browser.ask("main.js", "POST", b"")[0] == 405


def test_a_websocket(browser):
    status, _, _ = browser.ask(
        "",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
    )
    assert status != 101


def head(browser, *lines):
    kept = [f"POST /{browser.token}/api/input HTTP/1.1", f"Host: {browser.host}", *lines]
    return "".join(f"{line}\r\n" for line in [*kept, ""]).encode()


def test_more_than_is_taken_by_its_header(browser):
    assert browser.raw(head(browser, f"Content-Length: {LARGEST + 1}")) == 413
    assert browser.raw(head(browser, "Content-Length: 999999999999999")) == 413


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "0x10", "٣", "1" * 30, "5, 6", "+5", "1.0"])
def test_a_length_that_is_none(browser, length):
    assert browser.raw(
        head(browser).replace(b"\r\n\r\n", b"\r\n") + f"Content-Length: {length}\r\n\r\n".encode()
    ) in (400, 413)


def test_two_lengths(browser):
    assert browser.raw(head(browser, "Content-Length: 5", "Content-Length: 6") + b"hello") == 400


def test_more_than_is_taken_without_a_length(browser):
    piece = f"{MIB:x}\r\n".encode() + bytes(MIB) + b"\r\n"
    pieces = [head(browser, "Transfer-Encoding: chunked"), *[piece] * (LARGEST // MIB + 2), b"0\r\n\r\n"]
    assert browser.raw(*pieces) == 413


@pytest.mark.parametrize(("length", "token", "status"), [(LARGEST, "wrong", 403), (LARGEST + MIB, None, 413)])
def test_who_sends_much_gets_to_read_the_refusal(browser, length, token, status):
    for chunked in (False, True):
        body = (bytes(MIB) for _ in range(length // MIB)) if chunked else bytes(length)
        found, _, words = browser.ask("api/input", "POST", body, token)
        assert (found, len(words) > 0) == (status, True)


def test_who_never_ends_is_not_waited_for(browser):
    with socket.create_connection(("127.0.0.1", browser.port), timeout=30) as line:
        line.sendall(head(browser, f"Content-Length: {LARGEST + 1}") + b"hello")
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"MiB")


@pytest.mark.parametrize("piece", [b"", b"GET /"])
def test_who_says_nothing_is_not_waited_for(browser, monkeypatch, piece):
    monkeypatch.setattr("convscope.listening.IDLE", 0.2)
    with socket.create_connection(("127.0.0.1", browser.port), timeout=30) as line:
        line.sendall(piece)
        assert line.recv(65536) == b""  # closed
    assert browser.ask("api/session")[0] == 200


def test_who_asks_is_waited_for(browser, monkeypatch):
    monkeypatch.setattr("convscope.listening.IDLE", 0.2)
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
    for _ in range(3):
        connection.request("GET", f"/{browser.token}/api/session")
        assert connection.getresponse().read()
        time.sleep(0.15)
    connection.close()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("GET /{token}/api/graph HT", 0),
        ("GET /{token}/api/graph HTTP/1.1\r\nHost: {host}\r\n\r\n", 0),
        ("GET /{token}/api/graph HTTP/1.1\r\nHost: {host}\r\n\r\n", 20),
        ("GET /{token}/static/map.css HTTP/1.1\r\nHost: {host}\r\n\r\n", 1),
        ("POST /{token}/api/input HTTP/1.1\r\nHost: {host}\r\nContent-Length: 999\r\n\r\nhalf of it", 0),
    ],
)
def test_who_breaks_off_leaves_no_word(browser, capfd, sent, read):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", browser.port), timeout=30) as line:
            line.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # a reset, no farewell
            line.sendall(sent.format(token=browser.token, host=browser.host).encode())
            if read:
                assert line.recv(read)
    assert browser.goes_on()
    assert capfd.readouterr() == ("", "")


def test_a_request_that_is_none(browser):
    assert browser.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)) == 400
    assert browser.raw(b"GET\r\n\r\n") == 400


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{",
            b"[]",
            b"3",
            b'"x"',
            b"null",
            b"\xff\xfe",
            b"{}",
            b'{"sample": NaN}',
            b'{"sample": 1e999}',
        ),
        *(b"[" * 100_000, b'{"a":' * 50_000, b'{"sample": "3"}', b'{"sample": true}', b'{"sample": 3.5}'),
        *(b'{"numbers": "x"}', b'{"numbers": [1], "shape": [2]}', b'{"numbers": [1e999], "shape": [1]}'),
        *(
            b'{"numbers": [], "shape": [0]}',
            b'{"numbers": [1], "shape": [-1]}',
            b'{"numbers": [null], "shape": [1]}',
        ),
        b'{"numbers": {"dtype": "f32", "shape": [99999999999, 99999999999], "data": ""}}',
        *(b'{"numbers": {"dtype": "f32", "shape": [1], "data": "*"}}', b'{"numbers": {"dtype": "f8"}}'),
        *(b'{"edit": {"at": [0, 99, 0], "value": 1}}', b'{"edit": {"at": [0, -1, 0], "value": 1}}'),
        *(
            b'{"edit": {"at": [0, 0], "value": 1}}',
            b'{"edit": {"at": [0, 0, 0], "value": "red"}}',
            b'{"edit": 3}',
        ),
        *(
            b'{"mask": {"box": [[5, 3], [0, 1]], "value": 0}}',
            b'{"mask": {"box": [[0, 99], [0, 1]], "value": 0}}',
        ),
        *(b'{"mask": {"box": 3, "value": 0}}', b'{"mask": {"box": [[0]], "value": 0}}', b'{"reset": false}'),
        *(b'{"sample": 99999999999999999999999999}', b'{"sample": -1}', b'{"sample": ' + b"9" * 5000 + b"}"),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_malformed_json(browser, body):
    status, answer = browser.post(body, "application/json")
    assert 400 <= status < 500
    assert answer["error"]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "operation/99",
            "operation/-99",
            "operation/x",
            "operation/1e3",
            "operation/9999999999999999999999",
        ),
        *(
            "layer/99",
            "layer/0?page=-1",
            "layer/0?page=x",
            "layer/0?sort=nonsense",
            "layer/0?page=99999999999999999999",
        ),
        *("channel/99/0", "channel/0/99", "channel/0/-99", "channel/x/y", "channel/0/٣"),
        *(
            "number/0?at=99,99,99,99",
            "number/0?at=x",
            "number/0?at=0,0,0,0,0,0,0,0",
            "number/0?at=1:2,::",
            "number/99?at=0",
        ),
        *(
            "number/0?at=" + "9" * 5000,
            "number/0?at=0,0,0,99999999999999999999",
            "number/0?at=0,0,0,0&gradient=nothing",
        ),
        *(
            "samples?which=nonsense",
            "samples?page=-1",
            "samples?size=0",
            "samples?size=99999",
            "results",
            "check",
            "runs",
        ),
        *("plane", "plane?method=nonsense", "nearest"),
        *("versus?run=/etc", "versus?run=../..", "versus", "graph?trace=of-another"),
    ],
)
def test_malformed_addresses(browser, address):
    status, _, body = browser.ask(f"api/{quote(address, safe='/?=&,:')}")
    assert 400 <= status < 500, (status, body[:300])


def png(width, height, data=None):
    """A PNG file with these sizes in its header."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.compress(bytes((width + 1) * height)) if data is None else data
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("a bomb", png(20_000, 20_000)),
        ("a bomb that is only said", png(2**31 - 1, 2**31 - 1, b"")),
        ("just too many pixels", png(8_000, 8_001)),
        ("no pixels", png(0, 0, b"")),
        ("cut short", png(28, 28)[:40]),
        ("half of one", png(280, 280, zlib.compress(bytes(999)))),
        ("nothing", b""),
        ("noise", bytes(range(256)) * 4),
        ("an archive", b"PK\x03\x04" + bytes(100)),
        ("a gzip bomb", b"\x1f\x8b" + bytes(100)),
        ("words", b"once upon a time"),
        ("rows of unequal length", b"1,2,3\n4,5\n"),
        ("infinity", b"inf,1,2\n"),
        ("a page", b"<!doctype html><script>alert(1)</script>"),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("an EPS picture", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("half a sound", b"RIFF\x24\x00\x00\x00WAVEfmt "),
        ("half an array", b"\x93NUMPY\x01\x00"),
        ("an array of an unknown version", b"\x93NUMPY\x09\x00" + bytes(100)),
    ],
)
def test_files_that_are_none(browser, what, body):
    status, answer = browser.post(body)
    assert 400 <= status < 500, what
    assert answer["error"]
    assert "/tmp" not in answer["error"]


def npy(array, header=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    body = stream.getvalue()
    return body if header is None else body.replace(*header)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("objects, that is a pickle", npy(np.array([{"a": 1}], dtype=object))),
        ("a header that lies", npy(np.zeros((1, 8)), (b"(1, 8), }         ", b"(1, 8000000000), }"))),
        ("text", npy(np.array(["x"]))),
        ("complex numbers", npy(np.zeros((28, 28), complex))),
        ("NaN", npy(np.full((28, 28), np.nan))),
        ("nothing", npy(np.zeros((0, 28)))),
        ("too many axes", npy(np.zeros((2, 2, 2, 2, 2)))),
        ("two samples", npy(np.zeros((2, 1, 28, 28)))),
        ("fields", npy(np.zeros(3, [("a", "f4")]))),
    ],
)
def test_arrays_that_are_none(browser, what, body):
    status, answer = browser.post(body)
    assert 400 <= status < 500, what
    assert answer["error"]


def test_what_is_right_goes_through(browser):
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(picture, "JPEG")
    for body in (
        picture.getvalue(),
        npy(np.zeros((28, 28))),
        npy(np.zeros((1, 1, 14, 14), np.uint8)),
        png(28, 28),
    ):
        status, answer = browser.post(body)
        assert status == 200, answer
        assert answer["trace"]
    name = quote("my <b>cat</b>\n.png")
    assert browser.post(png(28, 28), where=f"input?name={name}")[0] == 200


def test_numbers_have_an_address_and_are_sent_once(browser):
    name = json.loads(browser.ask("api/layer/0")[2])["maps"]["data"]["value"]
    status, headers, body = browser.ask(f"api/value/{name}")
    assert (status, headers["content-type"], headers["x-content-type-options"]) == (
        200,
        "application/octet-stream",
        "nosniff",
    )
    assert headers["cache-control"] == "private, no-cache"
    assert len(body) == 16 * 28 * 28
    again, kept, nothing = browser.ask(f"api/value/{name}", If_None_Match=headers["etag"])
    assert (again, kept["etag"], nothing) == (304, headers["etag"], b"")


@pytest.mark.parametrize(
    "name", ["nothing", "0" * 32, "..", "%2e%2e", "a%2fb", "x" * 5000, "%F0%9F%92%A9", ""]
)
def test_numbers_that_nobody_named(browser, name):
    assert browser.ask(f"api/value/{name}")[0] in (400, 404)
    assert browser.ask(f"api/value/{name}", token="wrong")[0] in (400, 403)


def test_every_name_needs_the_token_and_the_host(browser):
    name = json.loads(browser.ask("api/layer/0")[2])["maps"]["data"]["value"]
    assert browser.ask(f"api/value/{name}", token="wrong")[0] == 403
    assert browser.ask(f"api/value/{name}", Host="evil.example")[0] == 421
    assert browser.ask(f"api/value/{name}", Origin="http://evil.example")[0] == 403
    assert browser.ask(f"api/value/{name}", "POST", b"")[0] in (404, 405)
