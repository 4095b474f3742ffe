"""Arrays in files: X and y, or the same for each part, in one file (.npz, .mat, .h5) or several of a folder.

Nothing in the files is ever executed.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data import containers, layout
from convscope.data.array_samples import of_file_array
from convscope.data.arrays import from_arrays, told
from convscope.data.containers.member import Member
from convscope.data.containers.roles import ArrayRoles, roles
from convscope.data.dataset import PARTS, Dataset, DataSettings, Kind
from convscope.data.files import folder
from convscope.data.files.format import Claim, Files, Format
from convscope.data.formats import emnist
from convscope.data.layout import AXES
from convscope.data.memory import refuse_too_large
from convscope.data.names import Numbered
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.errors import DataError
from convscope.shapes import show

MEANINGLESS = ("images", "label_from", "sample", "time", "series", "window", "stride", "horizon", "rate")
LOOKED = 200  # rows that show whether they are pictures
MOST_FILES = 20  # in a folder, beyond which they are samples and no data set


class ArrayPart(NamedTuple):
    """The samples of a part and their labels."""

    inputs: np.ndarray  # samples first
    labels: np.ndarray  # (sample,) or one-hot
    groups: np.ndarray | None
    remarks: tuple[str, ...]


def recognises(path: Path) -> bool:
    """Whether this is a file of arrays, or a folder of such files that holds no other folders."""
    if path.is_dir():
        inner = [child for child in folder.children(path, []) if folder.is_folder(child)]
        return not inner and bool(containers.files(path))
    return containers.takes(path)


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - nothing to leave out
    """Read signals, pictures or volumes and their labels.

    The arrays are called X and y, or with a part: X_train and y_train, x_test and y_test, train_images and
    train_labels … (see `roles`); otherwise the only two that can be samples and labels are taken, and said.
    A file of one array belongs to those beside it: X.npy and y.npy. `class_names`, if there, names the
    classes; `kind` says "signal", "image" or "volume" where the shape would tell another. Shapes and types:
    see `layout` and `arrays.from_arrays`; MATLAB's, with the samples along the last axis, are turned.

    Args:
        path: the file, or the folder of the files.
        settings: a part that the file does not have is split off its training rows.
        strict: has no effect here: a damaged file is always refused.

    Raises:
        DataError: damaged, too large, holding pickled objects, or not arrays of samples and labels.
    """
    demand_meaning(settings, path)
    arrays, found = _data_set(_files(path), path, settings)
    return _dataset(arrays, found, path, settings)


def _data_set(
    files: list[Path], path: Path, settings: DataSettings
) -> tuple[dict[str, np.ndarray], ArrayRoles]:
    """The arrays of files, and which is what; a file of one array has the others beside it."""
    with containers.members(files) as members:
        alone = len(files) == len(members) == 1
        beside = containers.files(path.absolute().parent) if alone else files
        if len(beside) == len(files):
            found = roles(members, path, settings)
            return _read(members, found, path), found
    return _data_set(beside, path.parent, settings)


def header(path: Path) -> Claim:
    """Shape and type of the samples, by the array's own header; one that cannot be true is refused here.

    Raises:
        DataError: damaged, holding anything but numbers, or several arrays that are no data set.
    """
    with containers.members([path]) as members:
        key = next(iter(_inputs(members, path).inputs.values()))
        shape, dtype = members[key].header()
    if dtype.kind not in "buif":
        raise DataError(f"{path} holds {dtype}, no plain numbers.\n  Save numbers again with numpy.save.")
    return Claim(shape, str(dtype))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """The samples of an array alone, or all of a data set, with their labels.

    Raises:
        DataError: as `header`; or too large.
        ShapeError: samples of another shape.
    """
    with containers.members(_files(path)) as members:
        found = _inputs(members, path, spec.settings)
        arrays = _read(members, found, path)
    if not found.labels:
        return _of_array(arrays[found.inputs[""]], spec, path)
    parts = {part: _part(part, arrays, found, path) for part in ("", *PARTS) if part in found.inputs}
    labels = _joined([part.labels for part in parts.values()])
    read = _of_array(_joined([part.inputs for part in parts.values()]), spec, path)
    numbers, names, _ = told(labels, len(read.inputs), str(path), _class_names(arrays, found), spec.settings)
    truth = numbers.tolist() if numbers.is_floating_point() else [names[number] for number in numbers]
    places = read.names if "" in parts else Numbered({name: len(part.inputs) for name, part in parts.items()})
    return read._replace(truth=truth, names=places)


def _of_array(x: np.ndarray, spec: SampleSpec, path: Path) -> Samples:
    """Samples, of rows of pixels too where the run has learnt these as pictures."""
    return of_file_array(_unrolled(x)[0] if spec.kind == "image" else x, spec, path.name)


def demand_meaning(settings: DataSettings, source: Path) -> None:
    """Raise DataError for a setting that arrays have no use for; a run that judges them brings its own."""
    name = next((name for name in MEANINGLESS if getattr(settings, name) is not None), None)
    if name is not None and (settings.val or settings.test):
        raise DataError(
            f"--{name.replace('_', '-')} says nothing of {source}: it holds arrays of samples and labels, no"
            " files with names and no rows of a table.\n  Leave it out."
        )


def _unrolled(x: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows of pixels as the pictures that they look like; anything else as it is."""
    size = layout.sides(x.shape[1]) if x.ndim == 2 and x.dtype.kind in "buif" and len(x) else None
    if size is None:
        return x, ()
    some = x[:LOOKED].astype(np.float32)
    if not layout.look_like_pictures((), some):
        return x, ()
    channels, side, _ = size
    last = channels > 1 and layout.colours(some, side)
    shape = (side, side, channels) if last else size if channels > 1 else (side, side)
    said = f"rows of {x.shape[1]:,} whole numbers are pictures of {show(size)}, as they look like"
    return x.reshape(len(x), *shape), (said,)


def _files(path: Path) -> list[Path]:
    return containers.files(path) if path.is_dir() else [path]


def _takes(path: Path) -> bool:
    """Whether this is a file of arrays, or a folder with those of a data set; other folders hold samples."""
    if not path.is_dir():
        return containers.takes(path)
    if not recognises(path) or len(files := containers.files(path)) > MOST_FILES:
        return False
    try:
        with containers.members(files) as members:
            return bool(roles(members, path).labels)
    except DataError:
        return False


def _read(members: Mapping[str, Member], found: ArrayRoles, path: Path) -> dict[str, np.ndarray]:
    refuse_too_large(sum(members[key].header().size for key in found.keys()), path)  # noqa: SIM118 - no mapping
    return {key: members[key].read() for key in found.keys()}  # noqa: SIM118


def _inputs(members: Mapping[str, Member], path: Path, settings: DataSettings = DataSettings()) -> ArrayRoles:
    """The only array, as the one part ""; or the samples of each part with their labels."""
    if len(members) == 1:
        return ArrayRoles({"": next(iter(members))}, {}, {})
    try:
        found = roles(members, path, settings)
    except DataError as error:
        names = ", ".join(members) or "nothing"
        raise DataError(
            f"{path} holds {names}; one array is wanted.\n  For a sample of a data set: {path}:3"
        ) from error
    return found._replace(groups={})


def _dataset(arrays: dict[str, np.ndarray], found: ArrayRoles, path: Path, settings: DataSettings) -> Dataset:
    parts = [part for part in ("", *PARTS) if part in found.inputs]
    read = [_part(part, arrays, found, path) for part in parts]
    for part, (x, _, _, _) in zip(parts, read, strict=True):
        if x.shape[1:] != read[0].inputs.shape[1:]:
            raise DataError(_unfit(part, arrays, found, path))
    given = (
        None if parts == [""] else {part: len(some.inputs) for part, some in zip(parts, read, strict=True)}
    )
    x, y = _joined([some.inputs for some in read]), _joined([some.labels for some in read])
    groups = [some.groups for some in read if some.groups is not None]
    kind = None if found.kind is None else _kind(arrays[found.kind], path)
    x, unrolled = (x, ()) if kind else _unrolled(x)
    data = from_arrays(
        x,
        y,
        settings,
        given=given,
        groups=_joined(groups).tolist() if len(groups) == len(read) else None,
        classes=_class_names(arrays, found),
        source=str(path),
        kind=kind,
    )
    said = dict.fromkeys((*found.remarks, *unrolled, *(remark for some in read for remark in some.remarks)))
    return replace(data, remarks=(*said, *data.remarks))


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _part(part: str, arrays: dict[str, np.ndarray], found: ArrayRoles, path: Path) -> ArrayPart:
    """Samples first, labels along one axis; MATLAB has the samples last and the labels as a row."""
    x, y = arrays[found.inputs[part]], arrays[found.labels[part]]
    groups = arrays[found.groups[part]].ravel() if part in found.groups else None
    if y.ndim > 1 and y.size == max(y.shape):
        y = y.ravel()
    remarks: tuple[str, ...] = ()
    if x.ndim > 1 and y.ndim and len(x) != len(y) == x.shape[-1]:
        x, remarks = np.moveaxis(x, -1, 0), (f"the samples lie along the last axis of {found.inputs[part]}",)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or (groups is not None and len(groups) != len(x)):
        raise DataError(_unfit(part, arrays, found, path))
    if found.mapping is not None:
        y = emnist.named(y, emnist.characters(arrays[found.mapping].tolist(), path), path)
        if x.shape[1:] == (emnist.SIDE**2,):
            x, remarks = emnist.upright(x), (emnist.TURNED,)
    return ArrayPart(x, y, groups, remarks)


def _unfit(part: str, arrays: dict[str, np.ndarray], found: ArrayRoles, path: Path) -> str:
    x, y = found.inputs[part], found.labels[part]
    return (
        f"{path}: {x} has shape {arrays[x].shape}, {y} {arrays[y].shape}.\n"
        "  Give one label for each sample, and samples of one shape."
    )


def _class_names(arrays: dict[str, np.ndarray], found: ArrayRoles) -> list[str] | None:
    return None if found.classes is None else [str(name) for name in arrays[found.classes].ravel()]


def _kind(array: np.ndarray, path: Path) -> Kind:
    said = str(array.ravel()[0]) if array.size == 1 else f"{array.size} values"
    if said not in AXES:
        raise DataError(f"{path}: the kind is {said}.\n  Write one of {', '.join(AXES)}, or leave it out.")
    return said


FORMAT = Format(
    what="arrays X and y (or X_train, y_train …) in an .npz, .mat, .h5 or .pkl file, or each a .npy",
    recognises=recognises,
    load=load,
    files=Files(
        one="NumPy array",
        form="of any shape",
        kinds=(ANY, "image", "signal", "volume", "sequence"),
        takes=_takes,
        ending=containers.ending,
        header=header,
        decode=samples,
    ),
)
