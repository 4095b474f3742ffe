"""Where recordings lie, and what that says of them: their class, their part, or whose they are."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import decoding, folder
from convscope.data.files.folder import Wanted
from convscope.data.files.listing import PART_NAMES, Listed, left_out
from convscope.data.files.table import ENDINGS
from convscope.data.names import natural
from convscope.data.samples import Samples, together
from convscope.data.signals import tables
from convscope.data.signals.recording import Recording
from convscope.data.signals.tables import Placed
from convscope.errors import DataError

COLUMNS = ("label", "target", "images", "sample")  # settings of tables
MEANINGLESS = (*COLUMNS, "size", "horizon", "time", "series")
NO_CLASS = re.compile(rf"(.*[-_ ])?(fold[-_ ]?\d+|{'|'.join(PART_NAMES)})([-_ ].*)?", re.IGNORECASE)
PERSON = re.compile(r"(\D*?)[-_ ]?0*\d+")
PEOPLE = ("actor", "speaker", "spk", "subject", "sub", "patient", "person", "participant", "user")
LEAST_PEOPLE = 3  # folders with a number each that are taken for people, where annotations are inside
SOME = 5  # recordings that are asked whether they are marked


def placed(path: Path, wanted: Wanted, settings: DataSettings, marked: Callable[[Path], str]) -> Placed:
    """List the recordings: a single one, those of a folder, or those in folders below it.

    A folder below is a class; where marks lie beside its recordings (or inside, and the folders are numbered;
    or the group is said to be the folder), it is whose they are; where it is called train, val or test, it is
    that part. What is neither marked nor in folders of classes is placed by the table that names it.

    Args:
        path: a recording, a folder, or a table.
        wanted: which files are recordings.
        settings: `group`, `label_from`, and `label` and `target` of a table.
        marked: where marks say what a recording is: "inside" of it, in a file "beside" it, or nowhere ("").

    Raises:
        DataError: settings that recordings do not have, a table that names none.
    """
    if settings.label_from and path.is_dir():
        return Placed(*folder.scan(path, wanted, settings)[:3])
    found = _found(path, wanted, settings)
    marks = {marked(file) for file in decoding.spread([item.file for item in found.listed], SOME)}
    plain = marks <= {""}
    asked = asks_for_column(settings)
    if asked or path.suffix.lower() in ENDINGS or (plain and path.is_dir() and not in_classes(found.listed)):
        table = tables.by_table(path, every(path, wanted), settings, wanted.what, path)
        if table and table.listed:
            return table
    demand_meaning(settings, "recordings", MEANINGLESS)
    _demand_no_column(settings)
    if found.listed and all(item.label.casefold() in PART_NAMES and not item.part for item in found.listed):
        parts = [item._replace(label="", part=PART_NAMES[item.label.casefold()]) for item in found.listed]
        return found._replace(listed=parts)
    numbered = "inside" in marks and _numbered(found.listed)
    people = settings.group == "folder" or "beside" in marks or numbered
    if not people or not any(item.label for item in found.listed):
        return found._replace(remarks=[*found.remarks, *on_people(found.listed)])
    own = [item._replace(label="", group=decoding.shown(item.file.parent, path)) for item in found.listed]
    said = "the folders are whose the recordings are, and no classes: annotations say these"
    return Placed(own, found.skipped, [*found.remarks, said])


def unmarked(path: Path, wanted: Wanted, marked: Callable[[Path], str]) -> list[Path]:
    """The recordings of a folder, where none of some says what it is; none where they are a data set."""
    if not path.is_dir():
        return []
    loose = [file for file in folder.children(path, []) if wanted.takes(file)]
    return [] if any(marked(file) for file in decoding.spread(loose, SOME)) else loose


def all_of(files: Sequence[Path], one: Callable[[Path], Samples]) -> Samples:
    """The samples of several recordings.

    Raises:
        DataError: none can be read.
    """
    good, bad = [], []
    for file in files:
        try:
            good.append(one(file))
        except DataError as error:
            bad.append(Skipped(file.name, str(error).removeprefix(f"{file}: ")))
    if not good:
        raise DataError(left_out(f"{files[0].parent}: none of its recordings can be read:", bad))
    return together(good, bad)


def every(path: Path, wanted: Wanted) -> list[Path]:
    """All recordings below a folder, or below that of a table."""
    root = path if path.is_dir() else path.parent
    files = (file for file in root.rglob("*") if wanted.takes(file) and not file.name.startswith("."))
    return sorted(files, key=lambda file: natural(str(file)))


def in_classes(listed: Sequence[Listed]) -> bool:
    """Whether the folders of files are classes."""
    labels = {item.label for item in listed}
    return len(labels) > 1 and not all(NO_CLASS.fullmatch(label) for label in labels)


def on_people(listed: Sequence[Listed]) -> list[str]:
    """Say that classes are called like people, where they are."""
    labels = sorted({item.label for item in listed}, key=natural)
    found = [PERSON.fullmatch(label) for label in labels]
    if len(labels) < 2 or not all(match and match[1].casefold() in PEOPLE for match in found):
        return []
    return [
        f"the classes are the folders {labels[0]}, {labels[1]} …, which are called like people: if another"
        ' class is meant that stands in the names of the files, say so by --label-from "PATTERN"'
    ]


def _numbered(listed: Sequence[Listed]) -> bool:
    """Whether all folders are called alike but for their number, as S001 and S002."""
    labels = {item.label for item in listed}
    found = [PERSON.fullmatch(label) for label in labels]
    return len(labels) >= LEAST_PEOPLE and all(found) and len({match[1] for match in found if match}) == 1


def as_placed(recording: Recording, item: Listed, settings: DataSettings) -> Recording:
    """The recording, with what its place says; whose it is, its name may say better than its folder."""
    by_folder = item.group or (item.file.parent.name if settings.group == "folder" else None)
    group = by_folder if settings.group == "folder" else recording.group or by_folder
    return recording._replace(label=item.label, part=item.part, group=group)


def _found(path: Path, wanted: Wanted, settings: DataSettings) -> Placed:
    """By folders alone."""
    if not path.is_dir():
        return Placed([Listed(path, "")] if wanted.takes(path) else [], [], [])
    loose = [file for file in folder.children(path, []) if wanted.takes(file)]
    if loose:
        return Placed([Listed(file, "") for file in loose], [], [])
    return by_folders(path, wanted, settings)


def by_folders(path: Path, wanted: Wanted, settings: DataSettings) -> Placed:
    """What the folders alone say; they need not be classes."""
    own = replace(
        settings,
        group="none" if settings.group == "none" else None,
        **dict.fromkeys((*COLUMNS, "label_from")),
    )
    return Placed(*folder.scan(path, wanted, own, classes=False)[:3])


def asks_for_column(settings: DataSettings) -> bool:
    """Whether the person named a column, which a table alone has."""
    by_column = settings.group not in (None, "folder", "none")
    return by_column or settings.label is not None or settings.target is not None


def demand_meaning(settings: DataSettings, what: str, meaningless: Sequence[str]) -> None:
    """Raise DataError for a setting that these data have no use for."""
    said = [name for name in meaningless if getattr(settings, name) is not None]
    if said:
        option = f"--{said[0].replace('_', '-')}"
        raise DataError(
            f"{option} says nothing of {what}: they have no columns and no pictures.\n"
            "  Their classes are annotations, the folders that they lie in, or in a table that names them."
        )


def _demand_no_column(settings: DataSettings) -> None:
    if settings.group not in (None, "folder", "none"):
        raise DataError(
            f"recordings have no column '{settings.group}' to group by.\n"
            "  A recording is a group; --group folder puts those of a folder together, none takes them apart."
        )
