"""Files without labels → samples: one way for prediction, an input of the explorer, an upload, a service.

Which format a file is of is asked of `FORMATS`; its decoder makes of it what training had.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path

from convscope.data.dataset import Skipped
from convscope.data.files import beside
from convscope.data.files.decoding import each, printable, shown
from convscope.data.files.folder import children
from convscope.data.files.format import Claim, Files
from convscope.data.formats import FORMATS
from convscope.data.samples import ANY, Samples, SampleSpec, demand_shape, together
from convscope.data.unpacking import holds_files, unpacked
from convscope.errors import BadFile, ConvscopeError, DataError, ShapeError
from convscope.shapes import show

HEAD = 512  # bytes that tell what a file is
MOST = 64_000_000  # numbers of a file that was sent to us; telephones make pictures of 50 million pixels
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
UNNAMED = "the file"


def read(paths: Sequence[Path], spec: SampleSpec) -> Samples | None:
    """Read files, or folders (or archives) of files that are a sample each.

    Args:
        paths: that exist.
        spec: what a sample is, and how training read it.

    Returns:
        The samples; None where a path is nothing of the kind by itself, such as a whole data set.

    Raises:
        DataError: nothing can be read.
        ShapeError: samples of another shape.
    """
    with ExitStack() as opened:
        inner = [opened.enter_context(unpacked(path)) for path in paths if holds_files(path)]
        insides = iter(inner)
        places = [next(insides).path if holds_files(path) else path for path in paths]
        return _read(places, spec, [skipped for one in inner for skipped in one.skipped])


def _read(paths: Sequence[Path], spec: SampleSpec, bad: list[Skipped]) -> Samples | None:
    found = [_files(path, spec.kind) for path in paths]
    if not all(found):
        return None
    pairs = [pair for some in found for pair in some]
    root = paths[0] if len(paths) == 1 and paths[0].is_dir() else None
    results = each(lambda pair: pair[1].decode(pair[0], spec), pairs)
    good = []
    for (file, _), result in zip(pairs, results, strict=True):
        if isinstance(result, BadFile):
            bad.append(Skipped(shown(file, root), result.reason))
        else:
            demand_shape(result, spec, file.name)
            good.append(_named(result, file, root, spec))
    if not good:
        reasons = "\n".join(f"  {file}: {reason}" for file, reason in bad[:5])
        raise DataError(f"no {pairs[0][1].one} can be read:\n{reasons}")
    return together(good, bad)


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


def _files(path: Path, kind: str) -> list[tuple[Path, Files]]:
    """The path itself where it holds samples, or all that are a sample each below it."""
    if files := _of_format(path, kind):
        return [(path, files)]
    return list(_below(path, kind)) if path.is_dir() else []


def _below(folder: Path, kind: str) -> Iterator[tuple[Path, Files]]:
    inside = sorted(children(folder, []))
    masks = beside.masks(inside)
    for child in inside:
        if child in masks:
            continue
        files = _of_format(child, kind)
        if files and not files.many:
            yield child, files
        elif child.is_dir() and not child.is_symlink():
            yield from _below(child, kind)


def _of_format(path: Path, kind: str) -> Files | None:
    """How a path of samples of this kind is read."""
    every = (form.files for form in FORMATS.values() if form.files)
    return next((files for files in every if kind in files.kinds and files.takes(path)), None)


def _named(samples: Samples, file: Path, root: Path | None, spec: SampleSpec) -> Samples:
    """The only sample of a file has its name; in a folder that is named as a class it is said to be of it."""
    if samples.names[0]:
        return samples
    folder = file.absolute().parent.name
    return samples._replace(names=[shown(file, root)], truth=[folder if folder in spec.classes else None])


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
