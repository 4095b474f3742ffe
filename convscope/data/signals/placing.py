"""Where recordings lie, and what that says of them: their class, their part, or whose they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import folder
from convscope.data.files.folder import Wanted
from convscope.data.files.listing import PART_NAMES, Listed
from convscope.data.names import natural
from convscope.data.signals.recordings import Recording
from convscope.errors import DataError

MEANINGLESS = ("label", "label_from", "target", "images", "sample", "size", "horizon", "time", "series")


class Placed(NamedTuple):
    """The recordings of a source."""

    listed: list[Listed]
    skipped: list[Skipped]
    remarks: list[str]


def placed(path: Path, wanted: Wanted, settings: DataSettings, marked: Callable[[Path], bool]) -> Placed:
    """List the recordings: a single one, those of a folder, or those in folders below it.

    A folder below is a class; where its recordings are marked (or the group is said to be the folder), it is
    whose they are; where it is called train, val or test, it is that part.

    Args:
        path: a recording, or a folder.
        wanted: which files are recordings.
        settings: `group`.
        marked: whether marks that lie beside a recording say what it is.

    Raises:
        DataError: settings that recordings do not have.
    """
    _demand_meaning(settings)
    if not path.is_dir():
        return Placed([Listed(path, "")], [], [])
    loose = sorted(
        (file for file in folder.children(path, []) if wanted.takes(file)),
        key=lambda file: natural(file.name),
    )
    if loose:
        return Placed([Listed(file, "") for file in loose], [], [])
    own = replace(settings, group="none" if settings.group == "none" else None)
    found = folder.scan(path, wanted, own, classes=False)
    listed, remarks = found.listed, list(found.remarks)
    if listed and all(item.label.casefold() in PART_NAMES and not item.part for item in listed):
        listed = [item._replace(label="", part=PART_NAMES[item.label.casefold()]) for item in listed]
    elif settings.group == "folder" or any(marked(item.file) for item in listed):
        listed = [item._replace(label="", group=str(item.file.parent.relative_to(path))) for item in listed]
        remarks.append(
            "the folders are whose the recordings are, and no classes: their annotations say these"
        )
    return Placed(listed, found.skipped, remarks)


def as_placed(recording: Recording, item: Listed, settings: DataSettings) -> Recording:
    """The recording, with what its place says."""
    group = item.group or (item.file.parent.name if settings.group == "folder" else None) or recording.group
    return recording._replace(label=item.label, part=item.part, group=group)


def _demand_meaning(settings: DataSettings) -> None:
    """Refuse what a person said that recordings do not have."""
    said = [name for name in MEANINGLESS if getattr(settings, name) is not None]
    if said:
        option = f"--{said[0].replace('_', '-')}"
        raise DataError(
            f"{option} says nothing of recordings: they have no columns and no pictures.\n"
            "  Their classes are their annotations, or the folders that they lie in."
        )
    if settings.group not in (None, "folder", "none"):
        raise DataError(
            f"recordings have no column '{settings.group}' to group by.\n"
            "  A recording is a group; --group folder puts those of a folder together, none takes them apart."
        )
