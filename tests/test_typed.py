"""Tools understand the package: a wrong keyword is an error in an editor, and public names have types."""

import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, get_origin, get_type_hints

import pytest

import convscope
from convscope.errors import UnknownName
from convscope.keywords import TrainingKeywords

ROOT = Path(convscope.__file__).parent.parent
RIGHT = """
import pandas
import torch
import convscope

run = convscope.train("digits", epochs=1, optimizer="sgd", size=(8, 8), augment=convscope.Augment(flip=True))
reveal_type(run)
for network in (torch.nn.Linear, torch.nn.ReLU(), "plain", lambda classes: torch.nn.Linear(64, classes)):
    convscope.train((torch.ones(9, 8), [0, 1, 2] * 3), network=network, progress=False)
convscope.train(pandas.DataFrame(), target="load")
for one in run.predict("digits"):
    one.name
seen = convscope.trace(torch.nn.ReLU(), torch.ones(2))
reveal_type(seen)
reveal_type(convscope.explain(seen, "relu", at=(0,)))
"""
WRONG = """
import convscope

convscope.train("digits", epoch=1)
convscope.train("digits", optimizer="sdg")
convscope.train("digits", epochs="3")
convscope.trian("digits")
"""


def says(path, text):
    path.write_text(text)
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [
        (each["severity"], each["range"]["start"]["line"], each["message"])
        for each in json.loads(done.stdout)["generalDiagnostics"]
    ]


def test_the_keywords_are_the_settings():
    hints = get_type_hints(convscope.DataSettings) | get_type_hints(convscope.TrainingSettings)
    settings = {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}
    own = {"width": float | None, "depth": int | None, "strict": bool}
    settings |= {"size": int | str | settings["size"], "augment": settings["augment"] | str}  # as it is typed
    assert get_type_hints(TrainingKeywords, localns={"Augment": convscope.Augment}) == settings | own


def test_right_calls_have_types(tmp_path):
    found = says(tmp_path / "right.py", RIGHT)
    assert [severity for severity, _, _ in found] == ["information"] * 3
    assert ["Run" in found[0][2], "Trace" in found[1][2], "Explanation" in found[2][2]] == [True] * 3


def test_wrong_calls_are_errors(tmp_path):
    found = [
        (line, message)
        for severity, line, message in says(tmp_path / "wrong.py", WRONG)
        if severity == "error"
    ]
    assert [line for line, _ in found] == [3, 4, 5, 6]
    words = "epoch", "sdg", "epochs", "trian"
    assert all(word in message for word, (_, message) in zip(words, found, strict=True))


def test_at_run_time_a_typo_is_told_with_what_was_meant():
    with pytest.raises(UnknownName, match="'epoch'; did you mean 'epochs'"):
        convscope.train("digits", epoch=1)
    assert (Path(convscope.__file__).parent / "py.typed").is_file()
