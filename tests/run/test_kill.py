"""Nothing that kills a training, at any moment, costs more than the work since the last checkpoint."""

import errno
import multiprocessing
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from convscope.errors import RunError
from convscope.run import Writer, create, load
from convscope.training.events import Checkpoint, Finished
from tests.run.killing import die_at

processes = multiprocessing.get_context("fork")
TABLES = ("history.csv", "steps.csv", "notices.csv", "layers.csv", "changes.csv")


def go_on(path: Path, training, steps: int, said: Callable[[int], object]) -> None:
    """Train to the end from wherever the folder is; `said` hears of each checkpoint that was written."""
    run = load(path)
    state = run.state()
    resumed = Writer.resume(run)
    for event in training.events(steps, after=int(state["progress.step"]) if state else 0):
        resumed.write(event)
        if isinstance(event, Checkpoint):
            said(event.step)


def last_said(heard) -> int:
    step = 0
    while heard.poll():
        try:
            step = heard.recv()
        except EOFError:
            break
    return step


def check(path: Path, training, at_least: int) -> int:
    """The run loads, its state is whole and not older than what was said; gives its step."""
    run = load(path)
    if run.finished:
        return at_least
    state = run.state()
    step = int(state["progress.step"]) if state else 0
    assert step >= at_least
    if state:
        expected = training.state(step)
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], expected[key]) for key in state)
    return step


def test_twenty_kills_at_random_moments(writer, training, settings, dataset):
    steps, moments = 3000, random.Random(5)
    writer.close()
    for _ in range(20):
        heard, said = processes.Pipe(duplex=False)
        child = processes.Process(target=go_on, args=(writer.path, training, steps, said.send))
        child.start()
        said.close()
        time.sleep(moments.uniform(0.01, 0.15))
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        step = check(writer.path, training, at_least=last_said(heard))
    end = step + 6 - step % 3
    go_on(writer.path, training, end, lambda step: None)
    whole = create("runs", settings, dataset)
    for event in training.events(end):
        if not isinstance(event, Checkpoint) or event.step in (
            3,
            9,
            end,
        ):  # bests and end: the rest is only slow
            whole.write(event)
    for name in (*TABLES, "best.safetensors", "last.safetensors"):
        assert (writer.path / name).read_bytes() == (whole.path / name).read_bytes(), name


def mortal_training(path: Path, training, count: int, steps: int, said) -> None:
    die_at(count)
    go_on(path, training, steps, said.send)


@pytest.mark.parametrize("before", [0, 6])
def test_a_kill_at_every_single_change_on_the_disk(training, settings, dataset, tmp_path, before):
    """From nothing to the first best weights and the end; from step 6 to better ones and the end."""
    steps = before + 3
    start, whole = create("runs", settings, dataset), create("runs", settings, dataset)
    for event in training.events(steps):
        whole.write(event)
        if event.__class__ is not Finished and getattr(event, "step", 0) <= before:
            start.write(event)
    start.close()
    for count in range(1, 100):
        path = Path(shutil.copytree(start.path, tmp_path / f"run_{count}"))
        heard, said = processes.Pipe(duplex=False)
        child = processes.Process(target=mortal_training, args=(path, training, count, steps, said))
        child.start()
        said.close()
        child.join()
        check(path, training, at_least=max(before, last_said(heard)))
        if child.exitcode == 0:
            break
        if not load(path).finished:
            go_on(path, training, steps, lambda step: None)
        for name in (*TABLES, "best.safetensors", "last.safetensors"):
            assert (path / name).read_bytes() == (whole.path / name).read_bytes(), (count, name)
    assert child.exitcode == 0
    assert count > 20


def full_disk(path: Path, training, limit: int, heard) -> None:
    """Write checkpoints where no file may grow beyond `limit` bytes, as on a full disk."""
    resumed = Writer.resume(load(path))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        resumed.write(Checkpoint(7, lambda: training.state(7)))
    except RunError as error:
        heard.send(str(error))
    heard.send("written")


def test_a_full_disk_leaves_the_checkpoint_before(interrupted, training):
    size = next(interrupted.path.glob("checkpoint-*.safetensors")).stat().st_size
    here, there = processes.Pipe(duplex=False)
    child = processes.Process(target=full_disk, args=(interrupted.path, training, size // 2, there))
    child.start()
    message = here.recv()
    child.join()
    assert "cannot be written" in message
    assert "The checkpoint of step 6 is intact" in message
    assert "convscope train --resume" in message
    assert check(interrupted.path, training, at_least=6) == 6
    assert not list(interrupted.path.glob(".*"))


@pytest.mark.parametrize("call", range(1, 9))
def test_no_space_at_any_point_of_a_checkpoint(interrupted, training, monkeypatch, call):
    resumed, real, calls = Writer.resume(interrupted), os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(RunError, match="No space left on device"):
        resumed.write(Checkpoint(7, lambda: training.state(7)))
    monkeypatch.undo()
    resumed.close()
    assert check(interrupted.path, training, at_least=6) in (6, 7)
