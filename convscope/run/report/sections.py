"""What stands in the sections of every report, as plain values for the template."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from convscope.data.check import quick
from convscope.data.dataset import PARTS, Dataset
from convscope.explaining.rows import Row
from convscope.network.model import Model
from convscope.network.preprocess import Standardise
from convscope.run.evaluation.latency import latency
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.plots import figures
from convscope.run.plots.drawing import QUIET, Pen
from convscope.run.report import words
from convscope.run.report.tiles import Tiles
from convscope.run.settings import RunSettings
from convscope.settings import Augment
from convscope.shapes import show
from convscope.summary import summarise
from convscope.tracing import trace
from convscope.training.batches import Batches

if TYPE_CHECKING:
    from convscope.run.run import Run

BATCH = 32  # samples shown at most
SKIPPED = 100  # files left out that are named one by one
UNEVEN = 3.0  # times as many samples as the rarest class, from which on what was done about it is said
BALANCED = {
    "none": "Rare classes counted and were shown no more than they occur.",
    "weights": "Errors on rare classes counted for more in training, so that every class weighed the same.",
    "sampling": "Rare classes were shown more often in training, so that every class was seen equally often.",
}
ROWS_SEEN = " Below each: the rows that the network saw, in the units of the table; row −1 is the one before."
TOOK = "the steps of all epochs, without validation; a terminal tells the time of one call, validation in it"
TOOK_RECORDED = "from one epoch that was recorded to the next, with all that the loop did in between"
AXES = {  # of a sample
    "image": "channel × height × width",
    "signal": "channel × time",
    "volume": "channel × depth × height × width",
    "sequence": "column × row",
}


class KeyFigure(NamedTuple):
    """One of the key figures, and what it means."""

    name: str
    value: str
    hint: str


def bar(what: str, path: Path, source: str, network: str) -> dict[str, str]:
    """What stands above every page: what it is of, and from what data and network that came."""
    shown = Path(source).name or source
    return {"what": what, "name": path.name, "source": shown, "source_path": source, "network": network}


def head(run: "Run", dataset: Dataset, evaluation: Evaluation | ValueEvaluation) -> dict[str, Any]:
    """The verdict and what must be known to read it right."""
    return {
        **bar("Run", run.path, run.settings.data.source, run.settings.network.name),
        "evaluation": evaluation,
        "verdict": words.verdict(dataset, evaluation),
        "small_print": words.small_print(
            dataset,
            evaluation,
            run.history,
            run.caveat,
            best_by=run.settings.training.best_by,
            recorded=run.settings.recorded is not None,
        ),
        "notices": [notice["text"] for notice in run.notices],
        "part": words.PARTS_IN_WORDS[words.judged_part(dataset)],
        "noun": words.noun(dataset),
        "regression": dataset.regression,
        "recorded": run.settings.recorded is not None,
    }


def course(run: "Run") -> dict[str, Any]:
    """The epochs, and how long everything took, as far as it is known."""
    history, recorded = run.history, run.settings.recorded is not None
    trained, validated = (sum(row[key] or 0 for row in history) for key in ("seconds", "val_seconds"))
    best = [place for place, row in enumerate(history, 1) if row["best"]]
    speeds = [row["samples_per_second"] or 0 for row in history]
    return {
        "history": history,
        "best_epoch": best[-1] if best else 0,
        "trained": trained,
        "took": KeyFigure("Training", words.seconds(trained), TOOK_RECORDED if recorded else TOOK),
        "validated": validated,
        "speed": sum(speeds) / len(speeds) if speeds else 0.0,
    }


def batch(run: "Run", dataset: Dataset, tiles: Tiles) -> dict[str, Any]:
    """What the network was trained on."""
    shown, labels = _first_batch(run, dataset)
    values = dataset.regression
    names = [words.number(label) if values else dataset.classes[int(label)] for label in labels.tolist()]
    return {
        "batch": [{**tiles.alone(sample), "true": name} for sample, name in zip(shown, names, strict=True)],
        "axes": AXES[dataset.kind],
        "changed": run.settings.training.augment not in (None, Augment()),
        **tiles.scales(),
        "looked": tiles.looked,
        "ink": tiles.pen.ink,
        "dated": dataset.when is not None,
        "pen": tiles.pen,
        "drawn": _drawn(tiles.pen, dataset),
        "rows_seen": ROWS_SEEN if dataset.kind == "sequence" else "",
    }


def sheet(page: dict[str, Any], section: str, caption: str) -> figures.Figure:
    """The samples of a section as a picture for plots/, a caption made of each one's fields below it."""
    pen, tiles = page["pen"], page[section]
    pictures = [pen.printed(tile["picture"]) for tile in tiles]
    return figures.sheet(pictures, [caption.format(**tile) for tile in tiles], pen.ratio)


def data(run: "Run", dataset: Dataset) -> dict[str, Any]:
    """Samples of each part and class, what was found in the data, and what was left out."""
    found = [*quick(dataset, near=False).others, *_balanced(run, dataset)]
    told = [remark for remark in run.settings.facts.remarks if remark in dataset.remarks]
    return {
        "totals": {part: len(dataset.parts[part]) for part in PARTS},
        **(_amounts(dataset) if dataset.regression else _counts(dataset)),
        "remarks": list(dict.fromkeys([*told, *found])),
        "skipped": dataset.skipped[:SKIPPED],
        "more_skipped": max(0, len(dataset.skipped) - SKIPPED),
        "sample_shape": show((dataset.channels, *dataset.space)),
    }


def _counts(dataset: Dataset) -> dict[str, Any]:
    """Samples of each class in each part."""
    parts = {part: dataset.counts(part) for part in PARTS}
    counts = [
        {"name": name, **{part: parts[part][index] for part in PARTS}}
        for index, name in enumerate(dataset.classes)
    ]
    return {"counts": counts, "most": max(sum(row[part] for part in PARTS) for row in counts)}


def _amounts(dataset: Dataset) -> dict[str, Any]:
    """How the target's values lie in each part."""
    rows = []
    for part in PARTS:
        values = dataset.labels[dataset.parts[part]].double()
        if len(values):
            some = (values.min(), values.mean(), values.max(), values.std(correction=0))
            numbers = [words.number(float(value)) for value in some]
            rows.append({"name": words.PARTS_IN_WORDS[part], "samples": len(values), "numbers": numbers})
    return {"amounts": rows}


def _balanced(run: "Run", dataset: Dataset) -> list[str]:
    """What was done about rare classes, where some are and it is known."""
    if dataset.regression or run.settings.recorded is not None:
        return []
    counts = [count for count in dataset.counts("train") if count]
    rare = max(counts) >= UNEVEN * min(counts)
    return [BALANCED[run.settings.training.balance or "none"]] if rare else []


def _drawn(pen: Pen, dataset: Dataset) -> str:
    """How to read the drawings."""
    names = ", ".join(dataset.features[place] for place in pen.channels) or ", ".join(dataset.features)
    sentences = {
        "lines": f" Drawn from top to bottom: {names}." if dataset.channels > 1 and names else "",
        "spectrogram": f" Drawn by pitch, upwards, over time; black: {QUIET} decibels below the loudest.",
        "map": " Each row is a channel, the higher the value the lighter.",
        "slices": " Drawn: the middle slices across depth, height and width.",
        "shadows": " Drawn as X-rays along depth, height and width.",
        "image": " Drawn as ink on paper: the lowest value is the ground." if pen.ink else "",
    }
    return sentences[pen.way]


def network(run: "Run", dataset: Dataset) -> dict[str, Any]:
    """The layers, with their totals and the time for one sample."""
    model, sample = run.model(), dataset.inputs[:1].contiguous()
    summary = summarise(trace(model, sample, keep=False))
    layers = list(_layers(summary.rows, dataset.space))
    return {
        "layers": layers,
        "parameters": summary.totals.parameters,
        "macs": summary.totals.macs,
        "heaviest": max(layer["parameters"] for layer in layers),
        "latency": latency(model, sample),
        "temperature": _temperature(run, model, dataset),
        "first_step": _first_step(model, run.settings),
    }


def _temperature(run: "Run", model: Model, dataset: Dataset) -> str:
    """What the probabilities were put right by: those of values and of a person's own loop by nothing."""
    number = getattr(model.output, "temperature", None)
    return (
        ""
        if number is None or run.settings.recorded
        else words.temperature(number.item(), len(dataset.parts["val"]))
    )


def _layers(rows: Sequence[Row], space: tuple[int, ...], path: str = "") -> Iterator[dict[str, Any]]:
    """A line for each operation, in the order in which a sample passes them; one for all preprocessing."""
    for row in rows:
        name = f"{path}.{row.name}".removeprefix(".")
        if row.rows and name != "preprocess":
            yield from _layers(row.rows, space, name)
        else:
            yield {
                "name": name,
                "what": f"{row.kind}({row.settings})".removesuffix("()"),
                "shape": show(row.output[0][1:]) if row.output else "",
                "parameters": row.parameters,
                "macs": row.macs or None,
                "sees": _sees(row, space),
            }


def _sees(row: Row, space: tuple[int, ...]) -> str:
    """The receptive field, as far as there is a sample."""
    if not row.field or not any(row.field.jump):
        return ""
    size = row.field.size
    return show(tuple(map(min, size, space)) if len(size) == len(space) else size)


def _first_step(model: Model, settings: RunSettings) -> str:
    """What the network does to raw values before anything else."""
    facts = settings.facts
    if not isinstance(model.preprocess, Standardise):
        return "brings each sample by itself to mean 0 and standard deviation 1, channel by channel"
    if settings.recorded is not None:
        mean, std = (_of_channels(each) for each in (model.preprocess.mean, model.preprocess.std))
        return f"takes off {mean} and divides by {std}, as its loop does"
    what = "each column" if facts.kind == "sequence" else "values"
    if facts.values == "uint8":
        what = "pixels from 0–255"
    elif facts.limits and facts.kind != "sequence":
        what = " to ".join(["values from", *map(words.number, facts.limits)]).replace("from to", "from")
    return f"brings {what} to mean 0 and standard deviation 1, as measured on the training part"


def _of_channels(values: Tensor) -> str:
    """A number, or one a channel."""
    return ", ".join(words.number(value, 6) for value in values.unique_consecutive().tolist())


def settings(run: "Run", dataset: Dataset) -> dict[str, Any]:
    """Everything that was set or chosen and why, the versions, and the commands to go on with."""
    facts = run.settings.facts
    shown = run.settings.model_dump()
    groups = {name: _plain(shown[name]) for name in ("data", "network")}
    groups["training"] = _plain(shown["training"]) if shown["recorded"] is None else _told(shown["recorded"])
    machine = {name: run.facts[name] for name in ("device", "precision", "threads") if name in run.facts}
    return {
        "groups": groups | {"machine and versions": _plain({**machine, **facts.versions})},
        "created": facts.created[:16].replace("T", " "),
        "fingerprint": facts.fingerprint,
        "reasons": [remark for remark in facts.remarks if remark not in dataset.remarks],
        "commands": _commands(run, words.noun(dataset)),
    }


def _told(recorded: dict[str, Any]) -> dict[str, str]:
    """What was told of a loop of somebody's own."""
    return {
        **_plain(recorded),
        "all else" if recorded else "everything": "unknown: a loop of its person's own",
    }


def pass_length(run: "Run") -> int:
    """Steps that make one pass over the training part."""
    return int(run.facts.get("steps_per_epoch") or run.history[0]["step"])


def _first_batch(run: "Run", dataset: Dataset) -> tuple[Tensor, Tensor]:
    """The first samples of the training, with their random changes; these do not depend on the batch size."""
    few = replace(run.settings.training, batch=BATCH)
    return next(Batches(dataset, few, torch.device("cpu")).epoch(1))


def _plain(group: dict[str, Any]) -> dict[str, str]:
    """Settings as a person writes them: nested ones in one line, those that are None left out."""
    return {name.replace("_", " "): _word(value) for name, value in group.items() if value is not None}


def _word(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_word(inner)}" for name, inner in value.items() if inner) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return show(tuple(value))
    return words.number(value, 6) if isinstance(value, float) else str(value)


def _commands(run: "Run", noun: str) -> list[tuple[str, str]]:
    path = shlex.quote(str(run.path))
    ahead = run.settings.facts.kind == "sequence"
    example = "Look ahead from the newest rows" if ahead else f"Ask it about {noun} of your own"
    again = (
        []
        if run.finished or run.settings.recorded is not None
        else [("Go on with the training", f"convscope train --resume {path}")]
    )
    return [
        *again,
        (example, f"convscope predict {path} FILE_OR_FOLDER"),
        ("Judge it on other labelled data", f"convscope evaluate {path} --data DATA"),
        ("Compare with other runs", "convscope runs"),
    ]
