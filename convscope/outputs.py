"""Files that we write: whole or not at all, with the permissions of the person's umask, and where they may.

`replace` is for files that are ours anyway, such as those of a run. What a person names is an `Output`, and
there the rule is one for all of them: it has the ending of its form; it is never an input, nor inside the
data; a file that is there is replaced only if convscope wrote it, or with `force`.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from convscope import system
from convscope.errors import DataError

HEAD = 4096  # bytes of a file in which it says that it is ours
WRITTEN = "written by convscope"  # the comment in a picture of ours
SHOWN = 6  # endings in a message


class OutputForm(NamedTuple):
    """One form of output.

    Attributes:
        what: what such a file is called, behind "no".
        endings: that it may have, in lower case; none: any.
        ours: whether a file was written by us; by its content, for names tell nothing.
    """

    what: str
    endings: Sequence[str]
    ours: Callable[[Path], bool]


def head(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD)


def commented(path: Path) -> bool:
    """Whether a picture has our comment."""
    return WRITTEN.encode() in head(path)


@dataclass(frozen=True)
class Output:
    """A file that a person asks for.

    Attributes:
        path: as it was given.
        form: what it will be.
        inputs: files and folders that are read; what is not there is no matter.
        force: also replace a file that convscope did not write; an input never.
    """

    path: Path
    form: OutputForm
    inputs: Sequence[Path] = ()
    force: bool = False

    def demand(self) -> None:
        """Refuse a place where it may not stand; nothing is changed yet.

        Raises:
            DataError: see the rule above; also no such folder, or one that cannot be written.
        """
        with self._failing():  # a name that is too long, a folder that may not be entered …
            self._demand()

    def _demand(self) -> None:
        path = self.path
        if self.form.endings and path.suffix.lower() not in self.form.endings:
            raise DataError(self._ending())
        if not path.parent.is_dir():
            raise self._failed(f"there is no folder {path.parent}", "Make it first, or give")
        if path.is_dir():
            raise DataError(f"{path} is a folder.\n  Give the path of a file.")
        if source := next((source for source in self.inputs if _holds(source, path)), None):
            what = f"lies inside {source}, which is" if source.is_dir() else "is itself"
            raise DataError(f"{path} {what} read as data: no output goes there.\n  Give another path.")
        if path.exists() or path.is_symlink():
            self._demand_ours()
        if not os.access(path.parent, os.W_OK):
            raise self._failed(f"{path.parent} is read-only")

    def write(self, content: bytes) -> Path:
        """Write it; gives the path.

        Raises:
            DataError: as `demand`; or no space left …: then what was there before is untouched.
        """
        self.demand()
        with self._failing():
            replace(self.path.resolve(), content)
        return self.path

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """A file to write into, which gets its name when all is written.

        Raises:
            DataError: as `write`.
        """
        self.demand()
        with self._failing(), in_place(self.path.resolve()) as file:
            yield file

    def _demand_ours(self) -> None:
        if not self.path.exists():
            raise DataError(
                f"{self.path} is a link to {self.path.readlink()}, which is not there.\n"
                "  Remove the link, or give another path."
            )
        ours = self.path.is_file() and self.form.ours(self.path)
        if not ours and not (self.force and self.path.is_file()):
            raise DataError(
                f"{self.path} is there already, and is no {self.form.what} of convscope.\n"
                "  Give another path, or --force (in Python force=True) to replace it."
            )

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise self._failed(getattr(error, "strerror", None) or str(error)) from error

    def _failed(self, reason: str, advice: str = "Give") -> DataError:
        return DataError(f"{self.path} cannot be written: {reason}.\n  {advice} another path.")

    def _ending(self) -> str:
        first, *others = self.form.endings
        many = f" (or {', '.join(others[:SHOWN])}{' …' if others[SHOWN:] else ''})" if others else ""
        what = f"a {self.form.what} is known by its ending, {first}{many}"
        return f"{self.path}: {what}.\n  Call it {self.path}{first}"


def _holds(source: Path, path: Path) -> bool:
    """Whether a file is this source, by whatever name, or lies inside of it."""
    with suppress(OSError, RuntimeError):  # a source that cannot be looked at is not read either
        if source.is_dir():
            return path.resolve().is_relative_to(source.resolve())
        return path.exists() and source.exists() and path.samefile(source)
    return False


def write_aside(path: Path, data: bytes) -> Path:
    """Write `data` safely to the disk beside `path`, under a temporary name, which is returned.

    Raises:
        OSError: no space left, no permission …; then nothing is left behind.
    """
    with _aside(path) as (file, aside):
        file.write(data)
    return aside


@contextmanager
def _aside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside `path`, safely on the disk afterwards, or gone."""
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}.new")
    file = aside.open("xb")  # with the permissions that the umask leaves
    try:
        with file:
            yield file, aside
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            aside.chmod(path.stat().st_mode & 0o777)  # those that it has now
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def put_in_place(aside: Path, path: Path) -> None:
    """Give a file of `write_aside` its real name; what had the name before is gone at the same moment."""
    system.rename(aside, path)
    system.sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Write a file so that at any moment the whole old one or the whole new one is there.

    Raises:
        OSError: no space left, no permission …; the old file is untouched, nothing else is left behind.
    """
    with in_place(path) as file:
        file.write(data)


@contextmanager
def in_place(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; see `replace`, for what is too much to be in memory at once."""
    with _aside(path) as (file, aside):
        yield file
    try:
        put_in_place(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
