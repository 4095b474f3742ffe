"""Which column of a table that names files is what: told by the person, by its name, or by its cells."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from convscope.data.dataset import DataSettings
from convscope.data.files import groups
from convscope.data.files.joining import has_ending
from convscope.data.targets import number
from convscope.errors import DataError, guess

COLUMNS = {
    "path": (
        *("path", "file", "filename", "file_name", "filepath", "file_path"),
        *("image", "image_path", "img", "picture", "scan"),
    ),
    "label": ("label", "class", "category", "target", "y", "species", "diagnosis"),
    "group": ("group", "group_id", "patient", "patient_id", "subject", "subject_id"),
    "split": ("split", "part", "set", "subset", "partition"),
}  # what a column is for → the names it may have, in any case; the first that is there counts
MORE = {
    "path": (
        *(
            "image_index",
            "image_name",
            "img_path",
            "img_name",
            "file_paths",
            "photo",
            "sound",
            "audio",
            "clip",
        ),
        *("文件名", "文件", "图片", "图像", "路径"),
    ),
    "label": (
        *(
            "labels",
            "dx",
            "breed",
            "finding_labels",
            "class_name",
            "label_name",
            "classname",
            "class_id",
            "text",
        ),
        *("标签", "类别"),
    ),
    "group": ("patientid", "subjectid", "lesion_id", "speaker", "speaker_id"),
}  # further names, of tables of files alone
IDS = (
    *(
        "id",
        "image_id",
        "imageid",
        "img_id",
        "id_code",
        "isic_id",
        "name",
        "picture_id",
        "slide_id",
        "uid",
        "key",
    ),
    *("编号", "名称"),
)  # columns that may name files without their ending
NUMBERS = (
    "id",
    "name",
    "uid",
    "key",
    "编号",
    "名称",
)  # of those, the ones that may as well count the samples
VALUES = 2  # columns of numbers, from which on a table holds samples itself
ZERO_ONE = {"0", "1", "0.0", "1.0"}
SHOWN = 10  # columns in a message


class Roles(NamedTuple):
    """Places of columns; None: there is none.

    Attributes:
        hot: columns of 0 and 1, one a class, where they are the labels.
    """

    path: int | None
    label: int | None
    group: int | None
    split: int | None
    hot: tuple[int, ...] = ()


def find(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    settings: DataSettings,
    is_file: Callable[[str], bool],
    source: object,
) -> Roles:
    """Tell the columns apart.

    Args:
        header: names of the columns.
        rows: the first few rows, each of as many cells.
        settings: label, target, group.
        is_file: whether a name without ending is that of a file.
        source: the table, for messages.

    Raises:
        DataError: the person named a column that is not there, or a label and a target.
    """
    path = _path(header, rows, is_file)
    usual = (*COLUMNS["group"], *MORE["group"])
    group = groups.column(settings, [plain(name) for name in header], usual, source)
    split = _named(header, COLUMNS["split"])
    label = _label(header, {path, group, split}, settings, source)
    if label is None and path is not None and not settings.label_from:
        rest = [at for at in range(len(header)) if at not in (path, group, split)]
        hot = tuple(at for at in rest if rows and all(cell_of(row, at) in ZERO_ONE for row in rows))
        if len(rest) == 1:
            label = rest[0]
        elif len(hot) > 1:
            return Roles(path, None, group, split, hot)
    return Roles(path, label, None if group == path else group, split)


def counts(header: Sequence[str], rows: Sequence[Sequence[str]], found: Roles) -> bool:
    """Whether the column of files holds numbers of samples instead, whose values stand beside them.

    >>> found = Roles(0, 3, None, None)
    >>> counts(["id", "a", "b", "label"], [["7", "0.5", "2", "x"]], found)
    True
    >>> counts(["id", "a", "b", "label"], [["7.png", "0.5", "2", "x"]], found)
    False
    """
    ids = [cell for row in rows if (cell := cell_of(row, found.path))]
    if found.path is None or plain(header[found.path]) not in NUMBERS or not all(map(str.isdecimal, ids)):
        return False
    rest = [at for at in range(len(header)) if at not in (*found[:4], *found.hot)]
    values = [at for at in rest if rows and all(number(cell_of(row, at)) is not None for row in rows)]
    again = len(set(ids)) < len(ids)  # a row a moment
    return len(values) - (found.label is None) >= (1 if again else VALUES)


def plain(name: str) -> str:
    """A column's name in the form of the lists above.

    >>> plain(" Patient ID"), plain("Image-Index")
    ('patient_id', 'image_index')
    """
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def cell_of(row: Sequence[str], place: int | None) -> str:
    """A cell; "" where the row is too short, or there is no such column."""
    return row[place] if place is not None and place < len(row) else ""


def _named(header: Sequence[str], names: Sequence[str]) -> int | None:
    place = {plain(name): at for at, name in reversed(list(enumerate(header)))}
    return next((place[name] for name in names if name in place), None)


def _path(header: Sequence[str], rows: Sequence[Sequence[str]], is_file: Callable[[str], bool]) -> int | None:
    if (named := _named(header, (*COLUMNS["path"], *MORE["path"]))) is not None:
        return named
    for at in range(len(header)):
        cells = [cell for row in rows if (cell := cell_of(row, at))]
        if cells and all(map(has_ending, cells)):
            return at
    known = [at for at, name in enumerate(header) if plain(name) in IDS]
    labels = (*COLUMNS["label"], *MORE["label"])  # cat is a class, though a cat.png be near
    free = [at for at in range(min(2, len(header))) if plain(header[at]) not in labels]
    for at in dict.fromkeys([*known, *free]):
        cells = [cell for row in rows if (cell := cell_of(row, at))][:3]
        named = at in known or any(map(str.isalpha, "".join(cells)))  # 1 and 2 are mostly no pictures' names
        if cells and named and all(map(is_file, cells)):
            return at
    return None


def _label(
    header: Sequence[str], taken: set[int | None], settings: DataSettings, source: object
) -> int | None:
    if settings.label and settings.target:
        raise DataError(
            f"--label {settings.label} and --target {settings.target} name two columns to learn.\n"
            "  Give one: --label for classes, --target for what may be numbers."
        )
    option, wanted = ("label", settings.label) if settings.label else ("target", settings.target)
    if wanted is None:
        at = _named(header, (*COLUMNS["label"], *MORE["label"]))
        return None if at in taken else at
    for at, name in enumerate(header):
        if plain(name) == plain(wanted):
            return at
    free = [name for at, name in enumerate(header) if at not in taken]  # that of the files is not meant
    raise DataError(
        f"--{option} {wanted}: {source} has no such column{guess(wanted, free)}\n"
        f"  Its columns are {', '.join(header[:SHOWN]) or 'none'}."
    )
