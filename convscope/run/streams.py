"""The samples that a person names, of any number, a piece at a time; `inputs.gather` has all in memory."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from os import PathLike
from typing import Any, NamedTuple

from convscope.data.files import cache
from convscope.data.reading import listed
from convscope.data.samples import Samples
from convscope.data.streaming import Position, SamplePiece, counted, in_memory, pieces
from convscope.paths import expanded
from convscope.run import inputs
from convscope.run.settings import RunSettings

FEW_AT_ONCE = 1024  # things of a generator


class SampleStream(NamedTuple):
    """Some of the samples that a person named, to be read a piece at a time.

    Attributes:
        key: what tells them from others and from themselves once they change; "": nothing does.
        expected: how many there are, about; None: nobody knows yet.
        pieces: reads them from a position on.
        remarks: sentences on all of them.
    """

    key: str
    expected: int | None
    pieces: Callable[[Position], Iterator[SamplePiece]]
    remarks: tuple[str, ...] = ()


@contextmanager
def streamed(x: Any, settings: RunSettings) -> Iterator[Iterable[SampleStream]]:  # noqa: ANN401 - as `gather`
    """The samples of `gather`, of any number: none is read yet, and never all are in memory.

    Paths and names of data may stand in one list. A generator is asked for what it has as it is needed.

    Raises:
        DataError: nothing that can be read.
    """
    names = [] if inputs.is_name(x) else inputs.names_in(x)
    if not names:
        several = isinstance(x, Iterator) and not hasattr(x, "read")
        given = iter(partial(lambda: list(islice(x, FEW_AT_ONCE))), []) if several else [x]
        yield (_of_samples(inputs.gather(each, settings), settings, keyed=not several) for each in given)
        return
    with ExitStack() as opened:
        together = (
            opened.enter_context(_listed(names, settings)) if not any(map(inputs.is_name, names)) else None
        )
        if together is not None:
            yield [together]
        else:
            yield [opened.enter_context(_part(name, settings)) for name in names]


@contextmanager
def _part(name: str | PathLike, settings: RunSettings) -> Iterator[SampleStream]:
    """What one name stands for: files of samples, or a whole data set."""
    if inputs.is_name(name):
        yield _of_samples(inputs.gather(name, settings), settings, keyed=True)
        return
    with _listed([name], settings) as part:
        path = inputs.record_of(expanded(name))
        files = sorted(path.rglob("*")) if path.is_dir() else [path]

        def whole(start: Position) -> Iterator[SamplePiece]:
            return in_memory(inputs.whole_data(path, settings), settings.spec, start)

        yield part or SampleStream(cache.key(files, {}), None, whole)


@contextmanager
def _listed(names: Sequence[str | PathLike], settings: RunSettings) -> Iterator[SampleStream | None]:
    """Files and folders of samples; None where one is nothing of the kind by itself."""
    with listed(inputs.existing(names), settings.spec) as found:
        if found is None:
            yield None
            return
        files = [one.file for one in found.files]
        said = tuple(found.remarks(settings.spec))
        key = cache.key(files, {"names": list(map(str, names)), "skipped": len(found.skipped)})

        def read_on(start: Position) -> Iterator[SamplePiece]:
            before = tuple(found.skipped) if start == Position() else ()
            for piece in pieces(found, settings.spec, start):
                yield piece._replace(skipped=(*before, *piece.skipped))
                before = ()

        yield SampleStream(key, counted(found), read_on, said)


def _of_samples(samples: Samples, settings: RunSettings, *, keyed: bool) -> SampleStream:
    """Samples that are in memory."""
    values = samples.inputs.contiguous().numpy()
    key = hashlib.sha256(values.reshape(-1).view("uint8").data).hexdigest() if keyed and values.size else ""

    def cut(start: Position) -> Iterator[SamplePiece]:
        return in_memory(samples, settings.spec, start)

    return SampleStream(f"{key}{len(samples.inputs)}" if key else "", len(samples.inputs), cut)
