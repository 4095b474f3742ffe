"""A table of runs, best first. Reads a few lines a run: no weights, no torch."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from html import escape
from math import inf
from pathlib import Path
from typing import Any

from convscope.arguments import demand_path
from convscope.errors import RunError
from convscope.figures import number, percent
from convscope.paths import expanded
from convscope.run import files, folders, rows
from convscope.run.checkpoint import proven, steady
from convscope.run.manifest import EVALUATION, Manifest, unsealed

FIGURES = {  # of an evaluation, that a table of runs shows
    "classification": ("accuracy", "balanced_accuracy", "macro_f1"),
    "regression": ("mae", "rmse", "r2"),
}


@dataclass(frozen=True)
class RunSummary:
    """One run in a line.

    Attributes:
        path: its folder.
        name: its name.
        source: what it was trained on.
        network: which network.
        epochs: whole passes made; of a study, by the training with the most.
        task: "classification" or "regression".
        val_accuracy: accuracy on the validation part in the best epoch, 0 … 1; None where there is none.
        val_loss: loss on the validation part in that epoch; None where there is none.
        test: figures of the evaluation in the folder, if it is on a test part: accuracy, balanced_accuracy
            and macro_f1, or mae, rmse and r2; empty where there is none.
        state: "done", "early stopping", "interrupted" or "running"; "damaged" with the reason in `problem`.
        created: date and time, ISO 8601.
        problem: why it cannot be used; empty for a sound one.
        remark: why figures of the evaluation are not shown, though there are some; empty otherwise.
    """

    path: Path
    name: str
    source: str = ""
    network: str = ""
    epochs: int = 0
    task: str = "classification"
    val_accuracy: float | None = None
    val_loss: float | None = None
    test: Mapping[str, float | None] = field(default_factory=dict)
    state: str = "damaged"
    created: str = ""
    problem: str = ""
    remark: str = ""

    @property
    def best(self) -> str:
        """A validation figure of the weights that are kept, in words; empty where there is none."""
        if self.val_accuracy is not None:
            return f"accuracy {percent(self.val_accuracy)}"
        return "" if self.val_loss is None else f"loss {self.val_loss:.4f}"

    def as_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {**asdict(self), "path": str(self.path)}


class Summaries(list[RunSummary]):
    """Runs, best first; shows itself as a table in a notebook."""

    def _repr_html_(self) -> str:
        fields = ("name", "source", "network", "epochs", "best", "test", "state")
        head = "".join(f"<th>{field.replace('_', ' ')}</th>" for field in fields)
        lines = [[_show(getattr(run, field)) for field in fields] for run in self]
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in line) + "</tr>" for line in lines)
        remarks = "".join(f"<p>{escape(run.remark)}</p>" for run in self if run.remark)
        return f"<table><tr>{head}</tr>{body}</table>{remarks}"


def runs(runs: str | Path = folders.ROOT) -> Summaries:
    """List the runs in a folder, best first, the damaged ones last; the trainings of a study in one line.

    Classes are ranked by accuracy on the validation part; after them those that predict values, by loss.

    Args:
        runs: the folder; a folder that is not there has no runs.
    """
    demand_path("runs", runs, "the path of the folder of runs")
    place = expanded(runs)
    found = [*map(summary, folders.inside(place)), *map(of_study, folders.studies(place))]
    return Summaries(sorted(found, key=_rank))


def summary(path: Path) -> RunSummary:
    """One run in a line, of what its manifest proves; what is wrong, if something is, in `problem`."""
    try:
        return steady(path, _summary)
    except RunError as error:
        return RunSummary(path, path.name, problem=str(error).partition("\n")[0])


def _summary(path: Path) -> RunSummary:
    manifest = Manifest.read(path)
    with files.reading(path / "settings.toml", "Take it from a backup."):
        text = (manifest.content("settings.toml") or b"").decode("utf-8", "surrogateescape")
        settings = tomllib.loads(text)
        source, network = settings["data"]["source"], settings["network"]["name"]
        created, task = settings["facts"]["created"], settings["facts"].get("task", RunSummary.task)
    history = rows.parse(path / "history.csv", proven(manifest, "history.csv"))
    state = str(manifest.facts.get("reason") or ("running" if files.is_held(path) else "interrupted"))
    best = next((row for row in reversed(history) if row["best"] and _judged(row)), {})
    return RunSummary(
        path,
        path.name,
        source,
        network,
        epochs=len(history),
        task=task,
        val_accuracy=best.get("val_accuracy"),  # pyright: ignore[reportArgumentType]
        val_loss=best.get("val_loss"),  # pyright: ignore[reportArgumentType]
        test=_test(manifest, FIGURES.get(task, ())),
        state=state,
        created=created,
        remark="" if state == "running" else _remark(manifest),
    )


def _judged(epoch: Mapping[str, Any]) -> bool:
    return epoch["val_loss"] is not None or epoch["val_accuracy"] is not None


def of_study(path: Path) -> RunSummary:
    """A study in a line: means over its trainings, and at its end what they are worth together."""
    try:
        with files.reading(path / folders.STUDY, "Take it from a backup."):
            asked, result = unsealed(files.content(path / folders.STUDY).decode("utf-8"), "asked", "result")
            each = "folds" if "folds" in asked else "seeds"
            count, source, evaluation = asked[each], asked["source"], result.get("evaluation", {})
    except RunError as error:
        return RunSummary(path, path.name, problem=str(error).partition("\n")[0])
    members = [run for run in map(summary, folders.inside(path)) if not run.problem]
    task = members[0].task if members else RunSummary.task  # its runs may have been removed since
    task = next((task for task, names in FIGURES.items() if names[0] in evaluation), task)
    state = f"{count} {each}" if result and len(members) >= count else f"{len(members)} of {count} {each}"
    return RunSummary(
        path,
        path.name,
        source,
        ", ".join(sorted({run.network for run in members})),
        epochs=max((run.epochs for run in members), default=0),
        task=task,
        val_accuracy=_mean([run.val_accuracy for run in members]),
        val_loss=_mean([run.val_loss for run in members]),
        test={name: evaluation[name] for name in FIGURES[task]} if evaluation else {},
        state=f"{state}, running" if files.is_held(path) else state,
        created=min((run.created for run in members), default=""),
    )


def _mean(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) / len(known) if known else None


def _rank(run: RunSummary) -> tuple:
    accuracy = -1.0 if run.val_accuracy is None else run.val_accuracy
    loss = inf if run.val_loss is None else run.val_loss
    values = run.task == "regression"
    return bool(run.problem), values, loss if values else -accuracy, run.name


def _test(manifest: Manifest, figures: Sequence[str]) -> dict[str, float | None]:
    with suppress(ValueError, KeyError, TypeError):
        found = json.loads(manifest.result(EVALUATION) or b"{}")
        if (
            found.get("part", "test") != "test"
        ):  # without one, what was judged is what was learnt or chosen by
            return {}
        return {name: None if found[name] is None else float(found[name]) for name in figures}
    return {}


def _remark(manifest: Manifest) -> str:
    """Why the figures on the test part are not shown, where there are some."""
    path, known = manifest.folder / EVALUATION, EVALUATION in manifest.results
    if not (known or path.exists()) or manifest.result(EVALUATION) is not None:
        return ""
    what = files.CHANGED if path.exists() else "is missing."
    if not known:
        what = "has no SHA-256 on record: an older convscope wrote it, or the weights have changed since."
    run = manifest.folder
    return (
        f"{run.name}: no figures on the test part, for {path.name} {what}"
        f" To judge anew: convscope train --resume {run}"
    )


def _show(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name.replace('_', ' ')} {_figure(name, number)}" for name, number in value.items()
        )
    return str(value)


def _figure(name: str, value: float | None) -> str:
    return percent(value) if name in FIGURES["classification"] else number(value)
