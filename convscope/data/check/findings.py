"""Findings in data as sentences in plain words, for the check, the terminal and the report."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.data.dataset import PARTS, Dataset
from convscope.text import printable

FEW = 5  # training samples below which a class can hardly be learnt
UNEVEN = 3.0  # times as many samples as the rarest class, from which on it is worth a sentence
SHOWN = 5  # examples in a sentence
PERSON = re.compile(r"(person|patient|subject|speaker|sub-)[-_ ]?(\d+)(?!\d)", re.IGNORECASE)


class Repeat(NamedTuple):
    """Samples that show the same."""

    names: tuple[str, ...]
    parts: tuple[str, ...]  # that they lie in, each once
    classes: tuple[str, ...]  # that they are labelled as, each once; none for regression

    @property
    def leak(self) -> bool:
        """Whether a test or validation sample is one that the network may have trained on."""
        return len(self.parts) > 1

    @property
    def conflict(self) -> bool:
        """Whether the same picture has two labels."""
        return len(self.classes) > 1


def repeats(data: Dataset, groups: Sequence[Sequence[int]]) -> list[Repeat]:
    """Name the samples of each group of rows, with the parts and classes they are in."""
    place = torch.full((len(data.names),), -1)  # (sample,), -1: in no part
    for number, part in enumerate(PARTS):
        place[data.parts[part]] = number
    return [_repeat(data, rows, place) for rows in groups]


def _repeat(data: Dataset, rows: Sequence[int], place: Tensor) -> Repeat:
    chosen = torch.tensor(rows)
    parts = [PARTS[number] for number in place[chosen].unique().tolist() if number >= 0]
    labels = [] if data.regression else data.labels[chosen].unique().tolist()
    return Repeat(
        tuple(data.names[row] for row in rows), tuple(parts), tuple(data.classes[label] for label in labels)
    )


def on_leaks(repeats: Sequence[Repeat], how: str) -> list[str]:
    """A sentence on samples that are there twice, in different parts."""
    leaks = [repeat for repeat in repeats if repeat.leak]
    if not leaks:
        return []
    return [
        f"in {_cases(len(leaks))} samples of different parts are {how} (such as {_example(leaks[0])}): "
        "results on unseen data will be worse than the test says"
    ]


def on_repeats(repeats: Sequence[Repeat], how: str) -> list[str]:
    """Sentences on samples that are there twice, with different labels or within a part."""
    conflicts = [repeat for repeat in repeats if repeat.conflict]
    said = []
    if conflicts:
        labels = " and ".join(conflicts[0].classes)
        said.append(
            f"in {_cases(len(conflicts))} samples that are {how} have different labels "
            f"(such as {_example(conflicts[0])}, {labels}): look at them, for one label is probably wrong"
        )
    if inside := [repeat for repeat in repeats if not repeat.leak and not repeat.conflict]:
        said.append(
            f"in {_cases(len(inside))} samples within a part are {how} (such as {_example(inside[0])})"
        )
    return said


def on_counts(data: Dataset) -> list[str]:
    """Sentences on classes with few samples."""
    counts = dict(zip(data.classes, data.counts("train"), strict=True))
    said = []
    if few := [name for name, count in counts.items() if count < FEW]:
        names = ", ".join(f"'{printable(name)}' ({counts[name]})" for name in few[:SHOWN])
        more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
        said.append(f"fewer than {FEW} training samples: {names}{more}; expect nothing of them")
    rare, common = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[common] >= UNEVEN * max(1, counts[rare]):
        said.append(
            f"the classes are uneven: '{printable(common)}' has {counts[common]:,} training samples, "
            f"'{printable(rare)}' {counts[rare]:,}; look at balanced accuracy"
        )
    return said


def on_parts(data: Dataset) -> list[str]:
    """Sentences on parts, or classes of them, that are empty although samples were wanted there."""
    said = []
    for part, use in (("val", "the last epoch is kept, and not the best one"), ("test", "nothing is judged")):
        counts = dict(zip(data.classes, data.counts(part), strict=True))
        if getattr(data.settings, part) > 0 and not len(data.parts[part]):
            said.append(f"the part {part} is empty: {use}")
        elif len(data.parts[part]) and (none := [name for name, count in counts.items() if not count]):
            names = ", ".join(f"'{printable(name)}'" for name in none[:SHOWN])
            more = f" and {len(none) - SHOWN} more" if len(none) > SHOWN else ""
            said.append(f"{part} has no sample of {names}{more}: what it says is of the other classes alone")
    return said


def on_groups(data: Dataset) -> list[str]:
    """Sentences on groups, or people in the files' names, that are in several parts."""
    what, both, advice = "groups", _in_several(data, data.groups), "in the parts as they were given"
    pieces = data.kind == "signal" and data.settings.group is None  # then a group may be a recording
    if not both and (pieces or (data.root is not None and not data.groups)):
        found = [PERSON.search(PurePath(name).name) for name in data.names]
        both = _in_several(data, [f"{match[1]}{match[2]}".casefold() if match else "" for match in found])
        what, advice = "people, by the files' names,", "put the files of each into a folder below the class"
    if not both:
        return []
    names = ", ".join(f"'{printable(name)}'" for name in both[:SHOWN])
    return [
        f"{len(both):,} {what} are in several parts (such as {names}; {advice}): results on unseen ones will"
        " be worse than the test says"
    ]


def _in_several(data: Dataset, owners: Sequence[str]) -> list[str]:
    """The owners of samples that are in several parts; (sample,), "" where there is none."""
    places: dict[str, set[str]] = {}
    for part in PARTS:
        for row in data.parts[part].tolist() if owners else ():
            places.setdefault(str(owners[row]), set()).add(part)
    return [name for name, parts in places.items() if name and len(parts) > 1]


def on_flat(rows: Sequence[int]) -> list[str]:
    """A sentence on samples of one value throughout."""
    return [f"{len(rows):,} samples show nothing: all their values are the same"] if rows else []


def on_channels(data: Dataset) -> list[str]:
    """Sentences on channels of signals and sequences that never change, or not in some samples."""
    if data.kind not in ("signal", "sequence") or data.channels < 2:
        return []  # of a single channel `on_flat` says it
    least, greatest = data.inputs.amin(dim=2), data.inputs.amax(dim=2)  # (sample, channel)
    still = least == greatest
    said = []
    for channel in range(data.channels):
        name = f"'{printable(data.features[channel])}'" if data.features else str(channel + 1)
        if least[:, channel].min() == greatest[:, channel].max():
            said.append(f"channel {name} has one value in all samples: nothing can be learnt from it")
        elif data.kind == "signal" and (count := int((still[:, channel] & ~still.all(dim=1)).sum())):
            said.append(f"channel {name} does not change within {count:,} samples: a lead that was off?")
    return said


def _cases(count: int) -> str:
    return "one case" if count == 1 else f"{count:,} cases"


def _example(repeat: Repeat) -> str:
    more = f" = {len(repeat.names) - 2:,} more" if len(repeat.names) > 2 else ""
    return " = ".join(printable(name) for name in repeat.names[:2]) + more
