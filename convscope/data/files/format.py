"""What a format is: the one way from files to samples, whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.samples import Samples, SampleSpec


class Claim(NamedTuple):
    """What a file says it holds, before anything is decoded: it need not be true.

    Attributes:
        shape: of its numbers, (channel, *space) where it has channels.
        dtype: of the sample that becomes of it.
        rate: points a second, of a sound.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a format that are read without anything beside them.

    Attributes:
        one: what one of them is called.
        form: what its sample looks like, for the person whose model takes another one.
        kinds: of samples that it can hold; `any`: also read where only the shape is known.
        takes: whether a file (or a folder that is one sample) is of this format, mostly by its name.
        ending: the ending of a file that begins with these bytes; "" where that is another format.
        header: what it claims to hold; cheap, and damage may go unseen.
        decode: its samples, as training has them. Raises BadFile where it cannot be used.
        many: whether a file is many samples: rows, windows, pieces.
    """

    one: str
    form: str
    kinds: tuple[str, ...]
    takes: Callable[[Path], bool]
    ending: Callable[[bytes], str]
    header: Callable[[Path], Claim]
    decode: Callable[[Path, SampleSpec], Samples]
    many: bool = False


@dataclass(frozen=True, kw_only=True)
class Format:
    """One form in which data lie on a disk.

    Attributes:
        what: one line for the person who asks what is understood.
        recognises: whether a data set of this form lies at a path.
        load: reads it with its labels.
        files: how a file of it becomes samples by itself; None where that takes more than one file.
        parts: endings of files that say nothing alone.
    """

    what: str
    recognises: Callable[[Path], bool]
    load: Callable[[Path, DataSettings, bool], Dataset]
    files: Files | None = None
    parts: tuple[str, ...] = ()
