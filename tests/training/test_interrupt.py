"""Ctrl-C as the system sends it."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from convscope.training import train
from convscope.training.events import Checkpoint, Epoch, Finished, Start, TrainingStep
from convscope.training.interrupt import orderly

PROGRAM = """
import sys
import torch
from convscope.training.events import Finished, TrainingStep
from convscope.training.interrupt import orderly

def endless():
    try:
        step = 0
        while True:
            step += 1
            sum(range(10_000))
            yield TrainingStep(step, 1, 0.0, 0.0, 0.0)
    except KeyboardInterrupt:
        yield Finished("interrupted", step, 0.0, 0, 0.0)

for event in orderly(endless()):
    if isinstance(event, Finished):
        print("finished", event.reason, flush=True)
    elif event.step == 5:
        print("running", flush=True)
print("the end", flush=True)
"""


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_a_process_that_gets_ctrl_c_ends_in_good_order():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "finished interrupted\nthe end\n"
        assert process.wait() == 0


@pytest.mark.parametrize("kind", [Start, TrainingStep, Epoch, Checkpoint])
def test_ctrl_c_after_any_event(stripes, model_for, said, kind):
    before = signal.getsignal(signal.SIGINT)
    dataset, seen = stripes((24, 6, 6)), []
    for event in orderly(train(model_for(dataset), dataset, said(epochs=50))):
        seen.append(event)
        if isinstance(event, kind) and len(seen) < 20:
            press()
            break_at = len(seen)
            kind = ()
    assert signal.getsignal(signal.SIGINT) == before
    checkpoint, finished = seen[break_at:]
    assert isinstance(checkpoint, Checkpoint)
    assert (finished.reason, finished.step) == ("interrupted", checkpoint.step)


def test_ctrl_c_at_the_very_end_changes_nothing(stripes, model_for, said):
    """What is finished is finished: no second end."""
    dataset, seen = stripes(), []
    for event in orderly(train(model_for(dataset), dataset, said(epochs=1))):
        seen.append(event)
        if isinstance(event, Finished):
            press()
    assert [event.reason for event in seen if isinstance(event, Finished)] == ["done"]
    assert isinstance(seen[-1], Finished)


def test_a_second_ctrl_c_does_not_wait(stripes, model_for, said):
    before = signal.getsignal(signal.SIGINT)
    dataset = stripes()
    events = orderly(train(model_for(dataset), dataset, said()))
    next(events)
    press()
    with pytest.raises(KeyboardInterrupt):
        press()
    events.close()
    assert signal.getsignal(signal.SIGINT) == before


def test_where_ctrl_c_is_ignored_it_stays_so(stripes, model_for, said, monkeypatch):
    """As a shell has it for jobs in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        dataset, ends = stripes(), []
        for event in orderly(train(model_for(dataset), dataset, said(epochs=1))):
            press()
            ends.append(event)
        assert ends[-1].reason == "done"
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_closing_and_errors_give_ctrl_c_back(stripes, model_for, said):
    before = signal.getsignal(signal.SIGINT)
    dataset = stripes()
    events = orderly(train(model_for(dataset), dataset, said()))
    next(events)
    assert signal.getsignal(signal.SIGINT) != before
    events.close()
    assert signal.getsignal(signal.SIGINT) == before

    def broken():
        yield from ()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(orderly(broken()))
    assert signal.getsignal(signal.SIGINT) == before


def test_in_another_thread_nothing_is_touched(stripes, model_for, said):
    """Python gives signals to the main thread alone."""
    before, dataset, ends = signal.getsignal(signal.SIGINT), stripes(), []

    def work():
        ends.extend(orderly(train(model_for(dataset), dataset, said(epochs=1))))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ends[-1].reason == "done"
    assert signal.getsignal(signal.SIGINT) == before
