"""A table that lies among sounds or recordings and names them: their classes, parts and groups."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import folder
from convscope.data.files.listing import PART_NAMES, SHOWN, Listed
from convscope.data.files.table import COLUMNS, ENDINGS
from convscope.data.text import decoding, layout
from convscope.errors import DataError

DEEPEST, MOST = 3, 100  # folders in folders, and entries of one, that are looked into
LARGEST = 1 << 26  # bytes of a table that is looked into
FOLDS = ("fold", "strat_fold")  # columns of equal parts of a set, for cross-validation
GROUPS = (*COLUMNS["group"], "speaker", "speaker_id", "client_id")
LEAST = 0.5  # share of the rows (or of the files) that must name a file


class Placed(NamedTuple):
    """The recordings of a source."""

    listed: list[Listed]
    skipped: list[Skipped]
    remarks: list[str]
    passed: Sequence[Skipped] = ()  # what is no sample, and why


class Naming(NamedTuple):
    """A table with a column that names files."""

    path: Path
    header: list[str]  # in lower case; empty where it has none
    rows: list[list[str]]
    column: int
    found: list[Path | None]  # (row,)

    def place(self, names: Sequence[str]) -> int | None:
        """The first column that is called so."""
        return next((self.header.index(name) for name in names if name in self.header), None)


def by_table(
    path: Path, files: Sequence[Path], settings: DataSettings, what: str, root: Path
) -> Placed | None:
    """Place files by the table that names them.

    A file may be named with or without its folder and its ending. Where a column says the fold, the last
    fold is the test part, and the one before it val.

    Args:
        path: the table, or the folder that it lies in (or in a folder of that).
        files: that may be named.
        settings: `label` or `target`, and `group`.
        what: one of the files is called.
        root: folder (or a table in it) that files may be named relative to.

    Returns:
        None: no table names them.

    Raises:
        DataError: the table says no class, or has not the column that the person named.
    """
    tables = _tables(path) if path.is_dir() else [path]
    known = _known(files, root if root.is_dir() else root.parent)
    named = (found for table in tables if (found := _naming(table, known, len(files))))
    found = max(named, key=lambda naming: sum(map(bool, naming.found)), default=None)
    return _placed(found, len(files), settings, what) if found else None


def has_folds(path: Path) -> bool:
    """Whether a table has a column of folds, by its header alone."""
    text = decoding.head(path)
    try:
        header = next(layout.find(text).rows(text), [])
    except (csv.Error, ValueError):
        return False
    return any(name.casefold() in FOLDS for name in header)


def _tables(root: Path, depth: int = DEEPEST) -> Iterator[Path]:
    """The tables in a folder, and in those below it; one with ten thousand sounds is passed over."""
    inside = folder.children(root, [])
    if len(inside) > MOST and depth < DEEPEST:
        return
    yield from (file for file in inside if file.suffix.lower() in ENDINGS and file.is_file())
    if depth:
        for inner in filter(folder.is_folder, inside):
            yield from _tables(inner, depth - 1)


def _known(files: Sequence[Path], root: Path) -> dict[str, Path]:
    """Every way in which a file may be named; None of two files have the same."""
    known: dict[str, Path] = {}
    for file in files:
        for name in _names(file, root):
            known[name] = file if known.get(name, file) == file else Path()
    return {name: file for name, file in known.items() if file != Path()}


def _names(file: Path, root: Path) -> set[str]:
    relative = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
    return {relative, relative.removesuffix(file.suffix), file.name, file.stem}


def _naming(path: Path, known: dict[str, Path], count: int) -> Naming | None:
    """The table, if a column of it names files; the one that names most."""
    if path.stat().st_size > LARGEST:
        return None
    try:
        text = decoding.read(path).text
        found = layout.find(text)
        rows = [row for row in found.rows(text) if any(row)]
    except (csv.Error, DataError, ValueError):
        return None
    header = [name.casefold() for name in rows.pop(0)] if rows and found.header else []
    hits = {
        column: sum(column < len(row) and _plain(row[column]) in known for row in rows)
        for column in range(max(map(len, rows), default=0))
    }
    column = max(hits, key=lambda place: hits[place], default=-1)
    if column < 0 or hits[column] < max(1, LEAST * min(len(rows), count)):
        return None
    named = [known.get(_plain(row[column])) if column < len(row) else None for row in rows]
    return Naming(path, header, rows, column, named)


def _plain(cell: str) -> str:
    return cell.replace("\\", "/").removeprefix("./")


def _placed(table: Naming, count: int, settings: DataSettings, what: str) -> Placed:
    label = _label(table, settings)
    split, fold, group = table.place(COLUMNS["split"]), table.place(FOLDS), _group(table, settings)
    folds = _folds(table, fold) if split is None and fold is not None else {}
    found = Placed([], [], [f"{what}s are named, with their classes, by {table.path.name}"])
    for number, (row, file) in enumerate(zip(table.rows, table.found, strict=True), 2):
        cells = [*row, *[""] * (len(table.header) - len(row))]
        if file is None:
            continue
        if label >= len(cells) or not cells[label]:
            found.skipped.append(Skipped(file.name, f"row {number} of {table.path.name} has no label"))
            continue
        part = folds.get(cells[fold], "") if fold is not None and folds else ""
        part = PART_NAMES.get(cells[split].casefold(), "") if split is not None else part
        own = None if group is None or folds else cells[group] or file.name
        found.listed.append(Listed(file, cells[label], part, own))
    if folds:
        test, val = (
            next(name for name, part in folds.items() if part == wanted) for wanted in ("test", "val")
        )
        found.remarks.append(
            f"parts as the column {table.header[fold or 0]} says: {val} is val, {test} is test"
        )
    if lost := sum(file is None for file in table.found):
        found.remarks.append(f"{lost:,} rows of {table.path.name} name no {what} that is there")
    if beside := count - len({file for file in table.found if file}):
        found.remarks.append(f"{beside:,} {what}s are in no row of {table.path.name} and are not used")
    return found


def _label(table: Naming, settings: DataSettings) -> int:
    said = settings.target or settings.label
    place = table.place([said.casefold()] if said else COLUMNS["label"])
    others = [column for column in range(max(map(len, table.rows))) if column != table.column]
    if place is None and said is None and len(others) == 1:
        return others[0]
    if place is None:
        missing = f"no column '{said}'" if said else "no column that is called label or class"
        columns = ", ".join(table.header[:SHOWN]) or "without names"
        raise DataError(
            f"{table.path} names the files, but has {missing}; its columns are {columns}.\n"
            "  Say which one holds the class: --label COLUMN."
        )
    return place


def _group(table: Naming, settings: DataSettings) -> int | None:
    if settings.group in (None, "none", "folder"):
        return table.place(GROUPS) if settings.group is None else None
    place = table.place([settings.group.casefold()])
    if place is None:
        raise DataError(
            f"{table.path} has no column '{settings.group}' to group by.\n"
            f"  Its columns are {', '.join(table.header[:SHOWN]) or 'without names'}."
        )
    return place


def _folds(table: Naming, fold: int) -> dict[str, str]:
    """Fold → part: the last is test, the one before val; none where there are too few of them."""
    said = {row[fold] for row, file in zip(table.rows, table.found, strict=True) if file and fold < len(row)}
    if len(said) < 3 or not all(name.isdecimal() for name in said):
        return {}
    *train, val, test = sorted(said, key=int)
    return {**dict.fromkeys(train, "train"), val: "val", test: "test"}
