"""A service answers as the run does, by every road, and goes on whatever is sent to it."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
import torch
import tritonclient.http as triton
from PIL import Image

import convscope
from convscope.serving import InferenceServer, ServiceLimits


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (80, 1, 12, 12), dtype=np.uint8)
    y = np.array(["dark", "light"])[np.arange(80) % 2]
    x[y == "dark"] //= 3
    return convscope.train((x, y), network="plain", epochs=1, runs=folder, threads=1)


@contextmanager
def served(*runs, **options):
    server = InferenceServer(runs, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def server(run):
    with served(run, f"two={run.path}", f"two={run.path}", limits=ServiceLimits(body=2**20)) as server:
        yield server


def place(server):
    return server.address.removeprefix("http://")


def ask(server, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(place(server), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        kind = answer.headers.get_content_type()
        return answer.status, json.loads(content) if kind == "application/json" else content.decode()
    finally:
        connection.close()


def samples(count=5, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 12, 12), dtype=np.uint8)


def png(pixels, **more):
    content = BytesIO()
    Image.fromarray(pixels, **more).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("binary", [True, False])
def test_triton_s_client_gets_the_run_s_answers(server, run, binary):
    x, client = samples(), triton.InferenceServerClient(place(server))
    given = triton.InferInput("input", list(x.shape), "UINT8")
    given.set_data_from_numpy(x, binary_data=binary)
    names = ("probabilities", "class")
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
    said = client.infer(run.name, [given], outputs=wanted, request_id="7")
    true = run.predict(x)
    assert np.abs(said.as_numpy("probabilities") - np.asarray(true.probabilities)).max() <= 1e-5
    told = [each.decode() if isinstance(each, bytes) else each for each in said.as_numpy("class").tolist()]
    assert told == [row["predicted"] for row in true.table(1)]
    assert said.get_response()["id"] == "7"
    client.close()


def test_triton_s_client_finds_its_way(server, run):
    client = triton.InferenceServerClient(place(server))
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(run.name)
    assert client.get_server_metadata()["name"] == "convscope"
    found = client.get_model_metadata("two")
    assert found["versions"] == ["1", "2"] and found["inputs"][0]["shape"] == [-1, 1, 12, 12]
    assert client.is_model_ready("two", "1") and not client.is_model_ready("two", "3")
    assert {each["name"] for each in client.get_model_repository_index()} == {run.name, "two"}
    client.close()


def test_a_file_is_read_as_in_training(server, run, tmp_path):
    pixels = np.random.default_rng(2).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    (tmp_path / "one.png").write_bytes(png(pixels))
    status, said = ask(server, "POST", "/predict?name=one.png", png(pixels))
    true = run.predict(tmp_path / "one.png")
    assert status == 200 and said["predicted"] == true.table(1)[0]["predicted"]
    assert list(said["probabilities"].values()) == pytest.approx(true.probabilities[0].tolist(), abs=1e-5)


def test_many_at_once_get_their_own_answers(server, run):
    x = samples(64, seed=3)
    true = np.asarray(run.predict(x).probabilities)

    def one(row):
        body = {"inputs": [tensor(x[row : row + 1])]}
        return ask(server, "POST", "/v2/models/two/infer", json.dumps(body))[1]["outputs"][0]["data"]

    with ThreadPoolExecutor(16) as pool:
        said = np.array(list(pool.map(one, range(64))))
    assert np.abs(said - true).max() <= 1e-5


def tensor(x, **more):
    given = {"name": "input", "datatype": "UINT8", "shape": list(x.shape), "data": x.reshape(-1).tolist()}
    return given | more


ONE = samples(1)
BAD = {
    "no JSON": b"{",
    "no object": b"[]",
    "no UTF-8": b"\xff\xfe",
    "nested": b"[" * 100_000,
    "no inputs": {},
    "two inputs": {"inputs": [tensor(ONE), tensor(ONE)]},
    "inputs of no kind": {"inputs": 3},
    "another name": {"inputs": [tensor(ONE, name="x")]},
    "another type": {"inputs": [tensor(ONE, datatype="FP32")]},
    "a type that is none": {"inputs": [tensor(ONE, datatype=[])]},
    "another shape": {"inputs": [tensor(ONE, shape=[1, 1, 6, 24])]},
    "no samples": {"inputs": [tensor(ONE, shape=[0, 1, 12, 12], data=[])]},
    "below zero": {"inputs": [tensor(ONE, shape=[-1, 1, 12, 12])]},
    "huge": {"inputs": [tensor(ONE, shape=[2**62, 1, 12, 12])]},
    "too few": {"inputs": [tensor(ONE, data=[1, 2])]},
    "ragged": {"inputs": [tensor(ONE, data=[[1], [2, 3]])]},
    "words": {"inputs": [tensor(ONE, data=["a"] * 144)]},
    "nothing": {"inputs": [tensor(ONE, data=None)]},
    "fractions": {"inputs": [tensor(ONE, data=[0.5] * 144)]},
    "too large": {"inputs": [tensor(ONE, data=[256] * 144)]},
    "far too large": {"inputs": [tensor(ONE, data=[10**400] * 144)]},
    "NaN": b'{"inputs": [{"name": "input", "datatype": "UINT8", "shape": [1,1,12,12], "data": [NaN]}]}',
    "an output that is none": {"inputs": [tensor(ONE)], "outputs": [{"name": "x"}]},
    "parameters of no kind": {"inputs": [tensor(ONE)], "parameters": 3},
    "a flag of no kind": {"inputs": [tensor(ONE)], "parameters": {"binary_data_output": 3}},
    "an id of no kind": {"inputs": [tensor(ONE)], "id": 3},
    "bytes that are not there": {"inputs": [tensor(ONE, parameters={"binary_data_size": 144})]},
    "half a character as a name": {"inputs": [tensor(ONE, name="\ud800")]},
    "half a character as a type": {"inputs": [tensor(ONE, datatype="\ud800")]},
    "half a character as an output": {"inputs": [tensor(ONE)], "outputs": [{"name": "\ud800"}]},
    "half a character as a size": {"inputs": [tensor(ONE, parameters={"binary_data_size": "\ud800"})]},
    "bytes of no number": {"inputs": [tensor(ONE, parameters={"binary_data_size": "144"})]},
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_malformed_is_refused_with_words(server, case):
    body = BAD[case] if isinstance(BAD[case], bytes) else json.dumps(BAD[case])
    status, said = ask(server, "POST", "/v2/models/two/infer", body)
    assert status == 400 and len(said["error"]) > 10


@pytest.mark.parametrize("length", ["-1", "9999", "x", "1" * 30, "²"])
def test_a_length_of_the_json_that_is_none(server, length):
    headers = {"Inference-Header-Content-Length": length.encode()}
    status, said = ask(server, "POST", "/v2/models/two/infer", b"{}", headers)
    assert status == 400 and "Inference-Header-Content-Length" in said["error"]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", png(ONE[0, 0])[:60], b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_none(server, content):
    status, said = ask(server, "POST", "/predict", content)
    assert status == 400 and said["error"]


def test_what_is_not_there(server):
    assert ask(server, "GET", "/v2/models/none")[0] == 404
    assert ask(server, "POST", "/predict?model=two&version=9", b"x")[0] == 404
    assert ask(server, "GET", "/nothing")[0] == 404
    assert ask(server, "GET", "/predict")[0] == 405


def test_who_asks_for_another_host_or_from_another_page(server):
    assert ask(server, "GET", "/v2", headers={"Host": "evil.example"})[0] == 421
    assert (
        ask(server, "GET", "/v2", headers={"Host": place(server).replace("127.0.0.1", "LocalHost")})[0] == 200
    )
    assert ask(server, "GET", "/v2", headers={"Origin": "http://evil.example"})[0] == 403
    assert ask(server, "GET", "/v2", headers={"Origin": server.address})[0] == 200


def test_what_is_too_large(server):
    assert ask(server, "POST", "/predict", b"x" * (2**20 + 1))[0] == 413
    pieces = (b"x" * 2**18 for _ in range(5))  # of no length that is said
    assert ask(server, "POST", "/predict", pieces)[0] == 413
    assert ask(server, "POST", "/predict", b"x", {"Content-Encoding": "gzip"})[0] == 415


def test_a_body_that_never_ends(run):
    with served(run, limits=ServiceLimits(seconds=1)) as server:
        connection = http.client.HTTPConnection(place(server), timeout=20)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"abc")
        begun = time.monotonic()
        answer = connection.getresponse()
        assert answer.status == 504 and json.loads(answer.read())["error"]
        assert time.monotonic() - begun < 10
        connection.close()


@pytest.mark.parametrize("path", ["/predict", "/v2/models/{}/infer"])
def test_an_answer_that_is_no_number(run, monkeypatch, path):
    with served(run) as server:
        model = server.service.models.every[0]
        monkeypatch.setattr(model, "answers", lambda inputs: torch.full((len(inputs), 2), torch.nan))
        body = png(ONE[0, 0]) if path == "/predict" else json.dumps({"inputs": [tensor(ONE)]})
        status, said = ask(server, "POST", path.format(model.name), body)
        assert status == 400 and "no finite number" in said["error"]


def test_a_key(run):
    with served(run, key="s3cret") as server:
        assert ask(server, "GET", "/v2")[0] == 401
        assert ask(server, "GET", "/v2", headers={"Authorization": "Bearer other"})[0] == 401
        assert ask(server, "GET", "/v2", headers={"Authorization": "Bearer s3cret"})[0] == 200
        assert ask(server, "GET", "/v2", headers={"X-Api-Key": "s3cret"})[0] == 200
        assert ask(server, "GET", "/v2/health/ready")[0] == 200


def test_runs_are_read_again_and_no_request_is_dropped(server):
    body = json.dumps({"inputs": [tensor(ONE)]})
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, server, "POST", "/v2/models/two/infer", body) for _ in range(40)]
        assert ask(server, "POST", "/reload")[0] == 200
        assert {each.result()[0] for each in asked} == {200}


def test_counters_and_pages(server):
    status, text = ask(server, "GET", "/metrics")
    assert status == 200 and 'convscope_requests_total{route="/predict",status="200"}' in text
    assert "convscope_batch_samples_count" in text
    for page in ("/", "/docs", "/static/try.js", "/static/serving.css"):
        assert ask(server, "GET", page)[0] == 200
    document = ask(server, "GET", "/openapi.json")[1]
    assert document["openapi"] == "3.1.0"
    assert all(path in ask(server, "GET", "/docs")[1] for path in document["paths"])  # without a script


def test_the_page_s_command_opens_the_run_under_whatever_name(server, run):
    index = ask(server, "POST", "/v2/repository/index")[1]
    assert {each["look"] for each in index} == {f"convscope look {run.path}"}


def test_a_form_is_told_how_a_file_is_sent(server):
    status, said = ask(
        server, "POST", "/predict", b"--x", {"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert status == 415 and "curl --data-binary @FILE" in said["error"]


def test_a_full_queue_and_a_time_that_is_over(run, monkeypatch):
    with served(run, limits=ServiceLimits(queue=1, seconds=1)) as server:
        model, go = server.service.models.every[0], threading.Event()
        answers = model.answers
        monkeypatch.setattr(model, "answers", lambda inputs: go.wait(20) and answers(inputs))
        body = json.dumps({"inputs": [tensor(ONE)]})
        with ThreadPoolExecutor(6) as pool:
            path = f"/v2/models/{model.name}/infer"
            asked = [pool.submit(ask, server, "POST", path, body) for _ in range(6)]
            found = [each.result() for each in asked]
        go.set()
    assert {status for status, _ in found} == {503, 504}
    assert all(said["error"] for _, said in found)


def test_a_run_that_is_damaged_meanwhile_leaves_the_old_one(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    with served(f"one={copy}") as server:
        (copy / "settings.toml").write_text("no settings")
        status, said = ask(server, "POST", "/reload")
        assert status == 409 and "all stays as it was" in said["error"]
        body = json.dumps({"inputs": [tensor(ONE)]})
        assert ask(server, "POST", "/v2/models/one/infer", body)[0] == 200


def test_it_answers_without_the_fast_parser_too(run, monkeypatch):
    monkeypatch.setattr("convscope.serving.find_spec", lambda name: None)
    with served(run) as server:
        assert ask(server, "POST", "/predict", png(ONE[0, 0]))[0] == 200


def wait_for(lines, event):
    for line in lines:
        if (found := json.loads(line))["event"] == event:
            return found
    raise AssertionError(event)


def test_signals(run):
    """SIGHUP reads the runs again; SIGTERM answers what waits, and ends."""
    words = [sys.executable, "-m", "convscope", "serve", f"one={run.path}", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        place = wait_for(process.stderr, "start")["address"].removeprefix("http://")
        process.send_signal(signal.SIGHUP)
        assert wait_for(process.stderr, "reload")["models"] == ["one:1"]
        connection = http.client.HTTPConnection(place, timeout=20)
        body = json.dumps({"inputs": [tensor(samples(2000))]})
        connection.request("POST", "/v2/models/one/infer", body)
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["outputs"]
        connection.close()
        wait_for(process.stderr, "stop")
        assert process.wait(20) == 0
