"""Pictures as rows of pixels in a text table: Kaggle's digits, MNIST as CSV, FER2013."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from convscope.data import layout
from convscope.data.array_samples import of_file_array
from convscope.data.arrays import as_pictures
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import listing
from convscope.data.files.format import Format
from convscope.data.memory import refuse_too_large
from convscope.data.samples import Samples, SampleSpec
from convscope.data.signals import pairs, roles
from convscope.data.signals import text as signal_text
from convscope.data.signals.rows import FIRST, LOOKED, class_name, column_names, cut, has_header
from convscope.errors import DataError
from convscope.progress import track
from convscope.shapes import show

CELL = "pixels"  # column that holds all of a picture, as FER2013 has it
PARTS = {"publictest": "val", "privatetest": "test"}  # of FER2013
BYTES = {str(value): value for value in range(256)}
TURNED = "emnist"  # whose pictures lie on their side


class PixelColumns(NamedTuple):
    """Which column of a table of pixels holds what."""

    names: list[str]
    label: int | None
    group: int | None
    part: int | None
    values: list[int]  # a pixel each, or the one that holds all

    @property
    def packed(self) -> bool:
        """Whether one cell holds all pixels of a picture."""
        return len(self.values) == 1


class PixelRow(NamedTuple):
    """What a row says beside its pixels."""

    number: int
    label: str
    part: str
    group: str | None


def recognises(path: Path) -> bool:
    """Whether the rows of a text are pictures; or those of a training file in a folder."""
    if path.is_dir():
        files = pairs.texts(path)
        return any(pairs.parts(file).keys() >= {"train", "test"} and recognises(file) for file in files)
    if not path.is_file() or signal_text.ending(path) in ("", ".ts"):
        return False
    return _are_pictures(signal_text.head(path), DataSettings())


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Read pictures, a row each, with their labels in a column of their own.

    Rows that hold anything but numbers, or have no label, are left out and named.

    Raises:
        DataError: no label, no picture that can be read, a setting that has no use for pictures, classes that
            cannot be trained on; with `strict` any row left out.
    """
    roles.demand_rows(settings, path, "a picture")
    files = pairs.parts(pairs.chosen(path) if path.is_dir() else path)
    read = {part: signal_text.read(file) for part, file in files.items()}
    lines = {part: signal_text.lines(text.text) for part, text in read.items()}
    files, alone = pairs.with_labels(path, files, lines, settings)
    listed: list[PixelRow] = []
    skipped: list[Skipped] = []
    pictures = []
    for part, file in files.items():
        columns = _columns(lines[part], settings)
        if columns.label is None:
            raise DataError(_no_label(file, columns))
        values, rows = _values(lines[part], columns, file, "" if len(files) == 1 else part, skipped)
        pictures.append(values)
        listed += rows
    if strict and skipped:
        raise DataError(listing.left_out(f"{path}: {len(skipped)} rows cannot be used:", skipped))
    if not listed:
        raise DataError(listing.left_out(f"{path}: none of its rows is a picture with a label:", skipped))
    inputs, settings, said = _pictures(np.concatenate(pictures), settings, files["train"])
    order = listing.sort(listed, listed, path, settings)
    also = [
        *pairs.said(files),
        *alone,
        *dict.fromkeys(remark for part in files for remark in read[part].said),
    ]
    return Dataset(
        inputs=inputs,
        labels=order.labels,
        classes=order.classes,
        parts=order.parts,
        kind="image",
        source=str(path),
        names=[f"{row.part} row {row.number}".strip() for row in listed],
        settings=settings,
        skipped=tuple(skipped),
        remarks=(*also, *order.lost, *said, *order.remarks),
    )


def fits(lines: Sequence[str], spec: SampleSpec) -> bool:
    """Whether the rows of a text are pictures such as a run takes."""
    if _are_pictures(lines[:LOOKED], spec.settings):
        return True
    rows = [line for line in lines[:LOOKED] if line.strip()]
    values = _columns(rows, spec.settings).values if rows else []
    return (
        len(rows) > 0
        and len(values) == np.prod(spec.shape) > 1
        and (len(rows), len(values)) != spec.shape[1:]
    )


def samples(lines: Sequence[str], path: Path, spec: SampleSpec) -> Samples:
    """Pictures of a table, as training had them; their labels where there are some.

    Raises:
        DataError: none can be read.
    """
    skipped: list[Skipped] = []
    values, rows = _values(lines, _columns(lines, spec.settings), path, "", skipped, lacking=True)
    if not rows:
        raise DataError(listing.left_out(f"{path}: none of its rows is a picture:", skipped))
    found = of_file_array(_shaped(values, path)[0], spec, path.name)
    truth = [spec.truth(row.label) for row in rows]
    return found._replace(names=[f"row {row.number}" for row in rows], truth=truth, skipped=tuple(skipped))


def _are_pictures(lines: Sequence[str], settings: DataSettings) -> bool:
    """By the names of the columns, or by the first rows."""
    lines = [line for line in lines[:LOOKED] if line.strip()]
    if len(lines) < 2:
        return False
    headed, columns = has_header(lines), _columns(lines, settings)
    names = [columns.names[place] for place in columns.values]
    if columns.packed:
        cells = cut(lines[1])
        return (
            names[0].casefold() == CELL
            and len(cells) > columns.values[0]
            and _side_of(cells[columns.values[0]])
        )
    size = layout.sides(len(columns.values))
    if size is None:
        return False
    if headed and layout.are_pixels(names):
        return True
    try:
        cells = map(cut, lines[headed:])
        rows = np.array([[row[place] for place in columns.values] for row in cells], float)
    except (ValueError, IndexError):
        return False
    return layout.look_like_pictures(names, rows)


def _side_of(cell: str) -> bool:
    count = len(cell.split())
    return count > 1 and layout.sides(count) is not None


def _columns(lines: Sequence[str], settings: DataSettings) -> PixelColumns:
    names = column_names(lines)
    known = {name.strip().casefold(): place for place, name in reversed(list(enumerate(names)))}
    usual = {
        use: next((known[name] for name in roles.ROLES[use] if name in known), None) for use in roles.ROLES
    }
    wanted = settings.target or settings.label
    label = known.get(wanted.casefold()) if wanted else usual["label"]
    if wanted is None and names and names[0] == FIRST:
        label = _without_names(names)
    group = known.get(settings.group.casefold()) if settings.group else usual["group"]
    own = {label, group, usual["part"], usual["sample"], usual["number"]}
    if CELL in known:
        return PixelColumns(names, label, group, usual["part"], [known[CELL]])
    called = [place for place, name in enumerate(names) if layout.are_pixels([name])]
    square = layout.sides(len(called)) is not None
    values = called if square else [place for place in range(len(names)) if place not in own]
    return PixelColumns(names, label, group, usual["part"], values)


def _without_names(names: Sequence[str]) -> int | None:
    """Where there is no header the label is first, if a picture remains without it."""
    return 0 if layout.sides(len(names)) is None and layout.sides(len(names) - 1) else None


def _values(
    lines: Sequence[str],
    columns: PixelColumns,
    path: Path,
    part: str,
    skipped: list[Skipped],
    *,
    lacking: bool = False,
) -> tuple[np.ndarray, list[PixelRow]]:
    """(row, pixel) of the rows that can be used, and what else they say; others are added to `skipped`."""
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    body = filled[has_header([line for _, line in filled[:LOOKED]]) :]
    count = _count(body, columns)
    refuse_too_large(4 * count * len(body), path)
    values = np.empty((len(body), count), np.float32)
    rows: list[PixelRow] = []
    for number, line in track(body, "reading", len(body), "rows"):
        cells = cut(line)
        try:
            row = _row(number, cells, columns, part, path)
            pixels = (
                cells[columns.values[0]].split() if columns.packed else [cells[at] for at in columns.values]
            )
            values[len(rows)] = _as_numbers(pixels)
        except (ValueError, IndexError):
            skipped.append(Skipped(f"{path.name}, row {number}", f"it does not hold {count:,} numbers"))
            continue
        if row.label or lacking:
            rows.append(row)
        else:
            skipped.append(Skipped(f"{path.name}, row {number}", "it has no label"))
    return values[: len(rows)], rows


def _as_numbers(cells: Sequence[str]) -> np.ndarray:
    """(pixel,) float32; bytes are looked up, seven times as fast as they are parsed."""
    try:
        return np.fromiter(map(BYTES.__getitem__, cells), np.float32, len(cells))
    except KeyError:
        if "_" in "".join(cells):  # Python reads 1_0 as ten
            raise ValueError(cells) from None
        return np.array(cells, np.float32)


def _count(body: Sequence[tuple[int, str]], columns: PixelColumns) -> int:
    if not columns.packed or not body:
        return len(columns.values)
    return len(cut(body[0][1])[columns.values[0]].split())


def _row(number: int, cells: Sequence[str], columns: PixelColumns, part: str, path: Path) -> PixelRow:
    label = "" if columns.label is None else class_name(cells[columns.label])
    group = None if columns.group is None else cells[columns.group] or f"row {number}"
    if columns.part is not None:
        said = cells[columns.part]
        part = PARTS.get(said.casefold()) or listing.part_named(said, path, number)
    return PixelRow(number, label, part, group)


def _pictures(
    values: np.ndarray, settings: DataSettings, path: Path
) -> tuple[Tensor, DataSettings, tuple[str, ...]]:
    """(row, pixel) → pictures in the size that is asked for, and what was decided."""
    shaped, said = _shaped(values, path)
    whole = shaped.astype(np.uint8) if _are_bytes(shaped) else shaped
    inputs, settings, changed = as_pictures(whole, settings, str(path))
    return inputs, settings, (*said, *changed)


def _are_bytes(values: np.ndarray) -> bool:
    return bool(values.min() >= 0 and values.max() <= 255 and not (values % 1).any())


def _shaped(values: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """(row, pixel) → (row, channel, height, width)."""
    size = layout.sides(values.shape[1])
    if size is None:
        raise DataError(
            f"{path} has {values.shape[1]:,} pixels a row, which make no square.\n"
            "  Save the pictures as an array, (sample, height, width), in an .npz file."
        )
    channels, side, _ = size
    said = [f"rows of {values.shape[1]:,} numbers were read as pictures of {show((side, side))}"]
    if channels == 3:
        together = layout.colours(values[:LOOKED], side)
        order = (
            "pixel by pixel (R, G, B, R, G, B …)" if together else "plane by plane (all of R, then G, then B)"
        )
        said.append(f"their colours stand {order}")
        shape = (len(values), side, side, 3) if together else (len(values), 3, side, side)
        pictures = values.reshape(shape).transpose(0, 3, 1, 2) if together else values.reshape(shape)
    else:
        pictures = values.reshape(len(values), 1, side, side)
    if TURNED in path.name.casefold():
        pictures = pictures.swapaxes(2, 3)
        said.append("EMNIST's pictures lie on their side in such tables: they were turned")
    return np.ascontiguousarray(pictures), tuple(said)


def _no_label(path: Path, columns: PixelColumns) -> str:
    return (
        f"{path} holds pictures of {len(columns.values):,} pixels, but no column for labels; its columns are"
        f" {roles.listed(columns.names)}.\n"
        "  Name it: --label NAME for classes, --target NAME for a number."
    )


FORMAT = Format(
    what="pictures as rows of pixels in a text table, with a column of labels",
    recognises=recognises,
    load=load,
)
