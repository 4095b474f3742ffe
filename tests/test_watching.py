"""A training that was begun in Python shows how far it is, where somebody looks."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from convscope.training.events import Epoch, Notice, Start, TrainingStep
from convscope.watching import wanted, watched

EPOCH = Epoch(1, 2, 0.5, 0.5, 0.25, 0.75, 0.75, 0.1, 1.0, 1.0, 9.0, best=True)
STEPS = [TrainingStep(step, 1, 0.5, 0.1, 9.0) for step in (1, 2)]
EVENTS = [Start(2, 2, 0, 9, "cpu", "fp32", 1), *STEPS, EPOCH]


def test_elsewhere_a_line_an_epoch_and_only_where_it_is_asked_for(capsys):
    assert not wanted(None)
    assert wanted(True)
    assert list(watched(iter(EVENTS))) == EVENTS
    assert capsys.readouterr().err == (
        "step 2 of 2; epoch 1, train loss 0.5, val loss 0.25, val acc 75.00 %, best ★\n"
    )


def test_on_a_terminal_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    assert wanted(None)
    list(watched(iter(EVENTS)))
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("best ★\033[K\n")


def test_on_a_narrow_terminal_the_line_stays_one(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    list(watched(iter(EVENTS)))
    assert capsys.readouterr().err.endswith("\rstep 2 of 2; epoch 1, train loss 0.5, v\033[K\n")


def test_a_terminal_that_cannot_draw_over_a_line_gets_a_line_an_epoch(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert wanted(None)
    list(watched(iter([*EVENTS, Notice("odd")])))
    assert capsys.readouterr().err == (
        "step 2 of 2; epoch 1, train loss 0.5, val loss 0.25, val acc 75.00 %, best ★\n"
    )


def test_in_a_notebook_one_table_in_place(monkeypatch, capsys):
    drawn = []
    display, python = ModuleType("IPython.display"), ModuleType("IPython")
    display.HTML = str
    handle = SimpleNamespace(update=drawn.append)
    display.display = lambda shown, display_id: drawn.append(shown) or handle
    python.get_ipython = lambda: SimpleNamespace(kernel=1)
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert wanted(None)
    list(watched(iter(EVENTS)))
    assert "<td>0.25</td>" in drawn[-1]
    assert drawn[-1].count("<table>") == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("progress", [True, False])
def test_what_is_asked_for_counts(progress):
    assert wanted(progress) is progress


def test_a_warning_begins_a_line_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    list(watched(iter([*EVENTS, Notice("odd")])))
    assert capsys.readouterr().err.count("\n") == 1
