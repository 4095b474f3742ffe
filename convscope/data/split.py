"""Which samples train, which choose, which judge: stratified, seeded, the same on every machine."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from convscope.data.dataset import PARTS, DataSettings
from convscope.errors import DataError

TRAIN, VAL, TEST = 0, 1, 2


def parts(
    labels: Tensor | Sequence[int],
    settings: DataSettings,
    *,
    given: Sequence[str] | None = None,
    groups: Sequence | None = None,
) -> dict[str, Tensor]:
    """Give every row to train, val or test.

    What the source says stays as it is. A part that the source does not have is taken from its training rows
    (where these are still to be divided into folds, none is), class by class: first `settings.test` of them,
    then `settings.val` of what is left. Every class keeps at least one row in train, then in test, then in
    val, as long as it has so many. Of groups no part that is wanted stays empty, as long as train keeps each
    class.

    Args:
        labels: (row,), class numbers from 0.
        settings: the shares `val` and `test`, and the seed.
        given: "train", "val", "test" or "" for every row, as the source says it; "" is free to go anywhere.
        groups: one value a row (a patient, a day); rows of one group all go to the same part.

    Returns:
        "train", "val", "test" → row numbers, int64, ascending, disjoint, together every row; may be empty.

    Raises:
        DataError: a share outside [0, 1), an unknown part, or a group that the source puts into two parts.

    >>> parts([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], DataSettings())
    {'train': tensor([0, 1, 4, 5, 7, 9]), 'val': tensor([2, 6]), 'test': tensor([3, 8])}
    >>> parts([0, 0, 1, 1], DataSettings(val=0), given=["train", "test", "test", "train"])
    {'train': tensor([0, 3]), 'val': tensor([], dtype=torch.int64), 'test': tensor([1, 2])}
    """
    check_shares(settings)
    rows = np.asarray(labels, dtype=np.int64)  # (row,)
    part = _as_given(given, len(rows))  # (row,), -1 where it is open
    member = None if groups is None else _group_numbers(groups, len(rows))  # (row,)
    if groups is not None and member is not None:
        part = _follow_group(part, member, groups)
    test = 0.0 if settings.fold or (part == TEST).any() else settings.test
    val = 0.0 if settings.fold or (part == VAL).any() else settings.val
    free = np.flatnonzero((part == -1) | (part == TRAIN))
    generator = np.random.Generator(np.random.PCG64(settings.seed))
    if member is None:
        part[free] = _deal(rows[free], test, val, generator)
    else:
        part[free] = _deal_groups(rows[free], member[free], test, val, generator)
    return {name: torch.from_numpy(np.flatnonzero(part == number)) for number, name in enumerate(PARTS)}


def remarks(
    split: Mapping[str, Tensor], stated: Collection[str], grouped: bool = False, *, folded: bool = False
) -> tuple[str, ...]:
    """Say which parts were made here and not `stated` by the source, and whether test is empty.

    Of data that are still to be `folded` nothing is said.

    >>> remarks(parts([0] * 10, DataSettings()), stated=["test"])
    ('held back at random, class by class: 1 to val',)
    """
    new = [name for name in PARTS[1:] if name not in stated and len(split[name])]
    made = " and ".join(f"{len(split[name]):,} to {name}" for name in new)
    how = "group by group" if grouped else "class by class"
    held = (f"held back at random, {how}: {made}",) if new else ()
    if folded or len(split["test"]):
        return held
    return (*held, "there is no test part to judge the network on unseen data")


def check_shares(settings: DataSettings) -> None:
    """Raise DataError for a share of val or test that is not in [0, 1)."""
    for name in ("val", "test"):
        share = getattr(settings, name)
        if not 0 <= share < 1:
            raise DataError(
                f"the share '{name}' must be at least 0 and below 1; got {share}.\n  0.1 holds back a tenth."
            )


def _as_given(given: Sequence[str] | None, count: int) -> np.ndarray:
    if given is None:
        return np.full(count, -1)
    known = {"": -1, **{name: number for number, name in enumerate(PARTS)}}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise DataError(
            f"a part of the data is called '{unknown[0]}'.\n"
            f"  The parts are {', '.join(PARTS)}, or empty for: choose."
        )
    return np.fromiter((known[name] for name in given), dtype=np.int64, count=count)


def _deal(labels: np.ndarray, test: float, val: float, generator: np.random.Generator) -> np.ndarray:
    """Deal out the rows of each class in random order: first to test, then to val, the rest to train."""
    if len(labels) == 0:
        return labels
    # Random doubles and a stable sort, because numpy promises their order across platforms and versions.
    order = np.lexsort((generator.random(len(labels)), labels))
    sizes = np.bincount(labels)  # (class,)
    rank = np.empty_like(labels)  # (row,): place within its class
    rank[order] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    least = np.minimum(sizes - 1, 1)  # for test, beside the one that stays in train
    tests = _share(sizes, test, most=np.maximum(sizes - 1 - (val > 0), least))
    vals = _share(sizes - tests, val, most=sizes - tests - 1)
    return np.where(rank < tests[labels], TEST, np.where(rank < (tests + vals)[labels], VAL, TRAIN))


def _share(sizes: np.ndarray, share: float, most: np.ndarray) -> np.ndarray:
    """Rows to take of each class: the rounded share, at least one if any is wanted, up to `most`."""
    if share == 0:
        return np.zeros_like(sizes)
    wanted = np.maximum(1, np.floor(sizes * share + 0.5).astype(sizes.dtype))
    return np.maximum(0, np.minimum(wanted, most))


def _group_numbers(groups: Sequence, count: int) -> np.ndarray:
    if len(groups) != count:
        raise DataError(f"there are {len(groups)} group values for {count} rows.\n  Give one for each row.")
    numbers: dict = {}
    return np.fromiter((numbers.setdefault(group, len(numbers)) for group in groups), np.int64, count)


def _follow_group(part: np.ndarray, member: np.ndarray, groups: Sequence) -> np.ndarray:
    """Where the source places one row of a group, the others go there too."""
    place = np.full(member.max(initial=-1) + 1, -1)  # (group,)
    stated = np.flatnonzero(part != -1)
    place[member[stated]] = part[stated]
    clash = stated[place[member[stated]] != part[stated]]
    if len(clash):
        row = clash[0]
        raise DataError(
            f"group '{groups[row]}' is in both {PARTS[part[row]]} and {PARTS[place[member[row]]]}.\n"
            "  Put all its rows into one part, or leave the group column out."
        )
    return place[member]


def _deal_groups(
    labels: np.ndarray, member: np.ndarray, test: float, val: float, generator: np.random.Generator
) -> np.ndarray:
    """Place whole groups, largest first, where they bring each part nearest to its share of every class."""
    if len(labels) == 0:
        return labels
    names, member = np.unique(member, return_inverse=True)
    counts = np.zeros((len(names), labels.max() + 1))  # (group, class)
    np.add.at(counts, (member, labels), 1)
    share = np.array([(1 - test) * (1 - val), (1 - test) * val, test])  # in the order of PARTS
    order = np.lexsort((generator.random(len(names)), -counts.sum(axis=1)))
    place = nearest(counts, share, order)
    for label in np.flatnonzero((counts[place == TRAIN].sum(axis=0) == 0) & (counts.sum(axis=0) > 0)):
        holders = np.flatnonzero(counts[:, label])
        place[holders[np.argmin(counts[holders].sum(axis=1))]] = TRAIN
    for part in (TEST, VAL):
        if share[part] > 0 and not (place == part).any():
            _fill(part, place, counts)
    return place[member]


def nearest(counts: np.ndarray, share: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(group,) the part of each, where it brings the parts nearest to their shares of every class.

    Args:
        counts: (group, class) rows.
        share: (part,) of all rows; a part without a share gets none.
        order: (group,) in which they are placed.
    """
    total = np.maximum(counts.sum(axis=0), 1)
    target, filled = share[:, None] * total, np.zeros((len(share), counts.shape[1]))  # (part, class)
    open_parts = np.flatnonzero(share > 0)
    place = np.zeros(len(counts), dtype=np.int64)
    for group in order:
        # How much (filled − target)² grows, each class by its size
        growth = (counts[group] * (2 * (filled - target) + counts[group]) / total).sum(axis=1)
        place[group] = open_parts[np.argmin(growth[open_parts])]
        filled[place[group]] += counts[group]
    return place


def _fill(part: int, place: np.ndarray, counts: np.ndarray) -> None:
    """Give a part that came out empty a small group of each class that train can spare, in place.

    Args:
        part: that no group went to.
        place: (group,) the part of each.
        counts: (group, class) rows.
    """
    for label in range(counts.shape[1]):
        if counts[place == part, label].any():
            continue
        left = counts[place == TRAIN].sum(axis=0) - counts  # (group, class), in train without this group
        spared = ((left > 0) | (counts == 0)).all(axis=1) & (place == TRAIN) & (counts[:, label] > 0)
        if spared.any():
            size = np.where(spared, counts.sum(axis=1), np.inf)
            place[np.argmin(size)] = part
