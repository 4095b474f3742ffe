"""From a list of picture files with labels to a Dataset: what folders and tables have in common."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from convscope.data import pictures, split
from convscope.data.dataset import PARTS, Dataset, DataSettings, Skipped
from convscope.data.names import natural
from convscope.errors import DataError

PART_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
SHOWN = 10  # names in a message


class Listed(NamedTuple):
    """A picture that the source names."""

    file: Path
    label: str
    part: str = ""  # train, val, test, or "" where the source does not say
    group: str | None = None  # pictures of one group stay in one part


def dataset(
    listed: Sequence[Listed],
    source: Path,
    root: Path,
    settings: DataSettings,
    strict: bool,
    skipped: Sequence[Skipped] = (),
    remarks: Sequence[str] = (),
) -> Dataset:
    """Choose what is open, decode, name the classes, split.

    Args:
        listed: at least one picture.
        source: what the person gave, for messages.
        root: folder that sample names are relative to.
        settings: as the person gave them.
        strict: a file left out is an error.
        skipped: what the source itself already left out.
        remarks: what the source itself already has to say.

    Raises:
        DataError: no picture can be read, fewer than two classes, classes that differ in case only, a class
            that is in val or test but not in train, and with `strict` any file left out.
    """
    settings, chosen = pictures.choose([item.file for item in listed], settings)
    inputs, broken, kept = pictures.read([item.file for item in listed], settings, root)
    skipped = [*skipped, *broken]
    if strict and skipped:
        raise DataError(_left_out(f"{source}: {len(skipped)} files cannot be used:", skipped))
    if not kept:
        raise DataError(_left_out(f"{source}: none of the {len(listed)} pictures can be used:", skipped))
    used = [listed[position] for position in kept]
    classes = _classes(used, source)
    number = {name: index for index, name in enumerate(classes)}
    labels = torch.tensor([number[item.label] for item in used])  # (sample,)
    parts = split.parts(
        labels,
        settings,
        given=[item.part for item in used],
        groups=[item.group for item in used] if any(item.group is not None for item in used) else None,
    )
    lost = sorted({item.label for item in listed} - set(classes), key=natural)
    gone = [f"class '{name}' has no readable picture and is left out" for name in lost]
    return Dataset(
        inputs=inputs,
        labels=labels,
        classes=classes,
        parts=parts,
        kind="image",
        source=str(source),
        names=[pictures.shown(item.file, root) for item in used],
        settings=settings,
        skipped=tuple(skipped),
        remarks=(*remarks, *gone, *chosen, *_on_parts(used, parts)),
        root=root,
    )


def _left_out(what: str, skipped: Sequence[Skipped]) -> str:
    lines = [f"\n    {pictures.printable(item.file)}: {item.reason}" for item in skipped[:SHOWN]]
    more = f"\n    and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
    return f"{what}{''.join(lines)}{more}\n  Repair or remove them."


def _classes(used: Sequence[Listed], source: Path) -> tuple[str, ...]:
    """The class names in natural order, once they are fit to be trained on."""
    trained = {item.label for item in used if item.part in ("", "train")}
    everywhere = sorted({item.label for item in used}, key=natural)
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
        item = next(item for item in used if item.label == unknown[0])
        raise DataError(
            f"{source}: class '{unknown[0]}' is in {item.part}, but train has no readable picture of it.\n"
            f"  Classes of train: {', '.join(sorted(trained, key=natural)[:SHOWN]) or 'none'}.\n"
            "  Add pictures of it to train, or take it away."
        )
    if len(everywhere) < 2:
        what = "only one picture" if len(used) == 1 else f"{len(used)} pictures, all"
        raise DataError(
            f"{source} holds {what} of class '{everywhere[0]}'; telling classes apart takes at least two.\n"
            "  Add pictures of another class, in a folder (or with a label) of its own."
        )
    return tuple(everywhere)


def _on_parts(used: Sequence[Listed], parts: dict[str, torch.Tensor]) -> list[str]:
    """Say which parts were made here, and which are empty."""
    stated = {item.part for item in used}
    made = [
        f"{len(parts[name]):,} to {name}" for name in PARTS[1:] if name not in stated and len(parts[name])
    ]
    remarks = [f"held back at random, class by class: {' and '.join(made)}"] if made else []
    if not len(parts["test"]):
        remarks.append("there are no test pictures: the trained network cannot be judged on unseen ones")
    return remarks
