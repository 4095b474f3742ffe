"""A DataFrame of pandas or polars: written as the CSV it would be, so that one reader reads both alike.

Neither library is imported: who hands a DataFrame over has done that.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.names import repeated
from convscope.data.samples import Samples
from convscope.errors import ConvscopeError, DataError, got
from convscope.paths import expanded

FRAME = "DataFrame"  # what data are called that come from one
LOOKED_AT = 5  # cells that show what a column holds
UNTOLD = ("object", "Object", "List", "Array", "Struct", "Binary")  # types of columns that may hold anything
TEXT = ("object", "str", "String", "category", "Categorical", "Enum")
CELLS = (str, bool, int, float, np.generic)


class DataFrame(Protocol):
    """What a DataFrame has, whoever's it is."""

    @property
    def columns(self) -> Any:  # noqa: ANN401
        """Names of the columns."""
        ...

    def __len__(self) -> int: ...


def is_frame(x: object) -> bool:
    """Whether this is a DataFrame of pandas' or polars'."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] in ("pandas", "polars")
        for kind in type(x).__mro__
    )


@contextmanager
def as_table(frame: Any) -> Iterator[Path]:  # noqa: ANN401 - a type that is not imported here
    """The CSV file that a DataFrame would be, for as long as the block lasts; errors name the DataFrame.

    An index that has a name, or is of dates, is a column. Columns that were given no names, but count from 0,
    have none there either. Paths of files are taken from the current folder.

    Raises:
        DataError: it is empty, or has cells that no CSV can hold.
    """
    _demand_table(frame)
    with tempfile.TemporaryDirectory(prefix="convscope-") as folder:
        path = Path(folder) / f"{FRAME}.csv"
        if hasattr(frame, "write_csv"):
            frame.with_columns(**_absolute(frame)).write_csv(path)
        else:
            index = frame.index
            dated = "datetime" in str(index.dtype)
            named = dated or any(name is not None for name in index.names)
            whole = frame.assign(**_absolute(frame))
            label = "date" if dated and index.name is None else None
            counted = list(frame.columns) == list(range(len(frame.columns))) and not named
            whole.to_csv(path, index=named, index_label=label, header=not counted)
        try:
            yield path
        except ConvscopeError as error:
            error.args = (_plain(str(error), path), *error.args[1:])
            raise


def settings_here(settings: DataSettings) -> DataSettings:
    """The same with the folder of the files as it is meant: from the current folder on."""
    images = settings.images and str(expanded(settings.images).absolute())
    return replace(settings, images=images)


def named(data: Dataset, path: Path) -> Dataset:
    """A dataset that says that it comes from a DataFrame, where it was read from the file of one."""
    return replace(
        data,
        source=FRAME,
        root=None if data.root == path.parent else data.root,
        remarks=tuple(_plain(remark, path) for remark in data.remarks),
        skipped=_spoken(data.skipped, path),
    )


def unnamed(found: Samples, path: Path) -> Samples:
    """Samples that say the same."""
    return found._replace(
        names=[_plain(name, path) for name in found.names],
        remarks=tuple(_plain(remark, path) for remark in found.remarks),
        skipped=_spoken(found.skipped, path),
    )


def _spoken(skipped: Sequence[Skipped], path: Path) -> tuple[Skipped, ...]:
    return tuple(Skipped(_plain(file, path), _plain(reason, path)) for file, reason in skipped)


def _plain(words: str, path: Path) -> str:
    """Words without the name of the file."""
    return words.replace(str(path), FRAME).replace(path.name, FRAME).replace(f"{path.parent}/", "")


def _demand_table(frame: Any) -> None:  # noqa: ANN401
    if not len(frame) or not len(frame.columns):
        raise DataError(
            f"the DataFrame is empty: {len(frame):,} rows, {len(frame.columns):,} columns.\n"
            "  Give rows of samples."
        )
    if (levels := getattr(frame.columns, "nlevels", 1)) > 1:
        raise DataError(
            f"the columns of the DataFrame have names of {levels} levels; expected one.\n"
            '  Join them first: frame.columns = ["_".join(map(str, name)) for name in frame.columns]'
        )
    if twice := repeated(map(str, frame.columns)):
        raise DataError(f"the DataFrame has several columns '{twice}'.\n  Give each a name of its own.")
    for name in frame.columns:
        odd = next((cell for cell in _objects(frame, name) if not isinstance(cell, CELLS)), None)
        if odd is not None and not hasattr(odd, "isoformat") and type(odd).__name__ != "Decimal":
            raise DataError(
                f"the column '{name}' of the DataFrame holds {got(odd)} in a cell; expected text,"
                " numbers or dates.\n  Hand samples over as arrays: convscope.train((X, y))."
            )


def _objects(frame: Any, name: Any) -> list[Any]:  # noqa: ANN401
    """The cells that are something, of a column whose type says nothing about them: up to 1,000 of it."""
    if str(frame[name].dtype).startswith(UNTOLD):
        cells = [str(cell) if isinstance(cell, Path) else cell for cell in frame[name].head(1000).to_list()]
        return [cell for cell in cells if cell is not None]
    return []


def _absolute(frame: Any) -> dict[str, Any]:  # noqa: ANN401
    """Columns of paths from the current folder on → the same as absolute paths; others are left out."""
    found = {}
    for name in frame.columns:
        if not isinstance(name, str) or not str(frame[name].dtype).startswith(TEXT):
            continue
        cells = frame[name].to_list()
        some = [cell for cell in cells if isinstance(cell, str | Path) and str(cell)][:LOOKED_AT]
        if some and all(len(str(cell)) < 1000 and Path(cell).is_file() for cell in some):
            whole = [str(Path(cell).absolute()) if isinstance(cell, str | Path) else cell for cell in cells]
            found[name] = type(frame[name])(whole, **_place(frame))
    return found


def _place(frame: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"index": frame.index} if hasattr(frame, "index") else {}
