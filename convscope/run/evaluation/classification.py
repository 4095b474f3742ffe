"""What is known about the predictions for some samples: the figures, and how they are told."""

from dataclasses import dataclass, fields
from functools import cached_property
from html import escape
from typing import Any, NamedTuple

import numpy as np

from convscope.figures import percent
from convscope.run.evaluation.intervals import Interval
from convscope.text import cut, printable

MISTAKES_IN_JSON = 100
CLOSE = 0.2  # of probability between the first and the second choice: below that the network is unsure
CLASSES_IN_LINES = 20
CONFUSIONS_IN_LINES = 5


class ClassScore(NamedTuple):
    """One class; a score whose denominator is 0 is None.

    Attributes:
        name: of the class.
        support: samples of it.
        predicted: how often the network said it.
        precision: share that was right when the network said it.
        recall: share of its samples that the network found.
        f1: harmonic mean of the two.
    """

    name: str
    support: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None


class JudgedSample(NamedTuple):
    """One sample and what was said of it.

    Attributes:
        row: of the data set.
        name: where the sample came from.
        true: its class.
        predicted: the class that was said.
        probability: of the class that was said, 0 … 1.
        probability_true: of its own class, 0 … 1.
    """

    row: int
    name: str
    true: str
    predicted: str
    probability: float
    probability_true: float


class Bin(NamedTuple):
    """Samples whose largest probability lies in (low, high]; the means are None where there are none."""

    low: float
    high: float
    samples: int
    confidence: float | None
    accuracy: float | None


class Confusion(NamedTuple):
    """One class taken for another, so many times."""

    true: str
    predicted: str
    times: int

    def __str__(self) -> str:
        times = "once" if self.times == 1 else f"{self.times:,} times"
        return f"{self.true} was taken for {self.predicted}: {times}"


@dataclass(frozen=True)
class Evaluation:
    """What is known about the predictions for some samples. Shares are 0 … 1; None means undefined.

    Attributes:
        classes: class names.
        samples: how many were judged.
        correct: how many of them were right.
        accuracy: correct / samples.
        interval: 95 % interval of the accuracy, for samples like these (see `intervals`).
        majority: the accuracy of always saying the commonest class of these samples.
        majority_class: that class.
        balanced_accuracy: mean recall of the classes that occur.
        balanced_interval: its 95 % interval.
        groups: how many groups the samples come in, such as patients; None: they are independent.
        macro_f1: mean F1 of the classes that occur.
        loss: mean cross-entropy in nats.
        top5: share with the true class among the five likeliest; None below ten classes.
        roc_auc: area under the one-vs-rest ROC curve, mean of the classes that occur; None for one class.
        ece: expected calibration error: mean distance between confidence and accuracy, over `reliability`.
        reliability: bins of equal width.
        per_class: a score for each class.
        pairs: how often which class was taken for which, right ones too: each pair that occurs.
        mistakes: every wrong prediction, the most confident first.
        unsure: the predictions with the closest second choice, closest first; at most 100.
        close: how many of `unsure`, from the first on, are closer than `CLOSE`.
        persistence: for sequences, the accuracy of expecting no change; otherwise None, as the next two.
        persistence_macro_f1: the macro F1 of that.
        beats_persistence: the network is right more often by more than chance (McNemar's test, 95 %).
        remarks: sentences on which samples were judged, where that is not the run's own part.
    """

    classes: tuple[str, ...]
    samples: int
    correct: int
    accuracy: float
    interval: Interval
    majority: float
    majority_class: str
    balanced_accuracy: float
    balanced_interval: Interval
    groups: int | None
    macro_f1: float
    loss: float
    top5: float | None
    roc_auc: float | None
    ece: float
    reliability: tuple[Bin, ...]
    per_class: tuple[ClassScore, ...]
    pairs: tuple[Confusion, ...]
    mistakes: tuple[JudgedSample, ...]
    unsure: tuple[JudgedSample, ...]
    close: int
    persistence: float | None = None
    persistence_macro_f1: float | None = None
    beats_persistence: bool | None = None
    remarks: tuple[str, ...] = ()

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts, (true, predicted): as large as the classes are many, squared."""
        place = {name: index for index, name in enumerate(self.classes)}
        counts = np.zeros((len(place), len(place)), np.int64)
        for pair in self.pairs:
            counts[place[pair.true], place[pair.predicted]] = pair.times
        return counts

    @property
    def beats_majority(self) -> bool:
        """Whether the network is right clearly more often than always saying the commonest class."""
        return self.interval.low > self.majority

    @property
    def confusions(self) -> list[Confusion]:
        """The pairs of classes that were mixed up, the commonest first."""
        wrong = [pair for pair in self.pairs if pair.true != pair.predicted]
        return sorted(wrong, key=lambda pair: -pair.times)

    def as_dict(self) -> dict[str, Any]:
        """All figures as plain Python, ready for JSON; of the mistakes the 100 most confident.

        `confusion` holds the pairs that occur: a table of them all would be mostly zeros.
        """
        shown = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "pairs"}
        shown |= {"mistakes": self.mistakes[:MISTAKES_IN_JSON], "confusion": self.pairs}
        for field in ("reliability", "per_class", "mistakes", "unsure", "confusion"):
            shown[field] = [entry._asdict() for entry in shown[field]]
        lists = ("classes", "interval", "balanced_interval", "remarks")
        return shown | {name: list(getattr(self, name)) for name in lists}

    def headline(self) -> list[str]:
        """The result in one line, and a second one in which every class weighs the same."""
        by = "" if self.groups is None else f", by {self.groups:,} groups"
        return [
            f"accuracy {percent(self.accuracy)}: {self.correct:,} of {self.samples:,} right; "
            f"95 % interval {self.interval.shares()}{by}",
            f"balanced accuracy {percent(self.balanced_accuracy)}, macro F1 {percent(self.macro_f1)}; "
            f"95 % interval of the first {self.balanced_interval.shares()}",
        ]

    def baselines(self) -> list[str]:
        """Sentences on what needs no network, and whether the network is better."""
        share = percent(self.majority)
        level = sum(score.support == self.majority * self.samples for score in self.per_class)
        which = f"'{self.majority_class}', the commonest class," if level == 1 else "one and the same class"
        commonest = f"Always saying {which} gives {share}"
        said = [commonest + _unless(self.beats_majority)]
        if self.persistence is not None:
            share, f1 = percent(self.persistence), percent(self.persistence_macro_f1 or 0.0)
            said.append(
                f"Expecting no change gives {share} (macro F1 {f1})" + _unless(bool(self.beats_persistence))
            )
        return said

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The evaluation for a terminal: figures, baselines, a table of classes, the commonest confusions."""
        table = [*self._class_lines(), *self._confusion_lines()]
        return [*self.remarks, *self.headline(), *self.baselines(), "", *table]

    def _class_lines(self) -> list[str]:
        scores = self.per_class
        if len(scores) > CLASSES_IN_LINES:
            scores = sorted((s for s in scores if s.support), key=lambda s: s.f1 or 0)[:CLASSES_IN_LINES]
        names = [cut(printable(score.name)) for score in scores]
        width = max(5, *map(len, names))
        table = [f"{'class':<{width}}  samples  precision     recall         F1"]
        for name, score in zip(names, scores, strict=True):
            shares = "  ".join(f"{percent(share):>9}" for share in (score.precision, score.recall, score.f1))
            table.append(f"{name:<{width}}  {score.support:7,}  {shares}")
        left_out = len(self.per_class) - len(scores)
        return (
            [*table, f"({left_out} classes with a higher F1, or without samples, left out)"]
            if left_out
            else table
        )

    def _confusion_lines(self) -> list[str]:
        worst = self.confusions[:CONFUSIONS_IN_LINES]
        return ["", *map(str, worst)] if worst else ["", "no mistakes"]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(chr(10).join(self.lines()))}</pre>"


def _unless(beaten: bool) -> str:
    return "." if beaten else ": this network is not clearly better than that."
