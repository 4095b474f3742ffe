"""Runs side by side, and another run on the same input."""

import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from convscope.errors import ConvscopeError, RunError, ShapeError
from convscope.explaining.rows import rows_of
from convscope.network.model import probabilities
from convscope.run import Run, load
from convscope.run import runs as runs_in
from convscope.run.listing import RunSummary
from convscope.run.report.words import number, percent
from convscope.shapes import show
from convscope.tracing import Ref, Trace, trace
from convscope.web.messages.numbers import plain
from convscope.web.session import Session
from convscope.web.types.data import ComparedRun, RunRow, Runs, Versus
from convscope.web.types.parts import Prediction

KEPT = 2  # other runs that stay in memory
CLASSES = (("accuracy", "accuracy"), ("balanced accuracy", "balanced_accuracy"), ("macro F1", "macro_f1"))
VALUES = (("mean absolute error", "mae"), ("R²", "r2"))
SETTINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "optimizer": lambda settings: settings["training"].get("optimizer"),
    "learning rate": lambda settings: settings["training"].get("lr"),
    "batch": lambda settings: settings["training"].get("batch"),
    "seed": lambda settings: settings["training"].get("seed"),
}


def runs(session: Session) -> Runs:
    """The message `Runs` of static/messages.d.ts: those in the folder of this run, best first."""
    run = _own(session)
    found = runs_in(run.path.parent)
    regression = run.settings.facts.regression
    figures = VALUES if regression else CLASSES[:1]
    rows: list[RunRow] = [
        {
            "path": str(each.path.resolve()),
            "cells": _cells(each, figures),
            "current": each.path.resolve() == run.path,
        }
        for each in found
    ]
    titles = [
        "run",
        "network",
        "data",
        "epochs",
        *(f"test {name}" for name, _ in figures),
        *SETTINGS,
        "state",
    ]
    return {"columns": titles, "rows": rows}


def _cells(run: RunSummary, figures: tuple[tuple[str, str], ...]) -> list[str]:
    scores = [_figure(name, run.test.get(key)) for name, key in figures]
    source = run.source.replace("\\", "/").rstrip("/").rpartition("/")[2]
    settings = _settings(run.path)
    chosen = ["–" if (value := pick(settings)) is None else _short(value) for pick in SETTINGS.values()]
    return [run.name, run.network, source, str(run.epochs), *scores, *chosen, run.problem or run.state]


def _settings(path: Path) -> dict[str, Any]:
    """What it was trained with; nothing where that cannot be read, for the list says so already."""
    with suppress(OSError, ValueError):
        settings = tomllib.loads((path / "settings.toml").read_text(encoding="utf-8"))
        if isinstance(settings.get("training"), dict):
            return settings
    return {"training": {}}


def _figure(name: str, value: float | None) -> str:
    return percent(value) if "accuracy" in name or "F1" in name else number(value)


def _short(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def versus(session: Session, run: str = "") -> Versus:
    """The message `Versus` of static/messages.d.ts: this run and another one on the same input.

    Raises:
        RunError: it is none of the runs in the folder of this one.
        ShapeError: it takes other samples.
    """
    own, other = _own(session), _other(session, run)
    wanted, has = _shape(other), _shape(own)
    if wanted != has:
        raise ShapeError(f"{other.name} takes samples of {show(wanted)}, this run {show(has)}.")
    with session.lock:
        seen = session.seen
        found = trace(other.model(), seen.inputs, keep=True)
        return {
            "runs": [_side(session, own, seen.trace, seen.label), _side(session, other, found, seen.label)]
        }


def _own(session: Session) -> Run:
    if session.opened.run is None:
        raise RunError(f"{session.opened.name} is no run, so there are none beside it.")
    return session.opened.run


def _other(session: Session, path: str) -> Run:
    """A run beside this one, and no other place of the disk."""
    beside = {str(each.path.resolve()): each.path for each in runs_in(_own(session).path.parent)}
    if path not in beside:
        raise RunError(f"'{path[:200]}' is no run in the folder of this one.")
    with session.lock:
        if path not in session.others:
            if len(session.others) >= KEPT:
                session.others.pop(next(iter(session.others)))
            session.others[path] = load(beside[path])
        return session.others[path]


def _shape(run: Run) -> tuple[int, ...]:
    return run.settings.facts.channels, *run.settings.facts.space


def _side(session: Session, run: Run, found: Trace, label: int | None) -> ComparedRun:
    leaves = [leaf for row in rows_of(found) for leaf in row.leaves()]
    if found.failure:
        raise ConvscopeError(f"{run.name} fails on this input: {found.failure.message}")
    same = run.classes == session.opened.classes
    return {
        "title": run.name,
        "prediction": _prediction(run, found, label if same else None),
        "graph": {
            "operations": len(found.nodes),
            "parameters": sum(leaf.parameters for leaf in leaves),
            "macs": sum(leaf.macs or 0 for leaf in leaves),
            "seconds": sum(node.seconds for node in found.nodes),
        },
    }


def _prediction(run: Run, found: Trace, label: int | None) -> Prediction | None:
    if run.settings.facts.regression or not isinstance(found.output, Ref):
        return None
    scores: Tensor | None = found.values[found.output.index].tensor
    if scores is None or scores.dim() != 2:
        return None
    return {
        "classes": list(run.classes),
        "logits": [plain(each) for each in scores[0].tolist()],
        "probabilities": [plain(each) for each in probabilities(scores[0]).tolist()],
        "truth": label,
    }
