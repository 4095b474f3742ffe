"""Every error that convscope raises on purpose.

ConvscopeError
├── SettingsError   a setting that cannot be
├── ArgumentError   an argument of a function that cannot be
│   └── NoSuchPlace a number beyond the end
├── DataError       files, arrays, tables, downloads
│   └── BadFile     one file that cannot be used, among others that can
├── NetworkError    a network that cannot be built or does not fit its input
│   ├── ShapeError  sizes that do not go together
│   └── BrokenModel a person's own network that cannot be made, with its Finding
├── TrainingError   settings that cannot work, numbers that went wrong
├── ShipError       a network that cannot leave in the form that is asked for
├── RunError        a run folder that is missing, damaged or not to be trusted
├── MissingLibrary  what an extra of convscope would have installed
├── TraceError      a model that cannot be followed, a number that was not kept
└── UnknownName     a name that is in no table; suggests the nearest

A message is written for the person who reads it: what is wrong (what, got, expected), then what to do.
The command line prints it and exits with 1; the traceback comes with `--debug` only.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from convscope.text import cut, printable

if TYPE_CHECKING:
    from convscope.lint.finding import Finding


MANY = 60  # names that a person will not read through
LONGEST = 200  # characters of a name that are shown
LONGEST_LINE = 1500  # characters of a message
NO_MEMORY = re.compile(r"(allocate|out of) memory|Storage size calculation overflowed", re.I)  # torch's words


def guess(name: str, known: Iterable[str]) -> str:
    """How a sentence about an unknown name ends: with the nearest known one.

    >>> guess("resnt", ["plain", "resnet"]), guess("xyz", ["plain", "resnet"])
    ("; did you mean 'resnet'?", '.')
    """
    near = get_close_matches(name, known, n=1)
    return f"; did you mean '{printable(near[0])}'?" if near else "."


def not_installed(what: str, library: str, extra: str) -> str:
    """The words for a library of others that is missing, and the extra of convscope that brings it.

    >>> print(not_installed("Parquet files are read by", "pyarrow", "tables"))
    Parquet files are read by pyarrow, which is not installed.
      pip install 'convscope[tables]'
    """
    return f"{what} {library}, which is not installed.\n  pip install 'convscope[{extra}]'"


class ConvscopeError(Exception):
    """Something the person can put right; a line that quotes a cell of a megabyte is cut in its middle."""

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(cut(line, LONGEST_LINE) for line in str(message).split("\n")))


def of_machine(error: BaseException) -> str | None:
    """What a disk, a file system or the memory refused, in words; None: the error is none of theirs.

    >>> of_machine(FileNotFoundError(2, "No such file or directory", "out/p.csv"))
    'out/p.csv: no such file or directory.'
    >>> of_machine(ValueError("nine")) is None
    True
    """
    if isinstance(error, OSError) and error.strerror:
        name = printable(str(error.filename or ""))
        where = f"{cut(name, LONGEST)}: " if name else ""
        return f"{where}{_lower(error.strerror)}."
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return "there is not enough memory.\n  Give fewer or smaller samples, a smaller batch or network."
    return None


def reason(error: BaseException) -> str:
    """Why a library refuses a file, on one line; where it stumbles over its own words, these say nothing.

    >>> reason(ValueError("no samples")), reason(AttributeError("no attribute 'BitsAllocated'"))
    ('no samples', 'what it holds does not go together')
    """
    if isinstance(error, (AttributeError, TypeError, LookupError)):
        return "what it holds does not go together"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words.splitlines()[0]


def got(value: object) -> str:
    """What somebody gave, as a sentence names it: itself where it is short, else its type.

    >>> got("nosuch"), got(3), got([1, 2]), got(Exception)
    ("'nosuch'", '3', 'a list', 'the class Exception')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, str | bytes | int | float | Path):
        words = printable(repr(str(value) if isinstance(value, Path) else value))
        return cut(words, LONGEST)
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


class SettingsError(ConvscopeError, ValueError):
    """A setting of data or training that cannot be: its name, and `words` on why."""

    def __init__(self, setting: str, words: str) -> None:
        super().__init__(f"{setting}: {words}")
        self.setting, self.words = setting, words


class ArgumentError(ConvscopeError, TypeError):
    """An argument of a public function that is of another type than it must be, or out of bounds."""


class NoSuchPlace(ArgumentError, IndexError):  # noqa: N818 - reads as a sentence where it is raised
    """A number beyond the end of a sequence of ours."""


class DataError(ConvscopeError):
    """The data cannot be read, or is not what it should be."""


class BadFile(DataError):  # noqa: N818 - reads as a sentence where it is raised
    """A file (or a folder that is one sample) that cannot be used; `reason` says why without the name."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{printable(str(path))}: {reason}")
        self.reason = reason


class NetworkError(ConvscopeError):
    """The network cannot be built or does not fit its input."""


class ShapeError(NetworkError):
    """Sizes that do not go together."""


class BrokenModel(NetworkError):  # noqa: N818 - reads as a sentence where it is raised
    """A person's own network that cannot be made: why, where, and the line that mends it."""

    def __init__(self, finding: "Finding") -> None:
        super().__init__(str(finding))
        self.finding = finding


class TrainingError(ConvscopeError):
    """Training cannot start or cannot go on."""


class RunError(ConvscopeError):
    """A run folder is missing, damaged, or not to be trusted."""


class ShipError(ConvscopeError):
    """A network cannot leave in the form that is asked for, or would answer otherwise there."""


class TraceError(ConvscopeError):
    """A model cannot be followed, or what is asked about was not kept."""


class MissingLibrary(ConvscopeError, ImportError):  # noqa: N818 - reads as a sentence where it is raised
    """A library of others that is not installed: what for, its name, and the extra that brings it."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(not_installed(what, library, extra))


class UnknownName(ConvscopeError):  # noqa: N818 - reads as a sentence where it is raised
    """A name that is in no table.

    >>> raise UnknownName("network", "resnt", ["plain", "resnet"])
    Traceback (most recent call last):
    convscope.errors.UnknownName: no network is called 'resnt'; did you mean 'resnet'?
      The known ones: plain, resnet.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        few = len(known) <= MANY
        listed = [printable(each) for each in (known if few else get_close_matches(name, known, n=5))]
        more = f"\n  The {'known' if few else 'nearest'} ones: {', '.join(listed)}." if listed else ""
        super().__init__(f"no {what} is called '{printable(name)}'{guess(name, known)}{more}")


class TrainingWarning(UserWarning):
    """Something looks wrong in a training that was begun in Python: what, and the likely cause."""
