"""Every network of a study is asked once more of what it is judged by, and all answers are put together."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope import outputs
from convscope.data.dataset import Dataset
from convscope.data.samples import Samples
from convscope.errors import DataError, RunError
from convscope.repeating import report
from convscope.repeating.repeated import Repeated, Training
from convscope.run import Run, inputs, study
from convscope.run.evaluation import intervals, judging, metrics
from convscope.run.evaluation.intervals import Interval
from convscope.run.report import words
from convscope.run.settings import fingerprint
from convscope.run.study import StudySettings
from convscope.training.machine import present_device, threads


class Answers(NamedTuple):
    """What one network said of the samples that it is judged by, and what they are; (sample,) each.

    Attributes:
        training: whose answers.
        said: probabilities (sample, class), or values.
        labels: the truth.
        names: where the samples came from.
        groups: the group of each, "" where it is none's.
        persistence: what somebody says who expects no change; None where that is not known.
        mean: of the labels that the network learnt from; of amounts only.
    """

    training: Training
    said: Tensor
    labels: Tensor
    names: tuple[str, ...]
    groups: list[str]
    persistence: Tensor | None
    mean: float


def pooled(
    path: Path, settings: StudySettings, runs: Sequence[Run], turn: Callable[[int], Dataset]
) -> Repeated:
    """Put the answers of all networks together, and write the report.

    Args:
        path: the folder of the study.
        settings: what was asked for.
        runs: of each training, in order.
        turn: number of a training → its data.

    Raises:
        DataError: the data are not what a run was trained on.
        RunError: the folder cannot be written.
    """
    answers = [
        _asked(member, turn(number), f"{settings.each} {number}") for number, member in enumerate(runs, 1)
    ]
    found = _together(path, settings, answers, turn(len(runs)))
    try:
        if settings.folds:
            outputs.replace(path / "predictions.csv", _table(answers, runs[0]))
        report.write(found)
        study.write(path, settings, json.loads(json.dumps(found.as_dict())))
    except OSError as error:
        raise RunError(
            f"the report cannot be written to {path}: {error.strerror or error}.\n"
            f"  All runs are safe. Put this right (free space?), then: convscope train --resume {path}"
        ) from error
    return found


def _asked(member: Run, dataset: Dataset, name: str) -> Answers:
    if fingerprint(dataset) != member.settings.facts.fingerprint:
        raise DataError(
            f"the data at {dataset.source} are not what {member.name} was trained on.\n"
            "  Put them back, or begin a new study."
        )
    rows = dataset.parts[words.judged_part(dataset)]
    if member.settings.data.fold and words.judged_part(dataset) != "test":
        raise DataError(f"{name} has no sample that can be judged.\n  Give fewer folds, or more data.")
    how = member.settings.training
    with threads(how.threads):
        said = judging.answers(member.model().to(present_device(how.device)), dataset.inputs, rows)
    labels, before = dataset.labels[rows], dataset.persistence
    right = (said - labels).abs() if dataset.regression else (said.argmax(1) == labels).double()
    trained = dataset.parts["train"]
    return Answers(
        Training(member, name, len(trained), len(rows), float(right.mean())),
        said,
        labels,
        inputs.names(dataset, rows),
        _groups(dataset, rows.tolist(), once=bool(member.settings.data.fold)),
        None if before is None else before[rows],
        float(dataset.labels[trained].double().mean()),
    )


def _groups(dataset: Dataset, rows: Sequence[int], *, once: bool) -> list[str]:
    """The group of each sample; what is judged more than `once` is a group by itself."""
    groups = [dataset.groups[row] for row in rows] if dataset.groups else [""] * len(rows)
    return groups if once else [group or f"row {row}" for group, row in zip(groups, rows, strict=True)]


def _together(path: Path, settings: StudySettings, answers: Sequence[Answers], last: Dataset) -> Repeated:
    """All answers as one; `last` is the data of the last training."""
    said, labels = (torch.cat([getattr(each, name) for each in answers]) for name in ("said", "labels"))
    names, groups = ([one for each in answers for one in getattr(each, name)] for name in ("names", "groups"))
    told: dict[str, Any] = {"names": names, "groups": groups if any(groups) else ()}
    before = [each.persistence for each in answers if each.persistence is not None]
    if settings.folds and before:  # of several judgements of one sample a baseline's test knows nothing
        told["persistence"] = torch.cat(before)
    if last.regression:
        told["mean"] = np.repeat([each.mean for each in answers], [len(each.names) for each in answers])
        evaluation = metrics.evaluate_values(labels, said, last.classes[0], **told)
    else:
        several = None if settings.folds else len(answers[0].names)
        evaluation = metrics.evaluate(labels, said, last.classes, independent=several, **told)
    trainings = tuple(each.training for each in answers)
    judged = sum(each.judged for each in trainings) / sum(each.trained for each in trainings)
    expanding = bool(settings.folds) and last.kind == "sequence"
    return Repeated(
        path=path,
        by="folds" if settings.folds else "seeds",
        trainings=trainings,
        evaluation=evaluation,
        corrected=corrected(trainings, judged, amounts=last.regression)
        if settings.folds and not expanding
        else None,
        part=words.judged_part(last),
        noun=words.noun(last),
        grouped=any(last.groups),
        expanding=expanding,
        said=_left_alone(last),
    )


def corrected(trainings: Sequence[Training], judged: float, *, amounts: bool) -> Interval:
    """The interval from the differences between folds; that of a share ends at 1."""
    found = intervals.of_folds([each.score for each in trainings], judged)
    return found if amounts else found._replace(high=min(1.0, found.high))


def _left_alone(last: Dataset) -> tuple[str, ...]:
    """Say what no network was judged by."""
    given = len(last.labels) - sum(len(rows) for rows in last.parts.values())
    if last.settings.fold and given and last.kind != "sequence":
        return (f"The test part that the data come with, {given:,} {words.noun(last)}, was left alone.",)
    return ()


def _table(answers: Sequence[Answers], first: Run) -> bytes:
    """What each sample was taken for by the network that had not seen it, as CSV."""
    facts = first.settings.facts
    labels = torch.cat([each.labels for each in answers]).tolist()
    truth = labels if facts.regression else [facts.classes[label] for label in labels]
    names = [name for each in answers for name in each.names]
    samples = Samples(torch.empty(0), names, truth)
    return judging.predictions(torch.cat([each.said for each in answers]), samples, facts).as_csv()
