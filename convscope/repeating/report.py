"""report.html of a study: the figure with its interval, what it says and does not, and every training."""

from typing import Any

from convscope import outputs
from convscope.repeating.repeated import Repeated
from convscope.run.evaluation.metrics import Evaluation
from convscope.run.report import class_sections, sections, words
from convscope.run.report.page import render

MISTAKES = 50  # named at most
NOTICES = 3  # shown at most; the pages of the trainings have them all


def write(found: Repeated) -> None:
    """Write it into the folder of the study.

    Raises:
        OSError: it cannot be written.
    """
    page = render(_content(found), "study.html")
    outputs.replace(found.report, page.encode("utf-8", "replace"))


def _content(found: Repeated) -> dict[str, Any]:
    evaluation = found.evaluation
    networks = ", ".join(sorted({each.settings.network.name for each in found.runs}))
    page: dict[str, Any] = {
        **sections.bar("Study", found.path, found.runs[0].settings.data.source, networks),
        "found": found,
        "evaluation": evaluation,
        "title": found.figure(evaluation.accuracy if isinstance(evaluation, Evaluation) else evaluation.mae),
        "headline": words.typeset(found.headline()),
        "notices": found.notices[:NOTICES],
        "notes": list(map(words.typeset, found.notes())),
        "noun": found.noun,
        "matrix": None,
        "mistakes": [],
        **_axis(found),
    }
    if isinstance(evaluation, Evaluation):
        page |= class_sections.tables(evaluation)
        page["mistakes"] = evaluation.mistakes[:MISTAKES] if found.by == "folds" else []
    return {**page, "contents": _contents(page)}


def _contents(page: dict[str, Any]) -> dict[str, str]:
    """The sections of the page, in order: anchor → title."""
    return {
        "result": "Result",
        "trainings": "Trainings",
        **({"confusion": "What for what"} if page["matrix"] else {}),
        **({"classes": "Class by class"} if page["found"].accuracy is not None else {}),
        **({"mistakes": "Mistakes"} if page["mistakes"] else {}),
    }


def _axis(found: Repeated) -> dict[str, Any]:
    """Every training's score as a dot, and the interval as a bar, at shares of one axis."""
    bounds = [*(each.score for each in found.trainings), *(found.interval or ())]
    low, high = min(bounds), max(bounds)
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return (value - low) / width

    return {
        "ends": (found.figure(low), found.figure(high)),
        "dots": [
            {"training": each, "place": place(each.score), "figure": found.figure(each.score)}
            for each in found.trainings
        ],
        "span": found.interval and tuple(map(place, found.interval)),
    }
