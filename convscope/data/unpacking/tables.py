"""Tables that are no text (Parquet, JSON Lines) → a CSV table, and the pictures or sounds in them as files.

Formats: https://parquet.apache.org/docs, https://jsonlines.org; pictures are bytes and path, as in
https://huggingface.co/docs/datasets/image_dataset
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from convscope.data.files.listing import PART_NAMES
from convscope.data.library import library
from convscope.data.memory import refuse_too_large
from convscope.data.pictures import decode
from convscope.data.signals import sounds
from convscope.data.unpacking.target import UnpackingTarget
from convscope.errors import DataError
from convscope.progress import track

TABLE = "table.csv"
MOST_VALUES = 100_000  # numbers in a list: a column each
ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}

RecordRow = dict[str, Any]


def from_parquet(paths: Sequence[Path], target: UnpackingTarget) -> None:
    """Write the table of one file, or of several that belong together; their names say the parts.

    Raises:
        DataError: pyarrow is missing, damaged, or values that no table has.
    """
    parquet = library("pyarrow.parquet", "Parquet files")
    try:
        opened = [parquet.ParquetFile(path) for path in paths]
        for file in opened:
            groups = range(file.metadata.num_row_groups)
            largest = max((file.metadata.row_group(place).total_byte_size for place in groups), default=0)
            refuse_too_large(2 * largest, target.source)
        rows = _rows(paths, opened)
        total = sum(file.metadata.num_rows for file in opened)
        _write(track(rows, "unpacking", total=total, unit="rows"), _names(opened[0]), target)
    except DataError:
        raise
    except Exception as error:  # pyarrow's are of many kinds
        if isinstance(error, OSError) and error.errno is not None:  # of the disk
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{target.source} is damaged or no Parquet: {reason}.\n  Get it again.") from error


def from_lines(paths: Sequence[Path], target: UnpackingTarget) -> None:
    """Write the table of a file with one JSON object a line; files that it names stay where they are.

    Raises:
        DataError: a line is no JSON object.
    """
    (path,) = paths

    def rows() -> Iterator[RecordRow]:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield {
                        key: _absolute(value, path.parent)
                        for key, value in _object(line, number, path).items()
                    }

    _write(rows(), {}, target)


def _object(line: str, number: int, path: Path) -> RecordRow:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}, line {number:,}: {error}.\n  Expected a JSON object on each line."
        ) from error
    if not isinstance(found, dict):
        raise DataError(f"{path}, line {number:,} is no JSON object.\n  Expected one on each line.")
    return found


def _absolute(value: object, folder: Path) -> object:
    """A file beside the table by its whole path: the table will lie elsewhere."""
    if isinstance(value, str) and "." in value and (folder / value).is_file():
        return str((folder / value).absolute())
    return value


def _rows(paths: Sequence[Path], opened: Sequence[Any]) -> Iterator[RecordRow]:
    parts = [_part(path) for path in paths]
    for part, file in zip(parts, opened, strict=True):
        own = {"split": part} if any(parts) and "split" not in file.schema_arrow.names else {}
        for batch in file.iter_batches(batch_size=256):
            yield from ({**row, **own} for row in batch.to_pylist())


def _part(path: Path) -> str:
    """The part that a file's name begins with (train-00000-of-00002), or the folder's."""
    words = (path.stem.partition("-")[0].lower(), path.parent.name.lower())
    return next((PART_NAMES[word] for word in words if word in PART_NAMES), "")


def _names(file: Any) -> dict[str, list[str]]:  # noqa: ANN401 - pyarrow's
    """Column → the names of its classes, where Hugging Face has written them beside the numbers."""
    try:
        said = json.loads((file.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
        features = said["info"]["features"]
        return {
            column: kind["names"] for column, kind in features.items() if kind.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(rows: Iterable[RecordRow], names: dict[str, list[str]], target: UnpackingTarget) -> None:
    """Write rows as a CSV table, and what files they hold."""
    text = io.StringIO()
    writer, header = csv.writer(text, lineterminator="\n"), []
    for number, row in enumerate(rows):
        cells: dict[str, object] = {}
        for column, value in row.items():
            cells |= _cells(column, value, number, names.get(column), target)
        if not header:
            header = list(cells)
            writer.writerow(header)
        _demand_same(header, cells, number, target.source)
        writer.writerow([cells.get(column, "") for column in header])
    if not header:
        raise DataError(f"{target.source} holds no rows.\n  Give a table with some.")
    target.put(TABLE, io.BytesIO(text.getvalue().encode("utf-8")))
    target.opens = TABLE


def _demand_same(header: list[str], cells: dict[str, object], number: int, source: Path) -> None:
    if more := cells.keys() - set(header):
        raise DataError(
            f"{source}, row {number + 1:,} has the column '{min(more)}', which the first row has not.\n"
            "  Give all rows the same columns, and lists of one length."
        )


def _cells(
    column: str,
    value: object,
    number: int,
    names: list[str] | None,
    target: UnpackingTarget,
) -> dict[str, object]:
    """One value as cells: a file by its path, a list of numbers as a column each, a class by its name."""
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return {column: _file(value["bytes"], str(value.get("path") or ""), number, column, target)}
    if isinstance(value, dict) and isinstance(value.get("path"), str):
        return {column: value["path"]}
    if isinstance(value, bytes):
        return {column: _file(value, "", number, column, target)}
    if isinstance(value, dict):
        flat: dict[str, object] = {}
        for key, inner in value.items():
            flat |= _cells(f"{column}.{key}", inner, number, None, target)
        return flat
    if isinstance(value, list):
        return {
            f"{column}{place}": inner for place, inner in enumerate(_numbers(value, column, target.source), 1)
        }
    if names and isinstance(value, int) and 0 <= value < len(names):
        return {column: names[value]}
    return {column: "" if value is None else value}


def _numbers(values: list[Any], column: str, source: Path) -> list[Any]:
    if len(values) > MOST_VALUES or any(isinstance(value, list | dict | bytes) for value in values):
        raise DataError(
            f"{source}: the cells of '{column}' are lists of lists, or too long ({len(values):,}).\n"
            "  Save such arrays with numpy.savez as X and y."
        )
    return values


def _file(content: bytes, name: str, number: int, column: str, target: UnpackingTarget) -> str:
    """Write the bytes of a picture or a sound; its path from the table on."""
    kind = next((kind for magic, kind in decode.MAGIC.items() if content.startswith(magic)), "")
    webp = ".webp" if content[8:12] == b"WEBP" else ""
    ending = ENDINGS.get(kind) or webp or sounds.ending(content[:512]) or Path(name).suffix.lower()
    place = f"{re.sub(r'[^0-9A-Za-z_-]', '_', column)}/{number:07}{ending}"
    target.put(place, io.BytesIO(content))
    return place
