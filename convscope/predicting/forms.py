"""Forms of a file of predictions: how rows become CSV, JSON lines or Parquet. Each is one row a sample.

| form | how |
| --- | --- |
| .csv | UTF-8, figures with six digits, names that no spreadsheet runs as a formula |
| .jsonl | an object a line |
| .parquet | text and float64, Snappy |
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from convscope.errors import DataError, not_installed
from convscope.outputs import WRITTEN, OutputForm, head
from convscope.run.evaluation.predictions import TABLE, csv_rows
from convscope.text import readable

TitledCells = Mapping[str, list]  # title → a cell for each row

LINE = re.compile(rb'\{"name": .*"predicted": ', re.DOTALL)


class PredictionForm(NamedTuple):
    """A form of file.

    Attributes:
        output: its ending, and how our own are told.
        write: the file, the titles, columns of some rows at a time, and whether names are left as they are.
    """

    output: OutputForm
    write: Callable[[BinaryIO, list[str], Iterable[TitledCells], bool], None]


def _csv(file: BinaryIO, titles: list[str], blocks: Iterable[TitledCells], exact: bool) -> None:
    file.write((",".join(titles) + "\r\n").encode())
    for columns in blocks:
        file.write(csv_rows(list(columns.values()), exact=exact))


def _json_lines(file: BinaryIO, titles: list[str], blocks: Iterable[TitledCells], _exact: bool) -> None:
    for columns in blocks:
        rows = zip(*map(_told, columns.values()), strict=True)
        lines = (f"{json.dumps(dict(zip(titles, row, strict=True)))}\n" for row in rows)
        file.write("".join(lines).encode())


def _parquet(file: BinaryIO, titles: list[str], blocks: Iterable[TitledCells], _exact: bool) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds: dict[str, Any] = {}
    writer = None
    try:
        for columns in blocks:
            if writer is None:
                kinds = {title: _kind(title, columns[title]) for title in titles}
                schema = pyarrow.schema(list(kinds.items()), metadata={"made": WRITTEN})
                writer = parquet.ParquetWriter(file, schema)
            arrays = [pyarrow.array(_told(cells), kinds[title]) for title, cells in columns.items()]
            writer.write_table(pyarrow.table(arrays, writer.schema))
    finally:
        if writer is not None:
            writer.close()


def _kind(title: str, cells: list) -> Any:  # noqa: ANN401 - a type of Arrow's
    import pyarrow

    amount = title.startswith("probability") or any(isinstance(cell, float) for cell in cells)
    return pyarrow.float64() if amount else pyarrow.string()


def _told(cells: list) -> list:
    """Cells with names that are text, whatever their bytes; see `readable`."""
    words = "".join(cell for cell in cells if isinstance(cell, str))
    if words.isascii() and r"\ud" not in words:
        return cells
    return [readable(cell) if isinstance(cell, str) else cell for cell in cells]


def _is_our_parquet(path: Path) -> bool:
    if not head(path).startswith(b"PAR1"):
        return False
    with path.open("rb") as file:
        file.seek(-min(1 << 20, path.stat().st_size), 2)
        return WRITTEN.encode() in file.read()


FORMS: dict[str, PredictionForm] = {
    form.output.endings[0]: form
    for form in (
        PredictionForm(TABLE, _csv),
        PredictionForm(
            OutputForm("file of predictions", (".jsonl",), lambda path: LINE.match(head(path)) is not None),
            _json_lines,
        ),
        PredictionForm(OutputForm("file of predictions", (".parquet",), _is_our_parquet), _parquet),
    )
}


def form_of(path: Path) -> PredictionForm:
    """The form that a path asks for, by its ending.

    Raises:
        DataError: it names none, or a package is missing.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        many = ", ".join(FORMS)
        raise DataError(
            f"{path}: predictions are written as {many}.\n  Call it {path.name}.csv, for example."
        )
    if form is FORMS[".parquet"] and find_spec("pyarrow") is None:
        raise DataError(not_installed("Parquet is written by", "pyarrow", "tables"))
    return form


def titles(width: int, *, known: bool) -> list[str]:
    """Of the columns: as many choices as there are; 0 of values."""
    more = [title for place in range(2, width + 1) for title in (f"choice {place}", f"probability {place}")]
    return ["name", *(["true"] if known else []), "predicted", *(["probability"] if width else []), *more]


def rows_of(columns: TitledCells) -> Iterator[dict[str, Any]]:
    """Rows as dicts."""
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))
