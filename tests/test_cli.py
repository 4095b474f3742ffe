"""The command line: what it prints where, and how it ends. Slow work is replaced here."""

import json
import os
import subprocess
import sys
from dataclasses import fields

import pytest

import convscope
from convscope.cli import execute, options
from convscope.cli.options import PictureOptions, TrainingOptions, UsageError
from convscope.cli.show import columns, program
from convscope.cli.using import _worded
from convscope.data import DataSettings
from convscope.errors import DataError, SettingsError
from convscope.network import table
from convscope.progress import track
from convscope.run.listing import RunSummary, Summaries
from convscope.settings import (
    Augment,
    MachineSettings,
    RecordSettings,
    SampleSettings,
    SequenceSettings,
    SignalSettings,
    SplitSettings,
    TrainingSettings,
)


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "convscope", *words],
        capture_output=True,
        env=os.environ | environment,
        check=False,
    )


def test_help_names_every_command(capsys):
    assert execute(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("train", "evaluate", "predict", "check", "runs", "networks", "data", "trust"):
        assert f" {command} " in text


@pytest.mark.parametrize("words", [[], ["help"], ["-h"], ["--help"]])
def test_all_ways_to_the_help_are_one(words, capsys):
    assert execute(["--help"]) == 0
    text = capsys.readouterr().out
    assert execute(words) == 0
    assert capsys.readouterr().out == text


def test_help_of_a_command(capsys):
    assert execute(["help", "train"]) == 0
    assert "Usage: convscope train DATA" in capsys.readouterr().out


def test_texts_are_whole_and_names_are_cut(capsys):
    assert execute(["networks"]) == 0
    text = capsys.readouterr().out
    assert all(row["description"] in text for row in table())
    row = {"name": "d/" + "a" * 500 + ".png", "predicted": "b" * 500, "probability": 0.5}
    name, said = _worded(row)
    assert (len(name), len(said)) == (60, 60 + len(" 50.00 %"))
    assert name.endswith("a.png")


def test_words_that_are_too_wide_for_the_terminal_go_on_below_themselves(monkeypatch):
    rows = [["a", "1", "many words that go on and on until the end"]]
    plain = columns(["name", "n", "what"], rows)
    assert plain.splitlines()[1] == "a     1  many words that go on and on until the end"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert columns(["name", "n", "what"], rows).splitlines() == [
        "name  n  what",
        "a     1  many words that go on and on",
        "         until the end",
    ]
    monkeypatch.setenv("COLUMNS", "20")  # too narrow for any table
    assert columns(["name", "n", "what"], rows) == plain


def test_version(capsys):
    assert execute(["--version"]) == 0
    assert capsys.readouterr().out.strip() == convscope.__version__


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], 'unknown command "trian". Did you mean "train"?'),
        (["train", "digits", "--epoch", "3"], "unknown option: --epoch; did you mean '--epochs'?"),
        (["predict", "--hlep"], "unknown option: --hlep; did you mean '--help'?"),
        (["--quiet", "networks"], "--quiet stands before the command.\n  Options come behind it"),
        (["help", "trian"], 'Did you mean "train"?'),
        (["evaluate", "one", "two"], "too many arguments: two"),
        (["check"], "DATA is missing."),
        (["predict", "latest"], "INPUT is missing."),
        (["train", "digits", "--lr", "fast"], 'invalid value for --lr: unable to convert "fast" into float.'),
        (["train", "digits", "--fit", "cut"], 'Choose from: "letterbox", "crop", "stretch".'),
        (["train", "digits", "--lr", "-1"], "--lr: input should be greater than 0; got -1"),
        (["train", "digits", "--size", "big"], "--size: expected 64, 48x64 (height x width) or 30x30x30"),
        (["train", "digits", "--augment", "flap"], "no random change is called 'flap'; did you mean 'flip'?"),
        (["train", "digits", "--augment", "shift"], "--augment: shift needs an amount, such as shift=0.1."),
        (["train", "digits", "--augment", "shift=2"], "shift: input should be less than 1; got 2."),
        (["train"], "DATA is missing."),
    ],
)
def test_misuse_ends_with_2_and_says_what_to_do(words, message, capsys):
    assert execute(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    assert message in printed.err
    assert "Traceback" not in printed.err


def test_our_own_error_is_its_text_and_1(monkeypatch, capsys):
    monkeypatch.setattr("convscope.network.table", fail(DataError("there is nothing.\n  Bring something.")))
    assert execute(["networks"]) == 1
    assert capsys.readouterr().err == "Error: there is nothing.\n  Bring something.\n"


def test_an_unexpected_error_is_one_line_and_the_way_to_more(monkeypatch, capsys):
    monkeypatch.setattr("convscope.network.table", fail(ZeroDivisionError("division by zero")))
    assert execute(["networks"]) == 1
    text = capsys.readouterr().err
    assert text.startswith("Error: ZeroDivisionError: division by zero\n")
    assert "--debug" in text
    assert "Traceback" not in text


def test_the_program_has_its_name_where_what_was_typed_lacks_an_ending(monkeypatch, tmp_path):
    script = tmp_path / "convscope.exe"
    script.write_bytes(b"")
    monkeypatch.setattr("shutil.which", lambda _: str(script))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "convscope")])
    assert program() == "convscope"


def test_debug_shows_the_traceback(monkeypatch, capsys):
    monkeypatch.setattr("convscope.network.table", fail(DataError("there is nothing.")))
    assert execute(["networks"], debug=True) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    monkeypatch.setattr("convscope.network.table", fail(KeyboardInterrupt()))
    assert execute(["networks"]) == 130
    assert capsys.readouterr().err == "Error: interrupted.\n"


def fail(error):
    def raise_it(*_args, **_kwargs):
        raise error

    return raise_it


def test_debug_may_stand_anywhere():
    for words in (["--debug", "evaluate", "nothing"], ["evaluate", "nothing", "--debug"]):
        done = run(*words)
        assert done.returncode == 1
        assert b"Traceback" in done.stderr
        assert b"\nError: 'nothing' is not a run" in done.stderr


@pytest.mark.parametrize(
    "locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX"}]
)
def test_output_is_utf8_in_any_locale(locale):
    done = run("data", **locale)
    assert done.returncode == 0, done.stderr
    assert "28 × 28" in done.stdout.decode("utf-8")


def test_a_closed_pipe_is_quiet():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "convscope", "data"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 1


def test_networks_as_json(capsys):
    assert execute(["networks", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name": "plain", "parameters": 28938}.items() <= next(
        r for r in rows if r["name"] == "plain"
    ).items()


def test_data_as_json(capsys):
    assert execute(["data", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "mnist-sample" in listed["names"]
    assert "folder" in listed["formats"]


def test_no_runs_yet(tmp_path, capsys):
    assert execute(["runs", "--runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"No runs in {tmp_path} yet.")
    assert execute(["runs", "--runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("groups", "of_room"),
    [
        ((SampleSettings, SplitSettings, PictureOptions, SignalSettings, SequenceSettings), DataSettings),
        ((TrainingOptions, MachineSettings, RecordSettings), TrainingSettings),
    ],
)
def test_options_are_the_settings(groups, of_room):
    typed = {field.name: field.default for group in groups for field in fields(group)}
    known = {field.name: field.default for field in fields(of_room)}
    if of_room is DataSettings:
        known.pop("seed")  # --seed of training is that of the split as well
        known.pop("fold")  # --folds makes them all, one after the other
    assert typed == known


def test_what_is_typed_becomes_settings():
    typed = TrainingOptions(epochs=0.5, batch="full", augment="shift=0.1, flip")
    settings = options.training_settings(typed)
    assert settings == TrainingSettings(epochs=0.5, batch="full", augment=Augment(shift=0.1, flip=True))
    assert options.data_settings(PictureOptions(size="48x64"), seed=3) == DataSettings(size=(48, 64), seed=3)
    weather = SampleSettings(target="weather"), SequenceSettings(window=3), PictureOptions(size="8x9x10")
    assert options.data_settings(*weather, seed=0) == DataSettings(
        target="weather", window=3, size=(8, 9, 10)
    )


def test_help_keeps_the_kinds_apart(capsys):
    assert execute(["train", "--help"]) == 0
    text = capsys.readouterr().out
    places = [
        text.index(panel) for panel in ("─ Data ─", "─ Training ─", "─ Pictures", "─ Signals", "─ Sequences")
    ]
    assert places == sorted(places)
    assert places[3] < text.index("--unequal") < places[4] < text.index("--horizon")


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        (None, None),
        ("auto", None),
        ("none", Augment()),
        ("rotate=10", Augment(rotate=10)),
        ("gain=0.1,noise=0.05", Augment(gain=0.1, noise=0.05)),
    ],
)
def test_augment(typed, changes):
    assert TrainingSettings(augment=typed).augment == changes


@pytest.mark.parametrize("typed", ["", "x", "64x", "0", "64x0", "-3", "64x64x64x64", "6.5"])
def test_a_size_that_is_none_is_refused(typed):
    with pytest.raises(UsageError, match="--size: expected 64"):
        options.data_settings(PictureOptions(size=typed), seed=0)
    with pytest.raises(SettingsError, match="size: expected 64"):
        DataSettings(size=typed)


def test_progress_is_drawn_on_a_terminal_only_and_for_long_work_only(monkeypatch, capsys):
    def slow(count):
        for each in range(count):
            monkeypatch.setattr("time.monotonic", lambda now=each: float(now))
            yield each

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    assert list(track(slow(3), "short", 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    assert list(track(range(5), "at once", 5)) == [0, 1, 2, 3, 4]
    monkeypatch.setenv("TERM", "xterm")
    assert list(track(range(5), "at once", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_remarks_on_many_runs_are_a_few(monkeypatch, capsys, tmp_path):
    found = Summaries(RunSummary(tmp_path, f"run {n}", remark=f"run {n}: old") for n in range(9))
    monkeypatch.setattr("convscope.run.runs", lambda _root: found)
    assert execute(["runs", "--runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith(
        "run 0: old\n\nrun 1: old\n\nrun 2: old\n\n… and 6 more of this kind; --json has all\n"
    )
