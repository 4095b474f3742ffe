"""Tools understand the package: a wrong keyword is an error in an editor, and public names have types."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, get_origin, get_type_hints

import pytest

import convscope
from convscope.errors import UnknownName
from convscope.keywords import EstimatorKeywords, TrainingKeywords

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
reveal_type(convscope.ConvClassifier("plain", epochs=3, random_state=0).fit([[1.0, 2.0]], [0]))
"""
WRONG = """
import convscope

convscope.train("digits", epoch=1)
convscope.train("digits", optimizer="sdg")
convscope.train("digits", epochs="3")
convscope.trian("digits")
convscope.ConvClassifier(epoch=3)
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
    own = {"width": float | None, "depth": int | None, "strict": bool, "tensorboard": bool}
    settings |= {"size": int | str | settings["size"], "augment": settings["augment"] | str}  # as it is typed
    assert get_type_hints(TrainingKeywords, localns={"Augment": convscope.Augment}) == settings | own


def test_the_parameters_of_estimators_are_the_settings():
    usual = {
        each.name: each.default
        for kind in (convscope.DataSettings, convscope.TrainingSettings)
        for each in dataclasses.fields(kind)
    }
    hints = get_type_hints(EstimatorKeywords, localns={"Augment": convscope.Augment})
    for kind in (convscope.ConvClassifier, convscope.ConvRegressor, convscope.ConvFeatures):
        given = kind().get_params()
        own = {name: given.pop(name) for name in list(given) if name not in usual}
        assert given == {name: usual[name] for name in given} | {"precision": "fp32"}
        assert {*given, *own} - {"network", "layer", "run"} == set(hints)
        assert own.pop("progress") is False
        assert set(own.values()) == {None}


def test_right_calls_have_types(tmp_path):
    found = says(tmp_path / "right.py", RIGHT)
    assert [severity for severity, _, _ in found] == ["information"] * 4
    names = "Run", "Trace", "Explanation", "ConvClassifier"
    assert all(name in message for name, (_, _, message) in zip(names, found, strict=True))


def test_wrong_calls_are_errors(tmp_path):
    found = [
        (line, message)
        for severity, line, message in says(tmp_path / "wrong.py", WRONG)
        if severity == "error"
    ]
    assert [line for line, _ in found] == [3, 4, 5, 6, 7]
    words = "epoch", "sdg", "epochs", "trian", "epoch"
    assert all(word in message for word, (_, message) in zip(words, found, strict=True))


def test_at_run_time_a_typo_is_told_with_what_was_meant():
    with pytest.raises(UnknownName, match="'epoch'; did you mean 'epochs'"):
        convscope.train("digits", epoch=1)
    assert (Path(convscope.__file__).parent / "py.typed").is_file()
