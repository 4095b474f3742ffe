"""Samples that belong together, such as those of a patient: told by sub-folders, or by a column."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from convscope.data.dataset import DataSettings
from convscope.data.files import beside
from convscope.data.names import plain
from convscope.errors import DataError, guess

FOLDER, NONE = "folder", "none"
WHOLE = re.compile(r"^([-+]?\d+)\.0*$")
BETWEEN = re.compile(r"[\s_.-]")  # words of a name
SHOWN = 3  # names in a remark
MODALITIES = frozenset(
    [
        *("t1", "t1c", "t1ce", "t1gd", "t1w", "t2", "t2w", "flair", "dwi", "adc", "swi"),
        *("ct", "mr", "mri", "pet", "rgb", "depth", "ir", "nir", "thermal"),
    ]
)  # sub-folders of these names hold the same patients once more


class Lying(NamedTuple):
    """Where a file lies: the folders between its class and itself, and its own name."""

    trail: tuple[str, ...]
    name: str


class Groups(NamedTuple):
    """The group of each file, None where it has none; and what is to be said of them."""

    names: list[str | None]
    remarks: list[str]


def of_folders(files: Sequence[Lying], settings: DataSettings, source: object) -> Groups:
    """Take the sub-folders of the classes for groups, where there are several with several files.

    A folder that is the only one of its kind in every class is passed over. Sub-folders of one name are one
    group, whichever class they lie in: a patient may have two diagnoses. Those that are named as kinds of
    pictures (t1, t2, ct) hold the same people once more: then files of one name are a group.

    Raises:
        DataError: `--group` is neither folder nor none, or is folder and there are no sub-folders.
    """
    if settings.group == NONE:
        return Groups([None] * len(files), [])
    if settings.group not in (None, FOLDER):
        raise DataError(
            f"--group {settings.group}: {source} is a folder and has no columns.\n"
            f"  For a folder: --group {FOLDER} (sub-folders of a class) or --group {NONE}."
        )
    level = _level(files)
    own = [file.trail[level] if len(file.trail) > level else None for file in files]
    counts = Counter(name for name in own if name is not None)
    if len(counts) < 2 or max(counts.values()) < 2:
        if settings.group == FOLDER:
            raise DataError(
                f"--group {FOLDER}: the classes of {source} have no sub-folders with several samples.\n"
                "  Put what belongs together (the samples of a patient) into a folder below the class."
            )
        return Groups([None] * len(files), [])
    if all(name.casefold() in MODALITIES for name in counts):
        named = [
            "/".join((*file.trail[level + 1 :], PurePath(file.name).stem)) if name else None
            for file, name in zip(files, own, strict=True)
        ]
        first = next(iter(counts))
        what = f"sub-folders such as {first} hold the same samples in another way: those of one name stay"
        return Groups(named, [f"{what} in one part; --group {NONE} deals them out one by one"])
    some = ", ".join(list(counts)[:SHOWN]) + (", …" if len(counts) > SHOWN else "")
    said = f"the {len(counts):,} sub-folders of the classes ({some}) are groups, such as patients: each stays"
    return Groups(own, [f"{said} in one part; --group {NONE} deals its samples out one by one"])


def alike(names: Iterable[str]) -> dict[str, str]:
    """Groups that are written in several ways → what the first of them is called: 3 and 3.0, P3 and p3.

    >>> alike(["3", "p3", "3.0", "P3 ", "p4"])
    {'3.0': '3', 'P3 ': 'p3'}
    """
    first: dict[str, str] = {}
    written = {name: WHOLE.sub(r"\1", plain(name).casefold()) for name in dict.fromkeys(names)}
    return {name: to for name, key in written.items() if (to := first.setdefault(key, name)) != name}


def on_alike(same: Mapping[str, str]) -> list[str]:
    """Say which groups were taken for one."""
    some = ", ".join(f"'{name}' and '{other}'" for name, other in list(same.items())[:SHOWN])
    return [f"the groups {some}{' …' if len(same) > SHOWN else ''} are one each"] if same else []


def are_classes(name: str, source: object, option: str = "group") -> DataError:
    """What is wrong where a person names what is to be learnt for what tells the samples apart."""
    what = (
        "A group is who or what the samples are of" if option == "group" else "A sample has rows of its own"
    )
    return DataError(
        f"--{option} {name}: this is what is to be learnt of {source}; no class could be in two parts.\n"
        f"  {what}: name another column, or leave --{option} out."
    )


def on_kinds(files: Sequence[Lying], *, grouped: bool) -> list[str]:
    """Say where files are the same person's in several ways, which their names end in: p_t1.nii, p_flair.nii.

    >>> on_kinds([Lying((), "p_t1.nii"), Lying((), "p_t2.nii")], grouped=True)
    ['2 files differ in the ending of their names alone (t1, t2): each is a sample of its own, not a channel']
    """
    kinds: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for file in files:
        stem = beside.ENDING.sub("", file.name)
        word = BETWEEN.split(stem)[-1]
        if word.casefold() in MODALITIES:
            kinds.setdefault((file.trail, stem.removesuffix(word)), set()).add(word)
    several = [words for words in kinds.values() if len(words) > 1]
    count = sum(map(len, several))
    if 2 * count < len(files) or not several:
        return []
    names = ", ".join(sorted(set().union(*several)))
    said = f"{count:,} files differ in the ending of their names alone ({names}): each is a sample of its own"
    return [f"{said}, not a channel" + ("" if grouped else "; those of one person may be in several parts")]


def _level(files: Sequence[Lying]) -> int:
    """The first level below the classes on which there is more than one folder."""
    trails = {file.trail for file in files}
    level = 0
    while len({trail[level : level + 1] for trail in trails}) == 1 and any(
        len(trail) > level for trail in trails
    ):
        level += 1
    return level


def column(settings: DataSettings, header: Sequence[str], usual: Sequence[str], source: object) -> int | None:
    """Which column of a table holds the group.

    Args:
        settings: `group` names a column, or is folder or none.
        header: the columns' names, as they are written.
        usual: names that the column may have where the person says nothing; the first that is there counts.
        source: the table, for messages.

    Returns:
        Its place; None: there is none, or no groups are wanted, or the folders are the groups.

    Raises:
        DataError: the person named a column that is not there.

    >>> column(DataSettings(group="Person"), ["path", "person"], ["patient"], "a.csv")
    1
    >>> column(DataSettings(), ["patient", "path"], ["patient"], "a.csv")
    0
    """
    place = {name.strip().casefold(): at for at, name in reversed(list(enumerate(header)))}
    if settings.group is None:
        return next((place[name] for name in usual if name in place), None)
    if (at := place.get(settings.group.strip().casefold())) is not None:
        return at
    if settings.group in (FOLDER, NONE):
        return None
    raise DataError(
        f"--group {settings.group}: {source} has no such column{guess(settings.group, header)}\n"
        f"  Its columns are {', '.join(header[:20]) or 'none'}; or --group {FOLDER}, or --group {NONE}."
    )
