"""Names in a table → files: as written, or found in a folder by their name, with or without ending."""

import os
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path, PureWindowsPath

from convscope.data.files.litter import is_litter
from convscope.data.files.tree import children, is_folder
from convscope.errors import DataError
from convscope.paths import expanded

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".dcm", ".dicom", ".nii", ".nii.gz", ".wav", ".wave", ".flac", ".ogg", ".mp3", ".aif", ".aiff"),
)  # of files that a table may name
MOST = 2_000_000  # files below a folder that are looked at
NEAR = 64  # folders beside a table in which its first file is looked for
WIDEST = 10  # digits of a name whose zeros in front were lost
FIRST = 20  # names that show whether they are paths as they stand


class Join:
    """Finds the files that a table names.

    Args:
        table: the table.
        images: the folder that the person named; None: the table's own, and those in it.

    Raises:
        DataError: there is no such folder.
    """

    def __init__(self, table: Path, images: str | None = None) -> None:
        self.home = table.parent
        self.folder = self.home if images is None else _folder(images, self.home)
        self.named = images is not None

    def quick(self, name: str) -> Path | None:
        """The file of a name, looked for in a few places; None: it is in none of them."""
        if not name:
            return None
        if (path := self.home / name).is_file() or (self.folder / name).is_file():
            return path if path.is_file() else self.folder / name
        inner = [str(folder) for folder in (self.folder, *self._near)]
        short = _short(name)
        padded = [short.zfill(width) for width in range(len(short) + 1, WIDEST + 1) if short.isdecimal()]
        for stem in (short, *padded):
            for folder in inner:
                for ending in ("", *ENDINGS):
                    if os.path.isfile(path := f"{folder}/{stem}{ending}"):  # noqa: PTH113 - a Path is far slower
                        return Path(path)
        return None

    def find(self, name: str) -> Path | str:
        """The file of a name; that which it would be, where there is none; why it cannot be told, as text."""
        for path in (self.home / name, self.folder / name):
            if path.exists():
                return path
        short = _short(name).casefold()
        found = self._index.get(short) or self._index.get(without_ending(short)) or []
        if not found and short.isdecimal():  # a spreadsheet took 00012 for the number 12
            found = self._numbered.get(int(short), [])
        if len(found) == 1:
            return found[0]
        if found:
            return f"several files are called so: {', '.join(str(self._shown(path)) for path in found[:3])}"
        return self.home / name

    def paths(self, names: Sequence[str]) -> bool:
        """Whether the names are paths as they stand, from the table's folder on."""
        return not self.named and all((self.home / name).exists() for name in names[:FIRST])

    def _shown(self, path: Path) -> Path:
        return path.relative_to(self.folder)

    @cached_property
    def _near(self) -> list[Path]:
        """Folders in the folder, and in those."""
        found: list[Path] = []
        for place in (self.folder, None):
            for folder in [place] if place else list(found):
                inside = filter(is_folder, children(folder, []))  # what cannot be entered holds none of them
                found.extend(islice(inside, NEAR - len(found)))
        return found

    @cached_property
    def _index(self) -> dict[str, list[Path]]:
        """File names, with their ending and without, in lower case → the files below the folder."""
        found: dict[str, list[Path]] = {}
        count = 0
        for place, folders, files in os.walk(self.folder):
            folders[:] = sorted(name for name in folders if not is_litter(name))
            for name in sorted(files):
                short = without_ending(name)
                if short == name or is_litter(name):
                    continue
                for key in {name.casefold(), short.casefold()}:
                    found.setdefault(key, []).append(Path(place) / name)
                count += 1
            if count > MOST:
                break
        return found

    @cached_property
    def _numbered(self) -> dict[int, list[Path]]:
        """Numbers that are names of files, with zeros in front → the files."""
        found: dict[int, list[Path]] = {}
        for stem, files in self._index.items():
            if stem.isdecimal():
                found.setdefault(int(stem), []).extend(files)
        return found


def without_ending(name: str) -> str:
    """A file's name without the ending of a sample; the name itself where it has none of those.

    >>> without_ending("a.b.PNG"), without_ending("brain.nii.gz"), without_ending("notes.txt")
    ('a.b', 'brain', 'notes.txt')
    """
    ending = max((end for end in ENDINGS if name.lower().endswith(end)), key=len, default="")
    return name[: len(name) - len(ending)] if len(name) > len(ending) else name


def has_ending(name: str) -> bool:
    """Whether a name ends as that of a picture, a sound or a volume."""
    return name.lower().endswith(ENDINGS) and without_ending(name) != name


def _short(name: str) -> str:
    r"""The last part of a path, of whichever system.

    >>> _short(r"C:\data\1.png"), _short("data/1.png")
    ('1.png', '1.png')
    """
    return PureWindowsPath(name).name


def _folder(images: str, home: Path) -> Path:
    given = expanded(images)
    for path in (given, home / given):
        if path.is_dir():
            return path
    raise DataError(f"--images {images}: there is no such folder.\n  Give the folder that holds the files.")
