"""What a journal says as a whole: how many, how good, and its rows as a file."""

from typing import Any, BinaryIO

import numpy as np

from convscope.data.dataset import Skipped
from convscope.figures import number, percent
from convscope.predicting.forms import PredictionForm, TitledCells, rows_of, titles
from convscope.predicting.journal import AnsweredPiece, Journal
from convscope.predicting.shown import FIRST, shown
from convscope.run import Run
from convscope.run.evaluation.intervals import of_mean, wilson


class Tally:
    """All records of a journal; one of them at a time is in memory.

    Attributes:
        truth: of each of them, where it is known; else None.
        skipped: what could not be read, and why.
        remarks: sentences on the samples, as keys.
        end: where the work goes on: a stream, and the position in it.
    """

    def __init__(self, journal: Journal, run: Run) -> None:
        self._journal, self._run, self._width = journal, run, 0
        self.truth, self.skipped, self.remarks, self._said = [], [], {}, []
        self.end = (0, 0, 0)
        for answers in journal:
            self.add(answers)

    @property
    def count(self) -> int:
        """Samples that are answered."""
        return len(self.truth)

    def add(self, answers: AnsweredPiece) -> None:
        """A record more, which the journal has."""
        self.truth += answers.truth
        self.skipped += [Skipped(*each) for each in answers.skipped]
        self.remarks |= dict.fromkeys(answers.remarks)
        said = answers.choices if answers.choices.size else answers.figures
        self._said.append(said[:, 0].copy())  # of the record nothing else stays
        self._width = answers.choices.shape[1]
        self.end = answers.end

    def write(self, file: BinaryIO, form: PredictionForm, *, exact: bool) -> None:
        """Write all rows into a file."""
        known = any(true is not None for true in self.truth)
        blocks = (self._columns(answers, known=known) for answers in self._journal)
        form.write(file, titles(self._width, known=known), blocks, exact)

    def rows(self) -> list[dict[str, Any]]:
        """The first rows to look at."""
        known, wanted = any(true is not None for true in self.truth), shown(self.truth)[:FIRST]
        found: dict[int, dict[str, Any]] = {}
        place = 0
        for answers in self._journal:
            size = len(answers.names)
            inside = [each for each in wanted if place <= each < place + size]
            rows = list(rows_of(self._columns(answers, known=known))) if inside else []
            found |= {each: rows[each - place] for each in inside}
            place += size
        return [found[each] for each in wanted]

    def score(self) -> str:
        """How good the answers are whose truth is known and one of the run's; "" without any."""
        facts, said = self._run.settings.facts, np.concatenate(self._said) if self._said else np.empty(0)
        if facts.regression:
            known = [row for row, true in enumerate(self.truth) if true is not None]
            errors = np.abs(said[known] - np.array([self.truth[row] for row in known], dtype=float))
            if not known:
                return ""
            within = of_mean(errors)
            bounds = f" (95 % interval {number(within[0])} to {number(within[1])})" if within else ""
            figure = number(float(errors.mean()))
            return f"mean absolute error {figure}{bounds}: {facts.classes[0]} of {len(known):,} samples"
        places = {name: place for place, name in enumerate(facts.classes)}
        known = [row for row, true in enumerate(self.truth) if true in places]
        if not known:
            return ""
        right = int((said[known] == np.array([places[self.truth[row]] for row in known])).sum())
        share, within = percent(right / len(known)), wilson(right, len(known)).shares()
        return f"accuracy {share}: {right:,} of {len(known):,} right; 95 % interval {within}"

    def _columns(self, answers: AnsweredPiece, *, known: bool) -> TitledCells:
        columns: dict[str, list] = {"name": list(answers.names)}
        if known:
            columns["true"] = list(answers.truth)
        classes, figures = self._run.classes, answers.figures.T.tolist()
        if not self._width:
            return columns | {"predicted": figures[0]}
        for place, (chosen, likely) in enumerate(zip(answers.choices.T.tolist(), figures, strict=True), 1):
            columns["predicted" if place == 1 else f"choice {place}"] = [classes[each] for each in chosen]
            columns["probability" if place == 1 else f"probability {place}"] = likely
        return columns
