"""What can go wrong with each public name, argument by argument: it works, or a sentence says why not.

The cases are made of `convscope.__all__` and of the signatures: a new name or a new argument that is needed
fails here until `GIVEN` says what it is called with when all is well.
"""

import contextlib
import dataclasses
import functools
import inspect
import io
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import convscope
from convscope.errors import ConvscopeError
from convscope.extracting import FeatureMap
from convscope.keywords import TrainingKeywords
from convscope.run import Predictions, ValuePredictions
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.summary.compare import Side

MADE_BY_US = (  # no person calls the class
    "Run", "Trace", "Summary", "Comparison", "Explanation", "Exported", "Features", "PredictedFile",
    "Repeated",
)  # fmt: skip
SETTINGS = ("Augment", "DataSettings", "TrainingSettings")
KINDS = {  # whose methods are called
    **{name: getattr(convscope, name) for name in (*MADE_BY_US, *SETTINGS, "Dataset")},
    "Recorder": convscope.Recorder,
    **{
        kind.__name__: kind
        for kind in (Predictions, ValuePredictions, Evaluation, ValueEvaluation, FeatureMap)
    },
}
FUNCTIONS = [name for name in convscope.__all__ if not isinstance(getattr(convscope, name), type)]
ENDLESS = {  # who asks for so much gets it: a training without end, or weights that run away
    ("train", "lr", "huge"),
    ("train", "weight_decay", "huge"),
    ("train", "epochs", "huge"),
    ("resume", "epochs", "huge"),
    ("repeat", "epochs", "huge"),
    ("repeat", "seeds", "huge"),
}
QUICK: dict[str, Any] = {
    "network": "plain",
    "epochs": 0.5,
    "batch": 10,
    "threads": 1,
    "lr": 0.01,
    "precision": "fp32",
}
RAW = ("did not expect", "has no attribute", "<class '", "Errno", "pydantic", "unexpected keyword", " at 0x")


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2))


class Place:
    """A person's folder: data, a run on them and one that predicts values, a trace, a study."""

    def __init__(self, root: Path) -> None:
        random = np.random.default_rng(0)
        inputs = random.integers(0, 155, (60, 8, 8), dtype=np.uint8)
        inputs[1::2] += 100  # the features of the network tell the classes apart
        np.savez(root / "data.npz", x=inputs, y=np.arange(60) % 2)
        self.root, self.data = root, str(root / "data.npz")
        self.net, self.inputs = net(), torch.zeros(1, 1, 8, 8)
        self.run = convscope.train(self.data, **QUICK)
        self.values = convscope.train((inputs, random.random(60)), **QUICK)
        self.trace = convscope.trace(self.net, self.inputs, score=1)
        self.summary = convscope.summarise(self.trace)
        self.dataset = self.run.dataset()
        self.receivers = {
            "Run": self.run,
            "Trace": self.trace,
            "Summary": self.summary,
            "Comparison": convscope.Comparison((Side("a", self.summary), Side("b", self.summary))),
            "Explanation": convscope.explain(self.trace, "2", (0, 1)),
            "Exported": convscope.export(self.run, root / "first.pt2"),
            "Features": convscope.features(self.run),
            "FeatureMap": convscope.features(self.run).map(),
            "PredictedFile": convscope.predict(self.run, self.data, root / "first.csv"),
            "Repeated": convscope.repeat(self.data, seeds=2, **QUICK),
            "Dataset": self.dataset,
            "Predictions": self.run.predict(self.data),
            "ValuePredictions": self.values.predict(inputs),
            "Evaluation": self.run.evaluate(),
            "ValueEvaluation": self.values.evaluate((inputs, random.random(60))),
            **{name: getattr(convscope, name)() for name in SETTINGS},
        }
        self.receivers["Recorder"] = self.recorder()
        self.trace.save(root / "one.trace")

    def recorder(self) -> convscope.Recorder:
        """One with an epoch; after `finish` and `close` it is of no use."""
        recorder = convscope.Recorder(self.net, self.data, std=255)
        recorder.epoch(train_loss=0.7)
        return recorder


GIVEN: dict[str, Any] = {  # what is needed, where all is well
    "attribute": lambda at: {"model": at.net, "inputs": at.inputs, "target": 0},
    "diagnose": lambda at: {"trace": convscope.trace(at.net, torch.zeros(1, 3))},
    "explain": lambda at: {"trace": at.trace, "op": "2", "at": (0, 1)},
    "explain_gradient": lambda at: {"trace": at.trace, "op": "2", "argument": "weight", "at": (0, 1)},
    "export": lambda at: {"run": at.run, "path": at.root / "m.pt2"},
    "features": lambda at: {"run": at.run},
    "predict": lambda at: {"run": at.run, "data": at.data, "path": at.root / "said.csv"},
    "Features.save": lambda at: {"path": at.root / "f.npz"},
    "FeatureMap.save": lambda at: {"path": at.root / "map.png"},
    "load": lambda at: {"run": at.run.path},
    "load_trace": lambda at: {"path": at.root / "one.trace"},
    "repeat": lambda at: {"source": at.data, "seeds": 2, **QUICK},
    "replay": lambda at: {"trace": at.trace, "node": at.trace["2"]},
    "resume": lambda at: {"run": at.run.path, "epochs": 0.5},  # not longer, so refused
    "runs": lambda at: {},
    "summarise": lambda at: {"model": at.net, "inputs": at.inputs},
    "suspicions": lambda at: {"trace": at.trace},
    "trace": lambda at: {"model": at.net, "inputs": at.inputs},
    "train": lambda at: {"source": at.data, **QUICK},
    "Recorder": lambda at: {"model": at.net, "source": at.data, "std": 255},
    "Recorder.epoch": lambda at: {"train_loss": 0.5},
    "Augment": lambda at: {},
    "DataSettings": lambda at: {},
    "TrainingSettings": lambda at: {},
    "Dataset": lambda at: dict(vars(at.dataset)),
    "ConvscopeError": lambda at: {"message": "no"},
    "Run.predict": lambda at: {"x": at.data},
    "Run.sources": lambda at: {"x": at.data},
    "Trace.__getitem__": lambda at: {"key": "2"},
    "Trace.tensor": lambda at: {"index": 0},
    "Trace.original": lambda at: {"index": 0},
    "Trace.restore": lambda at: {"structure": at.trace.nodes[0].args},
    "Trace.save": lambda at: {"path": at.root / "one.trace"},
    "Trace.maker": lambda at: {"value": at.trace.values[0]},
    "Trace.parents": lambda at: {"node": at.trace["2"]},
    "Trace.consumers": lambda at: {"value": 0},
    "Trace.call": lambda at: {"node": at.trace["2"]},
    "Repeated.figure": lambda at: {"value": 0.5},
    "Dataset.part": lambda at: {"name": "train"},
    "Dataset.counts": lambda at: {"name": "train"},
}
for _kind in ("Predictions", "ValuePredictions"):
    GIVEN[f"{_kind}.__getitem__"] = lambda at: {"index": 0}
    GIVEN[f"{_kind}.to_csv"] = lambda at: {"path": at.root / "p.csv"}
    GIVEN[f"{_kind}.contact_sheet"] = lambda at: {"path": at.root / "p.png"}

WRONG: dict[str, Any] = {
    "none": lambda at: None,
    "three": lambda at: 3,
    "below zero": lambda at: -1,
    "fraction": lambda at: 0.5,
    "not a number": lambda at: float("nan"),
    "endless": lambda at: float("inf"),
    "huge": lambda at: 10**30,
    "true": lambda at: True,
    "empty text": lambda at: "",
    "nosuch": lambda at: "nosuch",
    "zero byte": lambda at: "a\0b",
    "bytes": lambda at: b"",
    "empty list": lambda at: [],
    "list": lambda at: [1, "a", None],
    "empty dict": lambda at: {},
    "dict": lambda at: {"a": 1},
    "object": lambda at: object(),
    "no such path": lambda at: Path("nothere/x"),
    "folder": lambda at: at.root,
    "array": lambda at: np.zeros((2, 3)),
    "tensor": lambda at: torch.full((2, 3, 4, 5), float("nan")),
    "empty tensor": lambda at: torch.zeros(0),
    "lambda": lambda at: lambda *given: None,
    "class": lambda at: object,
    "file": lambda at: io.StringIO("buy milk"),
    "tuple": lambda at: (1, 2),
}


def methods(kind: type) -> list[str]:
    """Public methods, and what stands in brackets."""
    names = [name for name in dir(kind) if name == "__getitem__" or not name.startswith("_")]
    static = {name: inspect.getattr_static(kind, name) for name in names}
    return [
        name
        for name, value in static.items()
        if inspect.isroutine(value) and not isinstance(value, functools.cached_property)
    ]


def properties(kind: type) -> list[str]:
    static = {name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")}
    return [name for name, value in static.items() if hasattr(value, "__get__") and name not in methods(kind)]


CALLED = [
    *(name for name in convscope.__all__ if name not in MADE_BY_US),
    *(f"{kind}.{method}" for kind, of in KINDS.items() for method in methods(of)),
]


def arguments(name: str) -> list[str]:
    """The names of all arguments, also of those that a TypedDict lists."""
    owner, _, method = name.rpartition(".")
    function = getattr(KINDS[owner], method) if owner else getattr(convscope, method)
    found = []
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.VAR_KEYWORD:
            found += {"train": TrainingKeywords.__annotations__, "attribute": OPTIONS}.get(name, ())
        elif each.name != "self" and each.kind is not each.VAR_POSITIONAL:
            found.append(each.name)
    return found


OPTIONS = {  # of the methods of attribution → the method
    "steps": "integrated-gradients",
    "baseline": "occlusion",
    "layer": "grad-cam",
    "window": "occlusion",
    "stride": "occlusion",
}


@pytest.fixture(scope="module")
def at(undrawn, tmp_path_factory):
    root = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(root)
    (root / "notes").write_text("buy milk\n")
    yield Place(root)
    os.chdir(before)


@pytest.fixture(autouse=True)
def _swept(at):
    """Runs that a test made go with it: `content` walks through all that there are, for each wrong value."""
    pointer, before = at.root / "runs" / "latest", folders(at)
    latest = pointer.readlink()
    yield
    for made in folders(at) - before:
        shutil.rmtree(made)
    pointer.unlink()
    pointer.symlink_to(latest)


def folders(at: Place) -> set[Path]:
    found = (*at.root.iterdir(), *(at.root / "runs").iterdir())
    return {path for path in found if path.is_dir() and not path.is_symlink()}


def content(root: Path) -> dict[str, tuple[int, int]]:
    found = ((path, path.lstat()) for path in root.rglob("*"))
    return {str(path): (of.st_mtime_ns, of.st_size) for path, of in found if path.is_file()}


def called(name: str, at: Place, given: dict[str, Any]) -> object:
    owner, _, method = name.rpartition(".")
    ends = name in ("Recorder.finish", "Recorder.close")
    of = at.recorder() if ends else at.receivers.get(owner, convscope)
    result = getattr(of, method)(**given)
    return list(result) if inspect.isgenerator(result) else result


def usual(name: str, at: Place) -> dict[str, Any]:
    return dict(GIVEN[name](at)) if name in GIVEN else {}


@pytest.mark.parametrize("name", [each for each in CALLED if each != "resume"])
def test_it_can_be_called(name, at):
    called(name, at, usual(name, at))


@pytest.mark.parametrize(("name", "argument"), [(name, each) for name in CALLED for each in arguments(name)])
def test_a_wrong_argument_gets_a_sentence(name, argument, at, tmp_path, capfd):
    faults = []
    for what, make in WRONG.items():
        if (name, argument, what) in ENDLESS:
            continue
        value, given = make(at), usual(name, at)
        if name == "train" and refused_as_setting(argument, value):
            continue
        if name == "attribute" and argument in OPTIONS:
            given["method"] = OPTIONS[argument]
        before = content(at.root)
        try:
            called(name, at, given | {argument: value})
        except ConvscopeError as error:
            faults += [f"{what}: {fault}" for fault in unclear(str(error))]
            if content(at.root) != before:
                faults.append(f"{what}: changed {set(content(at.root).items()) ^ set(before.items())}")
        except Exception as error:  # noqa: BLE001 - each is a fault
            faults.append(f"{what}: {type(error).__name__}: {error}")
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("field", list(convscope.Dataset.__dataclass_fields__))
def test_a_dataset_that_does_not_go_together_gets_a_sentence(field, at, tmp_path):
    faults = []
    for what, make in WRONG.items():
        value = make(at)
        try:
            broken = dataclasses.replace(at.dataset, **{field: value})
            convscope.train(broken, **QUICK | {"epochs": 0.1}, runs=tmp_path)
        except ConvscopeError as error:
            faults += [f"{what}: {fault}" for fault in unclear(str(error))]
        except Exception as error:  # noqa: BLE001 - each is a fault
            faults.append(f"{what}: {type(error).__name__}: {error}")
    assert not faults, "\n" + "\n".join(faults)


def refused_as_setting(argument: str, value: object) -> bool:
    """Whether the class of settings, which has its own cases, refuses it; `train` makes one first of all."""
    kind: Any
    for kind in (convscope.DataSettings, convscope.TrainingSettings):
        if argument in kind.__dataclass_fields__:
            with contextlib.suppress(ConvscopeError):
                kind(**{argument: value})
                continue
            return True
    return False


def unclear(said: str) -> list[str]:
    """What is wrong with a sentence."""
    found = [f"'{raw}' in: {said}" for raw in RAW if raw in said]
    if not 15 < len(said) < 3000 or not re.search(r"[.?:)\]'\"a-z0-9…}]$", said):
        found.append(f"no sentence: {said}")
    return found


@pytest.mark.parametrize("name", CALLED)
def test_an_argument_that_there_is_not(name, at):
    if name == "attribute":
        return  # its options are the method's: tried above
    with pytest.raises((TypeError, ConvscopeError), match="nosuch"):
        called(name, at, usual(name, at) | {"nosuch": 1})


@pytest.mark.parametrize("name", list(KINDS))
def test_every_property_can_be_read(name, at):
    for each in properties(KINDS[name]):
        with contextlib.suppress(ConvscopeError):
            getattr(at.receivers[name], each)
    assert 0 < len(repr(at.receivers[name])) < 5000
