"""What stands in each section of the report, as plain values for the template."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from convscope.data.augment import Augment
from convscope.data.check import quick
from convscope.data.dataset import PARTS, Dataset
from convscope.run import words
from convscope.run.drawing import Pen
from convscope.run.evaluation import Evaluation, Judged
from convscope.run.outline import latency, outline
from convscope.shapes import show
from convscope.training.batches import Batches

if TYPE_CHECKING:
    from convscope.run.run import Run

MISTAKES, UNSURE, BATCH = 24, 16, 32  # samples shown at most
STARTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5)  # shares at which an axis may begin
CONFUSIONS = 10  # pairs of classes named
SKIPPED = 100  # files left out that are named one by one


CONTENTS = {
    "result": "Result",
    "learning": "How it learned",
    "confusion": "What for what",
    "classes": "Class by class",
    "calibration": "Calibration",
    "mistakes": "Mistakes",
    "unsure": "Close calls",
    "batch": "What it was shown",
    "data": "Data",
    "network": "Network",
    "settings": "Settings",
    "next": "How to go on",
}


def result(run: "Run", dataset: Dataset, evaluation: Evaluation) -> dict[str, Any]:
    """The verdict, the figures and the confusion matrix."""
    size = len(evaluation.classes)
    return {
        "run": run,
        "source": Path(run.settings.data.source).name or run.settings.data.source,
        "contents": [
            (anchor, title) for anchor, title in CONTENTS.items() if anchor != "unsure" or evaluation.unsure
        ],
        "evaluation": evaluation,
        "verdict": words.verdict(dataset, evaluation),
        "small_print": words.small_print(dataset, evaluation, run.history, run.caveat),
        "notices": [notice["text"] for notice in run.notices],
        "part": words.PARTS_IN_WORDS[words.judged_part(dataset)],
        "noun": words.NOUNS[dataset.kind],
        "calibration": words.calibration(evaluation),
        "confusions": _confusions(evaluation),
        "lowest": _lowest(evaluation),
        "matrix": _matrix(evaluation),
        "classes": size,
        "longest": max(map(len, evaluation.classes)),
        "cell": 44 if size <= 12 else 28 if size <= 30 else max(6, 880 // size),  # pixels
    }


def course(run: "Run") -> dict[str, Any]:
    """The epochs, and how long everything took."""
    history = run.history
    trained, validated = (sum(row[key] for row in history) for key in ("seconds", "val_seconds"))
    best = [place for place, row in enumerate(history, 1) if row["best"]]
    speeds = [row["samples_per_second"] for row in history]
    return {
        "history": history,
        "best_epoch": best[-1] if best else 0,
        "trained": trained,
        "validated": validated,
        "speed": sum(speeds) / len(speeds) if speeds else 0.0,
    }


def samples(run: "Run", dataset: Dataset, evaluation: Evaluation, pen: Pen) -> dict[str, Any]:
    """The samples that are shown: mistakes, close calls, and what the network was trained on."""

    def judged(sample: Judged) -> dict[str, Any]:
        return {"picture": pen.draw(dataset.inputs[sample.row]), **sample._asdict()}

    shown, labels = _first_batch(run, dataset)
    pairs = zip(shown, labels.tolist(), strict=True)
    return {
        "mistakes": [judged(sample) for sample in evaluation.mistakes[:MISTAKES]],
        "unsure": [judged(sample) for sample in evaluation.unsure[:UNSURE]],
        "batch": [{"picture": pen.draw(sample), "true": dataset.classes[label]} for sample, label in pairs],
        "changed": run.settings.training.augment not in (None, Augment()),
        "ink": pen.ink,
    }


def data(run: "Run", dataset: Dataset) -> dict[str, Any]:
    """Counts of each class and part, what was found in the data, and what was left out."""
    parts = {part: dataset.counts(part) for part in PARTS}
    counts = [
        {"name": name, **{part: parts[part][index] for part in PARTS}}
        for index, name in enumerate(dataset.classes)
    ]
    return {
        "counts": counts,
        "totals": {part: sum(parts[part]) for part in PARTS},
        "most": max(sum(row[part] for part in PARTS) for row in counts),
        "remarks": list(dict.fromkeys((*run.settings.facts.remarks, *quick(dataset)))),
        "skipped": dataset.skipped[:SKIPPED],
        "more_skipped": max(0, len(dataset.skipped) - SKIPPED),
        "sample_shape": show((dataset.channels, *dataset.space)),
    }


def network(run: "Run", dataset: Dataset) -> dict[str, Any]:
    """The layers, with their totals and the time for one sample."""
    model, sample = run.model(), dataset.inputs[:1]
    layers = outline(model, sample)
    return {
        "layers": [{**layer._asdict(), "shape": show(layer.shape)} for layer in layers],
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "macs": sum(layer.macs or 0 for layer in layers),
        "heaviest": max(layer.parameters for layer in layers),
        "latency": latency(model, sample),
        "temperature": getattr(model.output, "temperature", torch.ones(())).item(),
        "statistics": {
            name: [f"{value:.4g}" for value in tensor] for name, tensor in model.preprocess.named_buffers()
        },
    }


def settings(run: "Run") -> dict[str, Any]:
    """Everything that was set or chosen, the versions, and the commands to go on with."""
    facts = run.settings.facts
    groups = {
        name: _plain(getattr(run.settings, name).model_dump()) for name in ("data", "network", "training")
    }
    machine = {name: run.facts[name] for name in ("device", "precision", "threads") if name in run.facts}
    return {
        "groups": groups | {"machine and versions": _plain({**machine, **facts.versions})},
        "created": facts.created[:16].replace("T", " "),
        "fingerprint": facts.fingerprint,
        "commands": _commands(run),
    }


def pass_length(run: "Run") -> int:
    """Steps that make one pass over the training part."""
    return int(run.facts.get("steps_per_epoch") or run.history[0]["step"])


def _matrix(evaluation: Evaluation) -> dict[str, Any]:
    """The confusion matrix as cells: count, share of the true class, and strength of colour 0 … 1."""
    size = len(evaluation.classes)
    shares = [[count / max(sum(line), 1) for count in line] for line in evaluation.confusion]
    worst = max(
        (shares[true][said] for true in range(size) for said in range(size) if true != said), default=0.0
    )

    def cell(true: int, said: int) -> dict[str, Any]:
        share = shares[true][said]
        strength = share if true == said else share / worst if worst else 0.0
        return {"count": evaluation.confusion[true][said], "share": share, "strength": strength}

    return {"rows": [[cell(true, said) for said in range(size)] for true in range(size)], "worst": worst}


def _confusions(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The commonest confusions, each with the share of the class that it takes."""
    support = {score.name: score.support for score in evaluation.per_class}
    return [
        {**pair._asdict(), "share": pair.times / support[pair.true]}
        for pair in evaluation.confusions[:CONFUSIONS]
    ]


def _lowest(evaluation: Evaluation) -> float:
    """Where the axis of precision and recall begins: at a round share below all of them."""
    known = [
        share
        for score in evaluation.per_class
        for share in (score.precision, score.recall)
        if share is not None
    ]
    return next((start for start in STARTS if start < min(known)), 0.0)


def _first_batch(run: "Run", dataset: Dataset) -> tuple[Tensor, Tensor]:
    """The first samples of the training, with their random changes; these do not depend on the batch size."""
    few = run.settings.training.model_copy(update={"batch": BATCH})
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


def _commands(run: "Run") -> list[tuple[str, str]]:
    path = shlex.quote(str(run.path))
    again = [] if run.finished else [("Go on with the training", f"convscope train --resume {path}")]
    return [
        *again,
        ("Name what is in files or folders", f"convscope predict {path} FILE_OR_FOLDER"),
        ("Judge it on other labelled data", f"convscope evaluate {path} --data DATA"),
        ("Compare with other runs", "convscope runs"),
    ]
