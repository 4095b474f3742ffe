"""Models side by side: what they cost, what they see, how long they take.

`EXAMPLES` are the two comparisons that courses make: two 3 × 3 convolutions against one of 5 × 5, and the
1 × 1 bottleneck of Inception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

import torch
from torch import nn

from convscope.explaining.rendering.words import text
from convscope.randomness import seeded
from convscope.shapes import show
from convscope.summary import Summary, summarise
from convscope.summary.table import duration, memory

Figures = Mapping[str, str]
MOST = 6  # operations whose MACs are added up in front of everybody


@dataclass(frozen=True)
class Side:
    """One model.

    Attributes:
        name: what it is called in the comparison.
        summary: its numbers.
        figures: more that is known of it, title → text: the accuracy of a run.
    """

    name: str
    summary: Summary
    figures: Figures = field(default_factory=dict)


class Line(NamedTuple):
    """One figure of every model.

    Attributes:
        title: what is compared.
        texts: a cell for each model.
        values: the same as numbers, where a ratio makes sense.
    """

    title: str
    texts: tuple[str, ...]
    values: tuple[float, ...] = ()

    @property
    def ratios(self) -> tuple[str, ...]:
        """Each model's share of the first one's figure; "" where that says nothing."""
        if not self.values or not self.values[0]:
            return ("",) * len(self.texts)
        return ("", *(_share(value / self.values[0]) for value in self.values[1:]))


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models side by side.

    Attributes:
        sides: the models, in order; the first one is what the others are measured against.
        remark: what there is to learn; "" for models of a person's own.
    """

    sides: tuple[Side, ...]
    remark: str = ""

    @property
    def lines(self) -> list[Line]:
        """Every figure, in the order in which it is shown."""
        totals = [side.summary.totals for side in self.sides]
        given = [show(side.summary.inputs[0][1]) if side.summary.inputs else "–" for side in self.sides]
        fields = ["×".join(map(str, side.summary.field)) or "–" for side in self.sides]
        per_sample = [side.summary.totals.macs / side.summary.samples for side in self.sides]
        known = [total.seconds for total in totals if total.seconds]
        lines = [
            Line("input", tuple(given)),
            Line("output", tuple(_output(side.summary) for side in self.sides)),
            _counted("parameters", [total.parameters for total in totals]),
            _counted("MACs per sample", per_sample),
            _sized("memory of results", [total.results for total in totals]),
            _sized("memory of weights", [total.weights for total in totals]),
            Line("receptive field", tuple(fields)),
        ]
        if len(known) == len(totals):
            lines.append(Line("time", tuple(duration(seconds) for seconds in known), tuple(known)))
        titles = dict.fromkeys(title for side in self.sides for title in side.figures)
        lines += [Line(name, tuple(side.figures.get(name, "–") for side in self.sides)) for name in titles]
        return lines

    @property
    def arithmetic(self) -> list[str]:
        """The MACs of each model as the sum of its operations."""
        return [_sum(side) for side in self.sides]

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain lists and numbers, for JSON."""
        return {
            "models": [
                {"name": side.name, "figures": dict(side.figures), "summary": side.summary.as_dict()}
                for side in self.sides
            ],
            "arithmetic": self.arithmetic,
            "remark": self.remark or None,
        }

    def markdown(self) -> str:
        """A Markdown table."""
        head, *rows = self._table()
        lines = [head, ["---", *["---:"] * len(self.sides)], *rows]
        table = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines]
        return "\n".join([*table, "", "```text", *self._ending()[1:], "```"])

    def __repr__(self) -> str:
        return f"Comparison({', '.join(side.name for side in self.sides)})"

    def __str__(self) -> str:
        table = self._table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        text = [
            "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]).rstrip()
            for cells in table
        ]
        return "\n".join([*text, *self._ending()])

    def _repr_html_(self) -> str:
        cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self._table()]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table>{body}</table><pre>{escape(chr(10).join(self._ending()))}</pre>"

    def _table(self) -> list[list[str]]:
        names = ["", *(side.name for side in self.sides)]
        return [names, *([line.title, *_cells(line)] for line in self.lines)]

    def _ending(self) -> list[str]:
        """How the MACs come about, the errors, and what there is to learn."""
        lines = ["", *self.arithmetic]
        failed = [(side.name, side.summary.diagnosis) for side in self.sides if side.summary.diagnosis]
        for name, diagnosis in failed:
            lines += ["", f"{name} fails; its figures end there.", str(diagnosis)]
        return [*lines, *(["", self.remark] if self.remark else [])]


class Example(NamedTuple):
    """A comparison by name.

    Attributes:
        what: one line.
        shape: of one sample.
        models: layers by name.
        remark: what there is to learn.
    """

    what: str
    shape: tuple[int, ...]
    models: Mapping[str, Sequence[nn.Module]]
    remark: str


def example(name: str) -> Comparison:
    """One of `EXAMPLES`, computed.

    >>> [side.summary.totals.macs for side in example("bottleneck").sides]
    [120422400, 12443648]
    """
    with seeded(0):
        given = EXAMPLES[name]()
        inputs = torch.randn(1, *given.shape)
        sides = [
            Side(title, summarise(nn.Sequential(*layers).eval(), inputs))
            for title, layers in given.models.items()
        ]
    return Comparison(tuple(sides), given.remark)


def stacked() -> Example:
    """Two 3 × 3 convolutions against one of 5 × 5."""
    return Example(
        "two 3 × 3 convolutions against one of 5 × 5",
        (16, 28, 28),
        {
            "one 5 × 5": [nn.Conv2d(16, 16, 5, padding=2)],
            "two 3 × 3": [nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1)],
        },
        "Both see 5 × 5 positions of the input. Two 3 × 3 need 2·3·3 = 18 weights for each pair of channels\n"
        "instead of 5·5 = 25, and the ReLU between them makes one more step that is not linear.\n"
        "Source: Simonyan, Zisserman 2014, arXiv:1409.1556, section 2.3",
    )


def bottleneck() -> Example:
    """192 channels to 32 by 5 × 5, directly and through a 1 × 1 of 16 channels."""
    return Example(
        "5 × 5 on 192 channels, directly and through a 1 × 1 of 16 channels",
        (192, 28, 28),
        {
            "5 × 5 directly": [nn.Conv2d(192, 32, 5, padding=2)],
            "through 1 × 1 of 16": [nn.Conv2d(192, 16, 1), nn.Conv2d(16, 32, 5, padding=2)],
        },
        "The 1 × 1 makes 16 channels of 192 before the costly 5 × 5 looks at them: a tenth of the work\n"
        "for an output of the same size. The sum is 12,443,648; where a tutorial prints 12,433,648, that\n"
        "is a slip.\n"
        "Source: Szegedy et al. 2014, arXiv:1409.4842, section 4",
    )


EXAMPLES = {"stacked": stacked, "bottleneck": bottleneck}


def _cells(line: Line) -> list[str]:
    return [
        f"{text} ({ratio})" if ratio else text for text, ratio in zip(line.texts, line.ratios, strict=True)
    ]


def _share(ratio: float) -> str:
    """A ratio with three digits that say something.

    >>> _share(0.10333), _share(6027.1)
    ('0.103×', '6,027×')
    """
    return f"{ratio:,.0f}×" if ratio >= 1000 else f"{ratio:.3g}×"


def _counted(title: str, values: Sequence[float]) -> Line:
    return Line(title, tuple(f"{value:,.10g}" for value in values), tuple(values))


def _sized(title: str, values: Sequence[int]) -> Line:
    return Line(title, tuple(memory(value) for value in values), tuple(values))


def _output(summary: Summary) -> str:
    last = [row.output[0] for row in summary.rows if row.output]
    return show(last[-1]) if last and not summary.diagnosis else "–"


def _sum(side: Side) -> str:
    """The MACs of every operation with their formulas, and the sum."""
    rows = [row for row in side.summary.operations if row.macs]
    if len(rows) > MOST or not rows:
        return f"{side.name}: {side.summary.totals.macs:,} MACs in {len(rows)} operations"
    parts = [f"  {row.name}: {text(row.multiplying.numbers) if row.multiplying else ''}" for row in rows]
    total = " + ".join(f"{row.macs:,}" for row in rows)
    ending = f"  together {total} = {side.summary.totals.macs:,}" if len(rows) > 1 else ""
    return "\n".join([f"{side.name}, MACs:", *parts, *([ending] if ending else [])])
