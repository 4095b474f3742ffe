"""What a network says about samples, classes or values: as table, CSV, JSON, or a sheet of drawings."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike
from torch import Tensor

from convscope.arguments import demand, demand_flag, demand_path, demand_whole
from convscope.data.dataset import Kind, Skipped
from convscope.errors import DataError, NoSuchPlace, UnknownName
from convscope.figures import number, percent
from convscope.outputs import Output, OutputForm, head
from convscope.text import cell, readable

if TYPE_CHECKING:
    from pandas import DataFrame

    from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
    from convscope.run.plots.sheet import Caption

IN_TEXT, IN_HTML = 10, 20  # predictions that are shown
OURS = re.compile(  # a table's header and its first row, which ends in a figure of six digits
    rb"name,(true,)?predicted(,probability(,choice (\d+),probability \4)*)?\r\n(\Z|.*?\d\.\d{6}\r\n)",
    re.DOTALL,
)
TABLE = OutputForm("table of predictions", (".csv",), lambda path: OURS.match(head(path)) is not None)


class Guess(NamedTuple):
    """One class and how likely the network holds it, 0 … 1."""

    name: str
    probability: float


class ClassPrediction(NamedTuple):
    """What is said of one sample.

    Attributes:
        name: where it came from.
        label: its likeliest class.
        probability: of that class, 0 … 1.
        probabilities: of each class.
        true: its class, where that is known.
    """

    name: str
    label: str
    probability: float
    probabilities: dict[str, float]
    true: str | None


class ValuePrediction(NamedTuple):
    """The value that is said of one sample, in the target's own unit, and the true one where it is known."""

    name: str
    value: float
    true: float | None


One = TypeVar("One", ClassPrediction, ValuePrediction)


@dataclass(frozen=True, repr=False, kw_only=True)
class _Told(ABC, Generic[One]):
    """What classes and values have in common.

    Attributes:
        names: where each sample came from.
        inputs: the samples as the network took them, (sample, channel, *space).
        kind: image, signal, volume or sequence.
        skipped: what could not be read, and why.
        remarks: sentences on what to bear in mind.
        sources: files and folders that were read for it: no output ever replaces one.
    """

    names: Sequence[str]
    inputs: Tensor
    kind: Kind
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    sources: Sequence[Path] = ()

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[One]:
        return (self._one(row) for row in range(len(self)))

    @overload
    def __getitem__(self, index: int | str) -> One: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | str | slice) -> One | Self:
        """One by its number or its name, or some of them by a slice."""
        if isinstance(index, slice):
            return replace(self._some(index), inputs=self.inputs[list(range(len(self))[index])])
        demand("sample", index, (str, Integral), "its number, its name or a slice")
        if not isinstance(index, str):
            if not -len(self) <= index < len(self):
                raise NoSuchPlace(f"sample: there are {len(self):,}; got {index}.")
            return self._one(range(len(self))[index])
        if index not in self.names:
            raise UnknownName("sample", index, self.names)
        return self._one(self.names.index(index))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """What was said as an array: probabilities, (sample, class), or values, (sample,); float64."""
        return np.array(self._numbers().numpy(), dtype=dtype, copy=copy)

    def to_frame(self, k: int = 3) -> "DataFrame":
        """The table as a DataFrame of pandas, a row a sample; columns as `table` has them.

        Raises:
            DataError: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise DataError(
                "a DataFrame needs pandas, which is not installed.\n"
                "  Install it (pip install pandas), or take .table(), a list of dicts, or .to_csv(path)."
            ) from error
        return DataFrame(self.table(k))

    @abstractmethod
    def _one(self, row: int) -> One: ...

    @abstractmethod
    def _numbers(self) -> Tensor: ...

    @abstractmethod
    def table(self, k: int = 3) -> list[dict[str, Any]]:
        """The predictions as rows."""

    def as_dict(self, k: int = 3) -> dict[str, Any]:
        """All of it, ready for JSON; predictions are rows as `table` has them."""
        skipped = [skipped._asdict() for skipped in self.skipped]
        return {"predictions": self.table(k), "skipped": skipped, "remarks": list(self.remarks)}

    @abstractmethod
    def evaluate(self) -> "Evaluation | ValueEvaluation | None":
        """How good the predictions are whose truth is known; None where it never is."""

    @abstractmethod
    def _captions(self) -> "list[Caption]": ...

    @abstractmethod
    def _some(self, rows: slice) -> Self: ...

    def to_csv(self, path: str | Path, k: int = 3, *, force: bool = False, exact_names: bool = False) -> Path:
        """Write the table as CSV; gives the path. A file that is no such table is replaced with `force` only.

        Args:
            path: the file.
            k: classes to name for each sample.
            force: replace a file that is no such table.
            exact_names: see `as_csv`.

        Raises:
            DataError: it may not stand there, or cannot be written; what was there before is untouched.
        """
        demand_path("path", path, "the path of a file")
        demand_flag("force", force)
        content = self.as_csv(k, exact_names=exact_names)
        return Output(Path(path), TABLE, self.sources, force).write(content)

    def as_csv(self, k: int = 3, *, exact_names: bool = False) -> bytes:
        """The table as the content of a CSV file.

        In UTF-8 without a mark in front, which would become part of the first title for most readers; Excel
        asks for the encoding under Data, From Text/CSV.

        Args:
            k: classes to name for each sample.
            exact_names: names byte by byte, also those that a spreadsheet would run as formulas, such as
                =1+1. Otherwise these get an apostrophe in front.
        """
        demand_flag("exact_names", exact_names)
        lines = self.table(k)
        titles = list(lines[0]) if lines else ["name", "predicted"]
        columns = [[line[title] for line in lines] for title in titles]
        return (",".join(titles) + "\r\n").encode() + csv_rows(columns, exact=exact_names)

    def contact_sheet(self, path: str | Path, *, force: bool = False) -> Path:
        """Write a PNG with up to 100 of the samples, drawn, and what was predicted below each.

        Where the true class is known, right ones are green, and wrong ones red with the true class. A file
        that is no such sheet is replaced with `force` only.

        Raises:
            DataError: it may not stand there, or cannot be written; what was there before is untouched.
        """
        from convscope.run.plots.drawing import Pen  # Pillow and a font, only for those who want the picture
        from convscope.run.plots.sheet import SHEET, contact_sheet

        demand_path("path", path, "the path of a file")
        demand_flag("force", force)
        output = Output(Path(path), SHEET, self.sources, force)
        output.demand()
        return output.write(contact_sheet(self.inputs, Pen.of(self.inputs, self.kind), self._captions()))

    def _repr_html_(self) -> str:
        lines = self._some(slice(IN_HTML)).table()
        head = "".join(f"<th>{escape(key)}</th>" for key in (lines[0] if lines else ()))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_show(key, value))}</td>" for key, value in line.items()) + "</tr>"
            for line in lines
        )
        more = f"<p>… and {len(self) - IN_HTML:,} more</p>" if len(self) > IN_HTML else ""
        said = "".join(f"<p>{escape(remark)}</p>" for remark in self.remarks)
        return f"{said}<table><tr>{head}</tr>{body}</table>{more}"

    def __repr__(self) -> str:
        lines = []
        for line in self._some(slice(IN_TEXT)).table(1):
            cells = {key: _show(key, value) for key, value in line.items()}
            sure = f" ({cells['probability']})" if "probability" in cells else ""
            true = f", true: {cells['true']}" if cells.get("true") else ""
            lines.append(f"{cells['name']}: {cells['predicted']}{sure}{true}")
        more = [f"… and {len(self) - IN_TEXT:,} more"] if len(self) > IN_TEXT else []
        more += [f"left out: {len(self.skipped):,}"] if self.skipped else []
        return "\n".join([*self.remarks, *lines, *more])


@dataclass(frozen=True, repr=False, kw_only=True)
class Predictions(_Told[ClassPrediction]):
    """Predicted classes: iterate, index by number, slice or name; as an array the probabilities.

    Attributes:
        names: where each sample came from.
        probabilities: (sample, class), each row adds up to 1.
        classes: class names, in the order of the columns.
        truth: the class of each sample where it is known, otherwise None.
        inputs: the samples as the network took them, (sample, channel, *space).
        kind: image, signal, volume or sequence.
        skipped: what could not be read, and why.
    """

    probabilities: Tensor
    classes: tuple[str, ...]
    truth: Sequence[str | None]

    def top(self, k: int = 1) -> list[list[Guess]]:
        """For each sample its `k` likeliest classes, likeliest first (all of them where there are fewer)."""
        demand_whole("k", k, 1)
        best = self.probabilities.topk(min(k, len(self.classes)), dim=1)
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [
            [Guess(self.classes[i], p) for i, p in zip(places, values, strict=True)]
            for places, values in pairs
        ]

    @property
    def labels(self) -> list[str]:
        """For each sample its likeliest class."""
        return [guesses[0].name for guesses in self.top()]

    def table(self, k: int = 3) -> list[dict[str, Any]]:
        """The predictions as rows: name, true (where any is known), predicted, probability, choice 2 …."""
        known = any(self.truth)
        lines = []
        for name, true, guesses in zip(self.names, self.truth, self.top(k), strict=True):
            line: dict[str, Any] = {"name": name, **({"true": true} if known else {})}
            for place, guess in enumerate(guesses, 1):
                line["predicted" if place == 1 else f"choice {place}"] = guess.name
                line["probability" if place == 1 else f"probability {place}"] = guess.probability
            lines.append(line)
        return lines

    def evaluate(self) -> "Evaluation | None":
        """How good the predictions are whose true class is known and one of the run's; None without any."""
        from convscope.run.evaluation import metrics

        places = {name: place for place, name in enumerate(self.classes)}
        known = [row for row, true in enumerate(self.truth) if true in places]
        if not known:
            return None
        labels = [places[str(self.truth[row])] for row in known]
        names = [self.names[row] for row in known]
        return metrics.evaluate(labels, self.probabilities[known], self.classes, names, known)

    def _captions(self) -> "list[Caption]":
        from convscope.run.plots.sheet import RIGHT, UNKNOWN, WRONG, Caption

        def caption(true: str | None, guess: Guess) -> "Caption":
            wrong = true not in (None, guess.name)
            colour = UNKNOWN if true is None else WRONG if wrong else RIGHT
            return Caption(guess.name, f" {guess.probability:.0%}", f"true: {true}" if wrong else "", colour)

        return [caption(true, guesses[0]) for true, guesses in zip(self.truth, self.top(), strict=True)]

    def _some(self, rows: slice) -> "Predictions":
        chosen = range(len(self))[rows]  # torch knows no negative step
        said = self.probabilities[list(chosen)]
        return replace(self, names=self.names[rows], probabilities=said, truth=self.truth[rows])

    def _one(self, row: int) -> ClassPrediction:
        said = dict(zip(self.classes, self.probabilities[row].tolist(), strict=True))
        label = max(said, key=lambda name: said[name])
        return ClassPrediction(self.names[row], label, said[label], said, self.truth[row])

    def _numbers(self) -> Tensor:
        return self.probabilities


@dataclass(frozen=True, repr=False, kw_only=True)
class ValuePredictions(_Told[ValuePrediction]):
    """Predicted values: iterate, index by number, slice or name; as an array the values.

    Attributes:
        names: where each sample came from.
        values: (sample,), in the target's own unit.
        target: what is predicted.
        truth: the true value of each sample where it is known, otherwise None.
        inputs: the samples as the network took them, (sample, channel, *space).
        kind: image, signal, volume or sequence.
        skipped: what could not be read, and why.
    """

    values: Tensor
    target: str
    truth: Sequence[float | None]

    def table(self, k: int = 3) -> list[dict[str, Any]]:
        """The predictions as rows: name, true (where any is known), predicted; `k` is for classes."""
        demand_whole("k", k, 1)
        known = any(true is not None for true in self.truth)
        return [
            {"name": name, **({"true": true} if known else {}), "predicted": said}
            for name, true, said in zip(self.names, self.truth, self.values.tolist(), strict=True)
        ]

    def as_dict(self, k: int = 3) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {"target": self.target, **super().as_dict(k)}

    def evaluate(self) -> "ValueEvaluation | None":
        """How good the predictions are whose true value is known; None without any."""
        from convscope.run.evaluation import metrics

        known = [row for row, true in enumerate(self.truth) if true is not None]
        if not known:
            return None
        truth = [self.truth[row] or 0.0 for row in known]
        names = [self.names[row] for row in known]
        return metrics.evaluate_values(truth, self.values[known], self.target, names, known)

    def _captions(self) -> "list[Caption]":
        from convscope.run.plots.sheet import Caption

        return [
            Caption(number(said), "", "" if true is None else f"true: {number(true)}")
            for true, said in zip(self.truth, self.values.tolist(), strict=True)
        ]

    def _some(self, rows: slice) -> "ValuePredictions":
        said = self.values[list(range(len(self))[rows])]
        return replace(self, names=self.names[rows], values=said, truth=self.truth[rows])

    def _one(self, row: int) -> ValuePrediction:
        return ValuePrediction(self.names[row], self.values[row].item(), self.truth[row])

    def _numbers(self) -> Tensor:
        return self.values


def csv_rows(columns: Sequence[Sequence[str | float | None]], *, exact: bool) -> bytes:
    """Columns as lines of a CSV file, see `Predictions.as_csv`."""
    told = [_cells(column, exact) for column in columns]
    text = "".join(",".join(row) + "\r\n" for row in zip(*told, strict=True))
    return text.encode("utf-8", "surrogateescape")


def _cells(column: Sequence[str | float | None], exact: bool) -> list[str]:
    """A column's cells as they stand in the file: a class is there many times, and looked at once."""
    known: dict[object, str] = {None: ""}
    cells = []
    for value in column:
        if isinstance(value, float):
            cells.append(f"{value:.6f}")
            continue
        if value not in known:
            known[value] = cell(str(value) if exact else readable(str(value)), exact=exact)
        cells.append(known[value])
    return cells


def _show(key: str, value: object) -> str:
    if isinstance(value, float):
        return percent(value, 1) if key.startswith("probability") else number(value)
    return "" if value is None else str(value)
