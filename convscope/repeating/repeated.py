"""What several trainings found, each and together."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convscope import figures
from convscope.arguments import demand_number
from convscope.run import Run
from convscope.run.evaluation.intervals import Interval
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.report import words


class Training(NamedTuple):
    """One of the trainings.

    Attributes:
        run: its folder.
        name: "fold 2" or "start 3".
        trained: samples it learnt from.
        judged: samples it was judged by.
        score: its accuracy there, 0 … 1; of amounts the mean absolute error.
    """

    run: Run
    name: str
    trained: int
    judged: int
    score: float


@dataclass(frozen=True, repr=False)
class Repeated:
    """What several trainings found, each and together.

    Attributes:
        path: the folder of the study; each run is a folder in it.
        by: "folds" or "seeds".
        trainings: each of them, in order.
        evaluation: every judgement of every network, as one.
        corrected: the interval from the differences between folds (Nadeau and Bengio 2003); None for seeds,
            sequences.
        part: which part was judged: test, or val or train where there is none.
        noun: what the samples are called.
        grouped: the samples come in groups, such as patients.
        expanding: each fold learnt from what came before it in time.
        said: sentences on the data, for the person who reads the figures.
        report: the page.
    """

    path: Path
    by: str
    trainings: tuple[Training, ...]
    evaluation: Evaluation | ValueEvaluation
    corrected: Interval | None
    part: str
    noun: str
    grouped: bool
    expanding: bool
    said: tuple[str, ...]

    @property
    def report(self) -> Path:
        """The page that tells all of this."""
        return self.path / "report.html"

    @property
    def runs(self) -> tuple[Run, ...]:
        """The run of each training: `.predict(x)`, `.evaluate()` and so on."""
        return tuple(each.run for each in self.trainings)

    @property
    def notices(self) -> list[str]:
        """What looked wrong in any of the trainings, each sentence once."""
        return list(dict.fromkeys(notice["text"] for run in self.runs for notice in run.notices))

    @property
    def accuracy(self) -> float | None:
        """The share of right answers, 0 … 1; None for amounts."""
        return self.evaluation.accuracy if isinstance(self.evaluation, Evaluation) else None

    @property
    def interval(self) -> Interval | None:
        """95 % interval of the accuracy (of amounts: the mean absolute error) for samples like these."""
        return self.evaluation.interval

    @property
    def spread(self) -> float:
        """Standard deviation of the trainings' scores."""
        return float(np.std([each.score for each in self.trainings], ddof=1))

    def table(self) -> list[dict[str, Any]]:
        """The trainings as rows: name, trained, judged, accuracy (or mae), run."""
        figure = "mae" if self.accuracy is None else "accuracy"
        return [
            {
                "name": each.name,
                "trained": each.trained,
                "judged": each.judged,
                figure: each.score,
                "run": each.run.name,
            }
            for each in self.trainings
        ]

    def figure(self, value: float) -> str:
        """A score in words."""
        demand_number("value", value)
        return figures.number(value) if self.accuracy is None else figures.percent(value, 1)

    def headline(self) -> str:
        """The result in one sentence, and what does as well without a network."""
        return self._result() + words.not_better(self.evaluation)

    def _result(self) -> str:
        found, many = self.evaluation, self._many()
        bounds = f" (95 % interval {' to '.join(map(self.figure, self.interval))})" if self.interval else ""
        if isinstance(found, ValueEvaluation):
            off = f"ff by {self.figure(found.mae)} on average{bounds} for {many}"
            if self.by == "seeds":
                return f"{len(self.trainings)} trainings are o{off}."
            return f"O{off}, by networks that had never seen them."
        share = f"{self.figure(found.accuracy)}{bounds}"
        if self.by == "seeds":
            return f"{len(self.trainings)} trainings are right for {share} of {many} on average."
        return f"Right for {found.correct:,} of {many}, by networks that had never seen them: {share}."

    def _many(self) -> str:
        samples = self.evaluation.samples // (len(self.trainings) if self.by == "seeds" else 1)
        part = f"{words.PARTS_IN_WORDS[self.part]} " if self.by == "seeds" else ""
        return f"{samples:,} {part}{self.noun}"

    def notes(self) -> list[str]:
        """What one must know to read the headline right."""
        scores = [each.score for each in self.trainings]
        low, high = map(self.figure, (min(scores), max(scores)))
        apart = self.figure(self.spread).replace(" %", " points")
        between = f"{self.trainings[0].name.split()[0]} to {self.trainings[0].name.split()[0]}"
        return [
            *self.said,
            f"From {between} it is {low} to {high}, with a standard deviation of {apart}.",
            *(_on_folds(self) if self.by == "folds" else _on_seeds(self)),
            *self.evaluation.baselines(),
        ]

    def lines(self) -> list[str]:
        """All of it as text."""
        each = [
            f"{one.name:<8}  {self.figure(one.score):>8}  {one.judged:,} judged  {one.run.name}"
            for one in self.trainings
        ]
        return [self.headline(), *self.notes(), "", *each]

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "study": str(self.path),
            "report": str(self.report),
            "by": self.by,
            "part": self.part,
            "interval": self.interval and list(self.interval),
            "corrected": self.corrected and list(self.corrected),
            "spread": self.spread,
            "groups": self.evaluation.groups if self.grouped else None,
            "notices": self.notices,
            "trainings": self.table(),
            "evaluation": self.evaluation.as_dict(),
        }

    def _repr_html_(self) -> str:
        rows = self.table()
        head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_cell(self, value))}</td>" for value in row.values()) + "</tr>"
            for row in rows
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in self.notes())
        return f"<p><b>{escape(self.headline())}</b></p>{said}<table><tr>{head}</tr>{body}</table>"

    def __repr__(self) -> str:
        return f"Repeated({self.path.name}: {self.headline()})"


def _cell(found: Repeated, value: object) -> str:
    return found.figure(value) if isinstance(value, float) else str(value)


def _on_folds(found: Repeated) -> list[str]:
    count = len(found.trainings)
    learnt = (
        f"Each of the {count} networks learnt from what came before the {found.noun} that it was judged by;"
        " the first stretch of time was learnt from only."
        if found.expanding
        else f"Each of the {count} networks learnt without the fold it was judged by; one that learns from"
        " all the data will as a rule be a little better."
    )
    said = [
        learnt,
        "The interval says how far chance in the choice of samples may carry the figure: of 20 such"
        f" intervals about 19 hold what would be found on very many {found.noun} of the same source.",
    ]
    if found.grouped:
        said.append(f"It goes by the {found.evaluation.groups:,} groups, whose samples are alike.")
    if found.expanding:
        said.append("Neighbours in time are alike, so it is rather too narrow.")
    if found.corrected:
        low, high = map(found.figure, found.corrected)
        said.append(
            f"Reckoned from the differences between the folds, and corrected for what they learn in common"
            f" (Nadeau and Bengio 2003), it is {low} to {high}; no interval of folds is exact (Bengio and"
            " Grandvalet 2004)."
        )
    return [
        *said,
        "The figure says nothing of data from elsewhere: another camera, another hospital, a later year.",
    ]


def _on_seeds(found: Repeated) -> list[str]:
    samples = f"{words.PARTS_IN_WORDS[found.part]} {found.noun}"
    said = [
        "That is chance of training alone: the same data and the same parts, from other weights and in"
        " another order. A difference between two settings that is not clearly larger means nothing.",
        f"The interval is for the choice of the {samples}: more trainings do not make it narrower.",
    ]
    chosen = "These samples chose the weights, so the figures are somewhat too good."
    return [*said, chosen] if found.part != "test" else said
