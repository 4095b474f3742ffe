"""From a list of samples with labels to classes and parts, and from files to a Dataset."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from convscope.data import split, targets
from convscope.data.dataset import PARTS, Dataset, DataSettings, Kind, Skipped
from convscope.data.files import decoding, groups
from convscope.data.files.groups import Groups
from convscope.data.names import merged, natural
from convscope.errors import DataError
from convscope.text import printable

PART_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
SHOWN = 10  # names in a message


def part_named(cell: str, path: Path, row: int | None = None) -> str:
    """The part that a cell of a table names; "" of an empty one.

    Raises:
        DataError: there is no such part.

    >>> part_named("Validation", Path("dogs.csv"))
    'val'
    """
    part = PART_NAMES.get(cell.casefold(), "")
    if cell and not part:
        which = "a row" if row is None else f"row {row}"
        raise DataError(
            f"{path}: {which} is in the split '{cell}'.\n  The splits are {', '.join(PART_NAMES)}, or empty."
        )
    return part


class Listed(NamedTuple):
    """A picture that the source names."""

    file: Path
    label: str
    part: str = ""  # train, val, test, or "" where the source does not say
    group: str | None = None  # pictures of one group stay in one part
    bound: bool = (
        True  # whether a source may not put the group into two parts: a column says so, a folder not
    )


class Labelled(Protocol):
    """What a sample must tell to be sorted; `Listed` does, and so may the samples of other formats."""

    @property
    def label(self) -> str:
        """The name of its class."""
        ...

    @property
    def part(self) -> str:
        """train, val, test, or "" where the source does not say."""
        ...

    @property
    def group(self) -> str | None:
        """Samples of one group stay in one part."""
        ...


class Sorted(NamedTuple):
    """Samples with their classes and parts.

    Attributes:
        labels: (sample,), int64, index into `classes`; of amounts float32, the values themselves.
        classes: their names in natural order; of amounts the target's name alone.
        parts: "train", "val", "test" → rows.
        lost: a sentence on each class of which no sample can be used.
        remarks: which parts were made here, and which are empty.
        groups: (sample,) the group of each, "" where it is of none; none: there are no groups.
    """

    labels: Tensor
    classes: tuple[str, ...]
    parts: dict[str, Tensor]
    lost: tuple[str, ...]
    remarks: tuple[str, ...]
    groups: Sequence[str] = ()


class Reader(NamedTuple):
    """How files of one kind become one tensor."""

    kind: Kind
    what: str  # what a sample is called
    choose: Callable[[Sequence[Path], DataSettings], tuple[DataSettings, list[str]]]
    read: Callable[[Sequence[Path], DataSettings, Path], tuple[Tensor, list[Skipped], list[int]]]


def dataset(
    listed: Sequence[Listed],
    source: Path,
    root: Path,
    settings: DataSettings,
    strict: bool,
    reader: Reader,
    skipped: Sequence[Skipped] = (),
    remarks: Sequence[str] = (),
    passed: Sequence[Skipped] = (),
) -> Dataset:
    """Choose what is open, decode, name the classes, split.

    Args:
        listed: at least one sample.
        source: what the person gave, for messages.
        root: folder that sample names are relative to.
        settings: as the person gave them.
        strict: a file left out is an error.
        skipped: what the source itself already left out.
        remarks: what the source itself already has to say.
        passed: what the source holds beside its samples.
        reader: `choose` fills in what the settings leave open, `read` gives the samples, those left out, and
            the positions of those that are there; see `pictures`.

    Raises:
        DataError: no sample can be read, fewer than two classes, classes that differ in case only, a class
            that is in val or test but not in train, and with `strict` any file left out.
    """
    settings, chosen = reader.choose([item.file for item in listed], settings)
    inputs, broken, kept = reader.read([item.file for item in listed], settings, root)
    skipped = [*skipped, *broken]
    if strict and skipped:
        raise DataError(left_out(f"{source}: {len(skipped)} files cannot be used:", skipped))
    if not kept:
        raise DataError(left_out(f"{source}: none of the {len(listed)} {reader.what}s can be used:", skipped))
    used = [listed[position] for position in kept]
    order = sort(listed, used, source, settings, reader.what)
    return Dataset(
        inputs=inputs,
        labels=order.labels,
        classes=order.classes,
        parts=order.parts,
        kind=reader.kind,
        source=str(source),
        names=[decoding.shown(item.file, root) for item in used],
        settings=settings,
        skipped=tuple(skipped),
        remarks=(*remarks, *order.lost, *chosen, *order.remarks),
        root=root,
        passed=tuple(passed),
        groups=order.groups,
    )


def sort(
    listed: Sequence[Labelled],
    used: Sequence[Labelled],
    source: Path,
    settings: DataSettings,
    what: str = "picture",
) -> Sorted:
    """Name the classes, number the labels, and split; a target of amounts needs no classes.

    Args:
        listed: what the source names.
        used: what of it can be used, in the order of the rows; at least one.
        source: what the person gave, for messages.
        settings: the target, the shares and the seed of the split.
        what: what a sample is called, for messages.

    Raises:
        DataError: fewer than two classes, classes that differ in case only, labels that are no classes, or a
            class that is in val or test but not in train.
    """
    alike = merged(item.label for item in listed)
    told = [alike.get(item.label, item.label) for item in used]
    own = _groups(used, told, settings, source)
    values = targets.amounts(told, settings.target, source)
    if values is not None:
        parts = _split(torch.zeros(len(used), dtype=torch.int64), used, own.names, settings)
        said = (
            f"target: the amount of {settings.target}",
            *own.remarks,
            *_on_parts(used, parts, own, what, "", folded=bool(settings.fold)),
        )
        amount = torch.from_numpy(targets.in_32_bits(values, f"{source}: the amounts of {settings.target}"))
        return Sorted(amount, (str(settings.target),), parts, (), said, _named(own))
    targets.demand_classes(told, settings, source)
    classes = _classes(told, [item.part for item in used], source, what)
    number = {name: index for index, name in enumerate(classes)}
    labels = torch.tensor([number[label] for label in told])  # (sample,)
    parts = _split(labels, used, own.names, settings)
    lost = sorted({alike.get(item.label, item.label) for item in listed} - set(classes), key=natural)
    gone = tuple(f"class '{name}' has no readable {what} and is left out" for name in lost)
    same = tuple(
        f"'{name}' and '{other}' look alike and are one class, '{other}'" for name, other in alike.items()
    )
    said = (*own.remarks, *_on_parts(used, parts, own, what, folded=bool(settings.fold)))
    return Sorted(labels, classes, parts, (*same, *gone), said, _named(own))


def _groups(used: Sequence[Labelled], told: Sequence[str], settings: DataSettings, source: object) -> Groups:
    """The group of each sample, one however it is written; none where the groups are the classes.

    Raises:
        DataError: the person named the column of the classes for that of the groups.
    """
    same = groups.alike(item.group for item in used if item.group is not None)
    names = [None if item.group is None else same.get(item.group, item.group) for item in used]
    if len(used) == 1 or len(set(names)) == len(used) or names != told:
        return Groups(names, groups.on_alike(same))
    if settings.group not in (None, groups.FOLDER, groups.NONE):
        raise groups.are_classes(settings.group, source)
    said = "the groups are the classes themselves: the samples are dealt out one by one"
    return Groups([None] * len(used), [said])


def _named(own: Groups) -> Sequence[str]:
    return [name or "" for name in own.names] if any(own.names) else ()


def _split(
    labels: Tensor, used: Sequence[Labelled], names: Sequence[str | None], settings: DataSettings
) -> dict[str, Tensor]:
    member = None
    if any(name is not None for name in names):
        both = zip(used, names, strict=True)
        member = [row if _is_alone(item) else name for row, (item, name) in enumerate(both)]
    return split.parts(labels, settings, given=[item.part for item in used], groups=member)


def _is_alone(item: Labelled) -> bool:
    """Whether a sample is of no group, or of one that has no say where it goes."""
    placed = item.part not in ("", "train")
    return item.group is None or (placed and not getattr(item, "bound", True))


def demand_meaning(settings: DataSettings, what: str) -> None:
    """Raise DataError for a setting of signals or sequences, given for files that are neither.

    A run that judges other data brings its own settings, which nobody gave.
    """
    if not (settings.val or settings.test):
        return
    for name in ("length", "rate", "window", "stride", "horizon", "time", "series"):
        if (value := getattr(settings, name)) is not None:
            raise DataError(
                f"--{name} {value} says nothing of {what}s: it is for signals or sequences.\n  Leave it out."
            )


def left_out(what: str, skipped: Sequence[Skipped]) -> str:
    """Write a message that lists what was left out and why."""
    lines = [f"\n    {printable(item.file)}: {item.reason}" for item in skipped[:SHOWN]]
    more = f"\n    and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
    return f"{what}{''.join(lines)}{more}\n  Repair or remove them."


def _classes(labels: Sequence[str], parts: Sequence[str], source: Path, what: str) -> tuple[str, ...]:
    """The class names in natural order, once they are fit to be trained on."""
    trained = {label for label, part in zip(labels, parts, strict=True) if part in ("", "train")}
    everywhere = sorted(set(labels), key=natural)
    alike: dict[str, str] = {}
    for name in everywhere:
        other = alike.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise DataError(
                f"{source}: the classes '{other}' and '{name}' differ in case only.\n"
                "  Give both the same name."
            )
    unknown = [name for name in everywhere if name not in trained]
    if unknown:
        part = parts[labels.index(unknown[0])]
        raise DataError(
            f"{source}: class '{unknown[0]}' is in {part}, but train has no readable {what} of it.\n"
            f"  Classes of train: {', '.join(sorted(trained, key=natural)[:SHOWN]) or 'none'}.\n"
            f"  Add {what}s of it to train, or take it away."
        )
    if len(everywhere) < 2:
        found = f"only one {what}" if len(labels) == 1 else f"{len(labels)} {what}s, all"
        raise DataError(
            f"{source} holds {found} of class '{everywhere[0]}'; telling classes apart takes at least two.\n"
            f"  Add {what}s of another class, in a folder (or with a label) of its own."
        )
    return tuple(everywhere)


def _on_parts(
    used: Sequence[Labelled],
    parts: dict[str, Tensor],
    own: Groups,
    what: str,
    how: str = ", class by class",
    *,
    folded: bool,
) -> list[str]:
    """Say which parts were made here, and which are empty; see `split.remarks`."""
    stated = {item.part for item in used}
    made = [
        f"{len(parts[name]):,} to {name}" for name in PARTS[1:] if name not in stated and len(parts[name])
    ]
    how = ", group by group" if any(name is not None for name in own.names) else how
    remarks = [f"held back at random{how}: {' and '.join(made)}"] if made else []
    if not len(parts["test"]) and not folded:
        remarks.append(f"there are no test {what}s: the trained network cannot be judged on unseen ones")
    return remarks
