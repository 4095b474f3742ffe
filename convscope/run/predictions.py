"""What a network says about samples: the likeliest classes and their probabilities, in many forms."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from convscope.data.dataset import Skipped
from convscope.run import files


class Guess(NamedTuple):
    """One class and how likely the network holds it, 0 … 1."""

    name: str
    probability: float


@dataclass(frozen=True, repr=False)
class Predictions:
    """Predictions for samples.

    Attributes:
        names: where each sample came from.
        probabilities: (sample, class), each row adds up to 1.
        classes: class names, in the order of the columns.
        truth: the class of each sample where it is known, otherwise None.
        inputs: the samples as the network took them, (sample, channel, *space).
        skipped: what could not be read, and why.
    """

    names: Sequence[str]
    probabilities: Tensor
    classes: tuple[str, ...]
    truth: Sequence[str | None]
    inputs: Tensor
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def top(self, k: int = 1) -> list[list[Guess]]:
        """For each sample its `k` likeliest classes, likeliest first (all of them where there are fewer)."""
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

    def to_csv(self, path: str | Path, k: int = 3) -> Path:
        """Write the table as CSV; gives the path.

        Raises:
            OSError: it cannot be written; what was there before is untouched.
        """
        lines = self.table(k)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(lines[0]) if lines else ["name", "predicted", "probability"])
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in line.items()} for line in lines)
        files.replace(Path(path), text.getvalue().encode("utf-8", "surrogateescape"))
        return Path(path)

    def as_dict(self, k: int = 3) -> dict[str, Any]:
        """All of it, ready for JSON."""
        samples = [
            {"name": name, "true": true, "predicted": [guess._asdict() for guess in guesses]}
            for name, true, guesses in zip(self.names, self.truth, self.top(k), strict=True)
        ]
        return {"predictions": samples, "skipped": [skipped._asdict() for skipped in self.skipped]}

    def contact_sheet(self, path: str | Path) -> Path:
        """Write a PNG with up to 100 of the pictures, the predicted class and its probability below each.

        Where the truth is known, right ones are green, and wrong ones red with the true class.

        Raises:
            DataError: the samples are not pictures.
            OSError: it cannot be written.
        """
        from convscope.run.sheet import (
            contact_sheet,  # Pillow and a font, only for those who want the picture
        )

        return contact_sheet(self, Path(path))

    def __repr__(self) -> str:
        lines = [
            f"{line['name']}: {line['predicted']} ({line['probability']:.1%})"
            + (f", true: {line['true']}" if line.get("true") else "")
            for line in self._first(10).table(1)
        ]
        more = [f"… and {len(self) - 10:,} more"] if len(self) > 10 else []
        more += [f"left out: {len(self.skipped):,}"] if self.skipped else []
        return "\n".join(lines + more)

    def _repr_html_(self) -> str:
        lines = self._first(20).table()
        head = "".join(f"<th>{escape(key)}</th>" for key in (lines[0] if lines else ()))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_show(value))}</td>" for value in line.values()) + "</tr>"
            for line in lines
        )
        more = f"<p>… and {len(self) - 20:,} more</p>" if len(self) > 20 else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"

    def _first(self, count: int) -> "Predictions":
        return Predictions(
            self.names[:count],
            self.probabilities[:count],
            self.classes,
            self.truth[:count],
            self.inputs[:count],
            self.skipped,
        )


def _cell(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else "" if value is None else str(value)


def _show(value: object) -> str:
    return f"{value:.1%}" if isinstance(value, float) else "" if value is None else str(value)
