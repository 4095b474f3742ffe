"""Sources → `Dataset`: a name of the catalogue, or a path in any of the formats.

A new format is one file with `recognises(path)` and `load(path, settings, strict)`, and a line in `FORMATS`.
A new data set is one function and one line in `CATALOGUE`. Neither knows anything of training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

from convscope.arguments import demand_path
from convscope.data import frames, pairs, unknown
from convscope.data.arrays import ARRAYS
from convscope.data.catalogue import CATALOGUE
from convscope.data.dataset import Dataset, DataSettings, Kind
from convscope.data.files import decoding, folder, listing, table
from convscope.data.folds import folded
from convscope.data.formats import FORMATS, Format
from convscope.data.series import timeline
from convscope.data.text import columns
from convscope.data.text.describing import described
from convscope.data.unpacking import around, holds_files, unpacked
from convscope.errors import DataError, got, guess
from convscope.paths import expanded, missing

ALWAYS = ("val", "test", "scale", "seed", "fold")  # settings that have a meaning for all data
MEANING: dict[Kind, tuple[str, ...]] = {
    "image": ("size", "channels", "fit"),
    "volume": ("size", "channels"),
    "signal": ("length", "unequal", "channels"),
    "sequence": ("target", "label", "window", "stride", "horizon", "time", "series"),
}  # those of data by name and of arrays, which have neither columns nor files
OF_TIME = ("length", "unequal", "rate", "window", "stride", "horizon", "time", "series")
NEVER: dict[Kind, tuple[str, ...]] = {
    "image": OF_TIME,
    "volume": (*OF_TIME, "fit"),
    "signal": ("size", "fit", "horizon", "series"),
    "sequence": ("size", "fit", "channels", "length", "unequal", "rate"),
}  # what no format has a use for where its samples are of this kind; a format may refuse more
TABLES = ("nifti", "audio")  # formats whose files a table may name, beside pictures

DataSource = str | Path | Dataset | tuple | frames.DataFrame  # what data are made of

__all__ = ["CATALOGUE", "FORMATS", "DataSettings", "DataSource", "Dataset", "Format", "load"]


@decoding.quiet()
def load(
    source: DataSource,
    settings: DataSettings = DataSettings(),
    *,
    strict: bool = False,
) -> Dataset:
    """Load data by catalogue name or from a path.

    A name of the catalogue comes first; write `./mnist` for a folder of that name.

    Args:
        source: "mnist", "fashion-mnist", "cifar10", "mnist-sample", "digits", or a path in one of `FORMATS`;
            in Python also (X, y), see `pairs.of_pair`; a DataFrame of pandas' or polars', which is read as
            its CSV would be; or a dataset, which stays as it is.
        settings: size, channels and split; what is left open is chosen from the data.
        strict: stop at the first broken file; otherwise it is left out and named in `Dataset.skipped`.

    Returns:
        All samples, with `source` as it was given here and every setting filled in.

    Raises:
        DataError: neither a name nor a path, nothing that is understood there, damage, or a failed download.

    >>> data = load("digits")
    >>> data.inputs.shape, len(data.classes)
    (torch.Size([1797, 1, 8, 8]), 10)
    """
    if isinstance(source, Dataset):
        source.demand_sound()
        return source
    data = undivided(source, settings, strict=strict)
    return folded(data, settings.place) if settings.place and data.kind != "sequence" else data


def undivided(source: DataSource, settings: DataSettings, *, strict: bool = False) -> Dataset:
    """Load data as `load`, which then divides them, if `settings.fold` is one of many; a sequence is divided.

    Raises:
        DataError: as `load`.
    """
    if isinstance(source, tuple):
        return _used(pairs.of_pair(source, settings, strict), settings)
    if frames.is_frame(source):
        with frames.as_table(source) as path:
            return frames.named(undivided(path, frames.settings_here(settings), strict=strict), path)
    if not isinstance(source, str | Path) or not str(source):
        raise DataError(_no_source(source))
    if isinstance(source, str) and source in CATALOGUE:
        return _used(CATALOGUE[source](settings), settings)
    demand_path("data", source)
    path = expanded(source)
    if (archive := around(path)) is not None:
        data = _of_archive(archive, settings, strict, path.relative_to(archive))
    elif path.exists():
        data = _of_path(path, settings, strict)
    else:
        raise DataError(_not_there(str(source)))
    data = replace(data, source=str(source))
    held = data.inputs.shape[1]
    others = settings.channels not in (None, held)  # what was asked for was no matter here
    return _refused(data, settings, (*NEVER[data.kind], *(["channels"] if others else [])))


def _of_path(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    if settings.images is not None and path.name.lower().endswith(table.ENDINGS):
        return _joined(path, settings).load(path, settings, strict)
    if path.is_dir() and holds_files(path):
        return _of_archive(path, settings, strict)
    in_time = FORMATS["signals" if _of_recordings(path, settings) else "sequences"]
    if settings.time is not None and columns.is_table(path):
        return in_time.load(path, settings, strict)
    places = list(_places(path))
    for form in FORMATS.values():
        for place in places:
            if form.recognises(place):
                chosen = in_time if form is FORMATS["sequences"] else form
                return chosen.load(place, settings, strict)
    if holds_files(path):
        return _of_archive(path, settings, strict)
    if words := described(path):
        raise DataError(words)
    raise unknown.NoFormatError(unknown.said(path))


def _of_recordings(path: Path, settings: DataSettings) -> bool:
    """Whether a table with a column of times is of recordings to tell apart, and no sequence that goes on.

    So it is where the times that the person names are counted from 0, and there are no dates beside them.
    """
    grouped = settings.label is not None and settings.group not in (None, "none")
    counted = settings.time is not None and columns.is_table(path) and timeline.counts(path, settings.time)
    return settings.sample is not None or grouped or (counted and FORMATS["signals"].recognises(path))


def _joined(path: Path, settings: DataSettings) -> Format:
    """The format of the files that a table names, which lie in the folder that the person named."""
    first = table.first(path, settings)
    of = [form for name, form in FORMATS.items() if name in TABLES and form.files and first]
    return next((form for form in of if form.files and first and form.files.takes(first)), FORMATS["table"])


def _of_archive(path: Path, settings: DataSettings, strict: bool, inside: Path = Path()) -> Dataset:
    with unpacked(path) as inner:
        if strict and inner.skipped:
            raise DataError(
                listing.left_out(f"{path}: {len(inner.skipped)} files cannot be used:", inner.skipped)
            )
        try:
            if not (inner.path / inside).exists():
                raise DataError(f"{path} holds no '{inside}'.\n  Give another path in it, or the archive.")
            data = _of_path(inner.path / inside, settings, strict)
        except DataError as error:
            kind = unknown.NoFormatError if isinstance(error, unknown.NoFormatError) else DataError
            raise kind("\n  ".join([str(error), *inner.remarks])) from error
        remarks = tuple(remark.replace(str(inner.path), str(path)) for remark in data.remarks)
        return replace(data, skipped=(*inner.skipped, *data.skipped), remarks=(*inner.remarks, *remarks))


def _places(path: Path) -> Iterator[Path]:
    """The path, and what it is wrapped around: the only thing that lies in a folder, and so on."""
    yield path
    if path.is_dir() and len(inside := folder.children(path, [])) == 1:
        yield from _places(inside[0])


def _used(data: Dataset, settings: DataSettings) -> Dataset:
    """The data, unless the person said something that has no meaning for data by name and arrays."""
    known = {*MEANING[data.kind], *ALWAYS}
    return _refused(data, settings, [each.name for each in fields(DataSettings) if each.name not in known])


def _refused(data: Dataset, settings: DataSettings, meaningless: Sequence[str]) -> Dataset:
    """The data, unless the person said one of these; a run judges other data by its own settings."""
    if not (settings.val or settings.test):
        return data
    for each in fields(DataSettings):
        value = getattr(settings, each.name)
        if each.name in meaningless and value != each.default:
            name = each.name.replace("_", "-")
            raise DataError(
                f"--{name} {value} has no meaning for {data.source}, whose samples are of the kind"
                f" '{data.kind}'.\n  Leave it out."
            )
    return data


def _no_source(source: object) -> str:
    """What to say of something that is no data."""
    if isinstance(source, str | Path):
        return "the name of the data is empty.\n  Give a path, or a name that convscope data lists."
    if source is None:
        return "no data were given: None.\n  Give a path, a name, arrays (X, y) or a DataFrame."
    return (
        f"data cannot be {got(source)}.\n  Give a path, a name, samples with their labels as a pair (X, y),"
        " or a DataFrame with a column of labels."
    )


def _not_there(source: str) -> str:
    if source in (ARRAYS, frames.FRAME):
        one = source == ARRAYS
        what, these, again = ("arrays", "they are", "(X, y)") if one else ("a DataFrame", "it is", "frame")
        return (
            f"the run was trained on {what} in memory, and {these} not here any more.\n"
            f"  Give {'them' if one else 'it'} again: run.evaluate({again}) or features(run, {again})."
        )
    near = guess(source.lower(), CATALOGUE)
    return (
        f"{missing(source)}, and no data set of that name{near}\n"
        f"  Give a path, or one of the names {', '.join(CATALOGUE)}."
    )
