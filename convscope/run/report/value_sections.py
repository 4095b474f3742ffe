"""What stands in the sections of a report on values."""

from typing import Any

from convscope.data.dataset import Dataset
from convscope.run.evaluation.regression import ValueEvaluation
from convscope.run.plots import figures, values
from convscope.run.report import words
from convscope.run.report.sections import KeyFigure, sheet
from convscope.run.report.tiles import Tiles

WORST = 24  # samples shown at most
CONTENTS = {"agreement": "Said and true", "worst": "Largest errors"}


def answers(evaluation: ValueEvaluation) -> list[tuple[int, int]]:
    """The worst samples: their rows, and the only output that there is."""
    return [(sample.row, 0) for sample in evaluation.worst[:WORST]]


def content(dataset: Dataset, evaluation: ValueEvaluation, tiles: Tiles) -> dict[str, Any]:  # noqa: ARG001
    """The key figures, and the samples that were judged worst."""
    worst = [
        {
            **tiles.of(sample.row),
            "name": sample.name,
            "true": words.number(sample.true),
            "predicted": words.number(sample.predicted),
            "error": words.signed(sample.error),
        }
        for sample in evaluation.worst[:WORST]
    ]
    return {
        "title": f"± {words.number(evaluation.mae)}",
        "sections": CONTENTS,
        "figures": _figures(evaluation),
        "rivals": evaluation.rivals,
        "worst": worst,
    }


def drawings(evaluation: ValueEvaluation) -> dict[str, figures.Figure]:
    """The plots that the page and the folder share."""
    parts = {
        "agreement": values.agreement, "residuals": values.residuals, "errors": values.errors
    }  # fmt: skip
    return {name: figures.panel(draw, evaluation, height=3.4) for name, draw in parts.items()}


def alone(evaluation: ValueEvaluation, page: dict[str, Any]) -> dict[str, figures.Figure]:  # noqa: ARG001
    """The plots of the folder alone: on the page they are tiles."""
    return {"worst": sheet(page, "worst", "{predicted}\ntrue: {true}")}


def _figures(found: ValueEvaluation) -> list[KeyFigure]:
    figures = [
        KeyFigure("Mean absolute error", words.number(found.mae), f"of {found.target}, in its own unit"),
        KeyFigure("Root mean square error", words.number(found.rmse), "large errors weigh more"),
        KeyFigure("R²", words.number(found.r2), "share of the variance that it explains"),
        KeyFigure("Bias", words.signed(found.bias), "mean of predicted − true"),
    ]
    for rival, name in ((found.persistence, "Skill over no change"), (found.mean, "Skill over the mean")):
        if rival:
            hint = f"1 − its mean squared error / that of {rival.what}; 0 is no better, 1 without error"
            figures.append(KeyFigure(name, words.number(rival.skill, 3), hint))
    return figures
