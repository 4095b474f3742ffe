"""What a person sees while a network trains."""

from dataclasses import replace
from io import StringIO

import pytest
import torch
from rich.console import Console

from convscope.cli.show import console
from convscope.cli.terminal import Terminal
from convscope.data import Dataset, DataSettings
from convscope.recipe import Loaded
from convscope.training.events import Checkpoint, Epoch, Finished, Notice, Start, TrainingStep

START = Start(
    steps=300, steps_per_epoch=100, step=0, parameters=28_938, device="cpu", precision="bf16", threads=2
)


def epoch(number, *, best, val=True):
    return Epoch(
        number=number,
        step=100 * number,
        train_loss=0.5 / number,
        train_accuracy=0.9,
        val_loss=0.25 if val else None,
        val_accuracy=0.9625 if val else None,
        val_balanced_accuracy=0.96 if val else None,
        lr=0.001,
        seconds=1.5,
        val_seconds=0.5,
        samples_per_second=31_022.4,
        best=best,
    )


def shown(events, *, width=80, terminal=False, quiet=False):
    text = StringIO()
    screen = Console(file=text, width=width, force_terminal=terminal, color_system=None, soft_wrap=True)
    with Terminal(screen, quiet=quiet) as view:
        for event in events:
            view.show(event)
    return text.getvalue()


def test_a_line_an_epoch():
    lines = shown([START, epoch(1, best=True), epoch(2, best=False)]).splitlines()
    assert lines == [
        "training     28,938 parameters, 300 steps, bf16 on cpu with 2 threads",
        "             ★: the best epoch so far by validation accuracy (a standard error less is as good)",
        "",
        "epoch  train loss  val loss   val acc        lr  samples/s    time    left  best",
        "    1      0.5000    0.2500   96.25 %     0.001     31,022   2.0 s   4.0 s     ★",
        "    2      0.2500    0.2500   96.25 %     0.001     31,022   2.0 s   2.0 s",
    ]
    assert max(map(len, lines[2:])) <= 80


def test_no_validation_part_is_a_dash():
    assert shown([START, epoch(1, best=True, val=False)]).splitlines()[-1].split()[2:4] == ["–", "–"]


def test_values_have_no_accuracy():
    rows = torch.arange(6)
    data = Dataset(
        inputs=torch.zeros(6, 2, 3),
        labels=torch.linspace(0, 1, 6),
        classes=("temperature",),
        parts={"train": rows[:4], "val": rows[4:], "test": rows[:0]},
        kind="sequence",
        source="air.csv",
        names=[""] * 6,
        settings=DataSettings(),
    )
    one = replace(epoch(1, best=True), train_accuracy=None, val_accuracy=None, val_balanced_accuracy=None)
    lines = shown([Loaded(data, []), START, one]).splitlines()
    assert lines[0] == (
        "data         air.csv: values of temperature, samples of 2 × 3; train 4, val 2, test 0"
    )
    assert lines[-2].split()[:5] == ["epoch", "train", "loss", "val", "loss"]
    assert "acc" not in lines[-2]
    assert lines[-1].split() == ["1", "0.5000", "0.2500", "0.001", "31,022", "2.0", "s", "4.0", "s", "★"]


def test_time_left_counts_only_this_process_after_a_resume():
    resumed = Start(
        steps=300, steps_per_epoch=100, step=100, parameters=1, device="cuda", precision="fp32", threads=2
    )
    lines = shown([resumed, epoch(2, best=False)]).splitlines()
    assert lines[0] == "training     1 parameters, 300 steps, fp32 on cuda"
    assert "2.0 s   2.0 s" in lines[-1]


def test_steps_and_checkpoints_are_silent_where_no_terminal_is():
    assert shown([TrainingStep(1, 1, 0.5, 0.01, 1000.0), Checkpoint(1, dict)]) == ""


def test_a_terminal_shows_the_running_epoch_and_takes_the_bar_away(monkeypatch):
    monkeypatch.setattr("convscope.cli.terminal.SECONDS_BETWEEN_FRAMES", 0)
    text = shown([START, TrainingStep(7, 1, 2.25, 0.01, 12_345.0), epoch(1, best=True)], terminal=True)
    assert "loss 2.2500, 12,345 samples/s" in text
    assert text.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, the line of the bar is gone


def test_the_bar_does_not_outlive_an_error():
    text = StringIO()
    view = Terminal(Console(file=text, force_terminal=True))
    with pytest.raises(ZeroDivisionError), view:
        view.show(START)
        _ = 1 / 0
    assert not view.bar.live.is_started


def test_notices_and_the_end():
    events = [START, Notice("The loss is [noise]."), Finished("early stopping", 200, 2.0, 1, 187.2)]
    assert shown(events).splitlines()[4:] == [
        "warning      The loss is [noise].",
        "",
        "stopped      after 2 epochs, for validation got no better, 3m07s; kept: epoch 1, the last ★",
    ]


def test_quiet_says_nothing():
    events = [
        START,
        TrainingStep(1, 1, 0.5, 0.01, 1000.0),
        epoch(1, best=True),
        Notice("!"),
        Finished("done", 1, 1, 1, 1),
    ]
    assert shown(events, quiet=True) == ""


def test_a_long_path_is_never_folded(capsys):
    console().print("/a" * 200)
    assert capsys.readouterr().out == "/a" * 200 + "\n"
