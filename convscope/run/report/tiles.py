"""A sample on the page: its drawing, and what helps to judge it: its sound, its rows, where was looked."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.run.plots.drawing import Pen
from convscope.run.report import evidence, steps, words
from convscope.run.report.hearing import Player

if TYPE_CHECKING:
    from convscope.run.run import Run

LOOKED_AT = 12  # samples of which it is shown where the network looked
UP_TO = 60  # seconds that are written as such


class Tiles:
    """Makes the tiles of a page, in its order: the first ones get the room for sounds."""

    def __init__(self, run: "Run", dataset: Dataset, answers: Iterable[tuple[int, int]]) -> None:
        model = run.model()
        self.dataset = dataset
        self.pen = Pen.of(dataset.inputs, dataset.kind, dataset.sound)
        self.player = Player(dataset.rate if dataset.sound else None)
        sought = list(answers)[:LOOKED_AT]
        self.evidence = evidence.find(model, dataset, sought)
        self.looked = evidence.told(evidence.method(model, dataset), len(self.evidence), len(sought))

    def of(self, row: int) -> dict[str, Any]:
        """A sample that was judged."""
        sample, found = self.dataset.inputs[row], self.evidence.get(row)
        rows = steps.table(self.dataset, row, found)
        look = None if found is None or rows else evidence.drawn(found, sample, self.pen)
        return {**self.alone(sample), "look": look, "table": rows}

    def alone(self, sample: Tensor) -> dict[str, Any]:
        """A sample of which only itself is shown."""
        return {
            "picture": self.pen.draw(sample),
            "sound": self.player.uri(sample),
            "look": None,
            "table": None,
        }

    def scales(self) -> dict[str, str]:
        """Where the axes of a drawing end: of time where its rate is known, of the pitch of sounds."""
        rate, length = self.dataset.rate, self.dataset.space[-1]
        if not rate or self.dataset.kind != "signal":
            return {"until": "", "pitch": ""}
        time = length / rate
        until = f"{words.number(time, 3)}{words.SPACE}s" if 0.01 <= time < UP_TO else words.seconds(time)
        high, unit = (rate / 2000, "kHz") if rate >= 2000 else (rate / 2, "Hz")
        pitch = f"{words.number(high, 3)}{words.SPACE}{unit}"
        return {"until": until, "pitch": pitch if self.pen.way == "spectrogram" else ""}
