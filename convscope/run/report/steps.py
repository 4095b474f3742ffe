"""What a network saw of a sequence: the rows of its window, in the columns and units of the table."""

from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.data.series.features import CYCLES
from convscope.run.report import words

ROWS, COLUMNS = 14, 8  # that are shown at most: the last rows, the first columns
COUNTED = 0.5  # of the strongest evidence, from which on a cell is marked


class StepCell(NamedTuple):
    """One value, and whether it counted."""

    text: str
    marked: bool


class StepRow(NamedTuple):
    """One row of a window: how many rows before what is predicted, and its values."""

    before: str
    cells: list[StepCell]


class StepTable(NamedTuple):
    """The rows of a window, the oldest first."""

    columns: list[str]
    rows: list[StepRow]
    left_out: str


def table(dataset: Dataset, row: int, evidence: Tensor | None) -> StepTable | None:
    """The window of a sample; None where its columns have no names.

    Args:
        dataset: of sequences.
        row: of the sample.
        evidence: (feature, step), 0 … 1; None: nothing is marked.
    """
    if dataset.kind != "sequence" or len(dataset.features) != dataset.channels:
        return None
    window = dataset.inputs[row].float()  # (feature, step)
    strength = torch.zeros_like(window) if evidence is None else evidence
    every = _columns(dataset.features)
    columns = dict(list(every.items())[:COLUMNS])
    most = max((float(strength[places].amax()) for places in columns.values()), default=0.0)
    steps, horizon = window.shape[1], dataset.settings.horizon or 0

    def cells(step: int) -> list[StepCell]:
        values, counts = window[:, step], strength[:, step]
        return [
            StepCell(_value(name, places, dataset.features, values), _counts(counts[places], most))
            for name, places in columns.items()
        ]

    shown = range(max(0, steps - ROWS), steps)
    rows = [StepRow(words.number(step - steps + 1 - horizon), cells(step)) for step in shown]
    return StepTable(list(columns), rows, _left_out(steps, len(every) - len(columns)))


def _columns(features: tuple[str, ...]) -> dict[str, list[int]]:
    """Columns of the table → their features, of a text a class each. What the time tells is left out."""
    kept = [place for place, name in enumerate(features) if name not in CYCLES]
    found: dict[str, list[int]] = {}
    for name, places in groupby(kept, key=lambda place: features[place].partition("=")[0]):
        found.setdefault(name, []).extend(places)
    return found


def _value(name: str, places: list[int], features: tuple[str, ...], values: Tensor) -> str:
    """A number, or the class of a column of text."""
    if features[places[0]] == name:
        return words.number(float(values[places[0]]))
    said = [features[place].removeprefix(f"{name}=") for place in places if values[place] > 0.5]
    return ", ".join(said) or "–"


def _counts(strength: Tensor, most: float) -> bool:
    return most > 0 and float(strength.amax()) >= COUNTED * most


def _left_out(steps: int, columns: int) -> str:
    said = [f"the last {ROWS} of {steps} rows"] if steps > ROWS else []
    said += [f"{columns} more columns are not shown"] if columns else []
    return "; ".join(said)
