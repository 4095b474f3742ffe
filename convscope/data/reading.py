"""Files without labels → samples: one way for prediction, an input of the explorer, an upload, a service.

Which format a file is of is asked of `FORMATS`; its decoder makes of it what training had.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from convscope.data.dataset import Skipped
from convscope.data.files import beside, table
from convscope.data.files.decoding import each, quiet, shown
from convscope.data.files.folder import children
from convscope.data.files.format import Claim, Files
from convscope.data.formats import FORMATS
from convscope.data.samples import ANY, Pile, Samples, SampleSpec, demand_scale, demand_shape, some
from convscope.data.unpacking import holds_files, unpacked
from convscope.errors import BadFile, ConvscopeError, DataError, ShapeError
from convscope.shapes import show
from convscope.text import printable

HEAD = 512  # bytes that tell what a file is
MOST = 64_000_000  # numbers of a file that was sent to us; telephones make pictures of 50 million pixels
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
UNNAMED = "the file"


class FoundFiles(NamedTuple):
    """A file of samples, and what a table that names it says of it."""

    file: Path
    files: Files
    truth: Any = None


def none_readable(what: str, skipped: Sequence[Skipped]) -> str:
    """Words for samples of which none can be read, with the first reasons."""
    reasons = "\n".join(f"  {file}: {reason}" for file, reason in skipped[:5])
    return f"no {what} can be read:\n{reasons}"


class FileList(NamedTuple):
    """Files of samples that were found, and what was left out on the way.

    Attributes:
        files: in their order.
        skipped: what is none, and why.
        root: the folder that names are relative to.
    """

    files: list[FoundFiles]
    skipped: list[Skipped]
    root: Path | None

    def named(self, samples: Samples, one: FoundFiles, spec: SampleSpec) -> Samples:
        """The samples of one of the files, with their names and what is known of their truth."""
        return _named(samples, one, self.root, spec, alone=len(self.files) == 1)

    def bad(self, one: FoundFiles, reason: str) -> Skipped:
        """One of the files that cannot be used."""
        return Skipped(shown(one.file, self.root), reason)

    def demand_any(self, rows: int, skipped: Sequence[Skipped]) -> None:
        """Refuse files of which none can be read.

        Raises:
            DataError: there are no rows; shows why.
        """
        if not rows:
            raise DataError(none_readable(self.files[0].files.one, skipped))

    def remarks(self, spec: SampleSpec) -> list[str]:
        """What is to be said of where they lie."""
        return _on_folders(self.files, self.root, spec)


@contextmanager
def listed(paths: Sequence[Path], spec: SampleSpec) -> Iterator[FileList | None]:
    """The files of samples in files, folders and archives, and those that tables name; see `read`.

    What was unpacked is there until the end of this.
    """
    with quiet(), ExitStack() as opened:
        inner = {path: opened.enter_context(unpacked(path)) for path in paths if holds_files(path)}
        bad = [skipped for one in inner.values() for skipped in one.skipped]
        places = [inner[path].path if path in inner else path for path in paths]
        found = [_files(place, spec, bad) for place in places]
        root = _root(places[0]) if len(paths) == 1 else None
        yield FileList([one for some in found for one in some], bad, root) if all(found) else None


def read(paths: Sequence[Path], spec: SampleSpec) -> Samples | None:
    """Read all samples of files, in their order; of folders and archives of them, of tables that name them.

    Labels need not be there; where they are, they are the truth. No parts are made, none is chosen.

    Args:
        paths: that exist.
        spec: what a sample is, and how training read it.

    Returns:
        The samples; None where a path is nothing of the kind by itself, such as a whole data set.

    Raises:
        DataError: nothing can be read.
        ShapeError: samples of another shape.
    """
    with listed(paths, spec) as found:
        return _read(found, spec) if found else None


def _read(found: FileList, spec: SampleSpec) -> Samples:
    bad, pile = list(found.skipped), Pile(len(found.files))
    results = each(lambda one: one.files.decode(one.file, spec), found.files)
    for one, result in zip(found.files, results, strict=True):
        if isinstance(result, BadFile):
            bad.append(found.bad(one, result.reason))
        else:
            demand_shape(result, spec, one.file.name)
            pile.add(found.named(result, one, spec))
    found.demand_any(pile.rows, bad)
    every = pile.whole(bad)
    try:
        scale = demand_scale(every.inputs, spec)
    except DataError as error:  # how they were read may be why
        raise DataError("\n  ".join([str(error), *every.remarks])) from error
    return every._replace(remarks=(*every.remarks, *found.remarks(spec), *scale))


def _on_folders(found: Sequence[FoundFiles], root: Path | None, spec: SampleSpec) -> list[str]:
    """Say where samples lie in several folders, as classes do, and none of these is a class of the run."""
    inside = [one.file.parent for one in found if one.truth is None and one.file.parent != root]
    names = list(dict.fromkeys(place.name for place in inside))
    if len(names) < 2 or len(spec.classes) < 2 or not {*names}.isdisjoint(spec.classes):
        return []
    return [
        f"the folders {some(names)} are no classes of the run's ({some(spec.classes)}): no truth is known"
    ]


def _root(path: Path) -> Path | None:
    """The folder that names are relative to."""
    return path if path.is_dir() else path.parent if path.suffix.lower() in table.ENDINGS else None


@quiet()
def own_spec(path: Path) -> SampleSpec:
    """What the sample of a file is by itself, where no model says how it shall be: of its own size and rate.

    Raises:
        DataError: no format knows it, or it is damaged.
    """
    files = _of_format(path, ANY)
    if files is None:
        raise DataError(f"{path} holds nothing that convscope reads as one sample.\n  Give {accepted(ANY)}.")
    claim = files.header(path)
    return SampleSpec(claim.shape, files.kinds[0], claim.dtype, rate=claim.rate)


@quiet()
def received(content: bytes, name: str, spec: SampleSpec) -> tuple[Samples, Claim]:
    """One sample from the bytes of a file that somebody sent; nothing in it, nor its name, is believed.

    Its first bytes say what it is, and its header is looked at before anything is decoded.

    Returns:
        The first of its samples, and what its header says.

    Raises:
        DataError: nothing that is understood, damaged, or too large.
        ShapeError: no such sample.
    """
    name = printable(Path(name).name) or UNNAMED
    files, ending = _by_content(content, name, spec)
    with _as_file(content, name, ending, files, spec.kind) as path:
        claim = files.header(path)
        if prod(claim.shape) > MOST:
            raise DataError(
                f"{name} holds {show(claim.shape)} numbers; more than {MOST:,} are not taken.\n"
                f"  Make it smaller first: the model takes {show(spec.shape)}."
            )
        found = read([path], spec)
        if found is None:
            raise DataError(f"{name} cannot be read by itself.\n  Give {accepted(spec.kind)}.")
        if len(found.inputs) > 1 and not files.many:
            count = len(found.inputs)
            raise ShapeError(
                f"{name} holds {count:,} samples; it cannot be brought to one.\n  Give one of them."
            )
        return Samples(found.inputs[:1], found.names[:1], found.truth[:1], found.skipped), claim


def accepted(kind: str) -> str:
    """What can be read for samples of a kind, in words; what comes first is the commonest."""
    names = [form.files.one for form in FORMATS.values() if form.files and kind in form.files.kinds]
    spoken = [f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}" for name in reversed(names)]
    return ", ".join(dict.fromkeys(spoken))


def _files(path: Path, spec: SampleSpec, bad: list[Skipped]) -> list[FoundFiles]:
    """The path itself where it holds samples, or all files that are a sample each in it; others are bad."""
    named = table.first(path, spec.settings)
    if named is not None and _of_format(named, spec.kind):
        return list(_in_table(path, spec, bad))
    if files := _of_format(path, spec.kind):
        return [FoundFiles(path, files)]
    return list(_below(path, spec.kind, bad)) if path.is_dir() else []


def named(path: Path, spec: SampleSpec) -> list[Path]:
    """The files that a table names; none where it is no table of files."""
    first = table.first(path, spec.settings)
    if first is None or _of_format(first, spec.kind) is None:
        return []
    return [found.file for found in _in_table(path, spec, [])]


def _in_table(path: Path, spec: SampleSpec, bad: list[Skipped]) -> Iterator[FoundFiles]:
    rows = list(table.rows(path, [], spec.settings, labelled=False))
    labels = {row.label for row in rows}
    remarks = len(spec.classes) > 1 and labels.isdisjoint(spec.classes) and len(labels) > len(rows) / 2 > 1
    for row in rows:
        file = path.parent / row.path
        files = _of_format(file, spec.kind) if row.path and not row.lost else None
        if files and not files.many:
            yield FoundFiles(file, files, None if remarks else spec.truth(row.label))
        else:
            reason = row.lost or (f"its ending is no {spec.kind}'s" if row.path else "it names no file")
            bad.append(Skipped(row.path or f"row {row.number}", reason))


def _below(place: Path, kind: str, bad: list[Skipped]) -> Iterator[FoundFiles]:
    inside = children(place, bad)
    masks = beside.masks(inside)
    for child in inside:
        if child in masks:
            continue
        files = _of_format(child, kind)
        if files and not files.many:
            yield FoundFiles(child, files)
        elif child.is_dir() and not child.is_symlink():
            yield from _below(child, kind, bad)


def _of_format(path: Path, kind: str) -> Files | None:
    """How a path of samples of this kind is read."""
    every = (form.files for form in FORMATS.values() if form.files)
    return next((files for files in every if kind in files.kinds and files.takes(path)), None)


def _named(
    samples: Samples, found: FoundFiles, root: Path | None, spec: SampleSpec, *, alone: bool
) -> Samples:
    """The only sample of a file has its name; in a folder that is named as a class it is said to be of it."""
    name = shown(found.file, root)
    if samples.names[0]:
        return samples if alone else samples._replace(names=[f"{name} {each}" for each in samples.names])
    inside = found.file.absolute().parent.name
    known = len(spec.classes) > 1 and inside in spec.classes
    truth = found.truth if found.truth is not None else inside if known else None
    return samples._replace(names=[name], truth=[truth])


def _by_content(content: bytes, name: str, spec: SampleSpec) -> tuple[Files, str]:
    """The format that a file's first bytes say it is, and an ending by which it takes it."""
    if not content:
        raise DataError(f"{name} is empty.\n  Give {accepted(spec.kind)}.")
    for form in FORMATS.values():
        if name.lower().endswith(form.parts):
            raise DataError(f"{name} needs more than one file: {form.what}.\n  Predict them by their path.")
    head = content[:HEAD]
    every = [form.files for form in FORMATS.values() if form.files]
    known = [(files, ending) for files in every if (ending := files.ending(head))]
    fitting = [pair for pair in known if spec.kind in pair[0].kinds]
    if fitting:
        return fitting[0]
    if known:
        files, _ = known[-1]
        what = f"a {files.one} is {files.form}"
        raise ShapeError(f"the model takes {show(spec.shape)}; {what}.\n  Give {accepted(spec.kind)}.")
    what = (
        "is an archive; give its path to convscope predict"
        if head.startswith(ARCHIVES)
        else "is nothing that convscope reads"
    )
    raise DataError(f"{name} {what}.\n  Give {accepted(spec.kind)}.")


@contextmanager
def _as_file(content: bytes, name: str, ending: str, files: Files, kind: str) -> Iterator[Path]:
    """Libraries read files; this one is gone afterwards. An error names it as the person does."""
    with tempfile.TemporaryDirectory(prefix="convscope-") as folder:
        path = Path(folder) / f"received{ending}"
        path.write_bytes(content)
        try:
            yield path
        except ConvscopeError as error:
            words = str(error).replace(str(path), name).replace(path.name, name)
            if files.many:  # whatever is nothing else is taken for a text
                words = f"{words.splitlines()[0]}\n  Give {accepted(kind)}."
            raise (ShapeError if isinstance(error, ShapeError) else DataError)(words) from error
