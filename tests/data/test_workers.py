"""Copies of the process decode as threads do, and none outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convscope import system
from convscope.data.files import decoding, workers
from convscope.errors import BadFile

COUNT = 700
BAD = (0, 1, 40, 333, 334, COUNT - 1)

pytestmark = pytest.mark.skipif(not system.forks(), reason="no copies here")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(system, "cores", lambda: 2)


@pytest.fixture
def files():
    return [Path(f"{number}.png") for number in range(COUNT)]


def one(file):
    """The number of a file as its sample; some cannot be read."""
    number = int(file.stem)
    if number in BAD:
        raise BadFile(file, f"number {number}")
    return np.full((1, 2, 2), number, np.int32)


def decoded(files, one):
    rows = workers.array((len(files), 1, 2, 2), np.int32)
    skipped = decoding._decode_all(files, one, rows)
    return rows[: len(rows) - len(skipped)], skipped


def test_copies_fill_the_rows_and_leave_out_what_cannot_be_read(files):
    rows, skipped = decoded(files, one)
    assert skipped == [(number, f"number {number}") for number in BAD]
    assert rows[:, 0, 0, 0].tolist() == [number for number in range(COUNT) if number not in BAD]
    assert (rows == rows[:, :1, :1, :1]).all()


def test_copies_do_the_work(files):
    def who(_):
        return np.full((1, 2, 2), os.getpid(), np.int32)

    rows, _ = decoded(files, who)
    assert os.getpid() not in rows
    assert 1 <= len(np.unique(rows)) <= 2


def test_few_files_are_read_by_this_process(files):
    def who(_):
        return np.full((1, 2, 2), os.getpid(), np.int32)

    rows, _ = decoded(files[: workers.FEWEST - 1], who)
    assert (rows == os.getpid()).all()


def test_what_a_copy_dies_of_does_not_stop_the_reading(files):
    own = os.getpid()

    def deadly(file):
        if os.getpid() != own and file.stem == "350":
            os.kill(os.getpid(), signal.SIGKILL)
        return one(file)

    rows, skipped = decoded(files, deadly)
    assert [position for position, _ in skipped] == list(BAD)
    assert rows[:, 0, 0, 0].tolist() == [number for number in range(COUNT) if number not in BAD]


def test_an_error_is_told_as_if_there_were_no_copies(files):
    def broken(_):
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        decoded(files, broken)


def test_where_there_are_no_copies_threads_read(files, monkeypatch):
    def refused(_):
        raise OSError("no process may be made")

    monkeypatch.setattr(workers, "_copy", refused)
    assert [position for position, _ in decoded(files, one)[1]] == list(BAD)


SLOW = """
import os, sys, time
from pathlib import Path
import numpy as np
from convscope import system
from convscope.data.files import decoding, workers
system.cores = lambda: 2
def slow(file):
    os.write(1, b'%d\\n' % os.getpid())  # at once, whoever else writes
    time.sleep(0.02)
    return np.zeros((1, 2, 2))
files = [Path(str(number)) for number in range(5000)]
decoding._decode_all(files, slow, workers.array((5000, 1, 2, 2), np.float64))
"""  # without a guard: nothing imports a person's script again


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_copy_outlives_the_process_however_it_ends(how):
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    copies = {int(child.stdout.readline()) for _ in range(20)}
    assert child.pid not in copies
    (os.killpg if how == signal.SIGINT else os.kill)(child.pid, how)  # Ctrl-C reaches all of them
    _, said = child.communicate(timeout=20)  # waits until nobody holds the output any more
    assert child.returncode != 0
    assert said.count("Traceback") == (how == signal.SIGINT)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() and _runs(pid) for pid in copies):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
