"""Some of the damaged files of `benchmarks/fuzz.py`: each is read, or refused with a sentence."""

import gzip
import tempfile
import threading
import time
import warnings
from pathlib import Path
from random import Random

import pytest

from benchmarks.fuzz import RAW, prepared, verdict
from benchmarks.fuzz_damage import damaged
from convscope import ConvscopeError, load
from convscope.data import load as load_data
from convscope.data.reading import read, received
from convscope.data.samples import SampleSpec
from convscope.web import Server
from convscope.web.subject import session_of
from tests.web.test_security import Browser

FILES = 500
MILLION = 1_000_000
MONOTONE = {
    "commas": b"," * MILLION,
    "quotes": b'"' * MILLION,
    "quotes and commas": b'",' * (MILLION // 2),
    "brackets": b"[" * MILLION,
    "braces": b"{" * MILLION,
    "objects in objects": b'{"payload":' * (MILLION // 10),
    "line breaks": b"\n" * MILLION,
    "blanks": b" " * MILLION,
    "digits": b"0" * MILLION,
    "zeros": b"\0" * MILLION,
    "a long line": b"a" * 100 * MILLION,
}
SECONDS = 20  # of the processor, for all doors of one file together


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with warnings.catch_warnings():  # of Keras, about its own arrays
            warnings.simplefilter("ignore", DeprecationWarning)
            made = prepared(tmp_path_factory.mktemp("forms"), ())
        yield made


def test_no_damaged_file_is_raw(forms, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    found = [verdict(forms[at % len(forms)], at, 7, tmp_path) for at in range(FILES)]
    assert [one for one in found if one.result == RAW] == []
    assert len({one.result for one in found}) == 2  # some are read, some refused


@pytest.mark.parametrize(
    "name", ["PNG", "WAV, floating", "NIfTI", "NPY", "rows", "BDF", "DICOM, a picture each"]
)
def test_no_upload_of_a_damaged_file_is_an_error_of_ours(forms, name):
    form = next(one for one in forms if one.name == name)
    server = Server(session_of(str(load(form.run).path)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    browser, draw = Browser(server.address), Random(name)
    for _ in range(8):
        _, content = damaged(draw.choice(form.files).read_bytes(), draw)
        status, said = browser.post(content)
        assert status == 200 or (400 <= status < 500 and len(said["error"]) > 10), said
    assert browser.goes_on()
    server.stop()
    thread.join(10)


@pytest.mark.parametrize("ending", [".csv", ".txt", ".json", ".jsonl", ".ts", ".csv.gz"])
@pytest.mark.parametrize("name", MONOTONE)
def test_a_million_of_one_thing_takes_no_minute(tmp_path, name, ending):
    file, content = tmp_path / f"x{ending}", MONOTONE[name]
    file.write_bytes(gzip.compress(content, 1) if ending.endswith(".gz") else content)
    spec = SampleSpec((1, 16), "signal")
    began = time.process_time()
    for door in (
        load_data,
        lambda path: read([Path(path)], spec),
        lambda _: received(content, file.name, spec),
    ):
        try:
            door(str(file))
        except ConvscopeError as error:
            assert len(str(error)) < 5000
    assert time.process_time() - began < SECONDS
