"""A table of runs, best first. Reads a few lines a run: no weights, no torch."""

import json
import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

from convscope.errors import RunError
from convscope.run import files, folders, rows
from convscope.run.manifest import Manifest


@dataclass(frozen=True)
class Summary:
    """One run in a line.

    Attributes:
        path: its folder.
        name: its name.
        source: what it was trained on.
        network: which network.
        epochs: whole passes made.
        val_accuracy: the best accuracy on the validation part, 0 … 1; None where there is none.
        test_accuracy: accuracy of the evaluation in the folder, 0 … 1; None where there is none.
        state: "done", "early stopping", "interrupted" or "running"; "damaged" with the reason in `problem`.
        created: date and time, ISO 8601.
        problem: why it cannot be used; empty for a sound one.
    """

    path: Path
    name: str
    source: str = ""
    network: str = ""
    epochs: int = 0
    val_accuracy: float | None = None
    test_accuracy: float | None = None
    state: str = "damaged"
    created: str = ""
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {**asdict(self), "path": str(self.path)}


class Summaries(list[Summary]):
    """Runs, best first; shows itself as a table in a notebook."""

    def _repr_html_(self) -> str:
        fields = ("name", "source", "network", "epochs", "val_accuracy", "test_accuracy", "state")
        head = "".join(f"<th>{field.replace('_', ' ')}</th>" for field in fields)
        lines = [[_show(getattr(run, field)) for field in fields] for run in self]
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in line) + "</tr>" for line in lines)
        return f"<table><tr>{head}</tr>{body}</table>"


def runs(root: str | Path = folders.ROOT) -> Summaries:
    """List the runs in a folder, best first: by validation accuracy, the damaged ones last.

    Args:
        root: the folder; a folder that is not there has no runs.
    """
    found = [summary(path) for path in folders.inside(Path(root).expanduser())]
    return Summaries(sorted(found, key=_rank))


def summary(path: Path) -> Summary:
    """One run in a line; what is wrong with it, if something is, in `problem`."""
    try:
        manifest = Manifest.read(path)
        with files.reading(path / "settings.toml", "Take it from a backup."):
            settings = tomllib.loads(
                (manifest.content("settings.toml") or b"").decode("utf-8", "surrogateescape")
            )
            source, network = settings["data"]["source"], settings["network"]["name"]
            created = settings["facts"]["created"]
        history = rows.read(path / "history.csv")
    except RunError as error:
        return Summary(path, path.name, problem=str(error).partition("\n")[0])
    accuracies = [row["val_accuracy"] for row in history if row["best"]]
    return Summary(
        path,
        path.name,
        source,
        network,
        epochs=len(history),
        val_accuracy=accuracies[-1] if accuracies else None,  # pyright: ignore[reportArgumentType]
        test_accuracy=_test_accuracy(path),
        state=str(manifest.facts.get("reason") or ("running" if files.is_held(path) else "interrupted")),
        created=created,
    )


def _rank(run: Summary) -> tuple:
    accuracy = -1.0 if run.val_accuracy is None else run.val_accuracy
    return bool(run.problem), -accuracy, run.name


def _test_accuracy(path: Path) -> float | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads((path / "evaluation.json").read_text(encoding="utf-8"))["accuracy"])
    return None


def _show(value: object) -> str:
    return f"{value:.2%}" if isinstance(value, float) else "" if value is None else str(value)
