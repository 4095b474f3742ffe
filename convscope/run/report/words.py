"""How figures are put into words on the page, and the honest sentence above all of them."""

import re
from collections.abc import Sequence
from math import pi
from typing import Any

from convscope import figures
from convscope.data.dataset import PARTS, Dataset
from convscope.run.evaluation.classification import Bin, Evaluation
from convscope.run.evaluation.metrics import ValueEvaluation

SPACE = "\u202f"  # a narrow space that does not break
NOUNS = {"image": "pictures", "signal": "signals", "volume": "volumes", "sequence": "rows"}
DAY = 10  # characters of a date without a clock, ISO 8601
FEW = 200  # validation samples, up to which it is said how uncertain the temperature is
FIT_ERROR = 2.0  # its relative standard error times √samples, for two classes; for more it is smaller
PARTS_IN_WORDS = {"train": "training", "val": "validation", "test": "test"}
HANDED_OVER = (
    "It was trained in a loop of its person's own, and these samples were handed over as the {} part: whether"
    " the loop has learnt from them, or chosen by them, cannot be seen."
)


def count(number: float | None) -> str:
    """Write a whole number with its thousands set apart.

    >>> count(10000).replace(SPACE, "_"), count(9887).replace(SPACE, "_"), count(None)
    ('10_000', '9_887', '–')
    """
    return "–" if number is None else f"{number:,.0f}".replace(",", SPACE)


def percent(share: float | None, digits: int = 2) -> str:
    """Write a share; nothing known is a dash.

    >>> percent(0.98765).replace(SPACE, "_"), percent(None)
    ('98.77_%', '–')
    """
    return typeset(figures.percent(share, digits))


def chance(share: float) -> str:
    """Write a probability so that almost certain is not written as certain.

    >>> [chance(p).replace(SPACE, "_") for p in (1.0, 0.9999, 0.873, 0.0004)]
    ['>_99.9_%', '>_99.9_%', '87.3_%', '<_0.1_%']
    """
    return percent(min(max(share, 1e-9), 1 - 1e-9), 1)


def number(value: float | None, digits: int = 4) -> str:
    """Write a number to so many significant digits, with a true minus.

    >>> number(-0.0312345), number(0.001), number(1e-7), number(None)
    ('−0.03123', '0.001', '1×10⁻⁷', '–')
    """
    return _true(figures.number(value, digits))


def signed(value: float) -> str:
    """Write an error with its sign.

    >>> signed(0.25), signed(-0.25)
    ('+0.25', '−0.25')
    """
    return _true(figures.signed(value))


def seconds(value: float) -> str:
    """Write a time as people do.

    >>> [seconds(value).replace(SPACE, "_") for value in (0.00042, 0.231, 7.41, 187, 4000)]
    ['0.42_ms', '231_ms', '7.4_s', '3_min_07_s', '1_h_06_min']
    """
    if value < 1:
        thousandths = 1000 * value
        return f"{thousandths:.{0 if thousandths >= 10 else 2}f}{SPACE}ms"
    if value < 59.95:
        return f"{value:.1f}{SPACE}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min{SPACE}{rest:02d}{SPACE}s"
    return f"{minutes // 60}{SPACE}h{SPACE}{minutes % 60:02d}{SPACE}min"


def noun(dataset: Dataset) -> str:
    """What the samples are called: what is predicted of a sequence is a row to come, often a day."""
    if dataset.sound:
        return "sounds"
    when = dataset.when
    return "days" if when and len(when[0]) == DAY else NOUNS[dataset.kind]


def typeset(sentence: str) -> str:
    """Let no line break come between a figure and its percent sign, or what stands before it."""
    return re.sub(r"(?<=[<>]) (?=\d)| (?=%)", SPACE, sentence)


def _true(figure: str) -> str:
    """With a true minus, and spaces that do not break."""
    return figure.replace("-", "−").replace(",", SPACE).replace(" ", SPACE)


def judged_part(dataset: Dataset) -> str:
    """Which part an evaluation is of: the first that has samples, the most honest one first."""
    return next(part for part in reversed(PARTS) if len(dataset.parts[part]))


def verdict(dataset: Dataset, evaluation: Evaluation | ValueEvaluation) -> str:
    """Say the result in one sentence."""
    what = f"{PARTS_IN_WORDS[judged_part(dataset)]} {noun(dataset)}"
    if isinstance(evaluation, ValueEvaluation):
        bounds = " to ".join(map(number, evaluation.interval or ()))
        within = f" (95{SPACE}% interval {bounds})" if bounds else ""
        return (
            f"Off by {number(evaluation.mae)} on average{within} when it predicts {evaluation.target} "
            f"for {count(evaluation.samples)} {what}.{not_better(evaluation)}"
        )
    return (
        f"Right for {count(evaluation.correct)} of {count(evaluation.samples)} {what}: "
        f"{percent(evaluation.accuracy)} (95{SPACE}% interval {typeset(evaluation.interval.shares())})."
        f"{not_better(evaluation)}"
    )


def not_better(evaluation: Evaluation | ValueEvaluation) -> str:
    """What needs no network and does as well, where there is such a thing."""
    if isinstance(evaluation, ValueEvaluation):
        level = [rival.what for rival in evaluation.rivals if not rival.beaten]
    else:
        level = ["expecting no change"] if evaluation.beats_persistence is False else []
        level += [] if evaluation.beats_majority else [f"always saying '{evaluation.majority_class}'"]
    return f" That is not clearly better than {' or '.join(level)}." if level else ""


def small_print(
    dataset: Dataset,
    evaluation: Evaluation | ValueEvaluation,
    history: Sequence[dict[str, Any]],
    caveat: str,
    *,
    best_by: str | None = None,
    recorded: bool = False,
) -> list[str]:
    """Say what one must know to read the verdict right.

    `best_by` as in the run's settings; `recorded`: of a loop of somebody's own.
    """
    part = judged_part(dataset)
    return [
        *([caveat] if caveat else []),
        HANDED_OVER.format(PARTS_IN_WORDS[part]) if recorded and part != "train" else _honesty(part),
        *_narrowed(dataset, evaluation),
        _recorded_weights(history) if recorded else _whose_weights(history, best_by),
        *map(typeset, evaluation.baselines()),
    ]


def _honesty(part: str) -> str:
    if part == "test":
        return "This run used them neither for training nor for choosing anything."
    if part == "val":
        return (
            "There is no test part. These samples chose the weights that were kept, "
            "so the figures are somewhat too good."
        )
    return (
        "There is neither a test nor a validation part. These are the very samples it was trained on, "
        "so the figures say nothing about new ones."
    )


def _narrowed(dataset: Dataset, evaluation: Evaluation | ValueEvaluation) -> list[str]:
    """What keeps the figures from holding as far as they seem to."""
    said = []
    if isinstance(evaluation, Evaluation):
        present = [score for score in evaluation.per_class if score.support]
        if absent := len(evaluation.per_class) - len(present):
            alone = f"the other {len(present)}" if len(present) > 1 else f"'{present[0].name}' alone"
            said.append(
                f"{absent} of the {len(evaluation.per_class)} classes have no sample there: "
                f"the figures are of {alone}."
            )
    if evaluation.groups is not None:
        said.append(f"The interval goes by the {evaluation.groups:,} groups, whose samples are alike.")
    if dataset.kind == "sequence":
        said.append("Neighbours in time are alike, so the interval is rather too narrow.")
    return said


def _whose_weights(history: Sequence[dict[str, Any]], best_by: str | None) -> str:
    best = next((row for row in reversed(history) if row["best"]), None)
    if best is None:
        return "The weights are the last ones."
    judged = [row["number"] for row in history if row["val_loss"] is not None]
    if best["val_loss"] is None and judged:
        return (
            f"The weights are those of the last epoch, {best['number']}. From epoch {judged[-1] + 1} on the "
            "validation samples were learnt too: what they say is of the network before."
        )
    if best["val_loss"] is None:
        return f"The weights are those of the last epoch, {best['number']}: no validation part could choose."
    why = f"the one with the lowest loss on the validation part ({number(best['val_loss'])})"
    if best["val_accuracy"] is not None and best_by != "loss":
        figure = "its balanced accuracy" if best_by == "balanced" else "its accuracy"
        share = best["val_balanced_accuracy" if best_by == "balanced" else "val_accuracy"]
        why = (
            f"{figure} on the validation part as high as any ({percent(share)}; differences below a standard"
            " error are luck, and the later epoch counts)"
        )
    return f"The weights are those of epoch {best['number']} of {len(history)}, {why}."


def _recorded_weights(history: Sequence[dict[str, Any]]) -> str:
    """Which weights a recorder keeps."""
    best = next(row for row in reversed(history) if row["best"])
    why = "the last one: the loop told no figure that could choose"
    if best["val_loss"] is not None:
        why = f"the one with the lowest validation loss that the loop told ({number(best['val_loss'])})"
    elif best["val_accuracy"] is not None:
        figure = percent(best["val_accuracy"])
        why = f"the one with the highest validation accuracy that the loop told ({figure})"
    return f"The weights are those of epoch {best['number']} of {len(history)}, {why}."


def calibration(evaluation: Evaluation) -> str:
    """Say what the calibration error means, and where it is no more than chance."""
    said = sum(part.samples * (part.confidence or 0) for part in evaluation.reliability) / evaluation.samples
    way = "less often" if said > evaluation.accuracy else "more often"
    luck = sum((part.samples * _spread(part)) ** 0.5 for part in evaluation.reliability) / evaluation.samples
    few = f" Of so few samples perfect probabilities would be about {percent(luck, 1)} apart, too."
    return (
        f"On average the network says {percent(said, 1)} and is right in {percent(evaluation.accuracy, 1)}: "
        f"{way} than it claims. Confidence and truth are {percent(evaluation.ece, 1)} apart in the mean over "
        f"{len(evaluation.reliability)} bins of confidence (expected calibration error, Guo et al. 2017)."
        f"{few if luck > evaluation.ece / 2 else ''}"
    )


def _spread(part: Bin) -> float:
    """Square of the mean distance between confidence and accuracy by chance alone, times the samples."""
    sure = part.confidence or 0.0
    return 2 / pi * sure * (1 - sure)


def temperature(value: float, samples: int) -> str:
    """Say what the probabilities were put right by.

    >>> temperature(1.0, 0)
    'No validation part put them right: label smoothing makes them too modest, training too sure.'
    """
    if not samples:
        return "No validation part put them right: label smoothing makes them too modest, training too sure."
    few = f", so few that it may be off by {percent(FIT_ERROR / samples**0.5, 0)}" if samples < FEW else ""
    return (
        f"Its scores are divided by {number(value, 3)} (the temperature) before they become probabilities;"
        f" that number was fitted on the {count(samples)} samples of the validation part{few}."
    )
