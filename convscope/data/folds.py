"""Folds: every sample is judged once, by a network that has seen neither it nor its group."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from convscope.data import split
from convscope.data.dataset import Dataset
from convscope.data.samples import some
from convscope.errors import DataError
from convscope.settings import Fold


def folded(data: Dataset, place: Fold) -> Dataset:
    """The same samples, divided anew: one fold is the test part, the rest trains and chooses the epoch.

    Classes are spread evenly over the folds and groups stay whole. Where the source says which samples are
    for validation, they stay so for all folds; where it says which are for the test, these are left alone.

    Args:
        data: loaded for folds: nothing was held back but what the source holds back.
        place: which fold, of how many.

    Raises:
        DataError: more folds than samples or groups.
    """
    settings = replace(data.settings, fold=f"{place.number}/{place.of}")
    pool = data.parts["train"]
    owners = [data.groups[row] for row in pool.tolist()] if data.groups else None
    own = None if owners is None else np.array([name or f"row {row}" for row, name in enumerate(owners)])
    classes = torch.zeros(len(pool), dtype=torch.int64) if data.regression else data.labels[pool]
    judged = _dealt(classes.numpy(), own, place, data) == place.number - 1
    left = pool[torch.from_numpy(~judged)]
    given = data.parts["val"]
    val = 0.0 if len(given) else settings.val
    rest = split.parts(
        classes[torch.from_numpy(~judged)],
        replace(settings, fold=None, test=0.0, val=val),
        groups=None if own is None else own[~judged].tolist(),
    )
    parts = {
        "train": left[rest["train"]],
        "val": given if len(given) else left[rest["val"]],
        "test": pool[torch.from_numpy(judged)],
    }
    return replace(data, parts=parts, settings=settings, remarks=(*data.remarks, *_said(data, parts, place)))


def _dealt(classes: np.ndarray, own: np.ndarray | None, place: Fold, data: Dataset) -> np.ndarray:
    """(sample,) the fold that judges each, from 0."""
    generator = np.random.Generator(np.random.PCG64(data.settings.seed))
    numbers, member = np.unique(np.arange(len(classes)) if own is None else own, return_inverse=True)
    if len(numbers) < place.of:
        what = "samples" if own is None else "groups of samples that stay together"
        raise DataError(
            f"{data.source} has {len(numbers):,} {what} to divide, too few for {place.of} folds.\n"
            f"  {'Give fewer folds' if len(numbers) > 1 else 'Train without folds'}, or more data."
        )
    if own is None:
        order = np.lexsort((generator.random(len(classes)), classes))
        fold = np.empty(len(classes), np.int64)
        fold[order] = np.arange(len(classes)) % place.of
        return fold
    counts = np.zeros((len(numbers), classes.max() + 2))  # (group, class and all of them)
    np.add.at(counts, (member, classes), 1)
    counts[:, -1] = counts.sum(axis=1)
    order = np.lexsort((generator.random(len(numbers)), -counts[:, -1]))
    return split.nearest(counts, np.full(place.of, 1 / place.of), order)[member]


def _said(data: Dataset, parts: dict[str, torch.Tensor], place: Fold) -> Iterator[str]:
    how = ", whole groups" if data.groups else "" if data.regression else ", class by class"
    yield (
        f"fold {place.number} of {place.of}{how}: {len(parts['test']):,} samples are judged, "
        f"{len(parts['val']):,} choose the epoch"
    )
    if alone := len(data.parts["test"]):
        yield f"the test part that the data come with, {alone:,} samples, is left alone"
    if data.regression:
        return
    judged, trained = (torch.unique(data.labels[parts[part]]).tolist() for part in ("test", "train"))
    if unseen := [data.classes[label] for label in judged if label not in trained]:
        yield f"too few samples of {some(unseen)}: this fold judges some, and has none to learn from"
