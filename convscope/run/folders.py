"""Where runs are and what they are called. Nothing here needs torch."""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from convscope import outputs, system
from convscope.arguments import demand_path
from convscope.errors import LONGEST, RunError, got
from convscope.paths import expanded
from convscope.run import files

ROOT = Path("runs")
LATEST = "latest"
STUDY = "study.json"  # a folder with this is a study: it holds several runs
MARKS = ("settings.toml", "manifest.json")  # a folder with one of these is a run, whole or damaged


def stem(source: str, network: str, day: date) -> str:
    """The name of a run without its number, of characters that are safe everywhere.

    >>> stem("/home/me/My Photos (2)/", "nets/mine.py:Small", date(2026, 11, 22))
    '2026-11-22_my-photos-2_small'
    """
    words = [re.split(r"[/\\]", source.rstrip("/\\"))[-1], network.split(":")[-1]]
    safe = [re.sub(r"[^\w.]+", "-", word.casefold()).strip("-._")[:40] for word in words]
    return "_".join([day.isoformat(), safe[0] or "data", safe[1] or "network"])


def make(root: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Make a run folder `<name>_<number>` that holds what `fill` writes from its first moment on.

    Two processes that make one at the same time get two different numbers.

    Raises:
        OSError: no space left, no permission …
    """
    root.mkdir(parents=True, exist_ok=True)
    aside = root / f".new-{secrets.token_hex(4)}"
    aside.mkdir()
    try:
        fill(aside)
        number = 1 + max((_number(path.name, name) for path in root.iterdir()), default=0)
        while not _take(aside, path := root / f"{name}_{number}"):
            number += 1
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    system.sync_folder(root)
    return path


def _number(found: str, name: str) -> int:
    match = re.fullmatch(re.escape(name) + r"_(\d+)", found)
    return int(match[1]) if match else 0


def _take(aside: Path, path: Path) -> bool:
    """Rename the folder; False where somebody was faster: a folder with files in it is never replaced."""
    try:
        aside.rename(path)
    except OSError:
        if path.exists():
            return False
        raise
    return True


def demand_latest(root: Path) -> None:
    """Refuse a folder of runs in which `latest` cannot be made to point to a run.

    Raises:
        RunError: it is a folder; or that of the runs is read-only.
    """
    pointer = root / LATEST
    if root.is_dir() and not os.access(root, os.W_OK):
        raise RunError(
            f"{root} is read-only.\n  Allow yourself to write it, or choose another place by --runs."
        )
    if pointer.is_dir() and not pointer.is_symlink():
        raise RunError(
            f"{pointer} is a folder, and has the name that points to the latest run.\n"
            "  Give it another name, or choose another place by --runs."
        )


def has_latest(root: Path) -> bool:
    """Whether a folder is one of runs, with a `latest` in it; a run may have been moved anywhere else."""
    return os.path.lexists(root / LATEST)


def point_latest(run: Path) -> None:
    """Make `latest` beside the run point to it: a relative link, or a text file where there are no links.

    Raises:
        OSError: `latest` is a folder, no permission …
    """
    pointer = run.parent / LATEST
    aside = Path(tempfile.mkdtemp(prefix=".latest-", dir=run.parent))
    try:
        if system.link(aside / LATEST, run.name):
            (aside / LATEST).replace(pointer)
        else:
            outputs.replace(pointer, f"{run.name}\n".encode())
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def is_run(path: Path) -> bool:
    """Whether a folder is a run, be it damaged."""
    try:
        return any((path / name).is_file() for name in MARKS)
    except PermissionError:  # what it is is seen when it is read, and told
        return True


def is_study(path: Path) -> bool:
    """Whether a folder is a study, be it damaged."""
    with suppress(OSError):
        return (path / STUDY).is_file()
    return False


def studies(root: Path) -> list[Path]:
    """The studies in a folder, by name."""
    return _those(root, is_study)


def demand_name(run: object) -> None:
    """Refuse what cannot name a run.

    Raises:
        RunError: another type, or nothing.
    """
    if not isinstance(run, str | Path) or not str(run) or "\0" in str(run):
        raise RunError(f"a run is named by a path or a name; got {got(run)}.\n  See: convscope runs")


def find_study(study: str | Path, root: str | Path = ROOT) -> Path | None:
    """The folder of a study by its path, its name in `root`, or "latest"; None: it is none."""
    demand_name(study)
    demand_path("runs", root, "the path of the folder of runs")
    with suppress(OSError, RuntimeError):
        for place in _places(expanded(study), expanded(root)):
            target = _follow(place)
            if is_run(target) or is_study(target):
                return target.resolve() if is_study(target) else None
    return None


def inside(root: Path) -> list[Path]:
    """The run folders in a folder, by name; `latest` and hidden ones left out."""
    return _those(root, is_run)


def _those(root: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(p for p in root.iterdir() if wanted(p) and not p.is_symlink() and p.name[0] != ".")


def find(run: str | Path, root: str | Path = ROOT) -> Path:
    """The folder of a run.

    Args:
        run: its path, or its name in `root`, or "latest".
        root: the folder of runs. Only where it is not named, a name may also be that of a folder right here.

    Raises:
        RunError: there is no such run; says what is there instead.
    """
    demand_name(run)
    demand_path("runs", root, "the path of the folder of runs")
    try:
        for place in (places := _places(expanded(run), expanded(root))):
            target = _follow(place)
            if is_run(target):
                return target.resolve()
            if is_study(target):
                raise RunError(_several(target.resolve()))
        raise RunError(_nothing(expanded(run), places))
    except (OSError, RuntimeError) as error:  # a name that is too long, nobody's ~, links in a ring
        why = getattr(error, "strerror", None) or error
        raise RunError(f"'{str(run)[:LONGEST]}' is not a run: {why}.\n  See: convscope runs") from error


def _places(path: Path, root: Path) -> list[Path]:
    """Where a run of this name may be."""
    here = [path] if root == ROOT or len(path.parts) != 1 else []
    return [*here, root / path] if len(path.parts) == 1 else here


def _several(study: Path) -> str:
    members = inside(study)
    first = members[0] if members else study
    return (
        f"{study.name} is a study of several trainings, not one network.\n"
        f"  Name one of its runs, such as {first}; or train without --folds and --seeds for one network."
    )


def _follow(path: Path) -> Path:
    """Where `latest` points to; any other path is itself."""
    if path.name != LATEST or not path.is_file():
        return path
    with files.reading(path, "Name the run itself instead."):
        return path.parent / Path(files.content(path).decode().strip()).name


def _nothing(path: Path, places: list[Path]) -> str:
    root = places[-1].parent
    for place in places:
        if place.is_symlink() and not place.exists():
            return f"{place} points to {place.readlink()}, which is gone.\n  {_known(root, path.name)}"
    if path.is_dir() and inside(path):
        return f"{path} is a folder of runs, not a run.\n  {_known(path, path.name)}"
    if path.is_file() and is_run(path.parent):
        return f"{path} is a file of a run.\n  Name the run itself: {path.parent}"
    if path.is_dir():
        return f"{path} is a folder, but not a run: it has no settings.toml.\n  {_known(root, path.name)}"
    found = "it is a file" if path.exists() else "there is nothing at " + " or ".join(map(str, places))
    return f"'{path}' is not a run: {found}.\n  {_known(root, path.name)}"


def _known(root: Path, name: str) -> str:
    names = [run.name for run in inside(root)]
    if not names:
        return f"There is no run in {root.absolute()}; convscope train makes one there."
    near = get_close_matches(name, names, n=1)
    guess = f"Did you mean '{near[0]}'? " if near else ""
    more = f" … ({len(names)} in all)" if len(names) > 5 else ""
    return f"{guess}The latest in {root}: {', '.join(names[-5:])}{more}."
